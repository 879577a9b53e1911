"""L1 to L3 are decided on the graph of every fault-free future, with the number of ticks that they take."""

from collections.abc import Iterator, Sequence
from functools import cache

import pytest

from evidence_kernel import Event, State, Step, step
from evidence_sim import oracle
from evidence_sim.cli import main
from evidence_sim.config import Config
from evidence_sim.explore.bounds import Bounds
from evidence_sim.explore.canonical import Key, canonical
from evidence_sim.explore.liveness import Bound, Endings, Place, _key, decided, follow
from evidence_sim.explore.search import Search, beginnings
from evidence_sim.formal.cases import NUMBERED, Case
from evidence_sim.machines import MACHINES
from evidence_sim.machines.variant import Variant

SMALL = Bounds(1, 1, 0)


@cache
def bounds_of(profile: str, bounds: Bounds, ticks: int) -> Sequence[Bound]:
    """What the kernel keeps, from every world within the bounds."""
    return follow(Config(profile=profile), bounds, ticks, quiet).bounds


def quiet(_: str) -> None:
    pass


# profile -> the most ticks, then the most periods, before there is evidence, the report, a success.
NUMBERS = {
    "crash-stop": ((0, 5, 1), (0, 2, 1)),
    "cloud-kv": ((1, 6, 1), (1, 3, 1)),
    "lying-disk": ((1, 6, 1), (1, 3, 1)),
}


@pytest.mark.parametrize("profile", NUMBERS)
def test_the_bounds(profile: str) -> None:
    found = bounds_of(profile, SMALL, 2)
    assert not any(bound.cycle for bound in found)
    assert (tuple(bound.ticks for bound in found), tuple(bound.periods for bound in found)) == NUMBERS[profile]


def test_more_ticks_and_faults_before_take_no_longer() -> None:
    found = bounds_of("cloud-kv", Bounds(2, 1, 0), 2)
    assert tuple(bound.periods for bound in found) == NUMBERS["cloud-kv"][1]


@pytest.mark.parametrize("case", NUMBERED, ids=lambda case: f"{case.name}, {case.profile}, {case.bounds.ticks} ticks")
def test_the_checker_finds_the_same_number(case: Case) -> None:
    """What `spec/check.py` is told to expect, holding and failing, is what the code's graph says."""
    found = bounds_of(case.profile, case.bounds, case.bounds.ticks)
    [reported] = [bound for bound in found if bound.name == "L2 Reported"]
    assert (reported.periods <= case.bound) is (case.violated is None)


class Compared(Endings):
    """Keeps a second world of each place, to see whether it has the same future."""

    def __init__(self) -> None:
        super().__init__(2)
        self.twins: list[tuple[Key, Place]] = []

    def _meet(self, place: Place) -> Key:
        key = _key(place)
        if key in self.places and self.places[key].world != place.world and len(self.twins) < 6000:
            self.twins.append((key, place))
        return super()._meet(place)


def test_worlds_that_are_taken_for_one_have_one_future() -> None:
    endings = Compared()
    search = Search(beginnings(Config()), SMALL, canonical, sink=lambda _a, move, _b: endings.begin(move.after))
    for _ in search.levels():
        pass
    for _ in endings.grow():
        pass
    twins = list(endings.twins)
    assert len(twins) > 1000
    for key, place in twins:
        theirs = [(leap.after, leap.succeeded, leap.ended, leap.period) for leap in endings._leaps(place)]
        assert theirs == [(leap.after, leap.succeeded, leap.ended, leap.period) for leap in endings.graph[key]]


def claims_never_expire(state: State, event: Event) -> Step:
    """Whoever claimed once keeps the claim: the backoff counts as running, however long ago it ended"""
    if state.phase == "DONE_READ" and state.attempt is not None:
        until = oracle.backoff_until(state.attempt.ledger.value, state.attempt.trigger.value)
        if until is not None:
            return step(state, Event(event.answer, min(event.at, until - 1)))
    return step(state, event)


@pytest.fixture
def livelock(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setitem(MACHINES, "livelock", Variant("livelock", "", advance=claims_never_expire))
    yield "livelock"


def test_a_livelock_is_found(livelock: str) -> None:
    found = {b.name: b for b in follow(Config(machines=(livelock,)), SMALL, 1, quiet).bounds}
    cycle = found["L2 Reported"].cycle
    assert "Clock(h0,+43200000)" in cycle and any(action.startswith("DoneRead") for action in cycle)
    assert not any(action.startswith("Claim") for action in cycle)
    assert not found["L1 Hydrates"].cycle


def test_without_the_crash_it_is_none(livelock: str) -> None:
    """The first claimant publishes: so it is the last fault after which the run never ends well."""
    endings = Endings(1)
    search = Search(beginnings(Config(machines=(livelock,))), Bounds(1, 0, 0), canonical)
    search.sink = lambda _a, move, _b: endings.begin(move.after)
    for _ in search.levels():
        pass
    for _ in endings.grow():
        pass
    assert not any(bound.cycle for bound in decided(endings))


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["liveness", "--profile", "cloud-kv", "--ticks", "1"]) == 0
    out = capsys.readouterr().out
    assert "L2 Reported" in out and "EXHAUSTIVE(1 tick, 1 fault, 0 clock steps, cloud-kv)" in out
