"""The second copy of the scheduler's table, typed by hand from the protocol: the only one there is."""

# phase, kind of effect, what its answer means, next phase, and what is decided or said:
# OUTCOME:reason, warning=code, refusal=code, audit.
ROWS = """
STATUS_READ      read      found      STATUS_OPEN
STATUS_READ      read      absent     STATUS_OPEN
STATUS_READ      read      failed     EVIDENCE_READ    warning=status_unreadable
STATUS_OPEN      write     applied    EVIDENCE_READ
STATUS_OPEN      write     conflict   EVIDENCE_READ    warning=status_not_opened
STATUS_OPEN      write     failed     EVIDENCE_READ    warning=status_not_opened
STATUS_OPEN      write     unknown    EVIDENCE_READ    warning=status_not_opened
EVIDENCE_READ    read      missing    EVIDENCE_PUT
EVIDENCE_READ    read      valid      TIMESTAMP_READ
EVIDENCE_READ    read      invalid    TIMESTAMP_READ   refusal=evidence_invalid
EVIDENCE_READ    read      failed     TIMESTAMP_READ   refusal=evidence_read_failed
EVIDENCE_PUT     write     failed     TIMESTAMP_READ   refusal=evidence_write_failed
EVIDENCE_PUT     write     applied    EVIDENCE_VERIFY
EVIDENCE_PUT     write     conflict   EVIDENCE_VERIFY
EVIDENCE_PUT     write     unknown    EVIDENCE_VERIFY
EVIDENCE_VERIFY  read      verified   TIMESTAMP_READ   audit
EVIDENCE_VERIFY  read      valid      TIMESTAMP_READ
EVIDENCE_VERIFY  read      missing    TIMESTAMP_READ   refusal=missing_after_write
EVIDENCE_VERIFY  read      invalid    TIMESTAMP_READ   refusal=invalid_after_write
EVIDENCE_VERIFY  read      failed     TIMESTAMP_READ   refusal=unreadable_after_write
TIMESTAMP_READ   read      missing    STATUS_CLOSE     SKIPPED:missing
TIMESTAMP_READ   read      invalid    STATUS_CLOSE     SKIPPED:invalid
TIMESTAMP_READ   read      failed     STATUS_CLOSE     SKIPPED:unreadable
TIMESTAMP_READ   read      future     STATUS_CLOSE     EVIDENCE_IN_FUTURE:installed_in_future
TIMESTAMP_READ   read      valid      LEDGER_READ
TIMESTAMP_READ   read      verified   LEDGER_READ
LEDGER_READ      read      failed     STATUS_CLOSE     STORE_FAILED:ledger_unreadable
LEDGER_READ      read      malformed  STATUS_CLOSE     LEDGER_INVALID:ledger_malformed
LEDGER_READ      read      not_due    STATUS_CLOSE     NOT_DUE:nothing_due
LEDGER_READ      read      due        DONE_READ
DONE_READ        read      failed     STATUS_CLOSE     STORE_FAILED:done_unreadable
DONE_READ        read      found      STATUS_CLOSE     ALREADY_DONE:done_exists
DONE_READ        read      waiting    STATUS_CLOSE     BACKOFF:attempt_open
DONE_READ        read      retrying   STATUS_CLOSE     BACKOFF:attempt_failed
DONE_READ        read      free       CLAIM
DONE_READ        read      implausible  CLAIM          warning=backoff_implausible
CLAIM            write     applied    GENERATE
CLAIM            write     conflict   STATUS_CLOSE     CONTENDED:claim_conflict
CLAIM            write     failed     STATUS_CLOSE     STORE_FAILED:claim_failed
CLAIM            write     unknown    CLAIM_VERIFY
CLAIM_VERIFY     read      mine       GENERATE
CLAIM_VERIFY     read      others     STATUS_CLOSE     STORE_FAILED:claim_undecided
CLAIM_VERIFY     read      absent     STATUS_CLOSE     STORE_FAILED:claim_undecided
CLAIM_VERIFY     read      failed     STATUS_CLOSE     STORE_FAILED:claim_undecided
GENERATE         generate  report     PUBLISH
GENERATE         generate  error      SETTLE           GENERATION_FAILED:generation_failed
PUBLISH          write     failed     SETTLE           STORE_FAILED:publish_failed
PUBLISH          write     applied    PUBLISH_VERIFY
PUBLISH          write     conflict   PUBLISH_VERIFY
PUBLISH          write     unknown    PUBLISH_VERIFY
PUBLISH_VERIFY   read      mine       SETTLE           GENERATED:published
PUBLISH_VERIFY   read      others     SETTLE           ALREADY_DONE:done_exists
PUBLISH_VERIFY   read      absent     SETTLE           STORE_FAILED:publish_undecided
PUBLISH_VERIFY   read      failed     SETTLE           STORE_FAILED:publish_undecided
SETTLE           write     applied    STATUS_CLOSE
SETTLE           write     conflict   STATUS_CLOSE     warning=ledger_not_settled
SETTLE           write     failed     STATUS_CLOSE     warning=ledger_not_settled
SETTLE           write     unknown    STATUS_CLOSE     warning=ledger_not_settled
STATUS_CLOSE     write     applied    END
STATUS_CLOSE     write     conflict   END              warning=status_not_closed
STATUS_CLOSE     write     failed     END              warning=status_not_closed
STATUS_CLOSE     write     unknown    END              warning=status_not_closed
"""
Row = tuple[str, str, str, str, str]


def rows() -> list[Row]:
    return [
        (phase, kind, meaning, to, " ".join(rest))
        for phase, kind, meaning, to, *rest in (line.split() for line in ROWS.split("\n") if line)
    ]
