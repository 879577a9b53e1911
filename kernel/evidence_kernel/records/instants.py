"""Instants: integers of milliseconds since 1970-01-01T00:00:00Z, and their text in records and log lines.

The calendar is the standard library's proleptic Gregorian one; of `datetime` only its arithmetic is used.
"""

import re
from calendar import monthrange
from datetime import date
from functools import lru_cache

from evidence_kernel.errors import Misuse

EARLIEST = -62_135_596_800_000  # 0001-01-01T00:00:00.000Z
LATEST = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z

_DAY = 86_400_000
_EPOCH = 719_163  # the ordinal of 1970-01-01; that of 0001-01-01 is 1
_INSTANT = re.compile(
    r"([0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))"
    r"T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
_LONGEST = len("YYYY-MM-DDThh:mm:ss.fffffffff+hh:mm")


def parse_instant(text: str) -> int | None:
    """The instant that `text` names, cut to ms, or None where it names none.

    `YYYY-MM-DDThh:mm:ss[.f{1,9}](Z|+hh:mm|-hh:mm)`: a day of the calendar, a year from 0001 to 9999
    before and after the offset. Seconds are 00-59: leap seconds have no number here.
    """
    return _parse(text) if len(text) <= _LONGEST else None  # so that no long text stays in the cache


@lru_cache(maxsize=1024)
def _parse(text: str) -> int | None:
    match = _INSTANT.fullmatch(text)
    if match is None:
        return None
    civil, hours, minutes, seconds, fraction, sign, ahead_hours, ahead_minutes = match.groups()
    year, month, day = int(civil[:4]), int(civil[5:7]), int(civil[8:])
    if year == 0 or day > monthrange(year, month)[1]:
        return None
    clock = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    if sign is not None:
        ahead = int(ahead_hours) * 3600 + int(ahead_minutes) * 60
        clock += ahead if sign == "-" else -ahead
    ms = (date(year, month, day).toordinal() - _EPOCH) * _DAY + clock * 1000
    if fraction is not None:
        ms += int(fraction[:3].ljust(3, "0"))
    return ms if EARLIEST <= ms <= LATEST else None


@lru_cache(maxsize=1024)
def format_instant(ms: int) -> str:
    """`YYYY-MM-DDThh:mm:ss.mmmZ`. Raises Misuse outside of EARLIEST to LATEST."""
    if not EARLIEST <= ms <= LATEST:
        raise Misuse(f"instant {ms!r} is outside of the years 0001 to 9999")
    days, rest = divmod(ms, _DAY)
    seconds, fraction = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{_date(days)}T{hour:02}:{minute:02}:{second:02}.{fraction:03}Z"


@lru_cache(maxsize=64)
def _date(days: int) -> str:
    return date.fromordinal(days + _EPOCH).isoformat()
