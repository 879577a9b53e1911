"""The nearest passing trace: the one decision after which an invariant is not violated.

An alternative is a trace with one decision changed: another answer to one effect, another order of two
neighbouring actions, or one clock step, crash, late landing or hand from outside that is left out. What
follows comes in its old order: a tick that now stands at another phase is answered ok there, and what
cannot happen any more is left out. Then every tick in flight is answered ok to its end and every late
put lands, so that a violation which is only put off is none avoided.

Alternatives without another fault come first: the decision nearest to the violation, then ok in a
fault's place before another order, and that before leaving out. Where none passes, answers that are
faults of the profile are tried, nearest first. Only the last 48 decisions are looked at.
"""

from collections.abc import Callable, Iterator, Sequence

from attrs import frozen

from evidence_sim.codes import AnswerCode
from evidence_sim.facts import Fact
from evidence_sim.invariants import BY_ID
from evidence_sim.labels import Action, Land, Reply, Start
from evidence_sim.trace import Trace, replay
from evidence_sim.values import NotEnabled, World
from evidence_sim.world import apply, offered

LOOK_BACK = 48
_MOST_TURNS = 64  # of one tick or late put, after the trace; the longest path of the kernel has 15


@frozen
class Near:
    """A passing trace and where it turns off: `step`, from 1, is the first action that is another.

    `kind` is `answer`, `order` or `left out`; `trace` the whole alternative, which violates nothing that is asked for.
    """

    kind: str
    step: int
    trace: Trace


def nearest(trace: Trace) -> Near | None:
    """The nearest passing trace of what `trace` violates; None where it violates nothing, or none was found."""
    if trace.violates is None:
        return None
    judge = BY_ID[trace.violates].judge
    facts: list[Fact] = []
    for fact in replay(trace):
        facts.append(fact)
        if judge(fact):
            break
    else:
        return None
    for changes in (_gentle, _faulty):
        for at in range(len(facts) - 1, max(-1, len(facts) - 1 - LOOK_BACK), -1):
            for kind, rest in changes(facts, at):
                done = _passing(facts[at].before, rest, judge, leads=kind != "left out")
                if done is not None and done[:1] != [facts[at].action]:
                    actions = (*(fact.action for fact in facts[:at]), *done)
                    return Near(kind, at + 1, Trace(trace.config, actions))
    return None


def _gentle(facts: Sequence[Fact], at: int) -> Iterator[tuple[str, list[Action]]]:
    """What may come instead from an action on, without another fault."""
    action, *rest = (fact.action for fact in facts[at:])
    if isinstance(action, Reply) and action.what is not AnswerCode.OK:
        yield "answer", [Reply(action.phase, action.tenant, action.n), *rest]
    if rest:
        yield "order", [rest[0], action, *rest[1:]]
    if not isinstance(action, Start | Reply):
        yield "left out", rest


def _faulty(facts: Sequence[Fact], at: int) -> Iterator[tuple[str, list[Action]]]:
    """The same with a fault that the profile has and the trace has not there."""
    action, *rest = (fact.action for fact in facts[at:])
    if isinstance(action, Reply):
        for other in offered(facts[at].before):
            if isinstance(other, Reply) and (other.tenant, other.n) == (action.tenant, action.n) and other != action:
                yield "answer", [other, *rest]


def _passing(
    world: World, rest: Sequence[Action], judge: Callable[[Fact], str | None], leads: bool
) -> list[Action] | None:
    """The actions that come of `rest` and of ending all that is in flight.

    `leads` says that the first of `rest` is the decision itself, which has to be possible as it is. None where it
    is not, where an action violates, or where a tenant does not come to its end.
    """
    done: list[Action] = []
    for number, action in enumerate(rest):
        decides = leads and number == 0
        fact = _turn(world, action, exact=decides)
        if fact is None:
            if decides:
                return None
            continue
        if judge(fact):
            return None
        world = fact.after
        done.append(fact.action)
    for tenant, held in enumerate(world.tenants):
        left = _MOST_TURNS * (len(held.runs) + len(held.pending))
        while (last := _last(world, tenant)) is not None:
            if left == 0:
                return None
            left -= 1
            world, fact = apply(world, last)
            if judge(fact):
                return None
            done.append(last)
    return done


def _turn(world: World, action: Action, exact: bool) -> Fact | None:
    """The fact of an action, or of an ok in its place where its tick stands elsewhere; None of neither."""
    tries: list[Action] = [action]
    if isinstance(action, Reply) and not exact:
        runs = world.tenants[action.tenant].runs
        tries += [Reply(run.phase, action.tenant, run.n) for run in runs if run.n == action.n]
    for tried in tries:
        try:
            return apply(world, tried)[1]
        except NotEnabled:
            continue
    return None


def _last(world: World, tenant: int) -> Action | None:
    """What is still to come of a tenant: its oldest tick's next answer, then its late puts."""
    held = world.tenants[tenant]
    for run in held.runs:
        return Reply(run.phase, tenant, run.n)
    for late in held.pending:
        return Land(tenant, late.n, late.phase)
    return None
