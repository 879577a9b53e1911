"""The trust status over every outcome, reason and age, against a table typed by hand."""

from itertools import product

import pytest

from evidence_kernel.codes import Outcome, Reason
from evidence_kernel.codes import TrustStatus as Trust
from evidence_kernel.records.status import EMPTY, Status
from evidence_kernel.tables import SCHEDULER
from evidence_kernel.trust import is_running, trust_status

MINUTE = 60_000
AT = 1_767_456_000_000

# What an outcome shows while it is fresh; "*" stands for every other reason, also for none at all.
# A pair that no tick writes is never better than DEGRADED where the outcome has more than one face.
FRESH = {
    "REFUSED": {"*": "DEGRADED"},
    "SKIPPED": {"missing": "DEGRADED", "unreadable": "DEGRADED", "invalid": "BLOCKED", "*": "DEGRADED"},
    "EVIDENCE_IN_FUTURE": {"*": "BLOCKED"},
    "NOT_DUE": {"*": "RUNNING"},
    "ALREADY_DONE": {"*": "RUNNING"},
    "BACKOFF": {"attempt_open": "RUNNING", "attempt_failed": "DEGRADED", "*": "RUNNING"},
    "CONTENDED": {"*": "RUNNING"},
    "GENERATED": {"*": "RUNNING"},
    "GENERATION_FAILED": {"*": "DEGRADED"},
    "STORE_FAILED": {"*": "DEGRADED"},
    "LEDGER_INVALID": {"*": "BLOCKED"},
}
# Age of the closed tick in ms, and whether it still counts.
AGES = {
    0: True,
    1: True,
    15 * MINUTE - 1: True,
    15 * MINUTE: True,
    15 * MINUTE + 1: False,
    10**12: False,
    -1: True,
    -15 * MINUTE + 1: True,
    -15 * MINUTE: True,
    -15 * MINUTE - 1: False,
    -(10**12): False,
}


def _shown(outcome: Outcome, reason: Reason | None) -> str:
    faces = FRESH[outcome.value]
    return faces["*"] if reason is None else faces.get(reason.value, faces["*"])


def test_the_table_names_every_outcome() -> None:
    assert set(FRESH) == set(Outcome)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_s19_every_outcome_reason_and_age(outcome: Outcome) -> None:
    for reason, (age, counts) in product((None, *Reason), AGES.items()):
        status = Status(outcome=outcome, reason=reason, closed_at=AT - age)
        shown = _shown(outcome, reason)
        expected = shown if counts or shown == "BLOCKED" else "DEGRADED"
        assert trust_status(status, AT) == expected, (reason, age)


def test_s19_running_is_what_counts_as_a_success() -> None:
    decided = {(row.outcome, row.reason) for row in SCHEDULER.values() if row.outcome is not None}
    running = {(outcome, reason) for outcome, reason in decided if is_running(outcome, reason)}
    assert running == {
        (Outcome.NOT_DUE, Reason.NOTHING_DUE),
        (Outcome.ALREADY_DONE, Reason.DONE_EXISTS),
        (Outcome.BACKOFF, Reason.ATTEMPT_OPEN),
        (Outcome.CONTENDED, Reason.CLAIM_CONFLICT),
        (Outcome.GENERATED, Reason.PUBLISHED),
    }


@pytest.mark.parametrize(
    "status",
    [EMPTY, Status(last_check_at=AT, tick_id="t"), Status(outcome=Outcome.GENERATED), Status(closed_at=AT)],
)
def test_nothing_closed_yet_is_initializing(status: Status) -> None:
    for age in AGES:
        assert trust_status(status, AT + age) is Trust.INITIALIZING


@pytest.mark.parametrize("ahead", [None, 0, 10**9])
def test_the_check_and_the_last_success_change_no_verdict(ahead: int | None) -> None:
    instant = None if ahead is None else AT + ahead
    status = Status(
        outcome=Outcome.GENERATED,
        reason=Reason.PUBLISHED,
        closed_at=AT - 16 * MINUTE,
        last_check_at=instant,
        last_success_at=instant,
    )
    assert trust_status(status, AT) is Trust.DEGRADED
