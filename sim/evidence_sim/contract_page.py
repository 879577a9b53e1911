"""The contract as a page, as JSON, and as the files of its counterexamples."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from attrs import asdict

from evidence_sim.config import HOUR
from evidence_sim.contract import OVERLAP, Cell, Decided, stored
from evidence_sim.explore.liveness import PERIOD, Followed
from evidence_sim.explore.search import Explored
from evidence_sim.invariants import INVARIANTS
from evidence_sim.trace import Trace, dump

PAGE = "contract.md"
_LETTERS = {"PROVED": "**P**", "EXHAUSTIVE": "**E**", "moot": "-"}
_HEAD = """# The contract

Written by `evidence-sim contract --write spec`; CI fails when this page or a counterexample is stale.

Rows are profiles, columns invariants (`evidence-sim invariants` says each in a sentence). **P**: promised, PROVED for
any number of ticks and faults by `evidence-sim prove`, and EXHAUSTIVE as well. **E**: promised, and EXHAUSTIVE within
the row's bounds below. -: promised, and moot, since no read or write of a tick can fail there.
A number: not promised; a trace of so many actions violates it, which the number leads to and
`evidence-sim replay` tells. No trace within the bounds has fewer moves, but for those marked *, which are made by hand,
beyond what is searched; of all of them no single action can be left out. S15 and S19 are about the status record: the
searches with `all` in their bounds decide them, in which every phase interleaves and meets faults. With `status` only
the status phases do; without either, all but them.
"""
_S10 = """
S10 under `byzantine` is no violation by any action of a tick: `elsewhere` shows one tenant's bytes to another by
definition, and what a tick then does depends on the other tenant. Its trace cannot happen for tenant a alone.
"""
_BOUNDS = """## Bounds

Every search begins with each kind of evidence, a malformed ledger, a publication that is there, and no identity.
Clocks step by 12 h, 24 h and -24 h. `evidence-sim explore` repeats one search, and goes further. What the world itself
searches takes states that differ in the names of ticks only as one. Searches by the compiled twin (`explore --fast`)
count them apart; the world replays each violation that they find. `--check` takes what they found from `searched.json`,
and runs them again with `--all`.
"""
_LIVENESS = f"""## Liveness

Every world of these searches is followed for ever without further faults, in periods of {PERIOD // HOUR} h, with up to
{OVERLAP} ticks in each, which interleave in every way. No run is endless before the property is met; the numbers are
the most ticks that end, and periods that pass, before it is. Worlds that hold an invalid or future record are left out.

| | property | until | ticks | periods | futures |
|---|---|---|---:|---:|---:|
"""


def page(rows: Sequence[Decided], followed: Sequence[Followed], folder: Path) -> str:
    """The page; `folder` is where it stands."""
    lines = [_HEAD, *_table(rows, folder), _S10, _BOUNDS]
    for decided in rows:
        lines += [f"{decided.row.name}:", ""]
        for found in decided.found:
            lines.append(f"- {_counted(found)}")
        lines += [f"- by the twin, {_counted(found)}" for found in decided.far]
        lines.append("")
    lines += [_LIVENESS + "\n".join(_futures(followed)), ""]
    lines.append(_premises(rows))
    return "\n".join(lines)


def _counted(found: Explored) -> str:
    return f"{found.said}: {found.states:,} states, {found.edges:,} moves, depth {found.depth}"


def _table(rows: Sequence[Decided], folder: Path) -> Iterator[str]:
    names = [invariant.id for invariant in INVARIANTS]
    yield "| | " + " | ".join(names) + " |"
    yield "|---" * (len(names) + 1) + "|"
    for decided in rows:
        yield f"| {decided.row.name} | " + " | ".join(_text(decided, cell, folder) for cell in decided.cells) + " |"


def _text(decided: Decided, cell: Cell, folder: Path) -> str:
    if cell.trace is None or cell.promised:
        return _LETTERS[cell.strength]
    path = stored(decided.row, cell, folder).relative_to(folder)
    return f"[{len(cell.trace.actions)}{'' if cell.shortest else '*'}]({path})"


def _futures(followed: Sequence[Followed]) -> Iterator[str]:
    for each in followed:
        for bound in each.bounds:
            most = "never | never" if bound.cycle else f"{bound.ticks} | {bound.periods}"
            yield f"| {each.said} | {bound.name} | {bound.says} | {most} | {each.places:,} |"


def _premises(rows: Sequence[Decided]) -> str:
    """How often the premises held: a promise that is never put to the test is none."""
    lines = ["## Moves at which the premise held", "", *_counts(rows)]
    return "\n".join(lines) + "\n"


def _counts(rows: Sequence[Decided]) -> Iterator[str]:
    yield "| | " + " | ".join(decided.row.name for decided in rows) + " |"
    yield "|---" + "|---:" * len(rows) + "|"
    for at, invariant in enumerate(INVARIANTS):
        counts = " | ".join(f"{decided.cells[at].premise:,}" for decided in rows)
        yield f"| {invariant.id} {invariant.name} | {counts} |"


def counterexamples(rows: Sequence[Decided], folder: Path) -> dict[Path, str]:
    """The text of each counterexample's file; of two rows of a profile the first one's."""
    files: dict[Path, str] = {}
    for decided in rows:
        for cell in decided.cells:
            if cell.trace is not None and not cell.promised:
                files.setdefault(stored(decided.row, cell, folder), dump(cell.trace))
    return files


def files(rows: Sequence[Decided], followed: Sequence[Followed], folder: Path) -> dict[Path, str]:
    """Every file that the contract writes, with its text."""
    return {folder / PAGE: page(rows, followed, folder), **counterexamples(rows, folder)}


def described(rows: Sequence[Decided], followed: Sequence[Followed]) -> dict[str, Any]:
    """The contract as JSON."""
    liveness = [asdict(each) for each in followed]
    return {"format": "evidence-contract/1", "rows": [_row(decided) for decided in rows], "liveness": liveness}


def _row(decided: Decided) -> dict[str, Any]:
    return {
        "profile": decided.row.profile,
        "machine": ",".join(decided.row.machines),
        "bounds": [found.said for found in (*decided.found, *decided.far)],
        "states": [found.states for found in (*decided.found, *decided.far)],
        "cells": [_cell(cell) for cell in decided.cells],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "invariant": cell.invariant.id,
        "promised": cell.promised,
        "strength": cell.strength if cell.promised else None,
        "premise": cell.premise,
        "trace": _labels(cell.trace),
    }


def _labels(trace: Trace | None) -> list[str] | None:
    return None if trace is None else [str(action) for action in trace.actions]
