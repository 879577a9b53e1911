"""Time's arithmetic to the millisecond, and against a twin that counts with `timedelta`."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_kernel.codes import Trigger
from evidence_kernel.records.instants import EARLIEST, LATEST
from evidence_kernel.schedule import CLOCK_TOLERANCE, MAX_TIER, due, implausible, missed, tier

MINUTE = 60_000
HOUR = 60 * MINUTE
AT = 1_767_456_000_000
_INSTANTS = st.integers(EARLIEST, LATEST)
_NEAR = st.integers(AT - 26 * HOUR, AT + 26 * HOUR)


def _date(ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


@pytest.mark.parametrize(("attempts", "minutes"), [(0, 0), (1, 30), (2, 120), (3, 1440), (4, 1440), (2**53, 1440)])
def test_s8_the_tiers(attempts: int, minutes: int) -> None:
    assert tier(attempts) == minutes * 60_000


def test_the_longest_tier_and_the_tolerance() -> None:
    assert max(tier(attempts) for attempts in range(10)) == MAX_TIER == 24 * HOUR
    assert CLOCK_TOLERANCE == 15 * MINUTE


@pytest.mark.parametrize(
    ("age", "trigger"),
    [
        (EARLIEST - LATEST, None),
        (-1, None),
        (0, None),
        (12 * HOUR - 1, None),
        (12 * HOUR, Trigger.AUTO_12H),
        (24 * HOUR - 1, Trigger.AUTO_12H),
        (24 * HOUR, Trigger.AUTO_24H),
        (LATEST - EARLIEST, Trigger.AUTO_24H),
    ],
)
def test_s17_what_is_due_at_an_age(age: int, trigger: Trigger | None) -> None:
    assert due(AT, AT + age) is trigger
    assert due(AT - age, AT) is trigger


@given(_INSTANTS | _NEAR, _INSTANTS | _NEAR)
def test_s17_due_as_counted_in_days(installed_at: int, at: int) -> None:
    age = _date(at) - _date(installed_at)
    expected = "AUTO_24H" if age >= timedelta(days=1) else "AUTO_12H" if age >= timedelta(days=0.5) else None
    assert due(installed_at, at) == expected


@pytest.mark.parametrize("attempts", [0, 1, 2, 3, 7])
def test_d17_d23_the_edge_of_an_implausible_backoff(attempts: int) -> None:
    last = AT + tier(attempts) + 15 * MINUTE
    assert not implausible(last, attempts, AT)
    assert implausible(last + 1, attempts, AT)
    assert not implausible(last + 1, attempts, AT + 1)


@given(_NEAR, st.integers(0, 6), _NEAR)
def test_d17_d23_a_clock_within_the_tolerance_writes_only_plausible_backoffs(
    written_at: int, attempts: int, at: int
) -> None:
    """Whoever claimed at `written_at` wrote `written_at` + tier: doubted only if that is 15 min ahead."""
    assert implausible(written_at + tier(attempts), attempts, at) is (written_at - at > 15 * MINUTE)


@pytest.mark.parametrize(
    ("age", "publications", "expected"),
    [
        (0, set(), False),
        (24 * HOUR - 1, set(), False),
        (24 * HOUR, set(), True),
        (24 * HOUR, {Trigger.AUTO_24H}, True),
        (24 * HOUR, {Trigger.AUTO_12H}, False),
        (24 * HOUR, {Trigger.AUTO_12H, Trigger.AUTO_24H}, False),
        (-HOUR, {Trigger.AUTO_12H}, False),
        (900 * HOUR, set(), True),
    ],
)
def test_d14_a_missed_first_report(age: int, publications: set[Trigger], expected: bool) -> None:
    assert missed(AT, publications, AT + age) is expected


@given(_NEAR, _NEAR)
def test_d14_missed_begins_where_the_window_ends(installed_at: int, at: int) -> None:
    assert missed(installed_at, (), at) is (due(installed_at, at) is Trigger.AUTO_24H)
