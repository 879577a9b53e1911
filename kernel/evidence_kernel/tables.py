"""The two tables of the machine, as data: the one truth about what follows what.

Rule of admission: nothing but EVIDENCE changes an evidence state, nothing but SCHEDULER a phase. An
answer that has no row does not exist; diagrams, documents and compiled forms are made from these rows.
"""

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen

from evidence_kernel.codes import EvidenceState, Finding, Observation, Outcome, Phase, Reason, Warn
from evidence_kernel.events import Absent, Applied, Conflict, Failed, Found, GeneratorError, Report, Unknown

_E, _O, _P, _F = EvidenceState, Observation, Phase, Finding

# (evidence state before, None until a read was answered; what a read says) -> evidence state after.
# MISSING is left for VERIFIED only by EVIDENCE_VERIFY's MINE; INVALID and VALID never become VERIFIED.
EVIDENCE: Mapping[tuple[EvidenceState | None, Observation], EvidenceState | None] = {
    (None, _O.ABSENT): _E.MISSING,
    (None, _O.VALID): _E.VALID,
    (None, _O.INVALID): _E.INVALID,
    (None, _O.FAILED): None,
    (_E.MISSING, _O.ABSENT): _E.MISSING,
    (_E.MISSING, _O.VALID): _E.VALID,
    (_E.MISSING, _O.INVALID): _E.INVALID,
    (_E.MISSING, _O.FAILED): _E.MISSING,
    (_E.MISSING, _O.MINE): _E.VERIFIED,
    (_E.MISSING, _O.STILL_MINE): _E.VALID,
    (_E.VALID, _O.ABSENT): _E.MISSING,
    (_E.VALID, _O.VALID): _E.VALID,
    (_E.VALID, _O.INVALID): _E.INVALID,
    (_E.VALID, _O.FAILED): _E.VALID,
    (_E.VALID, _O.STILL_MINE): _E.VALID,
    (_E.INVALID, _O.ABSENT): _E.MISSING,
    (_E.INVALID, _O.VALID): _E.VALID,
    (_E.INVALID, _O.INVALID): _E.INVALID,
    (_E.INVALID, _O.FAILED): _E.INVALID,
    (_E.INVALID, _O.STILL_MINE): _E.VALID,
    (_E.VERIFIED, _O.ABSENT): _E.MISSING,
    (_E.VERIFIED, _O.VALID): _E.VALID,
    (_E.VERIFIED, _O.INVALID): _E.INVALID,
    (_E.VERIFIED, _O.FAILED): _E.VERIFIED,
    (_E.VERIFIED, _O.STILL_MINE): _E.VERIFIED,
}


@frozen
class Row:
    """Where a finding leads, and what is decided and said on the way.

    `outcome` and its `reason` decide the tick; `refuses` is the code of a FAIL_CLOSED line; `warns` a
    warning that the tick outlives; `audits` the audit line of a backfill; `speaks`: a log line comes of it.
    """

    to: Phase
    outcome: Outcome | None = None
    reason: Reason | None = None
    refuses: Reason | None = None
    warns: Warn | None = None
    audits: bool = False
    speaks: bool = field(init=False)

    @speaks.default
    def _speaks(self) -> bool:
        return bool(self.refuses or self.warns or self.audits or self.outcome is Outcome.SKIPPED)


def _close(outcome: Outcome, reason: Reason) -> Row:
    return Row(_P.STATUS_CLOSE, outcome, reason)


def _settle(outcome: Outcome, reason: Reason) -> Row:
    return Row(_P.SETTLE, outcome, reason)


def _whatever(to: Phase, otherwise: Warn) -> dict[Finding | EvidenceState, Row]:
    """A write whose answer changes nothing but a warning."""
    warned = Row(to, warns=otherwise)
    return {_F.APPLIED: Row(to), _F.CONFLICT: warned, _F.FAILED: warned, _F.UNKNOWN: warned}


_STORE_FAILED, _DONE = Outcome.STORE_FAILED, Outcome.ALREADY_DONE
_UNDECIDED = _close(_STORE_FAILED, Reason.CLAIM_UNDECIDED)

# phase -> what its answer means -> row.
ROUTES: Mapping[Phase, Mapping[Finding | EvidenceState, Row]] = {
    _P.STATUS_READ: {
        _F.FOUND: Row(_P.STATUS_OPEN),
        _F.ABSENT: Row(_P.STATUS_OPEN),
        _F.FAILED: Row(_P.EVIDENCE_READ, warns=Warn.STATUS_UNREADABLE),
    },
    _P.STATUS_OPEN: _whatever(_P.EVIDENCE_READ, Warn.STATUS_NOT_OPENED),
    _P.EVIDENCE_READ: {
        _E.MISSING: Row(_P.EVIDENCE_PUT),
        _E.VALID: Row(_P.TIMESTAMP_READ),
        _E.INVALID: Row(_P.TIMESTAMP_READ, refuses=Reason.TIMESTAMP_INVALID),
        _F.FAILED: Row(_P.TIMESTAMP_READ, refuses=Reason.READ_FAILED),
    },
    _P.EVIDENCE_PUT: {
        _F.APPLIED: Row(_P.EVIDENCE_VERIFY),
        _F.CONFLICT: Row(_P.EVIDENCE_VERIFY),
        _F.UNKNOWN: Row(_P.EVIDENCE_VERIFY),
        _F.FAILED: Row(_P.TIMESTAMP_READ, refuses=Reason.WRITE_FAILED),
    },
    _P.EVIDENCE_VERIFY: {
        _E.VERIFIED: Row(_P.TIMESTAMP_READ, audits=True),
        _E.VALID: Row(_P.TIMESTAMP_READ),
        _E.INVALID: Row(_P.TIMESTAMP_READ, refuses=Reason.INVALID_AFTER_WRITE),
        _E.MISSING: Row(_P.TIMESTAMP_READ, refuses=Reason.MISSING_AFTER_WRITE),
        _F.FAILED: Row(_P.TIMESTAMP_READ, refuses=Reason.UNREADABLE_AFTER_WRITE),
    },
    _P.TIMESTAMP_READ: {
        _E.MISSING: _close(Outcome.SKIPPED, Reason.MISSING),
        _E.INVALID: _close(Outcome.SKIPPED, Reason.INVALID),
        _F.FAILED: _close(Outcome.SKIPPED, Reason.UNREADABLE),
        _F.FUTURE: _close(Outcome.EVIDENCE_IN_FUTURE, Reason.IN_FUTURE),
        _E.VALID: Row(_P.LEDGER_READ),
        _E.VERIFIED: Row(_P.LEDGER_READ),
    },
    _P.LEDGER_READ: {
        _F.FAILED: _close(_STORE_FAILED, Reason.LEDGER_UNREADABLE),
        _F.MALFORMED: _close(Outcome.LEDGER_INVALID, Reason.LEDGER_MALFORMED),
        _F.NOT_DUE: _close(Outcome.NOT_DUE, Reason.NOTHING_DUE),
        _F.DUE: Row(_P.DONE_READ),
    },
    _P.DONE_READ: {
        _F.FAILED: _close(_STORE_FAILED, Reason.DONE_UNREADABLE),
        _F.FOUND: _close(_DONE, Reason.DONE_EXISTS),
        _F.WAITING: _close(Outcome.BACKOFF, Reason.ATTEMPT_OPEN),
        _F.RETRYING: _close(Outcome.BACKOFF, Reason.ATTEMPT_FAILED),
        _F.FREE: Row(_P.CLAIM),
        _F.IMPLAUSIBLE: Row(_P.CLAIM, warns=Warn.BACKOFF_IMPLAUSIBLE),
    },
    _P.CLAIM: {
        _F.APPLIED: Row(_P.GENERATE),
        _F.CONFLICT: _close(Outcome.CONTENDED, Reason.CLAIM_CONFLICT),
        _F.FAILED: _close(_STORE_FAILED, Reason.CLAIM_FAILED),
        _F.UNKNOWN: Row(_P.CLAIM_VERIFY),
    },
    _P.CLAIM_VERIFY: {_F.MINE: Row(_P.GENERATE), _F.OTHERS: _UNDECIDED, _F.ABSENT: _UNDECIDED, _F.FAILED: _UNDECIDED},
    _P.GENERATE: {_F.REPORT: Row(_P.PUBLISH), _F.ERROR: _settle(Outcome.GENERATION_FAILED, Reason.GENERATION_FAILED)},
    _P.PUBLISH: {
        _F.APPLIED: Row(_P.PUBLISH_VERIFY),
        _F.CONFLICT: Row(_P.PUBLISH_VERIFY),
        _F.UNKNOWN: Row(_P.PUBLISH_VERIFY),
        _F.FAILED: _settle(_STORE_FAILED, Reason.PUBLISH_FAILED),
    },
    _P.PUBLISH_VERIFY: {
        _F.MINE: _settle(Outcome.GENERATED, Reason.PUBLISHED),
        _F.OTHERS: _settle(_DONE, Reason.DONE_EXISTS),
        _F.ABSENT: _settle(_STORE_FAILED, Reason.PUBLISH_UNDECIDED),
        _F.FAILED: _settle(_STORE_FAILED, Reason.PUBLISH_UNDECIDED),
    },
    _P.SETTLE: _whatever(_P.STATUS_CLOSE, Warn.LEDGER_NOT_SETTLED),
    _P.STATUS_CLOSE: _whatever(_P.END, Warn.STATUS_NOT_CLOSED),
}

# The same, flat. A finding of an evidence phase is the state that EVIDENCE names.
SCHEDULER: Mapping[tuple[Phase, Finding | EvidenceState], Row] = {
    (phase, finding): row for phase, rows in ROUTES.items() for finding, row in rows.items()
}

# Two tails are cut: a tick that could not read its status puts none, the backfill alone reads no more.
WITHOUT_STATUS: Mapping[Phase, Phase] = {_P.STATUS_CLOSE: _P.END}
BACKFILL_ALONE: Mapping[Phase, Phase] = {_P.TIMESTAMP_READ: _P.END}


class Ask(StrEnum):
    """The kind of effect that a phase awaits."""

    READ = "READ"
    WRITE = "WRITE"
    GENERATE = "GENERATE"


_WRITES = (_P.STATUS_OPEN, _P.EVIDENCE_PUT, _P.CLAIM, _P.PUBLISH, _P.SETTLE, _P.STATUS_CLOSE)
ASKS: Mapping[Phase, Ask] = {
    **dict.fromkeys(ROUTES, Ask.READ),
    **dict.fromkeys(_WRITES, Ask.WRITE),
    _P.GENERATE: Ask.GENERATE,
}

# Which answers a phase takes; any other is misuse.
ANSWERS: Mapping[Ask, frozenset[type]] = {
    Ask.READ: frozenset({Found, Absent, Failed}),
    Ask.WRITE: frozenset({Applied, Conflict, Failed, Unknown}),
    Ask.GENERATE: frozenset({Report, GeneratorError}),
}
