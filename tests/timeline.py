"""One tenant's world under one machine, told by phases: whatever else a tick asks for is answered `ok`."""

import json
from typing import Any

from attrs import evolve

from evidence_kernel import Expect, Generate
from evidence_sim.cells import MemoryCells
from evidence_sim.config import Config, Initial
from evidence_sim.facts import Fact
from evidence_sim.invariants import INVARIANTS
from evidence_sim.labels import Action, Reply, Start, parse
from evidence_sim.world import apply, initial


class Timeline:
    """One tenant's world under one machine, and all that happened."""

    def __init__(self, machine: str, begins: Initial | None = None) -> None:
        self.world = initial(Config(machines=(machine,), initial=(begins or Initial(),)))
        self.facts: list[Fact] = []

    def do(self, *labels: str) -> "Timeline":
        """Apply labels."""
        for label in labels:
            self._apply(parse(label))
        return self

    def _apply(self, action: Action) -> None:
        self.world, fact = apply(self.world, action)
        self.facts.append(fact)

    def start(self, *ticks: int) -> "Timeline":
        """Start ticks."""
        for n in ticks:
            self._apply(Start(0, n, 0))
        return self

    def phase(self, n: int) -> str:
        """Where a tick stands; END where it has ended."""
        return next((run.phase for run in self.world.tenants[0].runs if run.n == n), "END")

    def until(self, phase: str, *ticks: int) -> "Timeline":
        """Answer `ok` until each tick stands at a phase, or has ended."""
        for n in ticks:
            while self.phase(n) not in (phase, "END"):
                self._apply(Reply(self.phase(n), 0, n))
        return self

    def finish(self, *ticks: int) -> "Timeline":
        """Answer `ok` to the end."""
        return self.until("END", *ticks)

    def violated(self) -> set[str]:
        """The ids of what has been violated."""
        return {invariant.id for fact in self.facts for invariant in INVARIANTS if invariant.judge(fact)}

    def calls(self) -> int:
        """How often the generator was asked."""
        return sum(isinstance(fact.asks, Generate) for fact in self.facts)

    def audits(self) -> int:
        """How many audit lines were written."""
        return sum("didBackfill=true" in line.text for fact in self.facts for line in fact.log)

    def said(self) -> str:
        """All log lines."""
        return "\n".join(line.text for fact in self.facts for line in fact.log)

    def record(self, key: str) -> Any:
        """What the store holds at a key."""
        value = self.world.cells.at(key).value
        assert value is not None
        return json.loads(value)

    def keep(self, key: str, record: object) -> None:
        """Let the store hold a record from before."""
        self._write(key, json.dumps(record).encode())

    def lose(self, key: str) -> None:
        """Let a record expire."""
        assert self.world.cells.at(key).value is not None
        self._write(key, None)

    def _write(self, key: str, value: bytes | None) -> None:
        cells = self.world.cells.write(key, value, Expect.ANY)
        assert cells is not None
        tenant = self.world.tenants[0]
        touched = evolve(tenant, ghost=evolve(tenant.ghost, clean=False))  # a hand from outside, for S19
        self.world = evolve(self.world, cells=cells, tenants=(touched,))

    def outcomes(self) -> list[str]:
        """How the ticks ended."""
        return [fact.outcome for fact in self.facts if fact.result is not None]

    def holds(self, text: str) -> bool:
        """Whether a key or value in the store has that text in it."""
        cells = self.world.cells
        assert isinstance(cells, MemoryCells)
        return any(text.encode() in key.encode() + (cell.value or b"") for key, cell in cells.cells.items())
