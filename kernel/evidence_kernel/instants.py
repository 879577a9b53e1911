"""Instants: integers of milliseconds since 1970-01-01T00:00:00Z, and their text in records and log lines.

The civil-day arithmetic is Howard Hinnant's `days_from_civil` and `civil_from_days`, "chrono-Compatible
Low-Level Date Algorithms", https://howardhinnant.github.io/date_algorithms.html, with the eras folded
into floor division: years begin in March, so that the leap day is a year's last.
"""

import re
from functools import lru_cache

from evidence_kernel.errors import Misuse

EARLIEST = -62_135_596_800_000  # 0001-01-01T00:00:00.000Z
LATEST = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z

_DAY = 86_400_000
_EPOCH = 719_468  # days from 0000-03-01 to 1970-01-01
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
    date, hours, minutes, seconds, fraction, sign, ahead_hours, ahead_minutes = match.groups()
    year, month, day = int(date[:4]), int(date[5:7]), int(date[8:])
    days_before = _days_from_civil(year, month, day)
    if day > 28 and days_before >= _days_from_civil(year, month + 1, 1):
        return None
    clock = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    if sign is not None:
        ahead = int(ahead_hours) * 3600 + int(ahead_minutes) * 60
        clock += ahead if sign == "-" else -ahead
    ms = days_before * _DAY + clock * 1000
    if fraction is not None:
        ms += int(fraction[:3].ljust(3, "0"))
    return ms if year > 0 and EARLIEST <= ms <= LATEST else None


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


def _days_from_civil(year: int, month: int, day: int) -> int:
    if month < 3:
        year, month = year - 1, month + 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day - 1 - _EPOCH


@lru_cache(maxsize=64)
def _date(days: int) -> str:
    era, of_era = divmod(days + _EPOCH, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153  # 0 is March
    day = of_year - (153 * month + 2) // 5 + 1
    year += era * 400 + (month > 9)
    return f"{year:04}-{month + 3 if month < 10 else month - 9:02}-{day:02}"
