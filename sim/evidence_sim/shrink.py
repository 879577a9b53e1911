"""Make a violating trace smaller: deterministic, the same invariant, and no action left that is not needed.

Greedy delta debugging (Zeller, Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002):
runs of actions are left out, the longest first, until no single one can be. Then the beginning is made
plain and each fault is tried as `ok`. Actions that cannot happen any more are dropped with what they
depended on.
"""

from collections.abc import Iterator, Sequence

from attrs import evolve

from evidence_sim.codes import AnswerCode
from evidence_sim.config import ALLOWED, Config, Initial
from evidence_sim.invariants import BY_ID
from evidence_sim.labels import Action, Clock, Reply, Start
from evidence_sim.trace import Trace
from evidence_sim.values import NotEnabled
from evidence_sim.world import apply, initial


def shrink(trace: Trace) -> Trace:
    """A 1-minimal trace that violates what `trace` violates, and ends with the violation."""
    assert trace.violates is not None
    best = _first(trace.config, trace.actions, trace.violates)
    assert best is not None, "only a violating trace can be shrunk"
    while True:
        smaller = _simpler(_fewer(best))
        if smaller == best:
            return best
        best = smaller


def _first(config: Config, actions: Sequence[Action], invariant: str) -> Trace | None:
    """The trace of those actions that can happen, up to the violation; None where there is none."""
    judge = BY_ID[invariant].judge
    world, done = initial(config), []
    for action in actions:
        try:
            world, fact = apply(world, action)
        except NotEnabled:
            continue
        done.append(action)
        if judge(fact):
            return Trace(config, tuple(done), invariant)
    return None


def _fewer(trace: Trace) -> Trace:
    """Without every run of actions that is not needed, down to single ones."""
    size = len(trace.actions) // 2
    while size >= 1:
        start = 0
        while start < len(trace.actions):
            left = trace.actions[:start] + trace.actions[start + size :]
            found = _first(trace.config, left, trace.violates or "")
            if found is None or len(found.actions) >= len(trace.actions):
                start += size
            else:
                trace = found
        size //= 2
    return trace


def _simpler(trace: Trace) -> Trace:
    """With a plainer beginning and fewer faults; each change is kept if it still violates, no longer."""
    for config, actions in _plainer(trace):
        found = _first(config, actions, trace.violates or "")
        if found is not None and len(found.actions) <= len(trace.actions) and found != trace:
            return _simpler(found)
    return trace


def _compact(trace: Trace) -> tuple[Config, tuple[Action, ...]]:
    """Without tenants that do nothing, and without hosts where nothing runs."""
    config, actions = trace.config, trace.actions
    tenants = sorted({action.tenant for action in actions if not isinstance(action, Clock)}) or [0]
    hosts = list(range(config.hosts))
    if len(config.machines) == 1:
        hosts = sorted({action.host for action in actions if isinstance(action, Start)}) or [0]
    cut = evolve(
        config,
        tenants=len(tenants),
        hosts=len(hosts),
        initial=tuple(config.initial[tenant] for tenant in tenants),
        offsets=tuple(config.offsets[host] for host in hosts),
    )
    return cut, tuple(_renamed(action, tenants, hosts) for action in actions if _stays(action, hosts))


def _stays(action: Action, hosts: list[int]) -> bool:
    return not isinstance(action, Clock) or action.host in hosts


def _renamed(action: Action, tenants: list[int], hosts: list[int]) -> Action:
    if isinstance(action, Clock):
        return evolve(action, host=hosts.index(action.host))
    named: Action = evolve(action, tenant=tenants.index(action.tenant))
    if isinstance(named, Start):
        return evolve(named, host=hosts.index(named.host))
    if isinstance(named, Reply) and named.what is AnswerCode.ELSEWHERE and named.arg in tenants:
        return evolve(named, arg=tenants.index(named.arg))
    return named


def _plainer(trace: Trace) -> Iterator[tuple[Config, tuple[Action, ...]]]:
    config, actions = trace.config, trace.actions
    yield _compact(trace)
    if any(config.offsets):
        yield evolve(config, offsets=(0,) * config.hosts), actions
    for tenant, state in enumerate(config.initial):
        for name in ALLOWED:
            plain = evolve(state, **{name: getattr(Initial(), name)})
            if plain != state:
                begins = (*config.initial[:tenant], plain, *config.initial[tenant + 1 :])
                yield evolve(config, initial=begins), actions
    for at, action in enumerate(actions):
        if isinstance(action, Reply) and action.what is not AnswerCode.OK:
            ok = Reply(action.phase, action.tenant, action.n)
            yield config, (*actions[:at], ok, *actions[at + 1 :])
