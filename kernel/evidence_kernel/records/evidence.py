"""The evidence record: read by one field, written with five."""

from functools import lru_cache

from evidence_kernel.codes import Reason
from evidence_kernel.records.encoding import decode, encode
from evidence_kernel.records.instants import format_instant, parse_instant

_SHORT = 1024  # records up to so many bytes are remembered: a tick reads its evidence two or three times


def read_installed_at(value: bytes) -> int | None:
    """The installation instant in ms, or None where the record is invalid; other fields are ignored."""
    return _remembered(value) if len(value) <= _SHORT else _read(value)


def _read(value: bytes) -> int | None:
    record = decode(value)
    text = None if record is None else record.get("installed_at")
    return parse_instant(text) if isinstance(text, str) else None


_remembered = lru_cache(maxsize=256)(_read)


def write_evidence(installed_at: int, tick_id: str) -> bytes:
    """The record of a backfill by `tick_id` at `installed_at`."""
    text = format_instant(installed_at)
    record = {
        "installed_at": text,
        "backfilled": True,
        "backfilled_at": text,
        "backfill_reason": Reason.BACKFILLED.value,
        "backfill_id": tick_id,
    }
    encoded = encode(record)
    assert encoded is not None
    return encoded


def write_repair(installed_at: int, repaired_at: int, repair_id: str, replaced: bytes) -> bytes | None:
    """An operator's replacement of invalid or future evidence; None where that would be too long.

    The replaced bytes stay in `repaired_from`, as text where they are UTF-8, else in hexadecimal under
    `repaired_from_hex`.
    """
    record = {
        "installed_at": format_instant(installed_at),
        "repaired_at": format_instant(repaired_at),
        "repair_id": repair_id,
    }
    try:
        record["repaired_from"] = replaced.decode("utf-8")
    except UnicodeDecodeError:
        record["repaired_from_hex"] = replaced.hex()
    return encode(record)
