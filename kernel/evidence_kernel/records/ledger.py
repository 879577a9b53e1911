"""The ledger: per trigger the attempts, the backoff, the claimant and the last error."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from evidence_kernel.codes import Reason, Trigger
from evidence_kernel.errors import Misuse
from evidence_kernel.records.encoding import MAX_BYTES, decode, encode
from evidence_kernel.records.instants import LATEST, format_instant, parse_instant

MAX_ATTEMPTS = 2**53 - 1  # the largest count that every reader of JSON holds exactly
# A ledger shorter than this cannot outgrow MAX_BYTES: `ensure_ascii` makes at most 6 bytes of one.
_SURELY_FITS = MAX_BYTES // 6 - 4096
_LONGEST_ID = "x" * 64


@frozen
class Entry:
    """What a ledger says of one trigger; `backoff_until` in ms."""

    attempts: int
    backoff_until: int | None
    failed: bool


def _well_formed(entry: dict[str, Any]) -> bool:
    attempts = entry.get("attempts", 0)
    instants = (entry.get("backoff_until"), entry.get("generated_at"))
    return (
        type(attempts) is int
        and 0 <= attempts <= MAX_ATTEMPTS
        and all(i is None or (isinstance(i, str) and parse_instant(i) is not None) for i in instants)
        and isinstance(entry.get("claimed_by"), str | None)
        and isinstance(entry.get("last_error"), dict | None)
    )


def _entry(raw: object) -> Entry | None:
    if not isinstance(raw, dict) or not _well_formed(raw):
        return None
    until = raw.get("backoff_until")
    backoff_until = None if until is None else parse_instant(until)
    return Entry(raw.get("attempts", 0), backoff_until, raw.get("last_error") is not None)


_NONE: Mapping[Trigger, Entry] = dict.fromkeys(Trigger, Entry(0, None, False))


def read_ledger(value: bytes | None) -> Mapping[Trigger, Entry] | None:
    """Both triggers' entries; absent fields and an absent record mean none; None where malformed."""
    if value is None:
        return _NONE
    record = decode(value)
    if record is None:
        return None
    entries = {}
    for trigger in Trigger:
        entry = _entry(record.get(trigger, {}))
        if entry is None:
            return None
        entries[trigger] = entry
    return entries if len(value) <= _SURELY_FITS or _fits(record) else None


def _fits(record: dict[str, Any]) -> bool:
    """Whether the record still encodes with every field of ours at its longest."""
    longest = {
        "attempts": MAX_ATTEMPTS,
        "backoff_until": format_instant(LATEST),
        "claimed_by": _LONGEST_ID,
        "generated_at": format_instant(LATEST),
        "last_error": {"at": format_instant(LATEST), "reason": max(Reason, key=len).value},
    }
    for trigger in Trigger:
        record = {**record, trigger.value: {**record.get(trigger, {}), **longest}}
    return encode(record) is not None


def _write(value: bytes | None, trigger: Trigger, changes: dict[str, object]) -> bytes:
    """The ledger with `changes` in one entry; what we do not know is carried along."""
    record: dict[str, Any] = {} if value is None else decode(value) or {}
    empty = dict.fromkeys(("backoff_until", "claimed_by", "generated_at", "last_error"))
    entry = {"attempts": 0, **empty, **record.get(trigger, {}), **changes}
    encoded = encode({**record, trigger.value: entry})
    assert encoded is not None, "read_ledger admitted a ledger that does not fit"
    return encoded


def claimed(value: bytes | None, trigger: Trigger, attempt: int, until: int, tick_id: str) -> bytes:
    """The ledger with the trigger's next attempt claimed by `tick_id` until `until` ms."""
    changes = {
        "attempts": min(attempt, MAX_ATTEMPTS),
        "backoff_until": format_instant(until),
        "claimed_by": tick_id,
    }
    return _write(value, trigger, changes)


def settled(value: bytes, trigger: Trigger, generated_at: int | None) -> bytes:
    """The claim's ledger without an error, and with the instant of a report of its own."""
    changes: dict[str, object] = {"last_error": None}
    if generated_at is not None:
        changes["generated_at"] = format_instant(generated_at)
    return _write(value, trigger, changes)


def failed(value: bytes, trigger: Trigger, reason: Reason, at: int) -> bytes:
    """The claim's ledger with its error."""
    return _write(value, trigger, {"last_error": {"at": format_instant(at), "reason": reason.value}})


def reset(attempts: Mapping[Trigger, int]) -> bytes:
    """An operator's replacement of a malformed ledger: empty but for the attempts that they name.

    Raises Misuse for a count that no ledger can hold.
    """
    for trigger, count in attempts.items():
        if type(count) is not int or not 0 <= count <= MAX_ATTEMPTS:
            raise Misuse(f"{trigger.value}={count!r} is no count from 0 to {MAX_ATTEMPTS}")
    encoded = encode({trigger.value: {"attempts": attempts.get(trigger, 0)} for trigger in Trigger})
    assert encoded is not None
    return encoded
