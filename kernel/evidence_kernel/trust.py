"""The trust status: a pure, total function of a status and a clock."""

from evidence_kernel.codes import Outcome, Reason, TrustStatus
from evidence_kernel.records.status import Status
from evidence_kernel.schedule import CLOCK_TOLERANCE, MINUTE

FRESH = 15 * MINUTE
BLOCKING = frozenset({Outcome.EVIDENCE_IN_FUTURE, Outcome.LEDGER_INVALID})
WELL = frozenset({Outcome.NOT_DUE, Outcome.ALREADY_DONE, Outcome.CONTENDED, Outcome.GENERATED})


def is_running(outcome: Outcome, reason: Reason | None) -> bool:
    """Whether a tick that ends so leaves its tenant RUNNING, and counts as a success for the dashboard."""
    return outcome in WELL or (outcome is Outcome.BACKOFF and reason is not Reason.ATTEMPT_FAILED)


def trust_status(status: Status, at: int) -> TrustStatus:
    """What the dashboard shows at `at` (ms): a stale or foreign-clocked success is no success."""
    if status.outcome is None or status.closed_at is None:
        return TrustStatus.INITIALIZING
    skipped_invalid = status.outcome is Outcome.SKIPPED and status.reason is Reason.INVALID
    if skipped_invalid or status.outcome in BLOCKING:
        return TrustStatus.BLOCKED
    if not -CLOCK_TOLERANCE <= at - status.closed_at <= FRESH:
        return TrustStatus.DEGRADED
    return TrustStatus.RUNNING if is_running(status.outcome, status.reason) else TrustStatus.DEGRADED
