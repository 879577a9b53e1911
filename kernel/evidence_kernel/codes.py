"""The closed vocabularies of the kernel: states, phases, findings, outcomes, reasons."""

from enum import IntEnum, StrEnum

# A store's name for one value of one key; opaque, compared only for equality, never reused.
Version = int | str | bytes


class Code(StrEnum):
    """A code is its text, and hashes as its text does: an Enum's own hash costs more than a look-up."""

    __hash__ = str.__hash__


class EvidenceState(Code):
    """What a tick knows of the evidence; before a read was answered it is none of these."""

    MISSING = "MISSING"
    VALID = "VALID"
    INVALID = "INVALID"
    VERIFIED = "VERIFIED"


class Observation(Code):
    """What one read says of the evidence: the input alphabet of the EVIDENCE table."""

    ABSENT = "ABSENT"
    VALID = "VALID"
    INVALID = "INVALID"
    MINE = "MINE"  # EVIDENCE_VERIFY read back, byte for byte, what this tick put
    STILL_MINE = "STILL_MINE"  # TIMESTAMP_READ found the same bytes
    FAILED = "FAILED"


class Phase(Code):
    """Where a tick stands: each phase but END awaits the answer to exactly one effect."""

    STATUS_READ = "STATUS_READ"
    STATUS_OPEN = "STATUS_OPEN"
    EVIDENCE_READ = "EVIDENCE_READ"
    EVIDENCE_PUT = "EVIDENCE_PUT"
    EVIDENCE_VERIFY = "EVIDENCE_VERIFY"
    TIMESTAMP_READ = "TIMESTAMP_READ"
    LEDGER_READ = "LEDGER_READ"
    DONE_READ = "DONE_READ"
    CLAIM = "CLAIM"
    CLAIM_VERIFY = "CLAIM_VERIFY"
    GENERATE = "GENERATE"
    PUBLISH = "PUBLISH"
    PUBLISH_VERIFY = "PUBLISH_VERIFY"
    SETTLE = "SETTLE"
    STATUS_CLOSE = "STATUS_CLOSE"
    END = "END"


class Finding(Code):
    """What an answer means to the phase that asked, where that is no evidence state."""

    FOUND = "FOUND"
    ABSENT = "ABSENT"
    FAILED = "FAILED"
    APPLIED = "APPLIED"
    CONFLICT = "CONFLICT"
    UNKNOWN = "UNKNOWN"
    FUTURE = "FUTURE"
    MALFORMED = "MALFORMED"
    NOT_DUE = "NOT_DUE"
    DUE = "DUE"
    WAITING = "WAITING"  # no publication, backoff running after an attempt that is still open
    RETRYING = "RETRYING"  # no publication, backoff running after an attempt that failed
    FREE = "FREE"
    IMPLAUSIBLE = "IMPLAUSIBLE"  # no publication, and a backoff that no agreeing clock wrote
    MINE = "MINE"
    OTHERS = "OTHERS"
    REPORT = "REPORT"
    ERROR = "ERROR"


class Outcome(Code):
    """How a tick ends."""

    REFUSED = "REFUSED"
    SKIPPED = "SKIPPED"
    EVIDENCE_IN_FUTURE = "EVIDENCE_IN_FUTURE"
    NOT_DUE = "NOT_DUE"
    ALREADY_DONE = "ALREADY_DONE"
    BACKOFF = "BACKOFF"
    CONTENDED = "CONTENDED"
    GENERATED = "GENERATED"
    GENERATION_FAILED = "GENERATION_FAILED"
    STORE_FAILED = "STORE_FAILED"
    LEDGER_INVALID = "LEDGER_INVALID"


class Reason(Code):
    """Why: the closed set of codes in log lines, statuses and errors."""

    NO_IDENTITY = "no_tenant_identity"
    MISSING = "missing"
    INVALID = "invalid"
    UNREADABLE = "unreadable"
    READ_FAILED = "evidence_read_failed"
    TIMESTAMP_INVALID = "evidence_invalid"
    WRITE_FAILED = "evidence_write_failed"
    MISSING_AFTER_WRITE = "missing_after_write"
    INVALID_AFTER_WRITE = "invalid_after_write"
    UNREADABLE_AFTER_WRITE = "unreadable_after_write"
    EXISTS = "phase4_exists"
    BACKFILLED = "missing_phase4_evidence_on_upgrade"
    IN_FUTURE = "installed_in_future"
    LEDGER_UNREADABLE = "ledger_unreadable"
    LEDGER_MALFORMED = "ledger_malformed"
    NOTHING_DUE = "nothing_due"
    DONE_UNREADABLE = "done_unreadable"
    DONE_EXISTS = "done_exists"
    ATTEMPT_OPEN = "attempt_open"
    ATTEMPT_FAILED = "attempt_failed"
    CLAIM_CONFLICT = "claim_conflict"
    CLAIM_FAILED = "claim_failed"
    CLAIM_UNDECIDED = "claim_undecided"
    GENERATION_FAILED = "generation_failed"
    PUBLISHED = "published"
    PUBLISH_FAILED = "publish_failed"
    PUBLISH_UNDECIDED = "publish_undecided"


class Warn(Code):
    """What a tick warns of and outlives."""

    STATUS_UNREADABLE = "status_unreadable"
    STATUS_NOT_OPENED = "status_not_opened"
    STATUS_NOT_CLOSED = "status_not_closed"
    LEDGER_NOT_SETTLED = "ledger_not_settled"
    BACKOFF_IMPLAUSIBLE = "backoff_implausible"


class Trigger(Code):
    """Which report is due: the first from 12 h to 24 h of age, the second from 24 h on."""

    AUTO_12H = "AUTO_12H"
    AUTO_24H = "AUTO_24H"


class TrustStatus(Code):
    """What a dashboard shows of a tenant."""

    INITIALIZING = "INITIALIZING"
    RUNNING = "RUNNING"
    DEGRADED = "DEGRADED"
    BLOCKED = "BLOCKED"


class Level(IntEnum):
    """Severity of a log line, by the standard library's numbers."""

    INFO = 20
    WARNING = 30
