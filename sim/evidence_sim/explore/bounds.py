"""How far a search goes, and what one move in it is.

A node is a world with what is left of the budget. Every fault that fires, a crash included, costs one of
`faults`; every step of a clock one of `steps`; every repair or deletion by `forget` one of `operators`.
Starting, answering `ok` and landing are free.

The status record is read by no other phase, and no other record by its phases, beyond the outcome that
it closes with. So the two can be searched apart: in the scope TICK the status phases are answered `ok` at
once, together with the action that led to them; in the scope STATUS everything else is. Both are a
choice of the interleavings that matter, not of the faults: what is left out commutes with what is kept.
"""

from collections.abc import Iterator
from enum import StrEnum

from attrs import field, frozen

from evidence_kernel import Get, Put
from evidence_sim.codes import AnswerCode
from evidence_sim.config import HOUR, Config
from evidence_sim.facts import Fact
from evidence_sim.faults import PROFILES, Profile
from evidence_sim.labels import RECORDS, Action, Clock, Crash, Land, Outside, Reply, Start
from evidence_sim.values import NotEnabled, Run, World
from evidence_sim.world import apply

_FREE = frozenset({None, "overlap", "clock-back"})
_STATUS = frozenset({"STATUS_READ", "STATUS_OPEN", "STATUS_CLOSE"})
MOST_TICKS = 6
_AT_ONCE = 16  # more phases than a tick of the kernel passes


class Scope(StrEnum):
    """Which phases interleave and meet faults."""

    ALL = "all"
    TICK = "tick"
    STATUS = "status"


@frozen
class Bounds:
    """How far a search goes: so many ticks of each tenant, faults, clock steps and operators' actions in all.

    `clock` are the steps that a clock may make, in ms: with half a day as the unit every edge of the
    schedule is met exactly. Stale reads go two values back; torn and corrupt stand for all their k.
    """

    ticks: int = 2
    faults: int = 1
    steps: int = 1
    operators: int = 0
    scope: Scope = Scope.TICK
    clock: tuple[int, ...] = field(default=(12 * HOUR, 24 * HOUR, -24 * HOUR))

    def said(self, config: Config) -> str:
        """The bounds as a verdict names them."""
        tenants = "" if config.tenants == 1 else f"{config.tenants} tenants, "
        operators = f", {_many(self.operators, 'operator action')}" if self.operators else ""
        scope = "" if self.scope is Scope.TICK else f", {self.scope.value}"
        return (
            f"EXHAUSTIVE({tenants}{_many(self.ticks, 'tick')}, {_many(self.faults, 'fault')},"
            f" {_many(self.steps, 'clock step')}{operators}{scope}, {config.profile})"
        )


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


@frozen
class Node:
    """A world in a search, and what is left of the budget."""

    world: World
    faults: int
    steps: int
    operators: int


@frozen
class Move:
    """One move: the label that chose it, the node it leads to, and the facts of all its actions."""

    action: Action
    after: Node
    facts: tuple[Fact, ...]


def moves(node: Node, bounds: Bounds) -> Iterator[Move]:
    """Every move that the budget allows, in a fixed order."""
    world = node.world
    for action in _offered(world, PROFILES[world.config.profile], node, bounds):
        try:
            after, fact = apply(world, action)
        except NotEnabled:
            continue
        faults = node.faults - (fact.fault not in _FREE)
        if faults < 0 or after is world:
            continue
        steps = node.steps - isinstance(action, Clock)
        operators = node.operators - (isinstance(action, Outside) and action.record is None)
        facts = [fact]
        after = eager(after, fact, facts, bounds.scope)
        yield Move(action, Node(after, faults, steps, operators), tuple(facts))


def eager(world: World, fact: Fact, facts: list[Fact], scope: Scope) -> World:
    """Answer `ok` as long as the tick that moved stands outside of the scope; a machine may go round there."""
    for _ in range(_AT_ONCE):
        if scope is Scope.ALL or fact.run_after is None:
            break
        phase, tenant = fact.run_after.phase, fact.tenant
        assert tenant is not None
        if (phase in _STATUS) is (scope is Scope.STATUS):
            break
        world, fact = apply(world, Reply(phase, tenant, fact.run_after.n))
        facts.append(fact)
    return world


def _offered(world: World, profile: Profile, node: Node, bounds: Bounds) -> Iterator[Action]:
    for index, tenant in enumerate(world.tenants):
        if tenant.started < bounds.ticks:
            for host in range(world.config.hosts):
                yield Start(index, tenant.started + 1, host)
        for run in tenant.runs:
            yield from _replies(world, index, run, profile, node.faults > 0)
            if node.faults:
                yield Crash(index, run.n)
        for pending in tenant.pending:
            yield Land(index, pending.n, pending.phase)
        if node.faults:
            for what in profile.outside:
                for record in RECORDS:
                    if (record == "status") is (bounds.scope is Scope.STATUS) or bounds.scope is Scope.ALL:
                        yield Outside(index, record, what)
        if node.operators:
            yield Outside(index, None, AnswerCode.REPAIR)
            yield Outside(index, None, AnswerCode.FORGET)
    if node.steps:
        for host in range(world.config.hosts):
            for ms in bounds.clock:
                yield Clock(host, ms)


def _replies(world: World, index: int, run: Run, profile: Profile, faulty: bool) -> Iterator[Action]:
    yield Reply(run.phase, index, run.n)
    if not faulty:
        return
    answers = profile.reads if isinstance(run.effect, Get) else profile.writes
    if not isinstance(run.effect, Get | Put):
        answers = profile.generates
    for what in answers:
        arguments: tuple[int, ...] = (0,)
        if what is AnswerCode.STALE:
            arguments = (1, 2)
        elif what is AnswerCode.ELSEWHERE:
            arguments = tuple(other for other in range(len(world.tenants)) if other != index)
        for arg in arguments:
            yield Reply(run.phase, index, run.n, what, arg)
