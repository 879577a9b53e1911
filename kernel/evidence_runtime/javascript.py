"""The leniencies of JavaScript that the original leaned on: falsy values, `+ 1`, `trim`, `new Date(x)`."""

import json
import re
from enum import Enum
from functools import lru_cache
from typing import Final

_SPACE = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff"
_SPACE += "".join(chr(code) for code in range(0x2000, 0x200B))
_DAY = 86_400_000
_LAST_DATE = 8_640_000_000_000_000  # the furthest instant of a Date from 1970, either way
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_TIME = r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?"
_ISO = re.compile(rf"([+-]\d{{6}}|\d{{4}})(?:-(\d\d)(?:-(\d\d))?)?(?:[Tt ]{_TIME}(Z|z|[+-]\d\d:?\d\d)?)?")
_DAY_MONTH = re.compile(
    rf"(?:[A-Za-z]+,? +)?(?:(\d\d?) +([A-Za-z]{{3,9}})|([A-Za-z]{{3,9}}) +(\d\d?),?) +(\d{{4}})"
    rf"(?: +{_TIME} *(GMT|UTC|Z|[+-]\d\d:?\d\d)?)?"
)
_YEAR_LONG_MONTH = re.compile(r"(\d{4})-(\d{3,})")
_WORDS_AND_MONTH = re.compile(r"[^\d]*(\d\d?)")


class Undefined(Enum):
    """What a missing record or property is; null is None."""

    UNDEFINED = "undefined"


UNDEFINED: Final = Undefined.UNDEFINED


def falsy(value: object) -> bool:
    """undefined, null, false, 0 and "": an empty array or object is none of them."""
    return value is UNDEFINED or (not isinstance(value, list | dict) and not value)


def member(value: object, name: str) -> object:
    """`value.name`; undefined where `value` is no object or has no such property."""
    return value.get(name, UNDEFINED) if isinstance(value, dict) else UNDEFINED


def increment(value: object) -> float | int | str:
    """`value + 1`: undefined gives NaN, null 1, "2" gives "21", an array or object its text and "1"."""
    if value is UNDEFINED:
        return float("nan")
    if value is None:
        return 1
    if isinstance(value, int | float):
        return value + 1
    return f"{text(value)}1"


def number(value: float | int | str) -> float:
    """What `>=` compares: a string is read as a number, or is NaN."""
    try:
        return float(value)
    except (ValueError, OverflowError):
        return float("nan")


def trim(value: str) -> str:
    """`value.trim()`: also U+00A0 and U+FEFF, none of the control characters that Python strips."""
    return value.strip(_SPACE)


def text(value: object) -> str:
    """`String(value)` of a JSON value."""
    if isinstance(value, list):
        return ",".join("" if item is None else text(item) for item in value)
    if isinstance(value, dict):
        return "[object Object]"
    return value if isinstance(value, str) else json.dumps(value)


def parse_date(value: object) -> int | None:
    """`new Date(value)` in ms on a host whose zone is UTC; None for an invalid date.

    Numbers and true are ms. Of text it takes what V8 takes of these forms, and calls all else invalid:
    ISO 8601 with a missing zone, a lower-case t or z, a blank for the T, an expanded year, hour 24 and
    days up to 31 of any month, which run over into the next; a date with the month's name, as in RFC 2822;
    "2026-003", a year and a month; and any words that end in one number from 1 to 12: a month of 2001.
    """
    if isinstance(value, int | float):  # true is 1
        return int(value) if abs(value) <= _LAST_DATE else None
    return _parse(trim(text(value)))


@lru_cache(maxsize=1024)
def _parse(date: str) -> int | None:
    ms = _iso(date)
    if ms is None:
        ms = _named_month(date)
    if ms is None:
        ms = _bare_month(date)
    return ms if ms is not None and abs(ms) <= _LAST_DATE else None


def _iso(date: str) -> int | None:
    match = _ISO.fullmatch(date)
    if match is None:
        return None
    year, month, day, *time = match.groups()
    return _instant(int(year), int(month or 1), int(day or 1), *time)


def _named_month(date: str) -> int | None:
    match = _DAY_MONTH.fullmatch(date)
    if match is None:
        return None
    day, name, name_first, day_second, year, *time = match.groups()
    month = (name or name_first)[:3].lower()
    if month not in _MONTHS:
        return None
    return _instant(int(year), _MONTHS.index(month) + 1, int(day or day_second), *time)


def _bare_month(date: str) -> int | None:
    match = _YEAR_LONG_MONTH.fullmatch(date)
    if match is not None:
        return _instant(int(match[1]), int(match[2]), 1, None, None, None, None, None)
    match = _WORDS_AND_MONTH.fullmatch(date)
    return None if match is None else _instant(2001, int(match[1]), 1, None, None, None, None, None)


def _instant(
    year: int,
    month: int,
    day: int,
    hours: str | None,
    minutes: str | None,
    seconds: str | None,
    fraction: str | None,
    zone: str | None,
) -> int | None:
    hour, minute, second = int(hours or 0), int(minutes or 0), int(seconds or 0)
    ms = int((fraction or "0")[:3].ljust(3, "0"))
    if not (1 <= month <= 12 and 1 <= day <= 31 and minute < 60 and second < 60):
        return None
    if hour > 24 or (hour == 24 and minute + second + ms > 0):
        return None
    of_day = ((hour * 60 + minute - _ahead(zone)) * 60 + second) * 1000 + ms
    return (_days(year, month) + day - 1) * _DAY + of_day


def _ahead(zone: str | None) -> int:
    """Minutes that the zone is ahead of UTC."""
    if zone is None or zone[0] not in "+-":
        return 0
    ahead = int(zone[1:3]) * 60 + int(zone[-2:])
    return -ahead if zone[0] == "-" else ahead


def _days(year: int, month: int) -> int:
    """Days from 1970-01-01 to the first of the month, in the Gregorian calendar of all years."""
    year, month = (year - 1, month + 9) if month < 3 else (year, month - 3)  # years begin in March
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 - 719_468
