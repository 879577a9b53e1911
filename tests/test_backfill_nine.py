"""The nine cases of the backfill's specification, on SQLite behind a layer of faults."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evidence_kernel import (
    Absent,
    Applied,
    EnsureResult,
    Expect,
    Expectation,
    Failed,
    Found,
    Invocation,
    ReadAnswer,
    Unknown,
    WriteAnswer,
)
from evidence_kernel.records.keys import evidence_key
from evidence_runtime import FailClosed, SqliteStore, ensure_evidence

TENANT = "c5b189a5-7cea-4038-9941-000000000000"
OTHER = "c5b189a5-7cea-4038-9941-000000000001"
NOW = 1_767_456_000_000
TEXT = "2026-01-03T16:00:00.000Z"
VALID = b'{"installed_at":"2025-11-01T08:00:00Z"}'


class Faulty:
    """A store whose n-th call can go wrong; it keeps what was called."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.calls: list[tuple[str, str]] = []
        self.faults: dict[int, str] = {}

    def _next(self, kind: str, key: str) -> str:
        self.calls.append((kind, key))
        fault = self.faults.get(len(self.calls), "")
        if fault == "raise":
            raise OSError("the network is down")
        return fault

    def get(self, key: str) -> ReadAnswer:
        """Read, or fail."""
        return Failed() if self._next("get", key) == "fail" else self.store.get(key)

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """Write, lose, or leave in doubt."""
        match self._next("put", key):
            case "fail":
                return Failed()
            case "lose":
                return Applied(-1)
            case "doubt":
                self.store.put(key, value, expect)
                return Unknown()
            case "time out":
                return Unknown()
            case _:
                return self.store.put(key, value, expect)

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """Not called by any tick."""
        raise AssertionError(key)

    def scan(self, prefix: str) -> Iterator[str]:
        """What is there."""
        return self.store.scan(prefix)

    def puts(self) -> int:
        """How many puts there were."""
        return sum(kind == "put" for kind, _ in self.calls)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Faulty]:
    """An empty SQLite file behind the faults."""
    with SqliteStore(tmp_path / "evidence.sqlite") as real:
        yield Faulty(real)


def ensure(store: Faulty, tenant: object = TENANT, tick: str = "tick-1") -> EnsureResult:
    """The backfill alone, at NOW."""
    return ensure_evidence(store, Invocation(tick, {"cloudId": tenant}), clock=lambda: NOW)


def record(store: Faulty, tenant: str = TENANT) -> dict[str, Any]:
    """The evidence that is stored."""
    found = store.store.get(evidence_key(tenant))
    assert isinstance(found, Found)
    read: dict[str, Any] = json.loads(found.value)
    return read


class TestIdentityIsMissing:
    """Case 1."""

    @pytest.mark.parametrize("tenant", [None, "", "   ", "\u00a0", 7, [TENANT]])
    def test_it_fails_closed_without_any_call(self, store: Faulty, tenant: object) -> None:
        with pytest.raises(FailClosed, match="FAIL_CLOSED"):
            ensure(store, tenant)
        assert store.calls == []

    def test_an_undefined_one_too(self, store: Faulty) -> None:
        with pytest.raises(FailClosed, match="no_tenant_identity"):
            ensure_evidence(store, Invocation("tick-1", {}))
        assert store.calls == []


class TestEvidenceIsValid:
    """Case 2."""

    def test_it_is_a_no_op_and_writes_nothing(self, store: Faulty) -> None:
        store.store.put(evidence_key(TENANT), VALID, Expect.ABSENT)
        result = ensure(store)
        assert (result.did_backfill, result.reason) == (False, "phase4_exists")
        assert store.puts() == 0
        assert record(store) == json.loads(VALID)


class TestTimestampIsInvalid:
    """Case 3."""

    @pytest.mark.parametrize("value", [b'{"installed_at":"yesterday"}', b"{}", b"null", b'""', b"\xff"])
    def test_it_fails_closed_and_writes_nothing(self, store: Faulty, value: bytes) -> None:
        store.store.put(evidence_key(TENANT), value, Expect.ABSENT)
        with pytest.raises(FailClosed, match="evidence_invalid"):
            ensure(store)
        assert store.puts() == 0
        found = store.store.get(evidence_key(TENANT))
        assert isinstance(found, Found) and found.value == value


class TestEvidenceIsMissing:
    """Case 4."""

    def test_it_is_created_with_timestamp_and_markers(self, store: Faulty) -> None:
        result = ensure(store)
        assert (result.did_backfill, result.reason) == (True, "missing_phase4_evidence_on_upgrade")
        assert result.installed_at == NOW
        assert record(store) == {
            "installed_at": TEXT,
            "backfilled": True,
            "backfilled_at": TEXT,
            "backfill_reason": "missing_phase4_evidence_on_upgrade",
            "backfill_id": "tick-1",
        }

    def test_it_is_written_once_and_read_back(self, store: Faulty) -> None:
        ensure(store)
        key = evidence_key(TENANT)
        assert store.calls == [("get", key), ("put", key), ("get", key)]

    def test_a_write_in_doubt_is_settled_by_the_read_back(self, store: Faulty) -> None:
        store.faults = {2: "doubt"}
        assert ensure(store).did_backfill


class TestASecondCall:
    """Case 5."""

    def test_it_is_a_no_op_and_makes_no_duplicate(self, store: Faulty) -> None:
        ensure(store)
        first = record(store)
        assert not ensure(store, tick="tick-2").did_backfill
        assert record(store) == first
        assert list(store.scan("phase4:")) == [evidence_key(TENANT)]


class TestStillMissingAfterTheWrite:
    """Case 6."""

    @pytest.mark.parametrize("fault", ["lose", "time out"])
    def test_it_fails_closed(self, store: Faulty, fault: str) -> None:
        store.faults = {2: fault}
        with pytest.raises(FailClosed, match="missing_after_write"):
            ensure(store)
        assert store.store.get(evidence_key(TENANT)) == Absent()


class TestTheSameInput:
    """Case 7."""

    def test_it_gives_the_same_result_bytes_and_calls(self, tmp_path: Path) -> None:
        seen = []
        for number in range(2):
            with SqliteStore(tmp_path / f"{number}.sqlite") as real:
                store = Faulty(real)
                seen.append((ensure(store), store.calls, record(store)))
        assert seen[0] == seen[1]


class TestTenants:
    """Case 8."""

    def test_they_are_separate(self, store: Faulty) -> None:
        store.store.put(evidence_key(OTHER), VALID, Expect.ABSENT)
        ensure(store)
        assert record(store)["installed_at"] == TEXT
        assert record(store, OTHER) == json.loads(VALID)
        assert {key for _, key in store.calls} == {evidence_key(TENANT)}


class TestStorageErrors:
    """Case 9."""

    @pytest.mark.parametrize(
        ("call", "fault", "reason"),
        [
            (1, "fail", "evidence_read_failed"),
            (1, "raise", "evidence_read_failed"),
            (2, "fail", "evidence_write_failed"),
            (2, "raise", "missing_after_write"),
            (3, "fail", "unreadable_after_write"),
            (3, "raise", "unreadable_after_write"),
        ],
    )
    def test_they_are_wrapped_as_fail_closed(self, store: Faulty, call: int, fault: str, reason: str) -> None:
        store.faults = {call: fault}
        with pytest.raises(FailClosed, match=f"FAIL_CLOSED for {TENANT}: {reason}") as refused:
            ensure(store)
        assert refused.value.tenant == TENANT
