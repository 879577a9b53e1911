"""S1-S19 and L1: named predicates over what one action did, read from ground truth.

Only `trust_status` is called of the kernel: it is what S19 is about.
"""

from collections.abc import Callable

from attrs import frozen

from evidence_sim.facts import Fact
from evidence_sim.invariants import backfill, outcomes, reports, statuses
from evidence_sim.invariants.common import Verdict

__all__ = ["BY_ID", "INVARIANTS", "Invariant", "Verdict"]


@frozen
class Invariant:
    """A named predicate. `judge` is called on every fact of a run, in order."""

    id: str
    name: str
    judge: Callable[[Fact], Verdict]

    @property
    def says(self) -> str:
        """What it demands, in a sentence."""
        return (self.judge.__doc__ or "").strip()


INVARIANTS: tuple[Invariant, ...] = (
    Invariant("S1", "WriteOnce", backfill.write_once),
    Invariant("S2", "NoClobber", backfill.no_clobber),
    Invariant("S3", "VerifiedIsMine", backfill.verified_is_mine),
    Invariant("S4", "AuditOnce", backfill.audit_once),
    Invariant("S5", "Grounded", reports.grounded),
    Invariant("S6", "ReportOnce", reports.report_once),
    Invariant("S7", "DoneIsEarned", reports.done_is_earned),
    Invariant("S8", "BackoffHeld", reports.backoff_held),
    Invariant("S9", "AttemptsCounted", reports.attempts_counted),
    Invariant("S10", "Isolated", outcomes.isolated),
    Invariant("S11", "IdentityClosed", outcomes.identity_closed),
    Invariant("S12", "Total", outcomes.total),
    Invariant("S13", "NoFalseSuccess", outcomes.no_false_success),
    Invariant("S14", "EvidenceOnly", backfill.evidence_only),
    Invariant("S15", "StatusMonotone", statuses.status_monotone),
    Invariant("S16", "Truthful", backfill.truthful),
    Invariant("S17", "DueOnly", reports.due_only),
    Invariant("S18", "OutcomeTrue", outcomes.outcome_true),
    Invariant("S19", "StatusHonest", statuses.status_honest),
    Invariant("L1", "Hydrates", backfill.hydrates),
)
BY_ID = {invariant.id: invariant for invariant in INVARIANTS}
