"""Operators: repair replaces what is invalid and nothing else, forget leaves nothing, status says why."""

import json
import logging
from typing import Any

import pytest

from evidence_kernel import Absent, Conflict, Expect, Failed, Found, Misuse, Trigger, TrustStatus, Unknown, WriteAnswer
from evidence_kernel.records.instants import format_instant
from evidence_kernel.records.keys import evidence_key, ledger_key, publication_key, status_key
from evidence_kernel.schedule import HOUR, MINUTE
from evidence_runtime import MemoryStore, StoreError, invocation, run_tick
from evidence_runtime.operate import NothingToRepair, forget, plan_evidence, plan_ledger, records_of, repair
from evidence_runtime.overview import known_tenants, look, overview

TENANT = "acme"
NOW = 1_767_456_000_000


def evidence(at: int) -> bytes:
    """Valid evidence of that instant."""
    return json.dumps({"installed_at": format_instant(at)}).encode()


def holding(**records: bytes) -> MemoryStore:
    """A store with these records of the tenant."""
    store = MemoryStore()
    keys = {"evidence": evidence_key(TENANT), "ledger": ledger_key(TENANT), "status": status_key(TENANT)}
    for name, value in records.items():
        store.put(keys[name], value, Expect.ABSENT)
    return store


def held(store: MemoryStore, key: str) -> Any:
    """The record at a key."""
    found = store.get(key)
    assert isinstance(found, Found)
    return json.loads(found.value)


@pytest.mark.parametrize("bad", [b"{}", b"", b"null", b"\xff\xfe", evidence(NOW + HOUR)])
def test_unfit_evidence_is_replaced_and_kept(bad: bytes, caplog: pytest.LogCaptureFixture) -> None:
    store = holding(evidence=bad)
    planned = plan_evidence(store, TENANT, NOW - HOUR, NOW, "tick-1")
    assert planned.before == bad
    with caplog.at_level(logging.WARNING, "evidence"):
        repair(store, planned)
    record = held(store, evidence_key(TENANT))
    kept = record.get("repaired_from", "").encode() or bytes.fromhex(record.get("repaired_from_hex", ""))
    assert (record["installed_at"], record["repair_id"], kept) == (format_instant(NOW - HOUR), "tick-1", bad)
    assert caplog.messages == [f"[PHASE4_REPAIR] cloudId=acme record=evidence timestamp={format_instant(NOW - HOUR)}"]
    assert run_tick(store, invocation(TENANT), lambda *_: {}, clock=lambda: NOW).outcome == "NOT_DUE"


def test_fit_or_absent_records_are_left() -> None:
    for store in (holding(evidence=evidence(NOW)), MemoryStore()):
        with pytest.raises(NothingToRepair, match=r"is valid|there is no"):
            plan_evidence(store, TENANT, NOW, NOW, "tick-1")
        with pytest.raises(NothingToRepair, match="there is no"):
            plan_ledger(store, TENANT, dict.fromkeys(Trigger, 0))
    with pytest.raises(NothingToRepair, match="well formed"):
        plan_ledger(holding(ledger=b"{}"), TENANT, dict.fromkeys(Trigger, 0))
    with pytest.raises(Misuse, match="years 0001 to 9999"):
        plan_evidence(holding(evidence=b"{}"), TENANT, 10**18, NOW, "tick-1")


def test_a_malformed_ledger_is_replaced_with_the_attempts_named(caplog: pytest.LogCaptureFixture) -> None:
    store = holding(ledger=b"{")
    with caplog.at_level(logging.WARNING, "evidence"):
        repair(store, plan_ledger(store, TENANT, {Trigger.AUTO_12H: 2, Trigger.AUTO_24H: 0}))
    assert [held(store, ledger_key(TENANT))[trigger]["attempts"] for trigger in Trigger] == [2, 0]
    assert caplog.messages == ["[PHASE4_REPAIR] cloudId=acme record=ledger AUTO_12H=2 AUTO_24H=0"]


class Answering(MemoryStore):
    """A store that answers every write in one way."""

    def __init__(self, answer: WriteAnswer) -> None:
        super().__init__()
        super().put(evidence_key(TENANT), b"{}", Expect.ABSENT)
        self.answer = answer

    def put(self, key: str, value: bytes, expect: Any) -> WriteAnswer:
        """Only says so."""
        return self.answer

    def delete(self, key: str, expect: Any) -> WriteAnswer:
        """Only says so."""
        return self.answer


@pytest.mark.parametrize(
    ("answer", "says"),
    [(Conflict(), "has changed since"), (Failed(), "was not written"), (Unknown(), "does not say whether")],
)
def test_a_store_that_does_not_write_is_reported(answer: WriteAnswer, says: str) -> None:
    store = Answering(answer)
    with pytest.raises(StoreError, match=says):
        repair(store, plan_evidence(store, TENANT, NOW, NOW, "tick-1"))
    with pytest.raises(StoreError, match="repeat it"):
        list(forget(store, TENANT))


def test_forget_deletes_all_four_in_order_and_nobody_else_s() -> None:
    store = holding(evidence=evidence(NOW - 13 * HOUR))
    store.put(evidence_key("other"), evidence(NOW), Expect.ABSENT)
    assert run_tick(store, invocation(TENANT), lambda *_: {}, clock=lambda: NOW).outcome == "GENERATED"
    gone = [status_key(TENANT), evidence_key(TENANT), ledger_key(TENANT), publication_key(TENANT, Trigger.AUTO_12H)]
    assert list(forget(store, TENANT)) == gone
    assert all(store.get(key) == Absent() for key in records_of(TENANT))
    assert list(forget(store, TENANT)) == []
    assert list(store.scan("")) == [evidence_key("other")]


def test_forget_goes_on_after_a_cut() -> None:
    store = holding(evidence=b"{}", ledger=b"{}", status=b"{}")
    assert next(forget(store, TENANT)) == status_key(TENANT)
    assert list(forget(store, TENANT)) == [evidence_key(TENANT), ledger_key(TENANT)]


def ticked(installed_at: int, **more: bytes) -> MemoryStore:
    """A store after one tick of the tenant at NOW."""
    store = holding(evidence=evidence(installed_at), **more)
    run_tick(store, invocation(TENANT), lambda *_: {}, clock=lambda: NOW)
    return store


def test_a_status_says_where_a_tenant_is_and_why() -> None:
    for store, at, trust, why in (
        (ticked(NOW - HOUR), NOW, TrustStatus.RUNNING, "NOT_DUE nothing_due"),
        (ticked(NOW - HOUR), NOW + 16 * MINUTE, TrustStatus.DEGRADED, "NOT_DUE nothing_due, and no tick has closed"),
        (ticked(NOW - HOUR), NOW - HOUR, TrustStatus.DEGRADED, "closed by a clock that is ahead"),
        (ticked(NOW + HOUR), NOW, TrustStatus.BLOCKED, "EVIDENCE_IN_FUTURE installed_in_future"),
        (ticked(NOW - 13 * HOUR, ledger=b"{"), NOW, TrustStatus.BLOCKED, "LEDGER_INVALID ledger_malformed"),
        (holding(evidence=b"{}"), NOW, TrustStatus.INITIALIZING, "no tick has closed yet"),
        (holding(status=b"[]"), NOW, TrustStatus.INITIALIZING, "no tick has closed yet"),
    ):
        seen = look(store, TENANT, at)
        assert (seen.trust, why in seen.reason) == (trust, True), seen


def test_a_missed_window_is_shown() -> None:
    assert look(ticked(NOW - 25 * HOUR), TENANT, NOW).missed
    assert not look(ticked(NOW - 13 * HOUR), TENANT, NOW + 24 * HOUR).missed  # published in its window
    assert not look(holding(evidence=b"{}"), TENANT, NOW).missed


def test_an_overview_is_sorted_and_counted() -> None:
    store = MemoryStore()
    for tenant, at in (("b", NOW - HOUR), ("c", NOW + HOUR), ("a", NOW - HOUR)):
        store.put(evidence_key(tenant), evidence(at), Expect.ABSENT)
        run_tick(store, invocation(tenant), lambda *_: {}, clock=lambda: NOW)
    store.put(evidence_key("d"), evidence(NOW), Expect.ABSENT)
    store.put("phase4:evidence:installation:%zz", b"", Expect.ABSENT)
    assert known_tenants(store) == {"a", "b", "c", "d"}
    seen = overview(store, NOW)
    assert [one.tenant for one in seen.tenants] == ["c", "d", "a", "b"]
    assert seen.counts[TrustStatus.RUNNING, "NOT_DUE nothing_due"] == 2
    assert seen.oldest_check is not None and seen.oldest_check.tenant == "a"
    assert overview(MemoryStore(), NOW).oldest_check is None
