"""The log lines: a closed set of formats, in which nothing from outside stands raw."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

from evidence_kernel.codes import Level, Outcome, Reason, Trigger, Warn
from evidence_kernel.records.instants import format_instant

_PLAIN = ":%"  # keys are encoded already
DETAILS: Mapping[Reason, str] = {
    Reason.NO_IDENTITY: "the context names no usable tenant id",
    Reason.READ_FAILED: "the evidence could not be read",
    Reason.TIMESTAMP_INVALID: "the evidence present is no valid record and is left as it is",
    Reason.WRITE_FAILED: "the evidence could not be written",
    Reason.MISSING_AFTER_WRITE: "the evidence is still missing after the write",
    Reason.INVALID_AFTER_WRITE: "the evidence read back is no valid record",
    Reason.UNREADABLE_AFTER_WRITE: "the evidence could not be read back",
}


class LogLine(NamedTuple):
    """One line; `level` by the standard library's numbers."""

    level: Level
    text: str


def audit(tenant: str, installed_at: int) -> LogLine:
    """The announcement of a verified backfill; `tenant` in its encoded form here and below."""
    text = (
        f"[PHASE4_BACKFILL] cloudId={tenant} didBackfill=true"
        f" reason={Reason.BACKFILLED.value} timestamp={format_instant(installed_at)}"
    )
    return LogLine(Level.INFO, text)


def fail_closed(tenant: str, reason: Reason) -> LogLine:
    """A refusal of the backfill."""
    text = f"[PHASE4_BACKFILL] FAIL_CLOSED cloudId={tenant} reason={reason.value}: {DETAILS[reason]}"
    return LogLine(Level.WARNING, text)


def not_found(tenant: str) -> LogLine:
    """The original's warning of a tick without a usable timestamp."""
    return LogLine(Level.WARNING, f"Installation timestamp not found for {tenant}")


def started(tick_id: str, tenant: str) -> LogLine:
    """The first line of a tick."""
    return LogLine(Level.INFO, f"[Phase5Scheduler] tick={tick_id} cloudId={tenant} start")


def warned(tick_id: str, tenant: str, warn: Warn) -> LogLine:
    """Something went wrong that the tick outlives."""
    return LogLine(Level.WARNING, f"[Phase5Scheduler] tick={tick_id} cloudId={tenant} warning={warn.value}")


def ended(tick_id: str, tenant: str, outcome: Outcome, reason: Reason, due: Trigger | None) -> LogLine:
    """The last line of a tick."""
    text = (
        f"[Phase5Scheduler] tick={tick_id} cloudId={tenant}"
        f" outcome={outcome} reason={reason} due={'-' if due is None else due}"
    )
    return LogLine(Level.INFO, text)


def fault(what: str, where: str, error: str) -> LogLine:
    """What a driver or a store met that is no answer: a code, a key or an encoded id, and the name of the error."""
    text = f"[Phase5Scheduler] fault={what} at={quote(where, safe=_PLAIN) or '-'} error={quote(error, safe=_PLAIN)}"
    return LogLine(Level.WARNING, text)


def repaired(tenant: str, installed_at: int) -> LogLine:
    """An operator replaced invalid or future evidence."""
    text = f"[PHASE4_REPAIR] cloudId={tenant} record=evidence timestamp={format_instant(installed_at)}"
    return LogLine(Level.WARNING, text)


def reset(tenant: str, attempts: Mapping[Trigger, int]) -> LogLine:
    """An operator replaced a malformed ledger."""
    counts = " ".join(f"{trigger.value}={attempts.get(trigger, 0)}" for trigger in Trigger)
    return LogLine(Level.WARNING, f"[PHASE4_REPAIR] cloudId={tenant} record=ledger {counts}")
