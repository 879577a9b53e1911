"""Records: readers total over bytes, writers and readers agree, and each against a dumb twin."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_kernel.codes import EvidenceState, Outcome, Reason, Trigger
from evidence_kernel.records import ledger
from evidence_kernel.records.encoding import MAX_BYTES, decode
from evidence_kernel.records.evidence import read_installed_at, write_evidence, write_repair
from evidence_kernel.records.instants import EARLIEST, LATEST, format_instant
from evidence_kernel.records.ledger import Entry, read_ledger
from evidence_kernel.records.publication import write_publication
from evidence_kernel.records.status import EMPTY, Status, checked, read_status, write_status

AT = 1_767_456_000_000
TEXT = "2026-01-03T16:00:00.000Z"
_INSTANTS = st.integers(EARLIEST, LATEST)
_TICK_IDS = st.text("Aa0._-", min_size=1, max_size=64)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcx"), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
_OBJECTS = st.dictionaries(st.sampled_from(["x", "AUTO_12H", "AUTO_24H", "installed_at", "tick_id"]), _JSON)
_BYTES = st.binary(max_size=60) | _JSON.map(lambda value: json.dumps(value).encode()) | _OBJECTS.map(
    lambda value: json.dumps(value, ensure_ascii=False).encode()
)  # fmt: skip


def dump(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


@settings(max_examples=500)
@given(_BYTES)
def test_no_bytes_make_a_reader_raise(value: bytes) -> None:
    read_installed_at(value)
    read_ledger(value)
    read_status(value)
    write_publication(value, 1, "t", AT)
    write_repair(AT, AT, "t", value)


@pytest.mark.parametrize("value", [b"\xef\xbb\xbf{}", b"[" * 40 + b"]" * 40, b'{"a":1,"a":2}', b"[NaN]", b"1e999"])
def test_what_is_malformed_json_is_malformed_in_every_record(value: bytes) -> None:
    assert read_installed_at(value) is None
    assert read_ledger(value) is None
    assert read_status(value) is EMPTY
    assert write_publication(value, 1, "t", AT) is None


@given(_OBJECTS, _INSTANTS)
def test_evidence_is_read_by_one_field(others: dict[str, Any], installed_at: int) -> None:
    record = {**others, "installed_at": format_instant(installed_at)}
    assert read_installed_at(json.dumps(record).encode()) == installed_at


@pytest.mark.parametrize(
    "value",
    [
        *(b"", b"null", b"{}", b'""', b"[]", b"7", b'"2026-01-03T16:00:00Z"'),
        *(b'{"installed_at":null}', b'{"installed_at":7}', b'{"installed_at":""}'),
        *(b'{"installed_at":"yesterday"}', b'{"installed_at":["2026-01-03T16:00:00Z"]}'),
        *(b'{"Installed_at":"2026-01-03T16:00:00Z"}', b'{"installed_at":"2026-01-03T16:00:00"}'),
        b'{"installed_at":"2026-01-03T16:00:00Z","x":{"y":1,"y":2}}',
        b'{"installed_at":"2026-01-03T16:00:00Z"} x',
    ],
)
def test_anything_else_that_is_present_is_invalid(value: bytes) -> None:
    assert read_installed_at(value) is None


@given(_INSTANTS, _TICK_IDS)
def test_s16_evidence_written_is_read(installed_at: int, tick_id: str) -> None:
    value = write_evidence(installed_at, tick_id)
    text = format_instant(installed_at)
    assert value == dump(
        {
            "installed_at": text,
            "backfilled": True,
            "backfilled_at": text,
            "backfill_reason": "missing_phase4_evidence_on_upgrade",
            "backfill_id": tick_id,
        }
    )
    assert read_installed_at(value) == installed_at


@given(_INSTANTS, st.binary(max_size=30) | st.text(max_size=10).map(lambda text: text.encode("utf-8", "replace")))
def test_a_repair_is_valid_and_keeps_the_bytes_that_it_replaces(installed_at: int, replaced: bytes) -> None:
    value = write_repair(installed_at, AT, "r-1", replaced)
    assert value is not None
    assert read_installed_at(value) == installed_at
    record = decode(value)
    assert record is not None
    text, hexadecimal = record.pop("repaired_from", None), record.pop("repaired_from_hex", None)
    kept = bytes.fromhex(str(hexadecimal)) if text is None else str(text).encode()
    assert kept == replaced
    assert record == {"installed_at": format_instant(installed_at), "repaired_at": TEXT, "repair_id": "r-1"}


def test_a_repair_that_would_be_too_long_is_none() -> None:
    assert write_repair(AT, AT, "r-1", b"x" * MAX_BYTES) is None


# Per field of a ledger entry: well formed values, malformed values.
_FIELDS: dict[str, tuple[list[object], list[object]]] = {
    "attempts": ([0, 1, 3, 2**53 - 1], [-1, 1.0, True, None, "1", 2**53, 10**30, []]),
    "backoff_until": ([TEXT, None], ["", "soon", 0, False, {}]),
    "claimed_by": (["t", "", None], [0, [], True]),
    "generated_at": ([TEXT, None], ["", "soon", 0, []]),
    "last_error": ([{}, {"reason": 1}, None], ["x", 0, []]),
    "theirs": ([{"any": [1, None]}], []),
}


def _drawn(name: str) -> st.SearchStrategy[tuple[object, bool]]:
    good, bad = _FIELDS[name]
    return st.sampled_from([(value, True) for value in good] + [(value, False) for value in bad])


_ENTRIES = st.fixed_dictionaries({}, optional={name: _drawn(name) for name in _FIELDS})


@settings(max_examples=400)
@given(st.fixed_dictionaries({}, optional={trigger.value: _ENTRIES for trigger in Trigger}), st.booleans())
def test_a_ledger_is_malformed_exactly_where_a_known_field_is(drawn: dict[str, Any], junk: bool) -> None:
    record: dict[str, Any] = {
        trigger: {name: value for name, (value, _) in entry.items()} for trigger, entry in drawn.items()
    }
    entries = read_ledger(dump(record | ({"other": [junk]} if junk else {})))
    if not all(good for entry in drawn.values() for _, good in entry.values()):
        assert entries is None
        return
    assert entries is not None
    assert set(entries) == set(Trigger)
    for trigger in Trigger:
        entry = record.get(trigger, {})
        until = AT if entry.get("backoff_until") else None
        expected = Entry(entry.get("attempts", 0), until, entry.get("last_error") is not None)
        assert entries[trigger] == expected


@pytest.mark.parametrize("value", [b"", b"null", b"[]", b"{", b'{"AUTO_12H":null}', b'{"AUTO_24H":[]}'])
def test_a_ledger_of_another_shape_is_malformed(value: bytes) -> None:
    assert read_ledger(value) is None


def test_an_absent_ledger_has_no_attempts_and_no_backoff() -> None:
    assert read_ledger(None) == read_ledger(b"{}") == dict.fromkeys(Trigger, Entry(0, None, False))


_EMPTY_ENTRY = {
    "attempts": 0, "backoff_until": None, "claimed_by": None, "generated_at": None, "last_error": None
}  # fmt: skip
_LEDGERS = st.none() | st.fixed_dictionaries(
    {}, optional={"AUTO_12H": st.just({"attempts": 4, "theirs": [1]}), "AUTO_24H": st.just({}), "x": _JSON}
).map(lambda record: json.dumps(record).encode())


@given(_LEDGERS, st.sampled_from(Trigger), st.integers(1, 2**53 - 2), _INSTANTS, _TICK_IDS)
def test_a_claim_and_its_settlements_change_their_fields_and_carry_the_rest(
    before: bytes | None, trigger: Trigger, attempt: int, until: int, tick_id: str
) -> None:
    record = {} if before is None else json.loads(before)
    claim = {"attempts": attempt, "backoff_until": format_instant(until), "claimed_by": tick_id}
    entry = _EMPTY_ENTRY | record.get(trigger, {}) | claim
    value = ledger.claimed(before, trigger, attempt, until, tick_id)
    assert value == dump({**record, trigger: entry})
    entries = read_ledger(value)
    assert entries is not None
    assert entries[trigger] == Entry(attempt, until, False)
    error = {"at": TEXT, "reason": "publish_failed"}
    failed = ledger.failed(value, trigger, Reason.PUBLISH_FAILED, AT)
    assert failed == dump({**record, trigger: entry | {"last_error": error}})
    assert ledger.settled(failed, trigger, None) == value
    assert ledger.settled(failed, trigger, AT) == dump({**record, trigger: entry | {"generated_at": TEXT}})


def test_a_ledger_is_malformed_from_where_our_fields_no_longer_fit() -> None:
    """Whatever is admitted can be claimed and settled at the longest; one byte more is refused."""

    def padded(size: int) -> bytes:
        return dump({"x": "a" * size})

    low, high = 0, MAX_BYTES
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if read_ledger(padded(middle)) is None else (middle, high)
    value = padded(low)
    for trigger in Trigger:
        value = ledger.claimed(value, trigger, 2**53 - 2, LATEST, "x" * 64)
        value = ledger.settled(value, trigger, LATEST)
        value = ledger.failed(value, trigger, max(Reason, key=len), LATEST)
    assert MAX_BYTES - 8 < len(value) <= MAX_BYTES


@pytest.mark.parametrize("unit", ["\u00e9", "\u20ac", "\U0001f600", "9e15,"])
def test_a_ledger_that_grows_in_our_encoding_is_judged_by_what_it_grows_to(unit: str) -> None:
    """Written by others in fewer bytes than ours: admitted only if a claim of it fits."""
    count = MAX_BYTES * 2 // 3 // len(unit.encode())
    body = f'"{unit * count}"' if "," not in unit else f"[{unit * count}1]"
    raw = f'{{"x":{body}}}'.encode()
    assert len(raw) < MAX_BYTES
    assert read_ledger(raw) is None
    small = f'{{"x":{body[: len(body) // 8].rstrip(",")}{body[-1]}}}'.encode()
    assert read_ledger(small) is not None
    assert ledger.claimed(small, Trigger.AUTO_12H, 1, AT, "t")


def test_an_operator_s_reset_has_the_attempts_that_they_name() -> None:
    entries = read_ledger(ledger.reset({Trigger.AUTO_24H: 5}))
    assert entries == {Trigger.AUTO_12H: Entry(0, None, False), Trigger.AUTO_24H: Entry(5, None, False)}


_STATUSES = st.builds(
    Status,
    evidence=st.none() | st.sampled_from(EvidenceState),
    outcome=st.none() | st.sampled_from(Outcome),
    reason=st.none() | st.sampled_from(Reason),
    trigger=st.none() | st.sampled_from(Trigger),
    tick_id=_TICK_IDS,
    **{f"{name}_at": st.none() | _INSTANTS for name in ("installed", "closed", "last_check", "last_success")},
)


@given(_STATUSES, _OBJECTS)
def test_a_status_written_is_read_whatever_else_is_beside_it(status: Status, others: dict[str, Any]) -> None:
    value = write_status(status)
    record = json.loads(value)
    assert value == dump(record)
    assert len(record) == 9
    assert read_status(value) == read_status(dump({**others, **record})) == status


@settings(max_examples=500)
@given(_STATUSES, st.integers(0, 400), st.integers(0, 255))
def test_a_status_as_written_is_read_as_any_other(status: Status, at: int, byte: int) -> None:
    """White space in front, which changes nothing, keeps a record from being taken for one of our own writing."""
    value = bytearray(write_status(status))
    value[at % len(value)] = byte
    for spoilt in (bytes(value), bytes(value[:at]), bytes(value) + b"}"):
        assert read_status(spoilt) == read_status(b" " + spoilt)


@given(_STATUSES, _INSTANTS, _TICK_IDS)
def test_a_check_changes_two_fields(status: Status, at: int, tick_id: str) -> None:
    before, after = (json.loads(write_status(s)) for s in (status, checked(status, at, tick_id)))
    assert after == before | {"last_check_at": format_instant(at), "tick_id": tick_id}


_WRONG: dict[str, tuple[object, ...]] = {
    **dict.fromkeys(("evidence", "outcome", "reason", "trigger"), ("", "valid", 1, True, [], {})),
    **dict.fromkeys(("installed_at", "closed_at", "last_check_at", "last_success_at"), ("", "soon", 1, {}, False)),
    "tick_id": (None, 1, [], True),
}


@pytest.mark.parametrize("name", list(_WRONG))
def test_a_status_of_another_shape_counts_as_empty(name: str) -> None:
    status = Status(EvidenceState.VALID, Outcome.NOT_DUE, Reason.NOTHING_DUE, Trigger.AUTO_12H, 0, 1, 2, 3, "t")
    record = json.loads(write_status(status))
    assert read_status(dump(record)) == status
    for wrong in _WRONG[name]:
        assert read_status(dump({**record, name: wrong})) is EMPTY
    del record[name]
    assert read_status(dump(record)) is EMPTY


@given(_JSON, st.integers(1, 2**53), _TICK_IDS, _INSTANTS)
def test_a_publication_holds_its_report(report: Any, attempt: int, tick_id: str, at: int) -> None:
    value = write_publication(json.dumps(report).encode(), attempt, tick_id, at)
    record = {
        "attempt": attempt,
        "completed_at": format_instant(at),
        "published_by": tick_id,
        "report": report,
    }
    assert value == dump(record)


@pytest.mark.parametrize(
    ("report", "fits"),
    [(b"[" * 31 + b"]" * 31, True), (b"[" * 32 + b"]" * 32, False), (b"", False), (b"null", True)],
)
def test_a_publication_is_no_deeper_than_any_record(report: bytes, fits: bool) -> None:
    assert (write_publication(report, 1, "t", AT) is not None) is fits


def test_a_publication_is_no_longer_than_any_record() -> None:
    rest = len(write_publication(b'""', 1, "t", AT) or b"")
    longest = b'"' + b"x" * (MAX_BYTES - rest) + b'"'
    assert len(write_publication(longest, 1, "t", AT) or b"") == MAX_BYTES
    assert write_publication(b'"x' + longest[1:], 1, "t", AT) is None
