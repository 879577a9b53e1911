"""The explorer's graph of worlds, as the specification sees it, against the graph that TLC found.

Both are sets of states and of labelled edges. And more than equal as sets: each world that was explored
has exactly the edges of the state that it is mapped to, so that no two worlds that differ in what can
happen next are one to the specification.
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from attrs import frozen

from evidence_sim.config import Config, Initial
from evidence_sim.explore.bounds import Bounds, Node, Scope, moves
from evidence_sim.explore.canonical import Key, canonical
from evidence_sim.faults import PROFILES
from evidence_sim.formal import tlc
from evidence_sim.formal.labels import named
from evidence_sim.formal.mapping import specified
from evidence_sim.formal.models import labelled
from evidence_sim.formal.text import Edge, Graph, Space, State, graph, written
from evidence_sim.world import initial

KeyOf = Callable[[Node, Scope], Key]


@frozen
class Difference:
    """An edge, or a beginning, that only one side has; `trace` are the shortest labels that lead to it."""

    side: str
    trace: tuple[str, ...]
    before: State | None
    after: State

    def said(self) -> str:
        """In a sentence, and the states."""
        way = " ".join(self.trace) or "a beginning"
        states = [written(state) for state in (self.before, self.after) if state is not None]
        return "\n  -> ".join([f"only {self.side} has {way}:\n     {states[0]}", *states[1:]])


@frozen
class Explored:
    """The explorer's graph, how many worlds it is of, and those whose edges another world that is mapped alike has not."""

    graph: Graph
    worlds: int
    loose: tuple[int, ...]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles: worlds have none, and it would walk all of them for half of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def explored(bounds: Bounds, profile: str, begins: Sequence[str], space: Space, key: KeyOf = canonical) -> Explored:
    """All worlds within the bounds that differ by `key`, mapped."""
    roots = [Config(profile=profile, initial=(Initial(begin),)) for begin in begins]
    todo = [Node(initial(config), bounds.faults, bounds.steps, bounds.operators) for config in roots]
    numbers = {key(node, bounds.scope): space.number(_mapped(node, bounds)) for node in todo}
    first = frozenset(numbers.values())
    leaves: dict[int, frozenset[tuple[str, int]]] = {}
    loose = []
    with _uncollected():
        while todo:
            node = todo.pop()
            out = set()
            for move in moves(node, bounds):
                name = key(move.after, bounds.scope)
                if name not in numbers:
                    numbers[name] = space.number(_mapped(move.after, bounds))
                    todo.append(move.after)
                out.add((str(move.action), numbers[name]))
            before = numbers[key(node, bounds.scope)]
            if leaves.setdefault(before, frozenset(out)) != out:
                loose.append(before)
    edges = frozenset((before, label, after) for before, out in leaves.items() for label, after in out)
    return Explored(Graph(first, frozenset(leaves), edges), len(numbers), tuple(loose))


def _mapped(node: Node, bounds: Bounds) -> State:
    return specified(node.world, node.faults, node.steps, bounds.ticks)


def checked(bounds: Bounds, profile: str, begins: Sequence[str], space: Space, extends: dict[str, str]) -> Graph:
    """The graph that TLC finds. Raises NoChecker."""
    answer = tlc.run(labelled(bounds, profile, begins, extends), dumps=True)
    assert answer.exit_code == tlc.HOLDS, answer.said
    labels = {name: label for name, (label, _) in named(bounds, PROFILES[profile]).items()}
    with _uncollected():
        return graph(answer.dump, space, labels.__getitem__)


def difference(code: Graph, spec: Graph, space: Space) -> Difference | None:
    """The nearest edge that only one side has, with a shortest trace; None where the graphs are the same."""
    for begin in sorted(code.initial ^ spec.initial):
        return Difference("the code" if begin in code.initial else "the specification", (), None, space.state(begin))
    apart = code.edges ^ spec.edges
    if not apart:
        return None
    ways = _ways(code.initial, code.edges | spec.edges)
    before, label, after = min(apart, key=lambda edge: (len(ways[edge[0]]), edge[1], edge[2]))
    side = "the code" if (before, label, after) in code.edges else "the specification"
    return Difference(side, (*ways[before], label), space.state(before), space.state(after))


def _ways(begin: Iterable[int], edges: Iterable[Edge]) -> dict[int, tuple[str, ...]]:
    """A shortest way to each state."""
    out: dict[int, list[tuple[str, int]]] = {}
    for before, label, after in sorted(edges):
        out.setdefault(before, []).append((label, after))
    ways: dict[int, tuple[str, ...]] = {state: () for state in begin}
    todo = list(ways)
    for state in todo:
        for label, after in out.get(state, ()):
            if after not in ways:
                ways[after] = (*ways[state], label)
                todo.append(after)
    return ways
