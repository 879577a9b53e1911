"""The status record: what a dashboard reads of a tenant."""

import re
from operator import itemgetter
from typing import Any, NamedTuple

from evidence_kernel.codes import EvidenceState, Outcome, Reason, Trigger
from evidence_kernel.records.encoding import decode
from evidence_kernel.records.instants import format_instant, parse_instant


class Status(NamedTuple):
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
_NAMES = frozenset(Status._fields)
_FIELDS = itemgetter(*Status._fields)
_TEXT_OR_NULL = {str, type(None)}
# A record as `write_status` has it: half the work of decoding it.
_FIELD = '"{0}":(?:null|"(?P<{0}>[ !#-\\[\\]-~]{{0,64}}+)")'
_WRITTEN = re.compile(f"{{{','.join(_FIELD.format(name) for name in sorted(Status._fields))}}}")
# Text to code, and back as JSON.
_EVIDENCE = {code.value: code for code in EvidenceState}
_OUTCOME = {code.value: code for code in Outcome}
_REASON = {code.value: code for code in Reason}
_TRIGGER = {code.value: code for code in Trigger}
_JSON = {None: "null"} | {code: f'"{code}"' for kind in (EvidenceState, Outcome, Reason, Trigger) for code in kind}


def read_status(value: bytes) -> Status:
    """The status, or EMPTY where the record is malformed or of another shape."""
    written = _WRITTEN.fullmatch(value.decode("latin-1"))
    texts = _decoded(value) if written is None else written.group(*Status._fields)
    if texts is None or texts[-1] is None:
        return EMPTY
    evidence, outcome, reason, trigger, *instants, tick_id = texts
    codes = (_EVIDENCE.get(evidence), _OUTCOME.get(outcome), _REASON.get(reason), _TRIGGER.get(trigger))
    installed_at, closed_at, check_at, success_at = [None if text is None else parse_instant(text) for text in instants]
    status = Status(*codes, installed_at, closed_at, check_at, success_at, tick_id)
    return status if status.count(None) == texts.count(None) else EMPTY  # a text that is no code or instant became None


def _decoded(value: bytes) -> tuple[Any, ...] | None:
    """The fields' texts, also of a record that another program has written with other white space or more fields."""
    record = decode(value)
    if record is None or not record.keys() >= _NAMES:
        return None
    texts: tuple[Any, ...] = _FIELDS(record)
    return texts if _TEXT_OR_NULL.issuperset(map(type, texts)) else None


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
    evidence, outcome, reason, trigger, *instants, tick_id = status
    installed_at, closed_at, check_at, success_at = [
        "null" if ms is None else f'"{format_instant(ms)}"' for ms in instants
    ]
    text = (
        f'{{"closed_at":{closed_at},"evidence":{_JSON[evidence]},"installed_at":{installed_at},'
        f'"last_check_at":{check_at},"last_success_at":{success_at},"outcome":{_JSON[outcome]},'
        f'"reason":{_JSON[reason]},"tick_id":{_text(tick_id)},"trigger":{_JSON[trigger]}}}'
    )
    return text.encode("ascii")


def _text(text: str | None) -> str:
    return "null" if text is None else f'"{text}"'
