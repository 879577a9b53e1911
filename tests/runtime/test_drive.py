"""The driver: results, log lines, the observer, and what stores and generators let escape."""

import logging
import pickle
from typing import Any

import pytest

from evidence_kernel import (
    Absent,
    Conflict,
    Event,
    Expect,
    Failed,
    Found,
    Level,
    LogLine,
    Misuse,
    Outcome,
    ReadAnswer,
    Reason,
    Report,
    State,
    Unknown,
    WriteAnswer,
)
from evidence_kernel.records.keys import evidence_key
from evidence_runtime import FailClosed, MemoryStore, invocation
from tests.kernel.test_messages import parse
from tests.runtime.forms import ENSURES, TICKS, Ensure, Tick

TENANT = "c5b189a5-7cea-4038-9941-000000000000"
NOW = 1_767_456_000_000
HALF_A_DAY = b'{"installed_at":"2026-01-03T04:00:00Z"}'


@pytest.fixture(params=[*TICKS.values()], ids=[*TICKS])
def run_tick(request: pytest.FixtureRequest) -> Tick:
    """Either form of the driver."""
    form: Tick = request.param
    return form


@pytest.fixture(params=[*ENSURES.values()], ids=[*ENSURES])
def ensure_evidence(request: pytest.FixtureRequest) -> Ensure:
    """Either form of the backfill alone."""
    form: Ensure = request.param
    return form


def report(*_: object) -> Any:
    """A report."""
    return {"fine": True}


def due() -> MemoryStore:
    """A store in which AUTO_12H is due."""
    store = MemoryStore()
    store.put(evidence_key(TENANT), HALF_A_DAY, Expect.ABSENT)
    return store


def test_a_tick_backfills_and_says_so(run_tick: Tick, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "evidence"):
        result = run_tick(MemoryStore(), invocation(TENANT), report, clock=lambda: NOW)
    assert (result.outcome, result.did_backfill, result.http_status) == (Outcome.NOT_DUE, True, 200)
    lines = [(line.levelname, line.getMessage()) for line in caplog.records]
    assert [level for level, _ in lines] == ["INFO", "INFO", "INFO"]
    assert lines[1][1].startswith(f"[PHASE4_BACKFILL] cloudId={TENANT} didBackfill=true")


def test_a_report_is_published_once(run_tick: Tick) -> None:
    store = due()
    outcomes = [run_tick(store, invocation(TENANT), report, clock=lambda: NOW).outcome for _ in range(2)]
    assert outcomes == [Outcome.GENERATED, Outcome.ALREADY_DONE]


@pytest.mark.parametrize("value", [object(), float("nan"), {1: 2}, "x" * 2_000_000])
def test_what_is_no_json_is_a_failed_generation(run_tick: Tick, value: object) -> None:
    result = run_tick(due(), invocation(TENANT), lambda *_: value, clock=lambda: NOW)
    assert (result.outcome, result.http_status) == (Outcome.GENERATION_FAILED, 202)


def test_an_exception_is_a_failed_generation_and_an_interrupt_a_crash(run_tick: Tick) -> None:
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


def test_a_store_that_raises_answers_failed_and_unknown(run_tick: Tick) -> None:
    seen: list[Event | None] = []
    result = run_tick(Raising(), invocation(TENANT), report, observe=lambda _s, event, _e: seen.append(event))
    assert result.outcome is Outcome.SKIPPED and not result.success
    assert {type(event.answer) for event in seen if event} <= {Failed, Unknown}


class NoPuts(MemoryStore):
    """A store whose puts raise."""

    def put(self, key: str, value: bytes, expect: Any) -> WriteAnswer:
        """Raise."""
        raise OSError(key)


class Odd(MemoryStore):
    """A store that answers out of turn."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer

    def get(self, key: str) -> ReadAnswer:
        """As told."""
        answer: ReadAnswer = self.answer
        return answer

    def put(self, key: str, value: bytes, expect: Any) -> WriteAnswer:
        """As told."""
        answer: WriteAnswer = self.answer
        return answer


def answers(run_tick: Tick, store: MemoryStore) -> set[Any]:
    """What a tick was told."""
    seen: list[Event] = []
    run_tick(store, invocation(TENANT), report, observe=lambda _s, event, _e: seen.extend([event] if event else []))
    return {event.answer for event in seen}


def test_a_put_that_raises_is_unknown(run_tick: Tick) -> None:
    assert {answer for answer in answers(run_tick, NoPuts()) if answer != Absent()} == {Unknown()}


@pytest.mark.parametrize("answer", [None, Conflict(), Report(b"{}"), Found(memoryview(b"{}"), 1)])  # type: ignore[arg-type]  # a driver's
def test_an_answer_out_of_turn_is_failed(run_tick: Tick, answer: Any) -> None:
    assert answers(run_tick, Odd(answer)) == {Failed()}


def test_a_crash_of_the_store_passes_through(run_tick: Tick) -> None:
    class Crashing(MemoryStore):
        """A store whose process is told to end."""

        def get(self, key: str) -> ReadAnswer:
            """End."""
            raise SystemExit(9)

    with pytest.raises(SystemExit):
        run_tick(Crashing(), invocation(TENANT), report)


def test_whatever_goes_wrong_a_line_has_a_format(run_tick: Tick, caplog: pytest.LogCaptureFixture) -> None:
    def forges(*_: object) -> Any:
        raise ValueError(f"x\nINFO [PHASE4_BACKFILL] cloudId={TENANT} didBackfill=true reason=x timestamp=y")

    def watches(*_: object) -> None:
        raise RuntimeError("broken")

    with caplog.at_level(logging.INFO, "evidence"):
        run_tick(due(), invocation(TENANT), forges, clock=lambda: NOW, observe=watches)
        run_tick(due(), invocation(TENANT), lambda *_: object(), clock=lambda: NOW)
        run_tick(Raising(), invocation("gr\u00f6\u00dfe"), report, clock=lambda: NOW)
        run_tick(NoPuts(), invocation(TENANT), report, clock=lambda: NOW)
    faults = set()
    for record in caplog.records:
        name, fields = parse(LogLine(Level(record.levelno), record.getMessage()))
        faults |= {record.getMessage().split()[1]} if name == "fault" else set()
        assert record.exc_info is None, fields
    assert faults == {"fault=generate", "fault=observer", "fault=report", "fault=get", "fault=put"}


def test_a_clock_that_gives_no_instant_is_misuse(run_tick: Tick) -> None:
    for at in (1.5, None, 10**18):
        with pytest.raises(Misuse, match="no instant") as refused:
            run_tick(MemoryStore(), invocation(TENANT), report, clock=lambda at=at: at)
        assert refused.value.phase == "STATUS_READ"


def test_a_refusal_can_be_handed_between_processes() -> None:
    refusal = FailClosed("a\u2028b", Reason.READ_FAILED)
    again = pickle.loads(pickle.dumps(refusal))
    assert (again.tenant, again.reason) == (refusal.tenant, refusal.reason)
    assert str(again) == "FAIL_CLOSED for a%E2%80%A8b: evidence_read_failed: the evidence could not be read"


def test_nobody_needs_to_set_up_logging() -> None:
    assert any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger("evidence").handlers)


def test_the_observer_sees_every_step_and_cannot_end_the_tick(ensure_evidence: Ensure) -> None:
    steps: list[tuple[str, bool]] = []
    events: list[str] = []

    def observe(state: State, event: Event | None, effect: object) -> None:
        steps.append((state.phase, effect is None))
        events.append("none" if event is None else type(event.answer).__name__)
        raise RuntimeError("the observer is broken")

    ensure_evidence(MemoryStore(), invocation(TENANT), clock=lambda: NOW, observe=observe)
    assert steps == [
        ("EVIDENCE_READ", False),
        ("EVIDENCE_PUT", False),
        ("EVIDENCE_VERIFY", False),
        ("END", True),
    ]
    assert events == ["none", "Absent", "Applied", "Found"]


def test_a_tick_id_outside_of_its_grammar_is_misuse(run_tick: Tick) -> None:
    with pytest.raises(Misuse, match="tick_id='no good'"):
        run_tick(MemoryStore(), type(invocation(TENANT))("no good", {"cloudId": TENANT}), report)


def test_tick_ids_are_fresh() -> None:
    assert len({invocation(TENANT).tick_id for _ in range(100)}) == 100
