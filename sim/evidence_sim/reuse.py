"""A graph searched with the kernel's own tables, and again with one of their rows changed.

A row matters only where a step looks it up. So the kernel's graph is taken over but for the moves that have
such a step: those are made again, and so is everything that only the changed kernel reaches.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from attrs import define, field, frozen

from evidence_kernel import Answer, EvidenceState, Finding, Phase, State
from evidence_kernel.findings import FINDINGS

# A row of SCHEDULER, or all rows of EVIDENCE that begin at one evidence state.
Place = tuple[Phase | str, Finding | EvidenceState | None]
_OBSERVING = frozenset({Phase.EVIDENCE_READ, Phase.EVIDENCE_VERIFY, Phase.TIMESTAMP_READ})


@frozen
class Said:
    """What a move says. `tells`: all of it that is compared; `steps`: the kernel's, as state, answer and clock.

    `faults` fired in it; `violated` names the invariants that it violates.
    """

    tells: Hashable
    steps: tuple[tuple[State, Answer, int], ...] = field(eq=False)
    faults: frozenset[str] = field(default=frozenset(), eq=False)
    violated: frozenset[str] = field(default=frozenset(), eq=False)


class Moves(Protocol):
    """What leads from a node: the choices, and what comes of one, None where it cannot be taken.

    That is what the move says and the node that it leads to; equal nodes are one, None of an end.
    """

    def choices(self, node: Any) -> Iterable[Any]:
        """All of them, in a fixed order."""
        ...

    def take(self, node: Any, choice: Any) -> tuple[Said, Hashable, Any] | None:
        """The move, the name of the node after it, and that node."""
        ...


@frozen
class Edge:
    """A move that was made: the choice, what it said, the number of the node that it leads to, None of an end."""

    choice: Any
    said: Said
    to: int | None


@define(eq=False)
class Graph:
    """What is reached from `roots`, names and nodes; iterate `search` to run it.

    `edges`: the moves of each node by its number, breadth-first. With `kept`, the kernel's own graph, only moves
    that look up `changed` are made again; `kept` must have been searched with the tables that are shipped.
    """

    roots: Sequence[tuple[Hashable, Any]]
    moves: Moves
    kept: "Graph | None" = None
    changed: Place | None = None
    edges: dict[int, list[Edge]] = field(factory=dict)
    _nodes: list[Any] = field(factory=list)
    _numbers: dict[Hashable, int] = field(factory=dict)
    _looked_up: dict[int, list[frozenset[Place]]] = field(factory=dict)
    _all_looked_up: dict[int, frozenset[Place]] = field(factory=dict)

    def look_up(self) -> None:
        """Tell which rows each move of the kernel looked up, so that the graph can be kept."""
        for number, edges in self.edges.items():
            places = [frozenset(_places(edge.said)) for edge in edges]
            self._looked_up[number], self._all_looked_up[number] = places, frozenset().union(*places)

    def again(self, changed: Place) -> "Graph":
        """The same, to be searched with the tables changed at one place."""
        return Graph(self.roots, self.moves, self, changed, {}, [*self._nodes], {**self._numbers})

    def search(self, limit: int | None = None) -> Iterator[list[Edge]]:
        """The moves of each node, as they are made; it stops once more than so many nodes are known."""
        waiting = self.begins()
        met = set(waiting)
        for number in waiting:  # it grows
            self.edges[number] = self._edges(number)
            yield self.edges[number]
            for edge in self.edges[number]:
                if edge.to is not None and edge.to not in met:
                    met.add(edge.to)
                    waiting.append(edge.to)
            if limit is not None and len(met) > limit:
                return

    def begins(self) -> list[int]:
        """The numbers of the roots."""
        return list(dict.fromkeys(self._number(*root) for root in self.roots))

    def _edges(self, number: int) -> list[Edge]:
        if self.kept is None or number not in self.kept.edges:
            return self._made(number)
        edges, places = self.kept.edges[number], self.kept._looked_up[number]
        if self.changed not in self.kept._all_looked_up[number]:
            return edges
        old = zip(edges, places, strict=True)
        new = (self._taken(number, edge.choice) if self.changed in of_edge else edge for edge, of_edge in old)
        return [edge for edge in new if edge is not None]

    def _made(self, number: int) -> list[Edge]:
        made = (self._taken(number, choice) for choice in self.moves.choices(self._nodes[number]))
        return [edge for edge in made if edge is not None]

    def _taken(self, number: int, choice: Any) -> Edge | None:
        move = self.moves.take(self._nodes[number], choice)
        if move is None:
            return None
        said, name, node = move
        return Edge(choice, said, None if node is None else self._number(name, node))

    def _number(self, name: Hashable, node: Any) -> int:
        number = self._numbers.setdefault(name, len(self._nodes))
        if number == len(self._nodes):
            self._nodes.append(node)
        return number


def _places(said: Said) -> Iterator[Place]:
    """The rows of the tables that the kernel's steps looked up."""
    for state, answer, at in said.steps:
        if state.phase in _OBSERVING:
            yield "EVIDENCE", state.evidence
        finding, _ = FINDINGS[state.phase](state, answer, at)
        yield state.phase, finding
