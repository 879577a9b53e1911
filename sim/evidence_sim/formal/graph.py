"""The explorer's graph of worlds, as the specification sees it, against the graph that TLC found.

Both are sets of states and of labelled edges. And more than equal as sets: each world that was explored
has exactly the edges of the state that it is mapped to, so that no two worlds that differ in what can
happen next are one to the specification.
"""

from collections.abc import Iterable, Sequence

from attrs import frozen

from evidence_sim.config import Config, Initial
from evidence_sim.explore.bounds import Bounds, Node, moves
from evidence_sim.explore.canonical import Key, canonical
from evidence_sim.faults import PROFILES
from evidence_sim.formal import tlc
from evidence_sim.formal.labels import named
from evidence_sim.formal.mapping import specified
from evidence_sim.formal.models import labelled
from evidence_sim.formal.text import Edge, Graph, State, graph
from evidence_sim.world import initial


@frozen
class Difference:
    """An edge, or a beginning, that only one side has; `trace` are the shortest labels that lead to it."""

    side: str
    trace: tuple[str, ...]
    before: State | None
    after: State

    def said(self) -> str:
        """In a sentence."""
        way = " ".join(self.trace) or "the beginning"
        return f"only {self.side} has {way}"


@frozen
class Explored:
    """The explorer's graph; `loose` is a world whose edges are not those of all worlds that are mapped alike."""

    graph: Graph
    worlds: int
    loose: tuple[State, ...]


def explored(bounds: Bounds, profile: str, begins: Sequence[str]) -> Explored:
    """All worlds within the bounds, mapped."""
    roots = [Config(profile=profile, initial=(Initial(begin),)) for begin in begins]
    todo = [Node(initial(config), bounds.faults, bounds.steps, bounds.operators) for config in roots]
    seen = {_key(node, bounds) for node in todo}
    first = frozenset(_mapped(node, bounds) for node in todo)
    leaves: dict[State, frozenset[tuple[str, State]]] = {}
    loose = []
    while todo:
        node = todo.pop()
        before, out = _mapped(node, bounds), []
        for move in moves(node, bounds):
            out.append((str(move.action), _mapped(move.after, bounds)))
            key = _key(move.after, bounds)
            if key not in seen:
                seen.add(key)
                todo.append(move.after)
        if leaves.setdefault(before, frozenset(out)) != frozenset(out):
            loose.append(before)
    edges = frozenset((before, label, after) for before, out in leaves.items() for label, after in out)
    return Explored(Graph(first, frozenset(leaves), edges), len(seen), tuple(loose))


def _key(node: Node, bounds: Bounds) -> Key:
    return canonical(node, bounds.scope)


def _mapped(node: Node, bounds: Bounds) -> State:
    return specified(node.world, node.faults, node.steps, bounds.ticks)


def checked(bounds: Bounds, profile: str, begins: Sequence[str], extends: dict[str, str]) -> Graph:
    """The graph that TLC finds. Raises NoChecker; what TLC did not finish is an assert's business."""
    answer = tlc.run(labelled(bounds, profile, begins, extends), dumps=True)
    assert answer.exit_code == tlc.HOLDS, answer.said
    labels = {name: label for name, (label, _) in named(bounds, PROFILES[profile]).items()}
    return graph(answer.dump, labels.__getitem__)


def difference(code: Graph, spec: Graph) -> Difference | None:
    """The nearest edge that only one side has, with a shortest trace; None where the graphs are the same."""
    for side, state in [("the code", s) for s in code.initial - spec.initial]:
        return Difference(side, (), None, state)
    for state in spec.initial - code.initial:
        return Difference("the specification", (), None, state)
    apart = code.edges ^ spec.edges
    if not apart:
        return None
    ways = _ways(code.initial | spec.initial, code.edges | spec.edges)
    before, label, after = min(apart, key=lambda edge: (len(ways[edge[0]]), edge[1]))
    side = "the code" if (before, label, after) in code.edges else "the specification"
    return Difference(side, (*ways[before], label), before, after)


def _ways(begin: Iterable[State], edges: Iterable[Edge]) -> dict[State, tuple[str, ...]]:
    """A shortest way to each state."""
    out: dict[State, list[tuple[str, State]]] = {}
    for before, label, after in edges:
        out.setdefault(before, []).append((label, after))
    ways: dict[State, tuple[str, ...]] = {state: () for state in begin}
    todo = list(ways)
    for state in todo:
        for label, after in sorted(out.get(state, ()), key=lambda pair: pair[0]):
            if after not in ways:
                ways[after] = (*ways[state], label)
                todo.append(after)
    return ways
