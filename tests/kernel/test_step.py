"""Ticks step by step: misuse, purity, results, the backfill and the evidence."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_kernel.codes import EvidenceState, Outcome, Phase, Reason, Trigger
from evidence_kernel.errors import Misuse
from evidence_kernel.events import Absent, Event, Failed, Unknown
from evidence_kernel.records.instants import EARLIEST, LATEST, format_instant
from evidence_kernel.state import EnsureResult, Invocation, TickResult
from evidence_kernel.step import ensure, start, step
from tests.kernel.scenarios import SCENARIOS
from tests.kernel.walk import (
    EVIDENCE,
    HOUR,
    LEDGER,
    MINUTE,
    NOW,
    TENANT,
    Scenario,
    installed,
    record,
    walk,
)

CLOCK = tuple(range(0, 1500, 100))  # of a scenario: the answer to the n-th effect comes at NOW + n * 100
SUCCESSES = {"NOT_DUE", "ALREADY_DONE", "BACKOFF", "CONTENDED", "GENERATED"}
HTTP = {"REFUSED": 400, "GENERATION_FAILED": 202, "STORE_FAILED": 500, "LEDGER_INVALID": 500}


@pytest.mark.parametrize("tick_id", ["", "a b", "a\n", "é", "a" * 65, "a/b", "\uff41", None, 7, b"a"])
def test_a_bad_tick_id_is_misuse(tick_id: Any) -> None:
    for begin in (start, ensure):
        with pytest.raises(Misuse, match=r"^tick_id="):
            begin(Invocation(tick_id, {"cloudId": TENANT}))


@pytest.mark.parametrize("tick_id", ["a", "A.b_c-9", "9" * 64])
def test_a_tick_id_is_carried_to_the_result(tick_id: str) -> None:
    assert walk(Scenario(tick_id=tick_id)).tick.tick_id == tick_id


@pytest.mark.parametrize("clock", [EARLIEST - 1, LATEST - 24 * HOUR - 15 * MINUTE + 1, LATEST + 1])
def test_a_clock_outside_of_what_records_hold_is_misuse(clock: int) -> None:
    now = start(Invocation("tick-1", {"cloudId": TENANT}))
    before = repr(now.state)
    with pytest.raises(Misuse, match=f"^at={clock} in STATUS_READ "):
        step(now.state, Event(Absent(), clock))
    assert repr(now.state) == before
    assert step(now.state, Event(Absent(), NOW)).state.phase is Phase.STATUS_OPEN


@pytest.mark.parametrize("clock", [EARLIEST, LATEST - 24 * HOUR - 15 * MINUTE])
def test_the_first_and_the_last_clock_run_a_tick(clock: int) -> None:
    evidence = record(installed_at=format_instant(EARLIEST))
    held = record(AUTO_24H={"attempts": 8}, AUTO_12H={"attempts": 8})
    walked = walk(Scenario(records={EVIDENCE: evidence, LEDGER: held}, at=clock, clock=(0,)))
    assert walked.tick.outcome is (Outcome.NOT_DUE if clock == EARLIEST else Outcome.GENERATED)


@settings(max_examples=200, deadline=None)
@given(SCENARIOS, st.sampled_from([start, ensure]))
def test_the_same_call_gives_the_same_step_and_changes_nothing(scenario: Scenario, begin: Any) -> None:
    invocation = Invocation(scenario.tick_id, scenario.context)
    assert begin(invocation) == begin(invocation)
    for state, _, event in walk(scenario, begin).steps:
        before = repr((state, event))
        assert step(state, event) == step(state, event)
        assert repr((state, event)) == before


@settings(max_examples=500, deadline=None)
@given(SCENARIOS)
def test_s13_success_degraded_and_http_status_follow_the_outcome_and_the_doubts(scenario: Scenario) -> None:
    walked = walk(scenario)
    result = walked.tick
    doubt = any(isinstance(event.answer, Failed | Unknown) for _, _, event in walked.steps)
    assert result.success is (result.outcome in SUCCESSES)
    assert result.degraded is (result.success and doubt)
    assert result.http_status == HTTP.get(result.outcome, 200)
    assert (result.tenant is None) is (result.outcome is Outcome.REFUSED)
    failed = {state.phase for state, _, event in walked.steps if isinstance(event.answer, Failed)}
    needed = {Phase.TIMESTAMP_READ, Phase.LEDGER_READ, Phase.DONE_READ, Phase.CLAIM, Phase.PUBLISH}
    assert not (result.success and failed & needed)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_its_http_status(outcome: Outcome) -> None:
    result = TickResult("tick-1", TENANT, outcome, Reason.MISSING)
    assert (result.success, result.http_status) == (outcome in SUCCESSES, HTTP.get(outcome, 200))


def test_s11_no_identity_asks_for_nothing() -> None:
    contexts: tuple[object, ...] = (None, {}, [], {"cloudId": ""}, {"installContext": "x", "cloudId": TENANT})
    for context in contexts:
        refused = start(Invocation("tick-1", context))
        assert (refused.effect, refused.state.phase) == (None, Phase.END)
        alone = ensure(Invocation("tick-1", context)).result
        assert alone == EnsureResult(None, False, Reason.NO_IDENTITY, None)
        assert alone.refused


@pytest.mark.parametrize(
    ("records", "faults", "reason", "phases"),
    [
        ({}, {}, Reason.BACKFILLED, 3),
        ({EVIDENCE: installed(0)}, {}, Reason.EXISTS, 1),
        ({EVIDENCE: installed(-HOUR)}, {}, Reason.EXISTS, 1),
        ({EVIDENCE: b"null"}, {}, Reason.TIMESTAMP_INVALID, 1),
        ({}, {"EVIDENCE_READ": "failed"}, Reason.READ_FAILED, 1),
        ({}, {"EVIDENCE_PUT": "failed"}, Reason.WRITE_FAILED, 2),
        ({}, {"EVIDENCE_PUT": "unknown-yes"}, Reason.BACKFILLED, 3),
        ({}, {"EVIDENCE_PUT": "unknown-no"}, Reason.MISSING_AFTER_WRITE, 3),
        ({}, {"EVIDENCE_VERIFY": "failed"}, Reason.UNREADABLE_AFTER_WRITE, 3),
        ({EVIDENCE: installed(0)}, {"EVIDENCE_READ": "absent"}, Reason.EXISTS, 3),
        ({EVIDENCE: b"{}"}, {"EVIDENCE_READ": "absent"}, Reason.INVALID_AFTER_WRITE, 3),
    ],
)
def test_the_backfill_alone(records: dict[str, bytes], faults: dict[str, str], reason: Reason, phases: int) -> None:
    walked = walk(Scenario(records=records, faults=faults), ensure)
    result = walked.result
    assert isinstance(result, EnsureResult)
    assert (result.reason, len(walked.steps)) == (reason, phases)
    assert result.did_backfill is (reason is Reason.BACKFILLED)
    assert result.refused is (reason not in (Reason.BACKFILLED, Reason.EXISTS))
    assert (result.installed_at is None) is result.refused
    if result.did_backfill:
        assert result.installed_at == NOW  # of the answer that said Absent


def test_s16_a_backfill_says_when_its_tick_saw_nothing_and_who_it_is() -> None:
    walked = walk(Scenario(tick_id="tick-7"))
    seen = format_instant(walked.at(Phase.EVIDENCE_READ))
    assert json.loads(walked.cells.contents()[EVIDENCE]) == {
        "installed_at": seen,
        "backfilled": True,
        "backfilled_at": seen,
        "backfill_reason": "missing_phase4_evidence_on_upgrade",
        "backfill_id": "tick-7",
    }
    assert (walked.tick.evidence, walked.tick.did_backfill) == (EvidenceState.VERIFIED, True)


def test_a_value_equal_in_meaning_but_not_in_bytes_is_another_s() -> None:
    mine = walk(Scenario()).cells.contents()[EVIDENCE]
    spaced = json.dumps(json.loads(mine), sort_keys=True).encode()
    walked = walk(Scenario(races={"EVIDENCE_VERIFY": (EVIDENCE, spaced)}))
    assert (walked.tick.evidence, walked.tick.did_backfill) == (EvidenceState.VALID, False)


@pytest.mark.parametrize(("ahead", "outcome"), [(15 * MINUTE, "NOT_DUE"), (15 * MINUTE + 1, "EVIDENCE_IN_FUTURE")])
def test_evidence_from_the_future_by_more_than_the_tolerance(ahead: int, outcome: str) -> None:
    """TIMESTAMP_READ is the fourth answer."""
    walked = walk(Scenario(records={EVIDENCE: installed(-ahead - CLOCK[3])}))
    assert walked.tick.outcome == outcome


@pytest.mark.parametrize(
    ("age", "outcome", "trigger"),
    [
        (12 * HOUR - 1, "NOT_DUE", None),
        (12 * HOUR, "GENERATED", Trigger.AUTO_12H),
        (24 * HOUR - 1, "GENERATED", Trigger.AUTO_12H),
        (24 * HOUR, "GENERATED", Trigger.AUTO_24H),
    ],
)
def test_s17_age_is_taken_when_the_ledger_is_read(age: int, outcome: str, trigger: Trigger | None) -> None:
    """LEDGER_READ is the fifth answer."""
    result = walk(Scenario(records={EVIDENCE: installed(age - CLOCK[4])})).tick
    assert (result.outcome, result.trigger) == (outcome, trigger)
