"""What records say, read without the kernel: json and datetime, as somebody else would read them.

The judge of S1-S19 must not share a reader with what it judges. All functions are total.
"""

import json
import re
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import Any

from attrs import frozen

_TEXT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_ORIGINALS = "cloudId:"
_LEDGER = "phase5:scheduler:state:"
BACKFILL_REASON = "missing_phase4_evidence_on_upgrade"


class Role(Enum):
    """Which of a tenant's records a key is."""

    EVIDENCE = "evidence"
    LEDGER = "ledger"
    PUBLICATION = "publication"
    STATUS = "status"
    OTHER = "other"


@frozen
class Place:
    """What a key names: the role, the tenant as written there, and a publication's trigger."""

    role: Role
    tenant: str | None
    trigger: str | None = None


@lru_cache(maxsize=4096)
def place(key: str) -> Place:
    """What a key names, under the kernel's spelling or the original's."""
    for prefix, role in (
        ("phase4:evidence:installation:", Role.EVIDENCE),
        ("governance:status:snapshot:", Role.STATUS),
        ("governance:metrics:", Role.OTHER),
        (_LEDGER, Role.LEDGER),
    ):
        if key.startswith(prefix):
            return Place(role, key[len(prefix) :].removeprefix(_ORIGINALS))
    if key.startswith("phase5:scheduler:"):
        tenant, _, rest = key.removeprefix("phase5:scheduler:").removeprefix(_ORIGINALS).partition(":")
        trigger, _, kind = rest.partition(":")
        return Place(Role.PUBLICATION if kind == "DONE" else Role.OTHER, tenant, trigger)
    return Place(Role.OTHER, None)


def originals_ledger(tenant: str) -> str:
    """Where the original keeps the attempts of a tenant: its key has one more name in it."""
    return f"{_LEDGER}{_ORIGINALS}{tenant}"


@lru_cache(maxsize=8192)
def record(value: bytes) -> dict[str, Any] | None:
    """The JSON object that bytes hold, or None."""
    try:
        read = json.loads(value.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


@lru_cache(maxsize=8192)
def instant(text: object) -> int | None:
    """The ms since 1970 that a strict ISO 8601 text names."""
    if not isinstance(text, str) or not _TEXT.fullmatch(text):
        return None
    seconds, fraction, zone = text[:19], text[19:].rstrip("Z").split("+")[0].split("-")[0], text[19:]
    offset = "+00:00" if zone.endswith("Z") else zone[-6:]
    try:
        moment = datetime.fromisoformat(seconds + offset).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    whole = (moment - _FIRST).days * 86_400_000 + (moment - _FIRST).seconds * 1000
    return whole + int((fraction[1:4] or "0").ljust(3, "0"))


@lru_cache(maxsize=8192)
def written(ms: int) -> str:
    """The one text of an instant in a record."""
    moment = datetime.fromtimestamp(ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03}Z"


def installed_at(value: bytes | None) -> int | None:
    """The installation instant of valid evidence, None of anything else."""
    fields = None if value is None else record(value)
    return None if fields is None else instant(fields.get("installed_at"))


def attempts(value: bytes | None, trigger: str) -> int:
    """The attempts that a ledger has persisted; 0 where it says nothing."""
    fields = (record(value) if value is not None else None) or {}
    entry = fields.get(trigger)
    counted = entry.get("attempts", 0) if isinstance(entry, dict) else fields.get(f"{trigger.lower()}_attempt_count")
    return counted if type(counted) is int else 0


def backoff_until(value: bytes | None, trigger: str) -> int | None:
    """The end of the backoff that a ledger has persisted."""
    fields = (record(value) if value is not None else None) or {}
    entry = fields.get(trigger)
    return instant(entry.get("backoff_until")) if isinstance(entry, dict) else instant(fields.get("last_backoff_until"))


def success_at(value: bytes | None) -> tuple[str, int | None] | None:
    """The shape of a status, by the name of its last success, and that instant; None of no status."""
    fields = None if value is None else record(value)
    for name in ("last_success_at", "lastSuccessAt"):
        if fields is not None and name in fields:
            return name, instant(fields[name])
    return None


def status_outcome(value: bytes) -> str | None:
    """The outcome that a status says, whatever is in that field; None of a status without the field."""
    fields = record(value) or {}
    return str(fields["outcome"]) if "outcome" in fields else None


def audited_at(line: str) -> int | None:
    """The instant in an audit line; None of any other line."""
    found = re.fullmatch(r"\[PHASE4_BACKFILL\] cloudId=\S+ didBackfill=true reason=\S+ timestamp=(\S+)", line)
    return None if found is None else instant(found[1])


def is_marker(value: bytes) -> bool:
    """Whether it is the original's DONE marker: the instant and nothing else."""
    return set(record(value) or ()) == {"completed_at"}


def report(value: bytes) -> bytes | None:
    """The report in a publication, as compact JSON; None where there is none."""
    fields = record(value)
    if fields is None or "report" not in fields:
        return None
    return json.dumps(fields["report"], sort_keys=True, separators=(",", ":")).encode()
