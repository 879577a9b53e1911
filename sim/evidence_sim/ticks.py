"""The actions of ticks: a start, and the answer to an effect."""

from collections.abc import Callable, Hashable
from typing import Any

from attrs import evolve

from evidence_kernel import Event, Invocation, LogLine, Misuse, Step
from evidence_sim import oracle, watch
from evidence_sim.answers import Said, Unable, answer
from evidence_sim.cells import Cells, Origin
from evidence_sim.codes import SPELLING, ActionCode
from evidence_sim.config import MOST_TICKS, context, records, tick_id
from evidence_sim.facts import Fact, Write
from evidence_sim.labels import Crash, Land, Outside, Reply, Start
from evidence_sim.machines import MACHINES
from evidence_sim.values import Ghost, NotEnabled, Run, Seen, Tenant, World

_ACTIONS = frozenset(ActionCode.__members__)
_KIND = {"Get": "read", "Put": "write", "Generate": "generate"}


def tenant_of(world: World, action: Start | Reply | Land | Crash | Outside) -> Tenant:
    """The tenant that an action is about. Raises NotEnabled where the world has none."""
    if action.tenant >= len(world.tenants):
        raise NotEnabled(action, f"the world has {len(world.tenants)} tenants")
    return world.tenants[action.tenant]


def in_flight(tenant: Tenant, action: Reply | Crash) -> Run:
    """The tick that an action is about. Raises NotEnabled where it is not in flight."""
    for run in tenant.runs:
        if run.n == action.n:
            return run
    raise NotEnabled(action, f"tick {action.n} of that tenant is not in flight")


def with_tenant(world: World, index: int, tenant: Tenant, cells: Cells) -> World:
    """The world with another tenant and another store."""
    tenants = world.tenants
    return World(world.config, world.clocks, (*tenants[:index], tenant, *tenants[index + 1 :]), cells)


def told(world: World, writes: tuple[Write, ...], known: int) -> World:
    """The world whose other tenants' ghosts know of writes to their records."""
    for owner in sorted({write.owner for write in writes if write.owner is not None} - {known}):
        if owner < len(world.tenants):
            tenant = world.tenants[owner]
            ghost = evolve(watch.grown(tenant.ghost, owner, writes, world.config), clean=False)
            world = with_tenant(world, owner, evolve(tenant, ghost=ghost), world.cells)
    return world


def start(world: World, action: Start) -> tuple[World, Fact]:
    """A tick starts on a host."""
    tenant, config = tenant_of(world, action), world.config
    index, host, n = action.tenant, action.host, action.n
    if host >= config.hosts:
        raise NotEnabled(action, f"the world has {config.hosts} hosts")
    if not tenant.started < n <= MOST_TICKS:
        raise NotEnabled(action, f"ordinals count up; the last was {tenant.started}, the most is {MOST_TICKS}")
    if tenant.forgetting:
        raise NotEnabled(action, "the tenant is being forgotten; that has to be repeated to its end first")
    machine, at = host % len(config.machines), world.clocks[host]
    invocation = Invocation(tick_id(index, n), context(index, config.initial[index]))
    out, broken = taken(MACHINES[config.machines[machine]].start, invocation)
    runs, run = tenant.runs, None
    if out is not None and out.effect is not None:
        seen = Seen(at)
        changes = watch.asked(seen, "", out.state.phase, out.effect, at)
        run = Run(n, host, machine, out.state, out.effect, 1, False, evolve(seen, **changes))
        runs = (*runs, run)
    after = with_tenant(world, index, Tenant(n, runs, tenant.pending, False, tenant.ghost), world.cells)
    fact = Fact(
        action,
        index,
        world,
        after,
        run_after=run,
        asks=None if out is None else out.effect,
        at=at,
        log=() if out is None else out.log,
        result=None if out is None else out.result,
        judged=config.judged(machine),
        broken=broken,
        fault="overlap" if tenant.runs else None,
    )
    return after, fact


def reply(world: World, action: Reply) -> tuple[World, Fact]:
    """The effect of a tick is answered, and its machine takes a step."""
    index, tenant = action.tenant, tenant_of(world, action)
    run = in_flight(tenant, action)
    phase, seen = run.phase, run.seen
    if phase != action.phase:
        raise NotEnabled(action, f"the tick stands at {phase}")
    by = Origin(run.machine, index, run.n, phase, seen.earned, seen.looked_at)
    try:
        said = answer(world.cells, run.effect, by, action.what, action.arg, len(world.tenants))
    except Unable as why:
        raise NotEnabled(action, str(why)) from None
    at = world.clocks[run.host]
    changes = watch.answered(run, index, said.answer, said.genuine, at)
    if not seen.held and watch.holds(seen, said.writes, index, run.n):
        changes["held"] = True
    if changes:
        seen = evolve(seen, **changes)
    out, broken = taken(MACHINES[world.config.machines[run.machine]].step, run.state, Event(said.answer, at))
    return _stepped(world, action, run, seen, said, out, broken)


def taken(call: Callable[..., Step], *arguments: object) -> tuple[Step | None, str | None]:
    """A machine's step; or none, and how it broke its protocol."""
    try:
        out = call(*arguments)
        phase = out.state.phase
    except Exception as died:  # a machine under test may die of anything: S12 is about that
        return None, str(died) if isinstance(died, Misuse) else repr(died)
    if (out.effect is None) == (out.result is None):
        return None, f"a step has {'neither' if out.effect is None else 'both'} an effect and a result"
    if phase not in _ACTIONS:
        return None, f"a step to {phase!r}, which is no phase that labels can name"
    if not isinstance(out.state, Hashable):
        return None, f"a state that is no value: {type(out.state).__name__} is not hashable"
    return out, None


def _stepped(
    world: World, action: Reply, run: Run, seen: Seen, said: Said, out: Step | None, broken: str | None
) -> tuple[World, Fact]:
    """The world after the machine's step, or after it broke its protocol."""
    index, at, tenant = action.tenant, world.clocks[run.host], world.tenants[action.tenant]
    ghost = watch.grown(tenant.ghost, index, said.writes, world.config) if said.writes else tenant.ghost
    if said.fault and ghost.clean:
        ghost = evolve(ghost, clean=False)
    hurt = run.hurt or said.fault
    run_after, asks, result = None, None, None
    log: tuple[LogLine, ...] = ()
    if out is not None:
        asks, log, result = out.effect, out.log, out.result
        changes = watch.asked(seen, run.phase, "END" if asks is None else out.state.phase, asks, at)
        if changes:
            seen = evolve(seen, **changes)
        if asks is not None:
            run_after = Run(run.n, run.host, run.machine, out.state, asks, run.effects + 1, hurt, seen)
        if world.config.judged(run.machine):
            ghost = _grown(ghost, index, said, seen, out)
    met = Run(run.n, run.host, run.machine, run.state, run.effect, run.effects, hurt, seen)
    runs = _replaced(tenant.runs, run, run_after)
    pending = tenant.pending if said.pending is None else (*tenant.pending, said.pending)
    after = with_tenant(world, index, Tenant(tenant.started, runs, pending, False, ghost), said.cells)
    if said.writes:
        after = told(after, said.writes, index)
    fact = Fact(
        action,
        index,
        world,
        after,
        met,
        run_after,
        run.effect,
        said.answer,
        asks,
        at,
        said.writes,
        log,
        result,
        world.config.judged(run.machine),
        broken,
        f"{_KIND[type(run.effect).__name__]}:{SPELLING[action.what]}" if said.fault else None,
    )
    return after, fact


def _grown(ghost: Ghost, index: int, said: Said, seen: Seen, out: Step) -> Ghost:
    """What the step of a judged machine made of the installation."""
    ended = out.result is not None
    ghost = watch.ended(ghost, seen, out.result) if ended else watch.called(ghost, out.effect)
    if out.log and _audits(out.log):
        ghost = watch.audited(ghost, audited_record(seen, said.cells, index))
    return ghost


def _audits(log: tuple[LogLine, ...]) -> bool:
    return any(oracle.audited_at(line.text) is not None for line in log)


def audited_record(seen: Seen | None, cells: Cells, tenant: int) -> bytes:
    """The record that an audit line is about: the one read back, else the one that is there, else none."""
    return (seen.read_back if seen else None) or cells.at(records(tenant).evidence).value or b""


def _replaced(runs: tuple[Run, ...], run: Run, after: Run | None) -> tuple[Run, ...]:
    if len(runs) == 1:
        return () if after is None else (after,)
    kept: list[Any] = [after if other is run else other for other in runs]
    return tuple(other for other in kept if other is not None)
