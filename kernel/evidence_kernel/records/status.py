"""The status record: what a dashboard reads of a tenant."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import frozen

from evidence_kernel.codes import EvidenceState, Outcome, Reason, Trigger
from evidence_kernel.records.encoding import decode
from evidence_kernel.records.instants import format_instant, parse_instant

# The fields that hold a code, with what each may say.
_CODES: tuple[tuple[str, Mapping[str, StrEnum]], ...] = tuple(
    (name, {code.value: code for code in kind})
    for name, kind in (("evidence", EvidenceState), ("outcome", Outcome), ("reason", Reason), ("trigger", Trigger))
)
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
    fields: dict[str, Any] = {"tick_id": record["tick_id"]}
    for name, known in _CODES:
        text = record.get(name, "")
        if text is not None and not (isinstance(text, str) and text in known):
            return EMPTY
        fields[name] = None if text is None else known[text]
    for name in _INSTANTS:
        text = record.get(name, "")
        instant = parse_instant(text) if isinstance(text, str) else None
        if instant is None and text is not None:
            return EMPTY
        fields[name] = instant
    return Status(**fields)


def checked(status: Status, at: int, tick_id: str) -> Status:
    """The status as a tick opens it: all but the check and who made it stays."""
    return Status(
        status.evidence,
        status.outcome,
        status.reason,
        status.trigger,
        status.installed_at,
        status.closed_at,
        at,
        status.last_success_at,
        tick_id,
    )


def write_status(status: Status) -> bytes:
    """The record of `status`, byte for byte as `encode` has it: no code, instant or tick id needs escaping."""
    closed_at, success_at = _instant(status.closed_at), _instant(status.last_success_at)
    installed_at, check_at = _instant(status.installed_at), _instant(status.last_check_at)
    text = (
        f'{{"closed_at":{closed_at},"evidence":{_code(status.evidence)},"installed_at":{installed_at},'
        f'"last_check_at":{check_at},"last_success_at":{success_at},"outcome":{_code(status.outcome)},'
        f'"reason":{_code(status.reason)},"tick_id":{_code(status.tick_id)},"trigger":{_code(status.trigger)}}}'
    )
    return text.encode("ascii")


def _instant(ms: int | None) -> str:
    return "null" if ms is None else f'"{format_instant(ms)}"'


def _code(text: str | None) -> str:
    return "null" if text is None else f'"{text}"'
