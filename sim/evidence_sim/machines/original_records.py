"""The original's identities, keys and records, with the validation that it had."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from attrs import frozen

from evidence_kernel.codes import Trigger
from evidence_kernel.records.instants import format_instant
from evidence_runtime.javascript import falsy, increment, member, number, parse_date, trim

_SITE = re.compile(r"[:/]site[:/]([a-f0-9-]+)")
_MINUTE = 60_000
_HOUR = 60 * _MINUTE
_CHECKS = {
    "phase4-evidence": "COLLECTING",
    "phase5-report": "PENDING_EVIDENCE",
    "phase6-capture": "PENDING_EVIDENCE",
}
_DEFAULT = {
    "auto_12h_attempt_count": 0,
    "auto_12h_generated_at": None,
    "auto_24h_attempt_count": 0,
    "auto_24h_generated_at": None,
    "last_backoff_until": None,
    "last_error": None,
}


@frozen
class Identity:
    """Who a tick is for: `tenant_key` names state and DONE, `cloud_id` evidence, snapshot and metrics."""

    tenant_key: str
    cloud_id: str | None


def identify(context: object) -> Identity | None:
    """The first of the three that is a string with text in it wins, also where it holds no id."""
    if not isinstance(context, Mapping):
        return None
    for source in ("installContext", "installationContext"):
        value = context.get(source)
        if isinstance(value, str) and trim(value):
            site = _SITE.search(trim(value))
            return Identity(trim(value), site[1] if site else None)
    value = context.get("cloudId")
    if isinstance(value, str) and trim(value):
        return Identity(f"cloudId:{trim(value)}", trim(value))
    return None


def evidence_key(cloud_id: str | None) -> str:
    """Without an id it is the literal key of "null", which all such tenants read."""
    return f"phase4:evidence:installation:{'null' if cloud_id is None else cloud_id}"


def snapshot_key(cloud_id: str) -> str:
    """The dashboard's object."""
    return f"governance:status:snapshot:{cloud_id}"


def metrics_key(cloud_id: str) -> str:
    """The counters behind the dashboard."""
    return f"governance:metrics:{cloud_id}"


def state_key(tenant_key: str) -> str:
    """The scheduler's state; not the kernel's ledger, whose key ends in the bare id."""
    return f"phase5:scheduler:state:{tenant_key}"


def done_key(tenant_key: str, trigger: Trigger) -> str:
    """The marker that a report was made; the report itself is stored nowhere."""
    return f"phase5:scheduler:{tenant_key}:{trigger}:DONE"


def attempt_key(tenant_key: str, trigger: Trigger) -> str:
    """When it was last tried; written, never read."""
    return f"phase5:scheduler:{tenant_key}:{trigger}:ATTEMPT"


def dump(value: object) -> bytes:
    """`JSON.stringify`, with sorted names: NaN becomes null."""
    if isinstance(value, dict):
        value = {name: None if item != item else item for name, item in value.items()}
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


@lru_cache(maxsize=1024)
def write_evidence(at: int) -> bytes:
    """The record of a backfill; it does not say whose."""
    text = format_instant(at)
    reason = "missing_phase4_evidence_on_upgrade"
    return dump({"installed_at": text, "backfilled": True, "backfilled_at": text, "backfill_reason": reason})


@lru_cache(maxsize=1024)
def snapshot(check: str, checked_at: int | None, success_at: int | None, failure: str | None) -> bytes:
    """The dashboard's object. `lastSuccessAt` is null save in the snapshot of a success."""
    reasons: Mapping[str, str | None] = dict.fromkeys(_CHECKS) if check != "PENDING" else _CHECKS
    record = {
        "checks": [{"id": name, "state": check, "reason": reason} for name, reason in reasons.items()],
        "counters": {"checksCompleted": 0, "daysContinuousOperation": 0, "snapshotsRetained": 0},
        "failure": failure,
        "lastCheckAt": None if checked_at is None else format_instant(checked_at),
        "lastSuccessAt": None if success_at is None else format_instant(success_at),
    }
    return dump(record)


def metrics(record: object, started: int, now: int, since: tuple[object, int] | None) -> bytes:
    """The metrics after an attempt; `since`: the timestamp as it stands and in ms, after a success."""
    kept: dict[str, Any] = dict(record) if isinstance(record, dict) else {}
    changed: dict[str, Any] = {"lastCheckAt": format_instant(started), "updatedAt": format_instant(now)}
    if since is not None:
        text, ms = since
        changed |= {
            "lastSuccessAt": format_instant(started),
            "checksCompletedLifetime": _count(kept, "checksCompletedLifetime") + 1,
            "snapshotsRetainedCount": min(_count(kept, "snapshotsRetainedCount") + 1, 100),
            "continuousSince": text,
            "daysContinuousOperation": (started - ms) // (24 * _HOUR),
        }
    return dump({**kept, **changed})


def _count(record: dict[str, Any], name: str) -> int:
    value = record.get(name)
    return value if isinstance(value, int) else 0


class Ledger:
    """The scheduler's state in a tick's memory; nothing of it is stored but by `write`."""

    def __init__(self, record: object, now: int) -> None:
        """Any object is taken as it is; all else is the default. What is set on an array is not stored."""
        self.fields: dict[str, Any] = (
            {} if isinstance(record, dict | list) else {**_DEFAULT, "last_run_at": format_instant(now)}
        )
        self.array = record if isinstance(record, list) else None
        if isinstance(record, dict):
            self.fields.update(record)

    def write(self, now: int) -> bytes:
        """The bytes that are stored."""
        self.fields["last_run_at"] = format_instant(now)
        return dump(self.fields if self.array is None else self.array)

    @property
    def until(self) -> str | None:
        """The end of the backoff, for the handler's body."""
        until = self.fields.get("last_backoff_until")
        return until if isinstance(until, str) else None

    def count(self, trigger: Trigger) -> float | int | str:
        """One attempt more, in memory."""
        name = f"{trigger.lower()}_attempt_count"
        self.fields[name] = increment(member(self.fields, name))
        count: float | int | str = self.fields[name]
        return count

    def waits(self, now: int) -> bool:
        """One backoff for both triggers; at its very end it still waits, and for ever if it is no date."""
        until = member(self.fields, "last_backoff_until")
        if falsy(until):
            return False
        end = parse_date(until)
        return end is None or end >= now

    def minutes_left(self, now: int) -> str:
        """What the log line says, rounded up."""
        end = parse_date(member(self.fields, "last_backoff_until"))
        return "NaN" if end is None else str(-((now - end) // _MINUTE))

    def fail(self, trigger: Trigger, started: int, now: int, count: float | int | str, message: str) -> None:
        """The error, and the backoff from now on by the tier of `count`."""
        error = {"timestamp": format_instant(started), "message": message, "trigger": trigger.value}
        self.fields["last_error"] = {**error, "attempt_count": None if count != count else count}
        self.fields["last_backoff_until"] = format_instant(now + backoff(count))

    def succeed(self, trigger: Trigger, started: int) -> None:
        """The attempt count is not reset."""
        self.fields[f"{trigger.lower()}_generated_at"] = format_instant(started)
        self.fields |= {"last_error": None, "last_backoff_until": None}


def backoff(count: float | int | str) -> int:
    """30 min, 120 min from the second attempt on, a day from the third; NaN is as the first."""
    n = number(count)
    return 24 * _HOUR if n >= 3 else 2 * _HOUR if n >= 2 else 30 * _MINUTE


def in_window(trigger: Trigger, age: int) -> bool:
    """Whether the trigger's time has come."""
    return 12 * _HOUR <= age < 24 * _HOUR if trigger is Trigger.AUTO_12H else age >= 24 * _HOUR
