"""How far a search goes, and what one move in it is.

A node is a world with what is left of the budget. Every fault that fires, a crash included, costs one of
`faults`; every step of a clock one of `steps`; every repair or deletion by `forget` one of `operators`.
Starting, answering `ok` and landing are free.

The status record is read by no other phase, and no other record by its phases, beyond the outcome that
it closes with. So in the scope TICK the status phases are answered `ok` at once, together with the action
that led to them: what they do commutes with all that is kept, and S15 and S19 are not asked. In the scope
STATUS only the status phases meet faults and interleave, and the rest of a tick is answered `ok` at once:
that is a part of what may happen to a status. In the scope ALL every phase interleaves and meets faults.
"""

from collections.abc import Iterator
from enum import StrEnum

from attrs import field, frozen

from evidence_sim.codes import AnswerCode
from evidence_sim.config import HOUR, Config
from evidence_sim.facts import Fact
from evidence_sim.labels import Action, Clock, Crash, Land, Outside, Reply, Start
from evidence_sim.values import NotEnabled, World
from evidence_sim.world import apply, offered

_FREE = frozenset({None, "overlap", "clock-back"})
_STATUS = frozenset({"STATUS_READ", "STATUS_OPEN", "STATUS_CLOSE"})
_ALL_ALIKE = frozenset({AnswerCode.CORRUPT, AnswerCode.TORN})
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

    `clock` are the steps that a clock may make, in ms: half a day meets the schedule's 12 h and 24 h
    exactly, and ends every shorter backoff. Stale reads go two values back; torn and corrupt stand for all their k.
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
    for action in choices(node, bounds):
        move = moved(node, action, bounds)
        if move is not None:
            yield move


def choices(node: Node, bounds: Bounds) -> Iterator[Action]:
    """Every action that may lead a move, before it is asked whether it is enabled."""
    return (action for action in offered(node.world) if _allowed(action, node, bounds))


def moved(node: Node, action: Action, bounds: Bounds) -> Move | None:
    """The move that an action leads; None where it cannot happen, changes nothing or costs too much."""
    world = node.world
    try:
        after, fact = apply(world, action)
    except NotEnabled:
        return None
    faults = node.faults - (fact.fault not in _FREE)
    if faults < 0 or after is world:
        return None
    steps = node.steps - isinstance(action, Clock)
    operators = node.operators - (isinstance(action, Outside) and action.record is None)
    facts = [fact]
    after = eager(after, fact, facts, bounds.scope)
    return Move(action, Node(after, faults, steps, operators), tuple(facts))


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


def _allowed(action: Action, node: Node, bounds: Bounds) -> bool:
    """Whether the budget, the scope and what stands for all its k leave room for an action."""
    match action:
        case Start(n=n):
            return n <= bounds.ticks
        case Reply(what=what, arg=arg):
            return what is AnswerCode.OK or (node.faults > 0 and (what not in _ALL_ALIKE or arg == 0))
        case Land():
            return True
        case Crash():
            return node.faults > 0
        case Clock(ms=ms):
            return node.steps > 0 and ms in bounds.clock
        case Outside(record=None):
            return node.operators > 0
        case Outside(record=record, arg=arg):
            inside = bounds.scope is Scope.ALL or (record == "status") is (bounds.scope is Scope.STATUS)
            return node.faults > 0 and inside and arg == 0
