"""What notices a mutant: the graph, and the invariants, within the bounds of SEARCHES; and the proof.

The graph notices it where in one world, after the same actions, it asks, logs or ends otherwise than the
kernel; an invariant where it is violated. Whatever neither notices is equivalent within the bounds.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from attrs import evolve, field, frozen

from evidence_sim.config import Config, Initial
from evidence_sim.explore.bounds import Bounds, Node, Scope, choices, moved
from evidence_sim.explore.canonical import exact
from evidence_sim.explore.search import judges
from evidence_sim.facts import Fact
from evidence_sim.faults import PROFILES
from evidence_sim.invariants import INVARIANTS, Invariant
from evidence_sim.labels import Action
from evidence_sim.mutants import Mutant, mutated
from evidence_sim.reuse import Graph, Place, Said
from evidence_sim.world import initial

_VALID = Initial("valid-24h")
_FIRST = (
    *(Initial(evidence) for evidence in ("absent", "valid-24h", "invalid", "future")),
    evolve(_VALID, ledger="malformed"),
    evolve(_VALID, publication="AUTO_24H"),
)
# What mutants are searched in: (profile, bounds, beginnings).
SEARCHES: tuple[tuple[str, Bounds, tuple[Initial, ...]], ...] = (
    ("cloud-kv", Bounds(2, 1, 0), _FIRST),
    ("cloud-kv", Bounds(1, 2, 0), (Initial("absent"), Initial("valid-12h"))),
    ("cloud-kv", Bounds(2, 1, 0, scope=Scope.STATUS), (Initial("absent"), _VALID)),
    ("crash-stop", Bounds(2, 0, 1), (Initial("valid-12h"),)),
    ("lying-disk", Bounds(1, 1, 0), (Initial("absent"), _VALID)),
)
_ROOM = 2  # a mutant's search is stopped at so many nodes for each move of the kernel's
GRAPH = "graph"
PROVED = frozenset({*(f"S{n}" for n in range(1, 10)), "S17"})
# Asks the proof about the tables as they are, changed at one place: the move and the conjunct that it breaks.
Refuted = Callable[[Place], str | None]
# What a move notices, the faults in it, and the node that it leads to.
Way = tuple[Iterable[str], frozenset[str], Hashable | None]


@frozen
class Kill:
    """What noticed a mutant: the graph, and the invariants that it violates.

    `faults`: on a shortest way to a difference, of the fewest; `needs`: of the graph and of each invariant, the
    faults without which it notices nothing. `proof`: the move and the conjunct that it breaks, None of neither.
    """

    name: str
    graph: bool
    invariants: tuple[str, ...]
    proof: str | None = None
    faults: tuple[str, ...] = ()
    needs: Mapping[str, tuple[str, ...]] = field(factory=dict)


@frozen
class Worlds:
    """The moves of a search, judged by what is promised in it."""

    bounds: Bounds
    judges: tuple[Invariant, ...]

    def choices(self, node: Node) -> Iterator[Action]:
        """All actions."""
        return choices(node, self.bounds)

    def take(self, node: Node, action: Action) -> tuple[Said, Any, Node | None] | None:
        """The move of an action. A tick that asks for too many effects is not followed: it may never end."""
        move = moved(node, action, self.bounds)
        if move is None:
            return None
        violated = frozenset(judge.id for judge in self.judges for fact in move.facts if judge.judge(fact))
        steps = [(f.run.state, f.answer, f.at) for f in move.facts if f.run is not None and f.answer is not None]
        faults = frozenset(fact.fault for fact in move.facts if fact.fault is not None)
        said = Said(tuple(_tells(fact) for fact in move.facts), tuple(steps), faults, violated)
        endless = "S12" in violated and move.facts[-1].run_after is not None
        return (said, None, None) if endless else (said, exact(move.after, Scope.ALL), move.after)


def _tells(fact: Fact) -> tuple[Any, ...]:
    return (str(fact.action), fact.asks, fact.log, fact.result, fact.broken)


def graphs() -> list[Graph]:
    """The kernel's own, of each search. Raises AssertionError where the kernel breaks a promise in one of them."""
    found = []
    for profile, bounds, begins in SEARCHES:
        promised = [judge for judge in judges(bounds.scope) if judge.id in PROFILES[profile].promised]
        worlds = [initial(Config(profile=profile, initial=(begin,))) for begin in begins]
        nodes = [Node(world, bounds.faults, bounds.steps, bounds.operators) for world in worlds]
        roots = [(exact(node, Scope.ALL), node) for node in nodes]
        graph = Graph(roots, Worlds(bounds, tuple(promised)))
        broken = {name for edges in graph.search() for edge in edges for name in edge.said.violated}
        assert not broken, broken
        graph.look_up()
        found.append(graph)
    return found


def kill(mutant: Mutant, kernels: Sequence[Graph], refuted: Refuted) -> Kill:
    """Search a mutant; `kernels` are the kernel's own graphs."""
    needs: dict[str, frozenset[str]] = {}
    shortest: list[tuple[str, ...]] = []
    with mutated(mutant):
        for kernel in kernels:
            graph = kernel.again(mutant.place)
            for _ in graph.search(_ROOM * sum(map(len, kernel.edges.values()))):
                pass
            noticed = _needed(graph.begins(), partial(_judged, graph))
            noticed |= _needed([(number, number) for number in kernel.begins()], partial(_compared, kernel, graph))
            for name, always in noticed.items():
                needs[name] = needs.get(name, always) & always
            if GRAPH in noticed:
                shortest.append(_first(kernel, graph))
        proof = refuted(mutant.place)
    names = tuple(invariant.id for invariant in INVARIANTS if invariant.id in needs)
    said = {name: tuple(sorted(needs[name])) for name in (GRAPH, *names) if needs.get(name)}
    faults = min(shortest, key=lambda way: (len(way), way), default=())
    return Kill(mutant.name, GRAPH in needs, names, proof, faults, said)


def _needed(begins: Iterable[Hashable], ways: Callable[[Any], Iterable[Way]]) -> dict[str, frozenset[str]]:
    """For all that is noticed, the faults that every way to it has."""
    found: dict[Hashable, frozenset[str]] = dict.fromkeys(begins, frozenset())
    noticed: dict[str, frozenset[str]] = {}
    waiting = deque(found)
    while waiting:
        node = waiting.popleft()
        for names, faults, to in ways(node):
            met = found[node] | faults
            for name in names:
                noticed[name] = noticed.get(name, met) & met
            before = None if to is None else found.get(to)
            after = met if before is None else before & met
            if to is not None and after != before:
                found[to] = after
                waiting.append(to)
    return noticed


def _judged(graph: Graph, number: int) -> Iterator[Way]:
    """The ways on from a node, with the invariants that each violates."""
    for edge in graph.edges.get(number, ()):
        yield edge.said.violated, edge.said.faults, edge.to


def _compared(kernel: Graph, graph: Graph, pair: tuple[int, int]) -> Iterator[Way]:
    """The ways on from the kernel's node and the mutant's after the same actions, as far as they tell the same."""
    one, other = kernel.edges[pair[0]], graph.edges.get(pair[1])
    if other is None:  # the search was stopped before it
        return
    for mine, its in zip(one, other, strict=True):
        if mine is not its and mine.said != its.said:
            yield (GRAPH,), mine.said.faults, None
        else:
            yield (), mine.said.faults, None if mine.to is None else (mine.to, its.to)


def _first(kernel: Graph, graph: Graph) -> tuple[str, ...]:
    """The faults on a shortest way to a difference."""
    met: dict[Any, frozenset[str]] = {(number, number): frozenset() for number in kernel.begins()}
    waiting = deque(met)
    while waiting:
        pair = waiting.popleft()
        for names, faults, to in _compared(kernel, graph, pair):
            if names:
                return tuple(sorted(met[pair] | faults))
            if to is not None and to not in met:
                met[to] = met[pair] | faults
                waiting.append(to)
    raise AssertionError("no difference")
