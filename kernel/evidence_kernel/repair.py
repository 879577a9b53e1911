"""What an operator may replace, and by what: the only writes over a record that is there."""

from collections.abc import Mapping

from evidence_kernel.codes import Reason, Trigger
from evidence_kernel.records.evidence import read_installed_at, write_repair
from evidence_kernel.records.ledger import read_ledger, reset
from evidence_kernel.schedule import CLOCK_TOLERANCE


def evidence_fault(evidence: bytes, at: int) -> Reason | None:
    """Why the evidence that is there may be replaced at `at` (ms): INVALID or IN_FUTURE; None if it is fit."""
    installed_at = read_installed_at(evidence)
    if installed_at is None:
        return Reason.INVALID
    return Reason.IN_FUTURE if installed_at > at + CLOCK_TOLERANCE else None


def repaired_evidence(evidence: bytes, installed_at: int, at: int, repair_id: str) -> bytes | None:
    """The record to put in the place of `evidence`, which stays in it; None if it is fit, or too long to keep.

    Raises Misuse where `installed_at` or `at` is no instant of the years 0001 to 9999.
    """
    return None if evidence_fault(evidence, at) is None else write_repair(installed_at, at, repair_id, evidence)


def repaired_ledger(ledger: bytes, attempts: Mapping[Trigger, int]) -> bytes | None:
    """The empty ledger with those attempts to put in the place of a malformed one; None if it is well formed."""
    return reset(attempts) if read_ledger(ledger) is None else None
