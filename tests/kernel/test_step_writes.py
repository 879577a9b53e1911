"""What a tick writes to ledger, publication and status, against which version, and what it carries along."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_kernel.codes import Outcome, Phase, Reason, Trigger
from evidence_kernel.effects import Expect, Generate, Put
from evidence_kernel.events import Applied, Found
from evidence_kernel.records.instants import format_instant
from evidence_kernel.records.status import read_status
from tests.kernel.scenarios import SCENARIOS
from tests.kernel.walk import (
    DONE_12H,
    EVIDENCE,
    HOUR,
    LEDGER,
    MINUTE,
    NOW,
    STATUS,
    TENANT,
    Scenario,
    Walked,
    edges,
    installed,
    ledger,
    record,
    walk,
)

DUE = {EVIDENCE: installed(13 * HOUR)}
SUCCESSES = {"NOT_DUE", "ALREADY_DONE", "BACKOFF", "CONTENDED", "GENERATED"}
CLOCK = tuple(range(0, 1500, 100))  # of a scenario: the answer to the n-th effect comes at NOW + n * 100


def entry(walked: Walked, phase: Phase) -> Any:
    """The AUTO_12H entry of the ledger that a phase put."""
    return json.loads(walked.put(phase).value)["AUTO_12H"]


@pytest.mark.parametrize(("attempts", "minutes"), [(0, 30), (1, 120), (2, 1440), (3, 1440), (2**53 - 2, 1440)])
def test_s8_a_claim_counts_and_backs_off_by_its_tier_from_the_done_read(attempts: int, minutes: int) -> None:
    held = ledger(attempts=attempts, backoff_until=format_instant(NOW), last_error={"old": 1}, theirs=[1])
    walked = walk(Scenario(records=DUE | {LEDGER: held}))
    until = format_instant(walked.at(Phase.DONE_READ) + minutes * MINUTE)
    assert entry(walked, Phase.CLAIM) == {
        "attempts": attempts + 1,
        "backoff_until": until,
        "claimed_by": "tick-1",
        "generated_at": None,
        "last_error": {"old": 1},
        "theirs": [1],
    }
    [asked] = [effect for _, effect, _ in walked.steps if isinstance(effect, Generate)]
    assert asked == Generate(TENANT, Trigger.AUTO_12H, NOW - 13 * HOUR, attempts + 1, "tick-1")


DONE_READ_AT = NOW + CLOCK[5]  # the sixth answer


@pytest.mark.parametrize("attempts", [0, 1, 2, 3])
@pytest.mark.parametrize("last_error", [None, {}])
def test_s8_d17_d23_a_claim_needs_a_backoff_that_is_over_or_implausible(attempts: int, last_error: Any) -> None:
    tier = (0, 30, 120, 1440)[attempts] * MINUTE
    plausible = DONE_READ_AT + tier + 15 * MINUTE
    edges_ = {DONE_READ_AT: True, DONE_READ_AT + 1: False, plausible: False, plausible + 1: True}
    for until, claims in edges_.items():
        held = ledger(attempts=attempts, backoff_until=format_instant(until), last_error=last_error)
        walked = walk(Scenario(records=DUE | {LEDGER: held}))
        assert walked.tick.outcome is (Outcome.GENERATED if claims else Outcome.BACKOFF)
        if not claims:
            assert walked.tick.reason == ("attempt_open" if last_error is None else "attempt_failed")
        ignored = [line.text for line in walked.log if line.text.endswith("warning=backoff_implausible")]
        assert len(ignored) == (until == plausible + 1)


@pytest.mark.parametrize(
    ("faults", "races", "outcome", "reason"),
    [
        ({}, {}, Outcome.GENERATED, None),
        ({}, {"PUBLISH": (DONE_12H, b"{}")}, Outcome.ALREADY_DONE, None),
        ({"GENERATE": "failed"}, {}, Outcome.GENERATION_FAILED, "generation_failed"),
        ({"PUBLISH": "failed"}, {}, Outcome.STORE_FAILED, "publish_failed"),
        ({"PUBLISH": "unknown-no"}, {}, Outcome.STORE_FAILED, "publish_undecided"),
        ({"PUBLISH_VERIFY": "failed"}, {}, Outcome.STORE_FAILED, "publish_undecided"),
        ({"CLAIM": "unknown-yes"}, {}, Outcome.GENERATED, None),
    ],
)
def test_what_settle_writes_for_each_outcome(
    faults: dict[str, str], races: dict[str, tuple[str, bytes]], outcome: Outcome, reason: str | None
) -> None:
    before = {"attempts": 1, "generated_at": "2026-01-01T00:00:00Z", "last_error": {"old": 1}}
    held = record(AUTO_12H=before, AUTO_24H={"attempts": 2}, other={"kept": None})
    walked = walk(Scenario(records=DUE | {LEDGER: held}, faults=faults, races=races))
    assert walked.tick.outcome is outcome
    claim, settled = entry(walked, Phase.CLAIM), entry(walked, Phase.SETTLE)
    decided = walked.phases[walked.phases.index("SETTLE") - 1]
    decided_at = format_instant(walked.at(Phase(decided)))
    error = None if reason is None else {"at": decided_at, "reason": reason}
    generated_at = decided_at if outcome is Outcome.GENERATED else "2026-01-01T00:00:00Z"
    assert settled == claim | {"last_error": error, "generated_at": generated_at}
    whole = json.loads(walked.put(Phase.SETTLE).value)
    assert whole == {"AUTO_12H": settled, "AUTO_24H": {"attempts": 2}, "other": {"kept": None}}


def test_settle_and_claim_expect_the_version_that_this_tick_knows() -> None:
    for state, effect, event, now in edges():
        if isinstance(now.effect, Put) and now.state.phase is Phase.SETTLE:
            assert state.attempt is not None
            assert now.effect.expect == state.attempt.ledger.expect
        if state.phase is Phase.CLAIM and isinstance(event.answer, Applied):
            assert now.state.attempt is not None
            assert now.state.attempt.ledger.expect == event.answer.version
        if state.phase is Phase.CLAIM_VERIFY and now.state.phase is Phase.GENERATE:
            assert isinstance(event.answer, Found)
            assert now.state.attempt is not None
            assert now.state.attempt.ledger.expect == event.answer.version
        if state.phase is Phase.CLAIM:
            assert isinstance(effect, Put)
            assert effect.expect in (Expect.ABSENT, 7)


def test_a_later_claim_keeps_its_ledger() -> None:
    """SETTLE conflicts, and the tick's outcome stands."""
    theirs = ledger(attempts=5)
    walked = walk(Scenario(records=DUE, races={"SETTLE": (LEDGER, theirs)}))
    assert walked.cells.contents()[LEDGER] == theirs
    assert walked.tick.outcome is Outcome.GENERATED


def test_a_publication_names_its_tick_attempt_and_instant() -> None:
    walked = walk(Scenario(records=DUE | {LEDGER: ledger(attempts=1)}))
    assert json.loads(walked.cells.contents()[DONE_12H]) == {
        "attempt": 2,
        "completed_at": format_instant(walked.at(Phase.GENERATE)),
        "published_by": "tick-1",
        "report": {"findings": 3},
    }


@pytest.mark.parametrize("faults", [{}, {"EVIDENCE_READ": "failed"}, {"GENERATE": "failed"}])
def test_a_failed_status_read_puts_no_status(faults: dict[str, str]) -> None:
    walked = walk(Scenario(records=DUE, faults={"STATUS_READ": "failed", **faults}))
    assert not {"STATUS_OPEN", "STATUS_CLOSE"} & set(walked.phases)
    assert STATUS not in walked.cells.contents()
    assert walked.tick.degraded is walked.tick.success


@pytest.mark.parametrize("present", [False, True])
@pytest.mark.parametrize(
    ("fault", "written"),
    [("", True), ("failed", True), ("conflict", True), ("unknown-no", True), ("unknown-yes", False)],
)
def test_status_close_expects_what_open_wrote_or_what_was_read(present: bool, fault: str, written: bool) -> None:
    """Where OPEN was applied and nobody knows, the close conflicts: another could have written since."""
    records = DUE | ({STATUS: b"{}"} if present else {})
    walked = walk(Scenario(records=records, faults={"STATUS_OPEN": fault}))
    opened, closed = walked.put(Phase.STATUS_OPEN), walked.put(Phase.STATUS_CLOSE)
    assert opened.expect == (2 if present else Expect.ABSENT)
    assert closed.expect == ((3 if present else 2) if not fault else opened.expect)
    status = read_status(walked.cells.contents()[STATUS])
    assert (status.outcome is Outcome.GENERATED) is written


_OLD_STATUS = {
    **dict.fromkeys(("evidence", "installed_at", "trigger"), None),
    "outcome": "GENERATED",
    "reason": "published",
    "closed_at": format_instant(NOW - HOUR),
    "last_check_at": format_instant(NOW - HOUR),
    "last_success_at": format_instant(NOW - HOUR),
    "tick_id": "tick-0",
}


def test_status_open_changes_the_check_and_its_author_only() -> None:
    walked = walk(Scenario(records=DUE | {STATUS: record(**_OLD_STATUS, unknown=1)}))
    assert json.loads(walked.put(Phase.STATUS_OPEN).value) == _OLD_STATUS | {
        "last_check_at": format_instant(NOW),
        "tick_id": "tick-1",
    }


@settings(max_examples=300, deadline=None)
@given(SCENARIOS, st.sampled_from([-HOUR, -1, 0, 700, HOUR]))
def test_s15_s18_the_status_closed_is_the_result_and_its_last_success_never_decreases(
    scenario: Scenario, ahead: int
) -> None:
    carried = NOW + ahead
    status = record(**_OLD_STATUS | {"last_success_at": format_instant(carried)})
    races = {phase: race for phase, race in scenario.races.items() if race[0] != STATUS}
    walked = walk(Scenario({**scenario.records, STATUS: status}, scenario.faults, races))
    if "STATUS_CLOSE" not in walked.phases or scenario.faults.get("STATUS_READ") == "absent":
        return
    closed, result = read_status(walked.put(Phase.STATUS_CLOSE).value), walked.tick
    said = (closed.outcome, closed.reason, closed.trigger, closed.evidence, closed.installed_at)
    assert said == (result.outcome, result.reason, result.trigger, result.evidence, result.installed_at)
    assert (closed.tick_id, closed.last_check_at) == ("tick-1", NOW)
    assert closed.closed_at is not None
    assert closed.last_success_at is not None
    running = result.outcome in SUCCESSES and result.reason is not Reason.ATTEMPT_FAILED
    assert closed.last_success_at == (max(carried, closed.closed_at) if running else carried)
