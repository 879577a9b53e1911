"""The records once more, with `json` and `datetime`: read, checked and written for the second tick."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD = timedelta(minutes=15)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
WAITS = {1: timedelta(minutes=30), 2: timedelta(hours=2)}
FIELDS = ("attempts", "backoff_until", "claimed_by", "generated_at", "last_error")
STATUS = (
    *("closed_at", "evidence", "installed_at", "last_check_at", "last_success_at"),
    *("outcome", "reason", "tick_id", "trigger"),
)


def text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def dump(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode()


def load(value: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(value)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def instant(value: object) -> datetime | None:
    """An RFC 3339 instant cut to milliseconds."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        return None
    try:
        parsed = datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        return None
    return parsed.replace(microsecond=parsed.microsecond // 1000 * 1000)


def read_status(value: bytes) -> dict[str, Any]:
    record = load(value) or {}
    if not set(record) >= set(STATUS) or not isinstance(record["tick_id"], str):
        return {}
    for name in (name for name in STATUS if name.endswith("_at")):
        at = instant(record[name])
        if at is None and record[name] is not None:
            return {}
        record[name] = None if at is None else text(at)
    return {name: record[name] for name in STATUS}


def is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    attempts, *others = (entry.get(name) for name in FIELDS)
    instants, claimant, error = (others[0], others[2]), others[1], others[3]
    counted = "attempts" not in entry or (type(attempts) is int and 0 <= attempts < 2**53)
    dated = all(value is None or instant(value) for value in instants)
    return counted and dated and isinstance(claimant, str | None) and isinstance(error, dict | None)


def wait(attempts: int) -> timedelta:
    return WAITS.get(attempts, timedelta(hours=24)) if attempts else timedelta(0)
