"""Every single-row mutant of the two tables.

A mutant is the kernel with one row changed: another evidence state, another target, another outcome, a
refusal, a warning or an audit line left out, an audit line or a decision added.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, cast

from attrs import evolve, frozen

from evidence_kernel import EVIDENCE, EvidenceState, Outcome, Phase, Reason
from evidence_kernel.tables import ROUTES
from evidence_sim.reuse import Place


@frozen
class Mutant:
    """One row changed. `name` says where and into what; `table` EVIDENCE or ROUTES."""

    name: str
    table: str
    at: tuple[Any, Any]
    into: Any

    @property
    def place(self) -> Place:
        """Where a step looks it up."""
        return ("EVIDENCE", self.at[0]) if self.table == "EVIDENCE" else self.at


def mutants() -> list[Mutant]:
    """All of them, in the order of the tables."""
    return [*_of_evidence(), *_of_routes()]


def _of_evidence() -> Iterator[Mutant]:
    for at, after in EVIDENCE.items():
        before, seen = (str(part) for part in at)
        for other in (*EvidenceState, None):
            if other != after:
                yield Mutant(f"EVIDENCE {before},{seen} -> {other}", "EVIDENCE", at, other)


def _of_routes() -> Iterator[Mutant]:
    for phase, rows in ROUTES.items():
        for finding, row in rows.items():
            name, at = f"{phase.value} {finding}", (phase, finding)
            for to in Phase:
                if to is not row.to:
                    yield Mutant(f"{name} -> {to.value}", "ROUTES", at, evolve(row, to=to))
            for outcome in Outcome if row.outcome is not None else ():
                if outcome is not row.outcome:
                    yield Mutant(f"{name} outcome {outcome.value}", "ROUTES", at, evolve(row, outcome=outcome))
            if row.refuses is not None:
                yield Mutant(f"{name} does not refuse", "ROUTES", at, evolve(row, refuses=None))
            if row.warns is not None:
                yield Mutant(f"{name} does not warn", "ROUTES", at, evolve(row, warns=None))
            yield Mutant(f"{name} audits: {not row.audits}", "ROUTES", at, evolve(row, audits=not row.audits))
            if row.outcome is None:
                decided = evolve(row, outcome=Outcome.NOT_DUE, reason=Reason.NOTHING_DUE)
                yield Mutant(f"{name} decides NOT_DUE", "ROUTES", at, decided)


def tables_hash() -> str:
    """Of everything that the two tables decide, in hexadecimal: another hash, other mutants."""
    lines = [f"{before} {seen} {after}" for (before, seen), after in EVIDENCE.items()]
    for phase, rows in ROUTES.items():
        for finding, row in rows.items():
            decides = (row.to, row.outcome, row.reason, row.refuses, row.warns, row.audits)
            lines.append(f"{phase} {finding} {decides}")
    return sha256("\n".join(lines).encode()).hexdigest()


@contextmanager
def mutated(mutant: Mutant) -> Iterator[None]:
    """The kernel of this process with that row changed."""
    table: Mapping[Any, Any] = EVIDENCE if mutant.table == "EVIDENCE" else ROUTES[mutant.at[0]]
    rows = cast(MutableMapping[Any, Any], table)
    key = mutant.at if mutant.table == "EVIDENCE" else mutant.at[1]
    kept = rows[key]
    rows[key] = mutant.into
    try:
        yield
    finally:
        rows[key] = kept
