"""The driver: results, log lines, the observer, and what stores and generators let escape."""

import logging
from typing import Any

import pytest

from evidence_kernel import Event, Expect, Failed, Misuse, Outcome, ReadAnswer, State, Unknown, WriteAnswer
from evidence_kernel.records.keys import evidence_key
from evidence_runtime import MemoryStore, ensure_evidence, invocation, run_tick

TENANT = "c5b189a5-7cea-4038-9941-000000000000"
NOW = 1_767_456_000_000
HALF_A_DAY = b'{"installed_at":"2026-01-03T04:00:00Z"}'


def report(*_: object) -> Any:
    """A report."""
    return {"fine": True}


def due() -> MemoryStore:
    """A store in which AUTO_12H is due."""
    store = MemoryStore()
    store.put(evidence_key(TENANT), HALF_A_DAY, Expect.ABSENT)
    return store


def test_a_tick_backfills_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "evidence"):
        result = run_tick(MemoryStore(), invocation(TENANT), report, clock=lambda: NOW)
    assert (result.outcome, result.did_backfill, result.http_status) == (Outcome.NOT_DUE, True, 200)
    lines = [(line.levelname, line.getMessage()) for line in caplog.records]
    assert [level for level, _ in lines] == ["INFO", "INFO", "INFO"]
    assert lines[1][1].startswith(f"[PHASE4_BACKFILL] cloudId={TENANT} didBackfill=true")


def test_a_report_is_published_once() -> None:
    store = due()
    outcomes = [run_tick(store, invocation(TENANT), report, clock=lambda: NOW).outcome for _ in range(2)]
    assert outcomes == [Outcome.GENERATED, Outcome.ALREADY_DONE]


@pytest.mark.parametrize("value", [object(), float("nan"), {1: 2}, "x" * 2_000_000])
def test_what_is_no_json_is_a_failed_generation(value: object) -> None:
    result = run_tick(due(), invocation(TENANT), lambda *_: value, clock=lambda: NOW)
    assert (result.outcome, result.http_status) == (Outcome.GENERATION_FAILED, 202)


def test_an_exception_is_a_failed_generation_and_an_interrupt_a_crash() -> None:
    def fails(*_: object) -> Any:
        raise ValueError("no data")

    def interrupts(*_: object) -> Any:
        raise KeyboardInterrupt

    assert run_tick(due(), invocation(TENANT), fails, clock=lambda: NOW).outcome is Outcome.GENERATION_FAILED
    with pytest.raises(KeyboardInterrupt):
        run_tick(due(), invocation(TENANT), interrupts, clock=lambda: NOW)


class Raising(MemoryStore):
    """A store whose calls raise."""

    def get(self, key: str) -> ReadAnswer:
        """Raise."""
        raise OSError(key)

    def put(self, key: str, value: bytes, expect: Any) -> WriteAnswer:
        """Raise."""
        raise OSError(key)


def test_a_store_that_raises_answers_failed_and_unknown() -> None:
    seen: list[Event | None] = []
    result = run_tick(Raising(), invocation(TENANT), report, observe=lambda _s, event, _e: seen.append(event))
    assert result.outcome is Outcome.SKIPPED and not result.success
    assert {type(event.answer) for event in seen if event} <= {Failed, Unknown}


def test_the_observer_sees_every_step_and_cannot_end_the_tick() -> None:
    steps: list[tuple[str, bool]] = []

    def observe(state: State, event: Event | None, effect: object) -> None:
        steps.append((state.phase, effect is None))
        raise RuntimeError("the observer is broken")

    ensure_evidence(MemoryStore(), invocation(TENANT), clock=lambda: NOW, observe=observe)
    assert steps == [
        ("EVIDENCE_READ", False),
        ("EVIDENCE_PUT", False),
        ("EVIDENCE_VERIFY", False),
        ("END", True),
    ]


def test_a_tick_id_outside_of_its_grammar_is_misuse() -> None:
    with pytest.raises(Misuse, match="tick_id='no good'"):
        run_tick(MemoryStore(), type(invocation(TENANT))("no good", {"cloudId": TENANT}), report)


def test_tick_ids_are_fresh() -> None:
    assert len({invocation(TENANT).tick_id for _ in range(100)}) == 100
