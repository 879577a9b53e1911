"""Instants against a dumb twin made of `datetime`, which the kernel itself may not use."""

from datetime import datetime, timedelta
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evidence_kernel.errors import Misuse
from evidence_kernel.records.instants import EARLIEST, LATEST, format_instant, parse_instant

_EPOCH = datetime(1970, 1, 1)
_MS = timedelta(milliseconds=1)
_INSTANTS = st.integers(EARLIEST, LATEST)
_PLAIN = "2025-03-01T12:34:56.789Z"


def _shape(text: str) -> str:
    return "".join("9" if character in "0123456789" else character for character in text)


def _twin_offset(zone: str) -> timedelta | None:
    if zone == "Z":
        return timedelta()
    if _shape(zone) not in ("+99:99", "-99:99") or int(zone[1:3]) > 23 or int(zone[4:]) > 59:
        return None
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:]))
    return offset if zone[0] == "+" else -offset


def _twin_parse(text: str) -> int | None:
    head, tail = text[:19], text[19:]
    zone = tail.lstrip(".0123456789")
    fraction = tail[: len(tail) - len(zone)]
    offset = _twin_offset(zone)
    fractions = ["", *("." + "9" * digits for digits in range(1, 10))]
    if _shape(head) != "9999-99-99T99:99:99" or _shape(fraction) not in fractions or offset is None:
        return None
    numbers = [int(number) for number in head.replace("T", "-").replace(":", "-").split("-")]
    try:
        instant = datetime(*numbers) - offset  # type: ignore[arg-type]  # never six
    except (ValueError, OverflowError):
        return None
    return (instant - _EPOCH) // _MS + int(f"{fraction[1:]:0<3}"[:3])


def _twin_format(ms: int) -> str:
    return (_EPOCH + ms * _MS).isoformat(timespec="milliseconds") + "Z"


def _written(ms: int, digits: int, zone: str) -> str:
    """The text of `ms` with so many digits of its fraction, its digits moved by no zone."""
    head, fraction = _twin_format(ms)[:-1].split(".")
    return head + (f".{fraction}123456"[: digits + 1] if digits else "") + zone


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.001Z", 1),
        ("1970-01-01T00:00:00.0019Z", 1),
        ("1969-12-31T23:59:59.9999Z", -1),
        ("1970-01-01T01:30:00+01:30", 0),
        ("1969-12-31T22:30:00-01:30", 0),
        ("1970-01-01T00:00:00-00:00", 0),
        ("2000-02-29T00:00:00.000Z", 951_782_400_000),
        ("0001-01-01T00:00:00.000Z", EARLIEST),
        ("9999-12-31T23:59:59.999999999Z", LATEST),
        ("0001-01-02T00:00:00+23:59", EARLIEST + 60_000),
    ],
)
def test_names(text: str, expected: int) -> None:
    assert parse_instant(text) == expected == _twin_parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "install-7",
        "Jan 3 2026",
        "2025-03-01",
        "2025-03-01T12:34:56",
        "2025-03-01T12:34Z",
        "2025-03-01 12:34:56Z",
        "2025-03-01t12:34:56Z",
        "2025-03-01T12:34:56z",
        "2025-03-01T12:34:56.Z",
        "2025-03-01T12:34:56,5Z",
        "2025-03-01T12:34:56.1234567890Z",
        "2025-03-01T12:34:56Z\n",
        " 2025-03-01T12:34:56Z",
        "2025-03-01T24:00:00Z",
        "2025-03-01T12:60:00Z",
        "2025-03-01T12:34:60Z",
        "2025-03-01T12:34:56+24:00",
        "2025-03-01T12:34:56+00:60",
        "2025-03-01T12:34:56+0100",
        "2025-03-01T12:34:56+01",
        "2025-03-01T12:34:56+01:00Z",
        "2025-00-01T00:00:00Z",
        "2025-13-01T00:00:00Z",
        "2025-03-00T00:00:00Z",
        "2025-04-31T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-003T00:00:00Z",
        "20250301T123456Z",
        "0000-12-31T23:59:59Z",
        "0000-12-31T23:59:59-00:01",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "10000-01-01T00:00:00Z",
        "+002025-03-01T00:00:00Z",
        "202\u0665-03-01T00:00:00Z",
        "2025-03-01T12:34:56.\u0667Z",
    ],
)
def test_names_nothing(text: str) -> None:
    assert parse_instant(text) is None
    assert _twin_parse(text) is None


def test_every_month_begins_and_ends_as_the_twin_says() -> None:
    for year, month in product(range(1, 10_000), range(1, 13)):
        first = (datetime(year, month, 1) - _EPOCH) // _MS
        text = f"{year:04}-{month:02}-01T00:00:00.000Z"
        assert parse_instant(text) == first
        assert format_instant(first) == text
        if first > EARLIEST:
            assert format_instant(first - 1) == _twin_format(first - 1)


def test_every_day_number_of_every_kind_of_year() -> None:
    for year, month, day in product((0, 1, 4, 100, 400, 1900, 2000, 2023, 2024, 9999), range(14), range(33)):
        text = f"{year:04}-{month:02}-{day:02}T00:00:00Z"
        assert parse_instant(text) == _twin_parse(text), text


def test_every_single_edit_of_an_instant() -> None:
    for text in (_PLAIN, "2024-02-29T23:59:59-23:59"):
        for at, new in product(range(len(text) + 1), ["", *"0123456789-:.+TZtz \n\u0663"]):
            for until in (at, at + 1):
                edited = text[:at] + new + text[until:]
                assert parse_instant(edited) == _twin_parse(edited), edited


@given(_INSTANTS)
@example(EARLIEST)
@example(LATEST)
def test_text_and_back(ms: int) -> None:
    text = format_instant(ms)
    assert text == _twin_format(ms)
    assert parse_instant(text) == ms


@given(_INSTANTS, st.integers(0, 9), st.sampled_from("+-"), st.integers(0, 24), st.integers(0, 60))
@settings(max_examples=300)
def test_offsets_and_fractions(ms: int, digits: int, sign: str, hours: int, minutes: int) -> None:
    text = _written(ms, digits, f"{sign}{hours:02}:{minutes:02}")
    assert parse_instant(text) == _twin_parse(text)


@given(st.text() | st.text("0123456789-:.+TZ", max_size=40))
def test_any_text(text: str) -> None:
    assert parse_instant(text) == _twin_parse(text)


@pytest.mark.parametrize("ms", [EARLIEST - 1, LATEST + 1])
def test_what_has_no_text_is_misuse(ms: int) -> None:
    with pytest.raises(Misuse, match=str(ms)):
        format_instant(ms)
