"""The original's leniencies: identities, dates, falsy values, counts, backoffs."""

import pytest

from evidence_kernel import Trigger
from evidence_kernel.records.instants import format_instant
from evidence_runtime.javascript import UNDEFINED, falsy, increment, parse_date
from evidence_runtime.original import installed_at
from evidence_sim.machines.original_records import Ledger, backoff, identify

ID = "c5b189a5-7cea-4038-9941-000000000000"
NOW = 1_767_456_000_000  # 2026-01-03T16:00:00Z
MINUTE = 60_000


@pytest.mark.parametrize(
    ("context", "tenant_key", "cloud_id"),
    [
        (
            {"installContext": " ari:cloud:jira::site/ab-1 ", "cloudId": "x"},
            "ari:cloud:jira::site/ab-1",
            "ab-1",
        ),
        ({"installContext": " ", "installationContext": "site/dead"}, "site/dead", None),
        ({"installContext": 7, "installationContext": "a:site:dead-xray"}, "a:site:dead-xray", "dead-"),
        ({"cloudId": " null "}, "cloudId:null", "null"),
    ],
)
def test_identity(context: object, tenant_key: str, cloud_id: str | None) -> None:
    identity = identify(context)
    assert identity is not None
    assert (identity.tenant_key, identity.cloud_id) == (tenant_key, cloud_id)


@pytest.mark.parametrize(
    ("timestamp", "means"),
    [
        (1_767_456_000_000.5, "2026-01-03T16:00:00.000Z"),
        (True, "1970-01-01T00:00:00.001Z"),
        (["2026-01-03"], "2026-01-03T00:00:00.000Z"),
        ("1", "2001-01-01T00:00:00.000Z"),
        ("install-7", "2001-07-01T00:00:00.000Z"),
        ("tenant 7", "2001-07-01T00:00:00.000Z"),
        ("2026-02-30", "2026-03-02T00:00:00.000Z"),
        ("2026-003", "2026-03-01T00:00:00.000Z"),
        ("Jan 3 2026", "2026-01-03T00:00:00.000Z"),
        ("Sat, 03 Jan 2026 16:00:00 +0100", "2026-01-03T15:00:00.000Z"),
        ("Sat, 03 Jan 2026 16:00:00 GMT", "2026-01-03T16:00:00.000Z"),
        ("2026-01-03T16:00", "2026-01-03T16:00:00.000Z"),
        ("2026-01-03T24:00:00Z", "2026-01-04T00:00:00.000Z"),
        ("2026-01-03t16:00:00.1239z", "2026-01-03T16:00:00.123Z"),
        ("+002026-01-03T16:00:00-01:30", "2026-01-03T17:30:00.000Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_what_counts_as_a_date(timestamp: object, means: str) -> None:
    ms = parse_date(timestamp)
    assert ms is not None
    assert format_instant(ms) == means


@pytest.mark.parametrize(
    "timestamp",
    [
        "never", "20260103T160000Z", "2026-W01-6", "2026-01-03T16:00:00,5Z", "2026-01-03T16:00:60Z", [], {},
        "2026-13-01", "2026-01-03T24:00:01Z", 1e16, "Sat, 03 Foo 2026", "2026-013", "99",
    ],
)  # fmt: skip
def test_what_does_not(timestamp: object) -> None:
    assert installed_at({"installed_at": timestamp}) == timestamp  # present, so it is not overwritten
    assert parse_date(timestamp) is None


def test_falsy_and_increment() -> None:
    values: list[object] = [UNDEFINED, None, 0, "", False, [], {}, "0"]
    assert [falsy(value) for value in values] == [True] * 5 + [False] * 3
    numbers: list[object] = [None, 1, "2", True, []]
    assert [increment(value) for value in numbers] == [1, 2, "21", 2, "1"]
    assert repr(increment(UNDEFINED)) == "nan"


def test_the_timestamp_of_a_record_is_undefined_where_either_is_falsy() -> None:
    records: tuple[object, ...] = (
        UNDEFINED,
        None,
        0,
        "",
        False,
        {},
        [],
        "text",
        7,
        True,
        {"installed_at": None},
    )
    assert {installed_at(record) for record in records} == {UNDEFINED}


def test_tiers() -> None:
    counts = (1, 2, 3, 40, "21", "1", "x", float("nan"))
    assert [backoff(count) // MINUTE for count in counts] == [30, 120, 1440, 1440, 1440, 30, 30, 30]


@pytest.mark.parametrize(("until", "waits"), [(None, False), ("", False), (NOW, True), (NOW - 1, False)])
def test_at_the_very_end_it_still_waits(until: int | str | None, waits: bool) -> None:
    text = format_instant(until) if isinstance(until, int) else until
    assert Ledger({"last_backoff_until": text}, NOW).waits(NOW) is waits


def test_a_backoff_that_is_no_date_never_ends() -> None:
    ledger = Ledger({"last_backoff_until": "soon"}, NOW)
    assert (ledger.waits(10 * NOW), ledger.minutes_left(NOW)) == (True, "NaN")


def test_any_object_is_a_state() -> None:
    assert repr(Ledger({}, NOW).count(Trigger.AUTO_12H)) == "nan"
    assert Ledger(None, NOW).count(Trigger.AUTO_12H) == 1
    assert Ledger({"auto_24h_attempt_count": "2"}, NOW).count(Trigger.AUTO_24H) == "21"
    kept_nothing = Ledger([], NOW)
    kept_nothing.count(Trigger.AUTO_12H)
    assert kept_nothing.write(NOW) == b"[]"


def test_a_count_that_is_no_number_is_stored_as_null() -> None:
    ledger = Ledger({}, NOW)
    ledger.count(Trigger.AUTO_12H)
    assert b'"auto_12h_attempt_count":null' in ledger.write(NOW)
