"""The status record: what a dashboard reads of a tenant."""

from attrs import frozen

from evidence_kernel.codes import EvidenceState, Outcome, Reason, Trigger
from evidence_kernel.encoding import decode, encode
from evidence_kernel.instants import format_instant, parse_instant

_NAMES = ("evidence", "outcome", "reason", "trigger")
_KNOWN = tuple(frozenset(kind) for kind in (EvidenceState, Outcome, Reason, Trigger))
_INSTANTS = ("installed_at", "closed_at", "last_check_at", "last_success_at")


@frozen
class Status:
    """One status; instants in ms, None where there was nothing yet."""

    evidence: EvidenceState | None = None
    outcome: Outcome | None = None
    reason: Reason | None = None
    trigger: Trigger | None = None
    installed_at: int | None = None
    closed_at: int | None = None
    last_check_at: int | None = None
    last_success_at: int | None = None
    tick_id: str | None = None


EMPTY = Status()


def read_status(value: bytes) -> Status:
    """The status, or EMPTY where the record is malformed or of another shape."""
    record = decode(value)
    if record is None or not isinstance(record.get("tick_id"), str):
        return EMPTY
    fields: dict[str, object] = {"tick_id": record["tick_id"]}
    for name, known in zip(_NAMES, _KNOWN, strict=True):
        code = record.get(name, "")
        if code is not None and not (isinstance(code, str) and code in known):
            return EMPTY
        fields[name] = code
    for name in _INSTANTS:
        text = record.get(name, "")
        instant = parse_instant(text) if isinstance(text, str) else None
        if instant is None and text is not None:
            return EMPTY
        fields[name] = instant
    return _of(fields)


def _of(fields: dict[str, object]) -> Status:
    evidence, outcome, reason, trigger = (fields[name] for name in _NAMES)
    fields["evidence"] = None if evidence is None else EvidenceState(str(evidence))
    fields["outcome"] = None if outcome is None else Outcome(str(outcome))
    fields["reason"] = None if reason is None else Reason(str(reason))
    fields["trigger"] = None if trigger is None else Trigger(str(trigger))
    return Status(**fields)  # type: ignore[arg-type]  # each field was checked above


def write_status(status: Status) -> bytes:
    """The record of `status`."""
    record = {
        "evidence": status.evidence,
        "outcome": status.outcome,
        "reason": status.reason,
        "trigger": status.trigger,
        "tick_id": status.tick_id,
    }
    for name in _INSTANTS:
        instant = getattr(status, name)
        record[name] = None if instant is None else format_instant(instant)
    encoded = encode(record)
    assert encoded is not None
    return encoded
