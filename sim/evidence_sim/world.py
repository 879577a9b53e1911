"""The world as a labelled transition system: `initial`, `actions` and `apply`.

`apply` is the only way from one world to another, and a label holds all that was chosen: no random
number, no clock and no history beside the world is read. It does not ask whether a profile has the
fault; what a profile offers is listed by `actions`, for engines that go through all of it, and drawn
by `sample`, which lists nothing.
"""

from collections.abc import Iterator

from attrs import evolve

from evidence_kernel import Expect, Get, Put
from evidence_sim import watch
from evidence_sim.answers import written
from evidence_sim.cells import Cells, MemoryCells
from evidence_sim.codes import AnswerCode
from evidence_sim.config import CLOCK_STEPS, EPOCH, Config, contents
from evidence_sim.facts import Fact, Write
from evidence_sim.faults import PROFILES, Profile
from evidence_sim.labels import RECORDS, Action, Clock, Crash, Land, Outside, Reply, Start
from evidence_sim.outside import outside
from evidence_sim.ticks import in_flight, reply, start, tenant_of, told, with_tenant
from evidence_sim.values import Ghost, NotEnabled, Run, Tenant, World

__all__ = ["NotEnabled", "World", "actions", "apply", "initial", "offered"]

# The arguments that are listed; a label may have others.
_ARGUMENTS = {AnswerCode.STALE: (1, 2), AnswerCode.CORRUPT: (0, 1), AnswerCode.TORN: (0, 1)}


def initial(config: Config, cells: Cells | None = None) -> World:
    """The world at its beginning; `cells` is an empty store, in memory unless another is given."""
    store: Cells = MemoryCells() if cells is None else cells
    tenants = []
    for tenant, begins in enumerate(config.initial):
        for key, value in contents(tenant, begins).items():
            after = store.write(key, value, Expect.ABSENT)
            assert after is not None
            store = after
        published = (begins.publication == "AUTO_12H", begins.publication == "AUTO_24H")
        tenants.append(Tenant(ghost=Ghost(published=published)))
    clocks = tuple(EPOCH + offset for offset in config.offsets)
    return World(config, clocks, tuple(tenants), store)


def actions(world: World) -> list[Action]:
    """The enabled actions of the world's profile, in a fixed order; stale, corrupt and torn to k = 2, 1, 1."""
    return [action for action in offered(world) if _is_enabled(world, action)]


def _is_enabled(world: World, action: Action) -> bool:
    try:
        apply(world, action)
    except NotEnabled:
        return False
    return True


def offered(world: World) -> Iterator[Action]:
    """The same before it is asked whether they are enabled."""
    profile = PROFILES[world.config.profile]
    for index, tenant in enumerate(world.tenants):
        for host in range(world.config.hosts):
            yield Start(index, tenant.started + 1, host)
        for run in tenant.runs:
            yield from _replies(world, index, run, profile)
            yield Crash(index, run.n)
        for pending in tenant.pending:
            yield Land(index, pending.n, pending.phase)
        for what in profile.outside:
            for record in RECORDS:
                for arg in _ARGUMENTS.get(what, (0,)):
                    yield Outside(index, record, what, arg)
        yield Outside(index, None, AnswerCode.REPAIR)
        yield Outside(index, None, AnswerCode.FORGET)
    for host in range(world.config.hosts):
        for ms in CLOCK_STEPS:
            yield Clock(host, ms)


def _replies(world: World, index: int, run: Run, profile: Profile) -> Iterator[Action]:
    answers = profile.reads if isinstance(run.effect, Get) else profile.writes
    if not isinstance(run.effect, Get | Put):
        answers = profile.generates
    for what in (AnswerCode.OK, *answers):
        others = range(len(world.tenants)) if what is AnswerCode.ELSEWHERE else _ARGUMENTS.get(what, (0,))
        for arg in others:
            yield Reply(run.phase, index, run.n, what, arg)


def apply(world: World, action: Action) -> tuple[World, Fact]:
    """The world after an action, and what it did. Raises NotEnabled where it cannot happen."""
    match action:
        case Reply():
            return reply(world, action)
        case Start():
            return start(world, action)
        case Clock():
            return _clock(world, action)
        case Land():
            return _land(world, action)
        case Crash():
            return _crash(world, action)
        case Outside():
            return outside(world, action)


def _clock(world: World, action: Clock) -> tuple[World, Fact]:
    if action.host >= world.config.hosts:
        raise NotEnabled(action, f"the world has {world.config.hosts} hosts")
    if action.ms not in CLOCK_STEPS:
        raise NotEnabled(action, f"clocks step by one of {', '.join(f'{ms:+d}' for ms in CLOCK_STEPS)}")
    clocks = list(world.clocks)
    clocks[action.host] += action.ms
    tenants = world.tenants if action.ms > 0 else tuple(_unclean(tenant) for tenant in world.tenants)
    after = World(world.config, tuple(clocks), tenants, world.cells)
    fault = "clock-back" if action.ms < 0 else None
    return after, Fact(action, None, world, after, at=clocks[action.host], fault=fault)


def _unclean(tenant: Tenant) -> Tenant:
    return evolve(tenant, ghost=evolve(tenant.ghost, clean=False))


def _land(world: World, action: Land) -> tuple[World, Fact]:
    index, tenant = action.tenant, tenant_of(world, action)
    found = [late for late in tenant.pending if (late.n, late.phase) == (action.n, action.phase)]
    if not found:
        raise NotEnabled(action, "no such put is under way")
    late = found[0]
    before = world.cells.at(late.key)
    cells = world.cells.write(late.key, late.value, late.expect, late.by)
    write = written(late.key, before, before if cells is None else cells.at(late.key), late.by)
    pending = tuple(other for other in tenant.pending if other is not late)
    runs = tuple(_holding(run, write, index) for run in tenant.runs)
    ghost = watch.grown(tenant.ghost, index, (write,), world.config)
    after = with_tenant(world, index, evolve(tenant, pending=pending, runs=runs, ghost=ghost), cells or world.cells)
    after = told(after, (write,), index)
    return after, Fact(action, index, world, after, writes=(write,))


def _holding(run: Run, write: Write, tenant: int) -> Run:
    if run.seen.held or not watch.holds(run.seen, (write,), tenant, run.n):
        return run
    return evolve(run, seen=evolve(run.seen, held=True))


def _crash(world: World, action: Crash) -> tuple[World, Fact]:
    index, tenant = action.tenant, tenant_of(world, action)
    run = in_flight(tenant, action)
    runs = tuple(other for other in tenant.runs if other is not run)
    ghost = evolve(tenant.ghost, clean=False)
    after = with_tenant(world, index, evolve(tenant, runs=runs, ghost=ghost), world.cells)
    at, judged = world.clocks[run.host], world.config.judged(run.machine)
    return after, Fact(action, index, world, after, run, at=at, judged=judged, fault="crash")
