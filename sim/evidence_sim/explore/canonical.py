"""When two worlds are one to a search: equal in everything that any future action or judge can tell.

`exact` keeps a world as it is but for values that no stale read reaches. `canonical` goes further, for
worlds of the shipped kernel: versions become "is what I hold current?", records become what they say, and
what no later step reads is left out. That this loses nothing is tested: both are searched, and the graph
of the first, seen through the second, is the graph of the second. `symmetric` then takes the least of
all ways to number the ticks of a tenant and to order tenants that began alike: ordinals are names.
"""

from functools import lru_cache
from itertools import permutations
from typing import Any

from evidence_kernel import Expect, Expectation, State
from evidence_sim import oracle
from evidence_sim.cells import Cell
from evidence_sim.config import HOUR, records, tick_id
from evidence_sim.explore.bounds import Node, Scope
from evidence_sim.values import Ghost, Pending, Run, Seen, Tenant, World

Key = tuple[Any, ...]
REACH = 2  # how many earlier values a search's stale reads bring
# Where what a tick put as evidence may still be compared with what is read.
_BACKFILL = frozenset({"EVIDENCE_READ", "EVIDENCE_PUT", "EVIDENCE_VERIFY", "TIMESTAMP_READ"})


def exact(node: Node, scope: Scope) -> Key:
    """The node, with no more of the past than a stale read brings; equal keys, equal futures."""
    world = node.world
    cells = [[(c.value, c.version, c.past[:REACH]) for c in _cells(world, index, scope)] for index in _all(world)]
    tenants = tuple((_began(world, index), world.tenants[index], *cells[index]) for index in _all(world))
    return (node.faults, node.steps, node.operators, world.clocks, tenants)


def canonical(node: Node, scope: Scope) -> Key:
    """The node as the future and the judges see it. Only for worlds of the shipped kernel."""
    world = node.world
    tenants = tuple(_tenant(world, index, scope) for index in _all(world))
    return (node.faults, node.steps, node.operators, world.clocks, tenants)


def symmetric(node: Node, scope: Scope) -> Key:
    """The node up to the names of ticks, and of tenants that began alike. Only where tenants are isolated."""
    world = node.world
    tenants: dict[object, list[Key]] = {}
    for index in _all(world):
        key, started = _tenant(world, index, scope), world.tenants[index].started
        ids = [tick_id(index, n) for n in range(1, started + 1)]
        least = min(_renamed(key, dict(zip(ids, names, strict=True))) for names in permutations(_NAMES[:started]))
        tenants.setdefault(world.config.initial[index], []).append(least)
    alike = tuple(key for keys in tenants.values() for key in sorted(keys))
    return (node.faults, node.steps, node.operators, world.clocks, alike)


_NAMES = tuple(f"tick {n}" for n in range(1, 10))


def _renamed(key: Any, names: dict[str, str]) -> Any:
    if type(key) is tuple:
        return tuple([_renamed(part, names) for part in key])
    return names.get(key, key) if type(key) is str else key


def _all(world: World) -> range:
    return range(len(world.tenants))


def _cells(world: World, tenant: int, scope: Scope) -> list[Cell]:
    names = records(tenant).by_name
    return [world.cells.at(key) for name, key in names.items() if scope is not Scope.TICK or name != "status"]


def _tenant(world: World, index: int, scope: Scope) -> Key:
    tenant: Tenant = world.tenants[index]
    runs = tuple(sorted(_run(run, index, world, scope) for run in tenant.runs))
    pending = tuple(sorted(_pending(late, world) for late in tenant.pending))
    cells = tuple(_cell(cell) for cell in _cells(world, index, scope))
    ghost = (tenant.started, tenant.forgetting, *_ghost(tenant.ghost, scope))
    return (_began(world, index), runs, pending, *cells, ghost)


def _began(world: World, index: int) -> Key:
    """What of a beginning is not in the store: later ticks and judges still ask for it."""
    initial = world.config.initial[index]
    return (initial.identity, initial.ledger)


def _cell(cell: Cell) -> Key:
    return (says(cell.value), tuple(says(value) for value, _ in cell.past[:REACH]))


def _met(world: World, key: str, expect: Expectation) -> object:
    """Whether a condition holds now. A version never comes back; absence does, where records vanish."""
    met = world.cells.at(key).meets(expect)
    return (met, expect is Expect.ABSENT) if world.config.profile == "byzantine" else met


def _pending(late: Pending, world: World) -> Key:
    """A put under way; when its tick looked is judged where a claim lands."""
    looked_at = late.by.looked_at if late.phase == "CLAIM" else None
    return (
        tick_id(late.by.tenant, late.n),
        late.phase,
        says(late.value),
        _met(world, late.key, late.expect),
        looked_at or 0,
    )


def _run(run: Run, tenant: int, world: World, scope: Scope) -> Key:
    state: State = run.state
    keys, phase = records(tenant).by_name, state.phase.value
    mine = (says(state.backfill), str(state.evidence)) if phase in _BACKFILL else ()
    held: Key = ()
    if state.attempt is not None:
        ledger = state.attempt.ledger
        current = _met(world, keys["ledger"], ledger.expect)
        held = (state.attempt.trigger.value, says(ledger.value), current, state.attempt.number)
    ending = "" if state.ending is None else state.ending.outcome.value
    status = () if scope is Scope.TICK else _status(state, run.seen, world, keys["status"])
    return (tick_id(tenant, run.n), run.host, run.hurt, phase, mine, held, ending, status, _seen(run.seen, state))


def _status(state: State, seen: Seen, world: World, key: str) -> Key:
    opened, ending = state.opened, state.ending
    current = opened is not None and _met(world, key, opened.expect)
    said = "" if opened is None else str(opened.status)
    return (said, current, str(ending), str(state.evidence), state.installed_at or 0, seen.started_at, seen.decided_at)


def _seen(seen: Seen, state: State) -> Key:
    """What the judges still ask of a tick; an age only on which side of the edges it was."""
    verified = state.did_backfill and seen.read_back == seen.wrote
    looked_at = seen.looked_at if state.phase == "CLAIM" else 0
    instants: Key = (state.installed_at or 0, seen.installed_at or 0)
    if state.attempt is not None and seen.installed_at is not None and seen.ledger_at is not None:
        age = seen.ledger_at - seen.installed_at
        instants = (age >= 12 * HOUR, age >= 24 * HOUR)
    flags = (seen.grounded, seen.failed, seen.undecided, seen.claims, seen.held, seen.earned is not None)
    return (state.did_backfill, verified, looked_at, instants, flags)


def _ghost(ghost: Ghost, scope: Scope) -> Key:
    status = () if scope is Scope.TICK else (ghost.well, ghost.clean)
    audited = tuple(sorted(says(line) for line in ghost.audited))
    return (ghost.generates, ghost.reports, ghost.published, audited, status)


@lru_cache(maxsize=65536)
def says(value: bytes | None) -> Key:
    """What a record says to whoever reads it: absent, spoilt, malformed, or its fields but for hints.

    Spoilt is what `corrupt` would leave as it is; the instants of a publication, and when and why an
    attempt failed, decide nothing.
    """
    if value is None:
        return ()
    fields = oracle.record(value)
    if fields is None:
        return ("spoilt" if value.startswith(b"\0") else "malformed",)
    if "last_check_at" in fields:
        return ("status", value.decode())
    if "installed_at" in fields:
        return ("evidence", str(fields["installed_at"]), str(fields.get("backfill_id", fields.get("repair_id", ""))))
    if "report" in fields:
        return ("publication", str(fields["published_by"]))
    return ("ledger", *(_entry(fields.get(trigger, {})) for trigger in ("AUTO_12H", "AUTO_24H")))


def _entry(entry: dict[str, Any]) -> Key:
    attempts, until = entry.get("attempts", 0), entry.get("backoff_until") or ""
    flags = (entry.get("last_error") is not None, entry.get("generated_at") is not None)
    return (attempts, until, entry.get("claimed_by") or "", *flags)
