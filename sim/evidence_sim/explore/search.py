"""Breadth-first over every move: exact counts, shortest counterexamples, what was covered."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from attrs import define, evolve, field, frozen

from evidence_sim.config import Config, Initial
from evidence_sim.explore.bounds import Bounds, Move, Node, Scope, moves
from evidence_sim.explore.canonical import Key, canonical, exact, symmetric
from evidence_sim.facts import Fact
from evidence_sim.invariants import INVARIANTS, Invariant
from evidence_sim.labels import Action
from evidence_sim.tally import Rows
from evidence_sim.trace import Trace
from evidence_sim.world import initial

Identity = Callable[[Node, Scope], Key]
# sink(state before, the move, state after), states by their number in the order they were found.
Sink = Callable[[int, Move, int], None]
ROOT = -1
_OF_STATUS = frozenset({"S15", "S19"})  # what a status says is not asked where its phases do not interleave


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the collector of cycles: worlds have none, and it would walk all of them again and again."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def judges(scope: Scope) -> tuple[Invariant, ...]:
    """The invariants that a search of that scope decides."""
    return tuple(invariant for invariant in INVARIANTS if scope is not Scope.TICK or invariant.id not in _OF_STATUS)


@frozen
class Violation:
    """The first violation of an invariant that a search met: no shorter one has as few moves."""

    invariant: str
    says: str
    trace: Trace


@define
class Explored:
    """What a search found.

    `levels` are new states by depth in moves; `said` its bounds; `complete` unless it was stopped.
    """

    bounds: Bounds
    machines: tuple[str, ...]
    profile: str
    said: str
    beginnings: int
    states: int = 0
    edges: int = 0
    levels: list[int] = field(factory=list)
    premises: Counter[str] = field(factory=Counter)
    violations: dict[str, Violation] = field(factory=dict)
    faults: Counter[str] = field(factory=Counter)
    outcomes: Counter[str] = field(factory=Counter)
    answers: set[tuple[str, str]] = field(factory=set)
    rows: set[tuple[str, str]] = field(factory=set)
    complete: bool = False

    @property
    def depth(self) -> int:
        """The moves of the longest shortest way to a state."""
        return len(self.levels) - 1


def identity(config: Config, reduced: bool = True) -> Identity:
    """When two nodes of worlds of that configuration are one.

    Versions and dead values are told from the shipped kernel's state only, and one tenant's keys hold
    another's records in `byzantine` only.
    """
    if set(config.machines) != {"kernel"}:
        return exact
    return symmetric if reduced and config.profile != "byzantine" else canonical


def beginnings(config: Config) -> tuple[Config, ...]:
    """Where a search begins: every kind of evidence, a malformed ledger, a publication, no identity.

    All tenants begin alike.
    """
    kinds = [Initial(evidence) for evidence in ("absent", "valid-12h", "valid-24h", "future", "invalid")]
    kinds += [Initial("valid-24h", ledger="malformed"), Initial("valid-24h", publication="AUTO_24H")]
    kinds.append(Initial(identity="none"))
    return tuple(evolve(config, initial=(kind,) * config.tenants) for kind in kinds)


@define
class Search:
    """One search. `roots` are beginnings of one profile; iterate `levels` to run it, level by level."""

    roots: Sequence[Config]
    bounds: Bounds
    same: Identity
    sink: Sink | None = None
    limit: int = 5_000_000
    found: Explored = field(init=False)
    _known: dict[Key, int] = field(factory=dict)
    _parts: dict[Any, int] = field(factory=dict)
    _parents: list[tuple[int, tuple[Action, ...]]] = field(factory=list)
    _begun: list[Config] = field(factory=list)
    _rows: Rows = field(factory=Rows)
    _judges: tuple[Invariant, ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        first = self.roots[0]
        said = self.bounds.said(first)
        self.found = Explored(self.bounds, first.machines, first.profile, said, len(self.roots))
        self._judges = judges(self.bounds.scope)

    def levels(self) -> Iterator[int]:
        """Search one level at a time; yields the states known after it."""
        bounds, level = self.bounds, []
        for config in self.roots:
            node = Node(initial(config), bounds.faults, bounds.steps, bounds.operators)
            number, new = self._number(node, ROOT, ())
            if new:
                self._begun.append(config)
                level.append((number, node))
        while level:
            self.found.levels.append(len(level))
            with uncollected():
                level = self._after(level)
            if len(self._known) > self.limit:
                self.stop()
                return
            yield len(self._known)
        self.stop()
        self.found.complete = True

    def _after(self, level: list[tuple[int, Node]]) -> list[tuple[int, Node]]:
        """The new states that one level leads to, as far as the limit."""
        after: list[tuple[int, Node]] = []
        for number, node in level:
            self._expand(number, node, after)
            if len(self._known) > self.limit:
                break
        return after

    def _expand(self, number: int, node: Node, after: list[tuple[int, Node]]) -> None:
        for move in moves(node, self.bounds):
            self.found.edges += 1
            for at, fact in enumerate(move.facts):
                self._judge(fact, number, move, at)
            target, new = self._number(move.after, number, tuple(fact.action for fact in move.facts))
            if new:
                after.append((target, move.after))
            if self.sink is not None:
                self.sink(number, move, target)

    def _judge(self, fact: Fact, number: int, move: Move, at: int) -> None:
        found = self.found
        self._cover(fact)
        for invariant in self._judges:
            verdict = invariant.judge(fact)
            if verdict is None:
                continue
            found.premises[invariant.id] += 1
            if verdict and invariant.id not in found.violations:
                last = tuple(fact.action for fact in move.facts[: at + 1])
                trace = self.trace(number, last, invariant.id)
                found.violations[invariant.id] = Violation(invariant.id, verdict, trace)

    def _cover(self, fact: Fact) -> None:
        found = self.found
        if fact.fault is not None:
            found.faults[fact.fault] += 1
        if fact.judged and fact.result is not None:
            found.outcomes[fact.outcome] += 1
        if fact.run is not None and fact.answer is not None:
            found.answers.add((fact.run.phase, type(fact.answer).__name__))
            row = self._rows.of(fact)
            if row is not None:
                found.rows.add(row)

    def trace(self, number: int, last: tuple[Action, ...] = (), violates: str | None = None) -> Trace:
        """A shortest way to a state, and on by `last`."""
        steps = [last]
        while number >= len(self._begun):
            number, actions = self._parents[number]
            steps.append(actions)
        actions = tuple(action for step in reversed(steps) for action in step)
        return Trace(self._begun[number], actions, violates)

    def _number(self, node: Node, parent: int, actions: tuple[Action, ...]) -> tuple[int, bool]:
        key = self._packed(self.same(node, self.bounds.scope))
        number = self._known.setdefault(key, len(self._parents))
        new = number == len(self._parents)
        if new:
            self._parents.append((parent, actions))
        return number, new

    def _packed(self, key: Key) -> Key:
        """The key with each of its parts, which many states share, as the number of that part."""
        parts = self._parts
        *budget, tenants = key
        return (*budget, *(parts.setdefault(part, len(parts)) for tenant in tenants for part in tenant))

    def stop(self) -> None:
        """Count what is known; the search need not be over."""
        self.found.states = len(self._known)
