"""The explorer's graph of worlds, as the specification sees it, against the graph that TLC found.

Both are sets of states and of labelled edges. And more than equal as sets: each world that was explored
has exactly the edges of the state that it is mapped to, so that no two worlds that differ in what can
happen next are one to the specification.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from attrs import frozen

from evidence_sim.config import Config, Initial
from evidence_sim.explore.bounds import Bounds, Move, Node
from evidence_sim.explore.canonical import canonical
from evidence_sim.explore.search import Identity, Search, uncollected
from evidence_sim.faults import PROFILES
from evidence_sim.formal import tlc
from evidence_sim.formal.labels import named, said
from evidence_sim.formal.mapping import specified
from evidence_sim.formal.models import labelled
from evidence_sim.formal.text import Edge, Graph, Space, State, graph, written
from evidence_sim.world import initial


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
    """The explorer's graph, and of how many worlds it is.

    `loose` are the states that stand for worlds with unlike edges.
    """

    graph: Graph
    worlds: int
    loose: tuple[int, ...]


def explored(bounds: Bounds, profile: str, begins: Sequence[str], space: Space, same: Identity = canonical) -> Explored:
    """All worlds within the bounds that differ by `same`, mapped."""
    roots = [Config(profile=profile, initial=(Initial(begin),)) for begin in begins]
    states: dict[int, int] = {}
    leaves: dict[int, set[tuple[str, int]]] = {}

    def take(before: int, move: Move, after: int) -> None:
        if after not in states:
            states[after] = space.number(_mapped(move.after, bounds))
        label = said(str(move.action), move.facts[-1].outcome)
        leaves.setdefault(before, set()).add((label, states[after]))

    for number, config in enumerate(roots):
        states[number] = space.number(_mapped(Node(initial(config), bounds.faults, bounds.steps, 0), bounds))
    first = frozenset(states.values())
    search = Search(roots, bounds, same, take)
    for _ in search.levels():
        pass
    out: dict[int, set[tuple[str, int]]] = {}
    loose = [
        s for world, s in states.items() if out.setdefault(s, leaves.get(world, set())) != leaves.get(world, set())
    ]
    edges = frozenset((before, label, after) for before, ends in out.items() for label, after in ends)
    return Explored(Graph(first, frozenset(out), edges), search.found.states, tuple(loose))


def _mapped(node: Node, bounds: Bounds) -> State:
    return specified(node.world, node.faults, node.steps, bounds.ticks)


@frozen
class Comparison:
    """Both graphs within the same bounds, in one space."""

    code: Explored
    spec: Graph
    space: Space

    @property
    def difference(self) -> Difference | None:
        """The nearest difference; None where the graphs are the same."""
        return difference(self.code.graph, self.spec, self.space)


def compared(bounds: Bounds, profile: str, begins: Sequence[str], extends: Mapping[str, str]) -> Comparison:
    """Explore, and let TLC check beside it."""
    space = Space()
    with ThreadPoolExecutor(1) as beside:
        answer = beside.submit(asked, bounds, profile, begins, extends)
        code = explored(bounds, profile, begins, space)
        return Comparison(code, checked(answer.result(), bounds, profile, space), space)


def asked(bounds: Bounds, profile: str, begins: Sequence[str], extends: Mapping[str, str]) -> tlc.Answer:
    """TLC's answer, with the graph. Raises NoChecker."""
    answer = tlc.run(labelled(bounds, profile, begins, extends), dumps=True)
    assert answer.exit_code == tlc.HOLDS, answer.said
    return answer


def checked(answer: tlc.Answer, bounds: Bounds, profile: str, space: Space) -> Graph:
    """The graph that TLC found, with the simulator's labels."""
    labels = {name: label for name, (label, _) in named(bounds, PROFILES[profile]).items()}
    with uncollected():
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
    ways: dict[int, tuple[str, ...]] = dict.fromkeys(begin, ())
    todo = list(ways)
    for state in todo:
        for label, after in out.get(state, ()):
            if after not in ways:
                ways[after] = (*ways[state], label)
                todo.append(after)
    return ways
