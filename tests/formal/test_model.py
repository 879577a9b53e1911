"""The model allows what the world does: whole ticks from the beginning; and each assumption is needed."""

from collections.abc import Sequence
from functools import cache
from itertools import islice

import pytest
import z3

from evidence_sim.proof.check import Proof
from evidence_sim.proof.invariant import INVARIANT, KEPT, Conjunct, begins
from evidence_sim.proof.model import TICK, World, fresh, world
from evidence_sim.proof.moves import Stores, moves
from evidence_sim.proof.rows import Row, rows
from tests.long import one_in

BACKFILL = (
    *("Start", "STATUS_READ:absent", "STATUS_OPEN:applied", "EVIDENCE_READ:absent"),
    *("EVIDENCE_PUT:unknown-later", "Land EVIDENCE_PUT", "EVIDENCE_VERIFY:mine", "TIMESTAMP_READ:mine"),
)
REPORT = (
    *("LEDGER_READ:absent, 12 h", "DONE_READ:absent, free [AUTO_12H]", "CLAIM:unknown-later [AUTO_12H]"),
    *("Land CLAIM [AUTO_12H]", "CLAIM_VERIFY:mine [AUTO_12H]", "GENERATE:report [AUTO_12H]"),
    *("PUBLISH:unknown-yes [AUTO_12H]", "PUBLISH_VERIFY:mine [AUTO_12H]", "SETTLE:applied [AUTO_12H]"),
)
SECOND = (
    *("Start", "STATUS_READ:failed", "EVIDENCE_READ:valid", "TIMESTAMP_READ:valid"),
    *("LEDGER_READ:found, 24 h", "DONE_READ:absent, implausible [AUTO_24H]", "CLAIM:applied [AUTO_24H]"),
    *("GENERATE:report [AUTO_24H]", "PUBLISH:applied [AUTO_24H]", "PUBLISH_VERIFY:mine [AUTO_24H]"),
)


@cache
def kernel_rows() -> tuple[Row, ...]:
    return rows()


def led(names: Sequence[str]) -> tuple[list[z3.BoolRef], World]:
    """The conditions of these moves one after another from the beginning, and the world after them."""
    w = world()
    conditions = [begins(w)]
    for name in names:
        phase = name.removeprefix("Land ").partition(" ")[0].partition(":")[0]
        near = [row for row in kernel_rows() if row.name == name or row.phase == phase]
        [move] = [one for one in moves(w, near, Stores()) if one.name == name]
        conditions.append(move.when)
        w = move.after
    return conditions, w


def possible(names: Sequence[str], *also: z3.BoolRef) -> bool:
    """Whether there is such a history."""
    solver = z3.Solver()
    solver.add(*led(names)[0], *also)
    verdict = solver.check()
    assert verdict != z3.unknown
    return bool(verdict == z3.sat)


def test_a_tick_backfills_claims_generates_and_publishes_from_the_beginning() -> None:
    conditions, w = led(BACKFILL + REPORT)
    t = fresh(TICK, "t")
    solver = z3.Solver()
    solver.add(*conditions, w.calls(t) == 1, w.audits(t) == 1, w.did_backfill(t), w.published0(t))
    assert solver.check() == z3.sat


def test_two_ticks_publish_both_reports() -> None:
    conditions, w = led(BACKFILL + REPORT + SECOND)
    a, b = fresh(TICK, "a"), fresh(TICK, "b")
    solver = z3.Solver()
    solver.add(*conditions, w.published0(a), w.published1(b), a != b)
    assert solver.check() == z3.sat


def test_what_the_invariant_forbids_is_impossible_in_a_history_too() -> None:
    assert possible(BACKFILL[:6])
    assert not possible((*BACKFILL[:5], "EVIDENCE_VERIFY:mine"))
    assert not possible((*BACKFILL, *BACKFILL[:7]))  # both cannot be the one that backfilled


@pytest.mark.parametrize(
    ("left_out", "row", "breaks"),
    [
        ("fresh_versions", "CLAIM:applied [AUTO_12H]", {"S9 AttemptsCounted", "claims when free"}),
        ("fresh_ids", "EVIDENCE_VERIFY:mine", {"S3 VerifiedIsMine", "S4 AuditOnce"}),
        ("atomic", "EVIDENCE_PUT:applied", {"S1 WriteOnce", "S2 NoClobber"}),
        ("atomic", "CLAIM:applied [AUTO_24H]", {"S8 BackoffHeld", "S9 AttemptsCounted"}),
        ("atomic", "PUBLISH:unknown-yes [AUTO_12H]", {"S6 ReportOnce"}),
        ("certain", "CLAIM:failed [AUTO_12H]", {"denials are certain"}),
        ("certain", "EVIDENCE_PUT:failed", {"denials are certain"}),
    ],
)
def test_an_assumption_is_needed(left_out: str, row: str, breaks: set[str]) -> None:
    near = tuple(one for one in kernel_rows() if one.name == row)
    stores = Stores(**{left_out: False})
    [checked] = [one for one in islice(Proof(near, stores).obligations(), 2) if one.name == row]
    assert breaks <= set(checked.broken)


# A row that is not proved without a conjunct, for all that is there only so that the promises survive.
IDLE_NOT = {
    "puts in order": "EVIDENCE_PUT:failed",
    "verifies late": "EVIDENCE_VERIFY:absent",
    "backfilled by one": "EVIDENCE_VERIFY:mine",
    "evidence is signed": "EVIDENCE_VERIFY:mine",
    "scheduled on evidence": "CLAIM:applied [AUTO_24H]",
    "scheduled when due": "CLAIM:applied [AUTO_24H]",
    "ledgers are well formed": "LEDGER_READ:absent, 12 h",
    "reads what stood": "CLAIM:applied [AUTO_24H]",
    "claims when free": "CLAIM:applied [AUTO_24H]",
    "claims are counted": "CLAIM_VERIFY:mine [AUTO_12H]",
    "claims are numbered": "CLAIM_VERIFY:mine [AUTO_12H]",
    "generates on a claim": "SETTLE:applied [AUTO_12H]",
    "one claim before its read back": "CLAIM_VERIFY:mine [AUTO_12H]",
    "calls in order": "CLAIM_VERIFY:mine [AUTO_12H]",
    "publishes what it earned": "PUBLISH:applied [AUTO_12H]",
    "published by one": "PUBLISH:applied [AUTO_12H]",
}


@pytest.mark.parametrize("kept", one_in(3, KEPT), ids=lambda kept: kept.name)
def test_no_conjunct_is_idle(kept: Conjunct) -> None:
    near = tuple(one for one in kernel_rows() if one.name == IDLE_NOT[kept.name])
    others = tuple(conjunct for conjunct in INVARIANT if conjunct is not kept)
    checked = {one.name: one for one in islice(Proof(near, invariant=others).obligations(), 2)}
    assert checked[IDLE_NOT[kept.name]].broken
