"""Whether the proof refutes the kernel with one row of its tables changed.

Only the steps that look up that row are taken again, and only rows that the kernel does not have are asked
about. A step that dies has no row: it is a crash, which the model has anyway.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from attrs import define, field, frozen

from evidence_kernel import Event
from evidence_sim.machines import KERNEL
from evidence_sim.proof.cases import Met, met
from evidence_sim.proof.check import Proof
from evidence_sim.proof.rows import At, Row, begun, taken
from evidence_sim.reuse import Edge, Graph, Place, Said

_ROOM = 2


@frozen
class Control:
    """The kernel's control states, by every case of an answer."""

    def choices(self, at: At) -> Iterator[Met]:
        """All answers."""
        return met(at.effect, at.seen)

    def take(self, at: At, choice: Met) -> tuple[Said, Any, At | None] | None:
        """The step; None where the kernel dies of that answer."""
        case, answer, clock = choice
        try:
            out = KERNEL.step(at.state, Event(answer, clock))
        except Exception:  # a changed kernel may die of anything
            return None
        row, after = taken(at, case, answer, out)
        return Said(row, ((at.state, answer, clock),)), None if after is None else after.name, after


def _control() -> Graph:
    graph = Graph([(at.name, at) for _, at in begun() if at is not None], Control())
    for _ in graph.search():
        pass
    graph.look_up()
    return graph


@define
class Changed:
    """The kernel's own control states and proof; its tables must be those that are shipped when it is made."""

    kernel: Graph = field(factory=_control)
    proof: Proof = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.proof = Proof(tuple(dict.fromkeys(_rows(self.kernel.edges.values()))))

    def refuted(self, place: Place) -> str | None:
        """The move and the conjunct that the tables as they are now break, changed at one place; None of neither.

        A kernel that goes round counts its attempts for ever; it is given up where it has twice the states.
        """
        known = set(self.proof.rows)
        for edges in self.kernel.again(place).search(_ROOM * len(self.kernel.edges)):
            others = [row for row in dict.fromkeys(_rows([edges])) if row not in known]
            known.update(others)
            broken = self.proof.refuted(others) if others else None
            if broken is not None:
                return broken
        return None


def _rows(of_nodes: Iterable[list[Edge]]) -> Iterator[Row]:
    for edges in of_nodes:
        for edge in edges:
            assert isinstance(edge.said.tells, Row)
            yield edge.said.tells
