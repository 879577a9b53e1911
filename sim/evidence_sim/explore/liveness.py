"""L1-L3 decided, not sampled: what becomes of every world of a search once its last fault is over.

From each reachable world ticks go on for ever without faults. In each period, of half a day, up to
`overlap` ticks start, with fresh ids, and interleave in every way; late puts land at any moment; the
period ends when no tick is in flight, no put is under way and at least one tick has ended in it. Two
worlds are one here if they differ in what happened and when, but not in what can happen: instants are
told relative to the clock, ids of ticks that are gone do not matter. So the graph is finite, and every
endless run is a cycle in it that has infinitely many periods: it is fair by construction. A goal that is
reached on every run is one whose graph of moves before it has no cycle; the longest way through that
graph is the bound.

Worlds that hold a record that is invalid or from the future are left out, as L2 and L3 say.
"""

from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any

from attrs import define, field, frozen

from evidence_kernel import State
from evidence_sim import oracle
from evidence_sim.config import HOUR, Config, records
from evidence_sim.explore.bounds import Bounds, Node, Scope, eager
from evidence_sim.explore.canonical import Key, canonical
from evidence_sim.explore.search import Search, beginnings
from evidence_sim.labels import Action, Clock, Land, Reply, Start
from evidence_sim.values import Run, World
from evidence_sim.world import apply, initial

PERIOD = 12 * HOUR
# Where no record is destroyed for good, so that L1 to L3 are promised.
FOLLOWED = ("crash-stop", "cloud-kv", "lying-disk")
_CAP = 24 * HOUR  # at which age both triggers have been due
_TIERS = 3  # from so many attempts on every backoff is the longest
_GONE = "gone"


@frozen
class Place:
    """A world without faults to come: `begun` ticks in this period, and whether one has `ended` in it."""

    world: World
    begun: int
    ended: bool


@frozen
class Leap:
    """A move without a fault: where it leads, whether it ended a tick with success, or a period."""

    action: Action
    after: Key
    succeeded: bool
    ended: bool
    period: bool


@frozen
class Bound:
    """A liveness property decided.

    `ticks` that end and `periods` that pass, at most, before it is met; or a `cycle` of actions, repeated
    for ever, that never meets it. `places` are those before it.
    """

    name: str
    says: str
    places: int
    ticks: int
    periods: int
    cycle: tuple[str, ...] = ()


@define
class Endings:
    """The graph of every fault-free future of the worlds that it is given; tenant a is followed."""

    overlap: int = 2
    graph: dict[Key, tuple[Leap, ...]] = field(factory=dict)
    places: dict[Key, Place] = field(factory=dict)

    def begin(self, node: Node) -> None:
        """Take the world of a search as one in which no fault is to come."""
        if _sound(node.world):
            self._meet(Place(node.world, len(node.world.tenants[0].runs), False))

    def _meet(self, place: Place) -> Key:
        key = _key(place)
        if key not in self.places:
            self.places[key] = place
        return key

    def grow(self) -> Iterator[int]:
        """Follow every move until there is no new place; yields how many there are."""
        while todo := [key for key in self.places if key not in self.graph]:
            for key in todo:
                self.graph[key] = tuple(self._leaps(self.places[key]))
            yield len(self.places)

    def _leaps(self, place: Place) -> Iterator[Leap]:
        world = place.world
        tenant = world.tenants[0]
        if len(tenant.runs) < self.overlap and place.begun < self.overlap:
            yield self._leap(place, Start(0, tenant.started + 1, 0))
        for run in tenant.runs:
            yield self._leap(place, Reply(run.phase, 0, run.n))
        for late in tenant.pending:
            yield self._leap(place, Land(0, late.n, late.phase))
        if not tenant.runs and not tenant.pending and place.ended:
            yield self._leap(place, Clock(0, PERIOD))

    def _leap(self, place: Place, action: Action) -> Leap:
        world, fact = apply(place.world, action)
        facts = [fact]
        world = eager(world, fact, facts, Scope.TICK)
        results = [each.result for each in facts if each.result is not None]
        if isinstance(action, Clock):
            after = Place(world, 0, False)
        else:
            begun = place.begun + isinstance(action, Start)
            after = Place(world, begun, place.ended or bool(results))
        succeeded = any(result.success for result in results)
        return Leap(action, self._meet(after), succeeded, bool(results), isinstance(action, Clock))


def _sound(world: World) -> bool:
    """Whether no record is invalid or from the future, and the tenant can be named."""
    if world.config.initial[0].identity == "none":
        return False
    for name, key in records(0).by_name.items():
        value = world.cells.at(key).value
        if name == "status" or value is None:
            continue
        installed_at = oracle.installed_at(value) if name == "evidence" else None
        future = installed_at is not None and installed_at > max(world.clocks)
        if oracle.record(value) is None or (name == "evidence" and (installed_at is None or future)):
            return False
    return True


def _key(place: Place) -> Key:
    """The place up to what happened when: nothing here names an instant, or a tick that is gone."""
    world, tenant = place.world, place.world.tenants[0]
    here = {f"a-{run.n}": f"run {at}" for at, run in enumerate(tenant.runs)}
    cells = tuple(_says(world, world.cells.at(key).value, here) for key in _keys())
    runs = tuple(_run(world, run, here) for run in tenant.runs)
    late = tuple(
        sorted(
            (p.phase, _says(world, p.value, here), world.cells.at(p.key).meets(p.expect), here.get(f"a-{p.n}", _GONE))
            for p in tenant.pending
        )
    )
    return (place.begun, place.ended, cells, runs, late)


def _keys() -> list[str]:
    return [key for name, key in records(0).by_name.items() if name != "status"]


def _run(world: World, run: Run, here: dict[str, str]) -> Key:
    state: State = run.state
    held: Key = ()
    if state.attempt is not None:
        ledger = state.attempt.ledger
        met = world.cells.at(records(0).by_name["ledger"]).meets(ledger.expect)
        held = (state.attempt.trigger.value, _says(world, ledger.value, here), met)
    mine = _says(world, state.backfill, here)
    age = -1 if state.installed_at is None else _age(world, state.installed_at)
    ending = "" if state.ending is None else state.ending.outcome.value
    return (state.phase.value, str(state.evidence), mine, age, held, ending)


def _age(world: World, instant: int) -> int:
    return min(max(world.clocks[0] - instant, 0), _CAP)


def _says(world: World, value: bytes | None, here: dict[str, str]) -> Key:
    """What a record says from now on."""
    if value is None:
        return ()
    fields = oracle.record(value) or {}
    if "installed_at" in fields:
        installed_at = oracle.installed_at(value)
        assert installed_at is not None
        return ("evidence", _age(world, installed_at), here.get(str(fields.get("backfill_id")), _GONE))
    if "report" in fields:
        return ("publication", here.get(str(fields["published_by"]), _GONE))
    return tuple(_entry(world, fields.get(trigger, {}), here) for trigger in ("AUTO_12H", "AUTO_24H"))


def _entry(world: World, entry: dict[str, Any], here: dict[str, str]) -> Key:
    until = oracle.instant(entry.get("backoff_until"))
    left = 0 if until is None else max(until - world.clocks[0], 0)
    return (min(entry.get("attempts", 0), _TIERS), left, here.get(str(entry.get("claimed_by")), _GONE))


def _hydrated(place: Place) -> bool:
    return place.world.cells.at(records(0).by_name["evidence"]).value is not None


def _reported(place: Place) -> bool:
    return place.world.cells.at(records(0).by_name["publication:AUTO_24H"]).value is not None


def decided(endings: Endings) -> list[Bound]:
    """L1 to L3 on a graph that has grown."""
    hydrated = _bound(endings, "L1 Hydrates", "evidence is there", _hydrated, lambda _: False)
    reported = _bound(endings, "L2 Reported", "the AUTO_24H report is published", _reported, lambda _: False)
    succeeds = _bound(endings, "L3 NeverWedged", "a tick succeeds", lambda _: False, lambda leap: leap.succeeded)
    return [hydrated, reported, succeeds]


def _bound(
    endings: Endings, name: str, says: str, reached: Callable[[Place], bool], reaches: Callable[[Leap], bool]
) -> Bound:
    """The longest way before the goal, in ticks and in periods, or a cycle that never meets it."""
    before = {key for key, place in endings.places.items() if not reached(place)}
    ways = {key: [leap for leap in endings.graph[key] if not reaches(leap)] for key in before}
    sorter = TopologicalSorter({key: [leap.after for leap in ways[key] if leap.after in before] for key in before})
    try:
        order = list(sorter.static_order())
    except CycleError as error:
        return Bound(name, says, len(before), 0, 0, _told(error.args[1][::-1], ways))
    ticks: dict[Key, int] = {}
    periods: dict[Key, int] = {}
    for key in order:  # what comes after a place stands before it here
        ticks[key] = max((leap.ended + ticks.get(leap.after, 0) for leap in ways[key]), default=0)
        periods[key] = max((leap.period + periods.get(leap.after, 0) for leap in ways[key]), default=0)
    return Bound(name, says, len(before), max(ticks.values(), default=0), max(periods.values(), default=0))


def _told(cycle: list[Key], ways: dict[Key, list[Leap]]) -> tuple[str, ...]:
    """The actions of a cycle."""
    return tuple(str(next(leap.action for leap in ways[a] if leap.after == b)) for a, b in pairwise(cycle))


@frozen
class Followed:
    """The futures of one search: its bounds, its states, and the properties decided on their graph."""

    profile: str
    said: str
    states: int
    places: int
    bounds: tuple[Bound, ...]


def follow(config: Config, bounds: Bounds, overlap: int, now: Callable[[str], None]) -> Followed:
    """Search the kernel's worlds within bounds, and follow each of them without further faults."""
    endings = Endings(overlap)
    search = Search(beginnings(config), bounds, canonical, sink=lambda _before, move, _after: endings.begin(move.after))
    for root in search.roots:
        endings.begin(Node(initial(root), bounds.faults, bounds.steps, bounds.operators))
    for states in search.levels():
        now(f"{states:,} states")
    for places in endings.grow():
        now(f"{places:,} futures")
    said = bounds.said(config)
    return Followed(config.profile, said, search.found.states, len(endings.places), tuple(decided(endings)))
