"""What an operator may replace: invalid and future evidence, malformed ledgers; nothing that is fit."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_kernel import Misuse, Reason, Trigger
from evidence_kernel.records.encoding import MAX_BYTES
from evidence_kernel.records.evidence import read_installed_at
from evidence_kernel.records.instants import format_instant
from evidence_kernel.records.ledger import read_ledger
from evidence_kernel.repair import evidence_fault, repaired_evidence, repaired_ledger
from evidence_kernel.schedule import CLOCK_TOLERANCE

NOW = 1_767_456_000_000


def evidence(at: int) -> bytes:
    """Valid evidence of that instant."""
    return json.dumps({"installed_at": format_instant(at)}).encode()


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (evidence(NOW), None),
        (evidence(NOW + CLOCK_TOLERANCE), None),
        (evidence(NOW + CLOCK_TOLERANCE + 1), Reason.IN_FUTURE),
        (b"{}", Reason.INVALID),
        (b"", Reason.INVALID),
    ],
)
def test_what_is_wrong_with_evidence(value: bytes, fault: Reason | None) -> None:
    assert evidence_fault(value, NOW) is fault
    assert (repaired_evidence(value, NOW, NOW, "r") is None) is (fault is None)


@given(st.binary(max_size=60))
def test_what_was_there_stays_in_what_replaces_it(value: bytes) -> None:
    after = repaired_evidence(value, NOW - 1, NOW, "repair-1")
    assert after is not None and read_installed_at(after) == NOW - 1
    record = json.loads(after)
    kept = record.get("repaired_from")
    assert (bytes.fromhex(record["repaired_from_hex"]) if kept is None else kept.encode()) == value
    assert (record["repair_id"], record["repaired_at"]) == ("repair-1", format_instant(NOW))


def test_what_is_too_long_to_keep_is_not_replaced() -> None:
    assert repaired_evidence(b"x" * MAX_BYTES, NOW, NOW, "r") is None


def test_an_instant_that_no_record_can_hold_is_misuse() -> None:
    with pytest.raises(Misuse, match="years 0001 to 9999"):
        repaired_evidence(b"{}", 10**18, NOW, "r")


@pytest.mark.parametrize("count", [-1, 2**53, True, 1.0])
def test_a_count_that_no_ledger_can_hold_is_misuse(count: int) -> None:
    with pytest.raises(Misuse, match="AUTO_24H="):
        repaired_ledger(b"[", {Trigger.AUTO_24H: count})


def test_a_ledger_is_replaced_only_where_it_is_malformed() -> None:
    attempts = {Trigger.AUTO_12H: 2, Trigger.AUTO_24H: 1}
    assert repaired_ledger(b"{}", attempts) is None
    after = repaired_ledger(b'{"AUTO_12H": 7}', attempts)
    assert after is not None
    entries = read_ledger(after)
    assert entries is not None and {trigger: entry.attempts for trigger, entry in entries.items()} == attempts
