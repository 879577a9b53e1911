"""The original's releases against its recorded facts: operations, outcomes, validation, known behaviour."""

import json
from typing import Any

import pytest

from evidence_kernel import (
    Absent,
    Answer,
    Applied,
    Event,
    Failed,
    Found,
    GeneratorError,
    Get,
    Invocation,
    LogLine,
    Misuse,
    Outcome,
    Put,
    Report,
    Unknown,
)
from evidence_kernel.records.instants import format_instant
from evidence_runtime.javascript import parse_date
from evidence_sim.machines import V2_19, V2_20
from evidence_sim.machines.original import Original
from evidence_sim.machines.original_run import OriginalResult

ID = "c5b189a5-7cea-4038-9941-000000000000"
NOW = 1_767_456_000_000  # 2026-01-03T16:00:00Z
MINUTE = 60_000
HOUR = 60 * MINUTE
EVIDENCE = f"phase4:evidence:installation:{ID}"
STATE = f"phase5:scheduler:state:cloudId:{ID}"
SNAPSHOT = f"governance:status:snapshot:{ID}"
METRICS = f"governance:metrics:{ID}"


def done(trigger: str) -> str:
    return f"phase5:scheduler:cloudId:{ID}:{trigger}:DONE"


NAMES = {
    f"get {EVIDENCE}": "get E",
    f"set {EVIDENCE}": "set E",
    f"get {STATE}": "get state",
    f"set {STATE}": "set state",
    f"set {SNAPSHOT}": "set snapshot",
    f"get {METRICS}": "get metrics",
    f"set {METRICS}": "set metrics",
    **{f"{verb} {done(f'AUTO_{n}H')}": f"{verb} D{n}" for verb in ("get", "set") for n in (12, 24)},
    **{f"set phase5:scheduler:cloudId:{ID}:AUTO_{n}H:ATTEMPT": "set ATTEMPT" for n in (12, 24)},
}


class Played:
    """One tick over a dictionary; `wrong` answers its n-th operation with something else."""

    result: OriginalResult

    def __init__(
        self,
        store: dict[str, Any],
        at: int = NOW,
        wrong: dict[int, Answer] | None = None,
        machine: Original = V2_20,
        context: object = None,
    ) -> None:
        self.store, self.operations, self.log = store, list[str](), list[LogLine]()
        now = machine.start(Invocation("a-1", {"cloudId": ID} if context is None else context))
        self.log += now.log
        while now.effect is not None:
            answer = self.perform(now.effect, (wrong or {}).get(len(self.operations) + 1))
            event = Event(answer, at)
            after = machine.step(now.state, event)
            assert after == machine.step(now.state, event)  # a pure function
            assert hash(after.state) is not None
            now = after
            self.log += now.log
        assert isinstance(now.result, OriginalResult)
        self.result = now.result
        with pytest.raises(Misuse):
            machine.step(now.state, Event(Absent(), at))

    def perform(self, effect: object, wrong: Answer | None) -> Answer:
        answer: Answer
        if isinstance(effect, Get):
            self.operations.append(NAMES.get(f"get {effect.key}", f"get {effect.key}"))
            found = effect.key in self.store
            answer = Found(json.dumps(self.store[effect.key]).encode(), 1) if found else Absent()
        elif isinstance(effect, Put):
            self.operations.append(NAMES.get(f"set {effect.key}", f"set {effect.key}"))
            if wrong is None:
                self.store[effect.key] = json.loads(effect.value)
            answer = Applied(1)
        else:
            self.operations.append("generate")
            answer = Report(b"{}")
        return answer if wrong is None else wrong

    def says(self, text: str) -> bool:
        return any(text in line.text for line in self.log)


def installed(hours: float, **more: Any) -> dict[str, Any]:
    """A store with valid evidence of that age."""
    return {EVIDENCE: {"installed_at": format_instant(NOW - int(hours * HOUR))}, **more}


def state_of(**fields: Any) -> dict[str, Any]:
    return {STATE: fields}


TICK = ["set snapshot", "get E", "get E", "get state", "get D12", "get D24", "get D12"]
NOT_DUE = [*TICK, "get D24", "set state"]
MADE = ["set ATTEMPT", "generate"]
SAVED = ["get metrics", "set metrics", "set state", "set snapshot"]
STEP_LISTS = {
    "first tick": ({}, {}, [TICK[0], "get E", "set E", "get E", *NOT_DUE[2:]], 11),
    "nothing due": (installed(1), {}, NOT_DUE, 9),
    "invalid": ({EVIDENCE: {"installed_at": "never"}}, {}, TICK[:3], 3),
    "12h": (installed(12), {}, [*TICK, "get D12", *MADE, "get D12", "set D12", *SAVED], 16),
    "24h": (installed(24), {}, [*TICK, "get D24", "get D24", *MADE, "get D24", "set D24", *SAVED], 17),
    "failure": (installed(12), {10: GeneratorError()}, [*TICK, "get D12", *MADE, *SAVED], 14),
    "done seen": (installed(13, **{done("AUTO_12H"): None}), {}, NOT_DUE, 9),
    "backoff": (
        installed(13) | state_of(last_backoff_until=format_instant(NOW)),
        {},
        [*TICK, "get D12", "set state"],
        9,
    ),
}


@pytest.mark.parametrize("case", STEP_LISTS)
def test_step_lists(case: str) -> None:
    store, wrong, operations, count = STEP_LISTS[case]
    played = Played(dict(store), wrong=dict(wrong))
    assert played.operations == operations
    assert len(operations) == count


def test_the_release_before_makes_no_backfill() -> None:
    assert Played({}, machine=V2_19).operations == ["set snapshot", "get E"]
    assert Played(installed(1), machine=V2_19).operations == [TICK[0], *NOT_DUE[2:]]


OUTCOMES: dict[str, tuple[dict[str, Any], dict[int, Answer], Outcome, int, bool, str, int]] = {
    "nothing due": (installed(1), {}, Outcome.NOT_DUE, 200, True, "No trigger due at this time", 2),
    "unreadable": ({}, dict.fromkeys((2, 3), Failed()), Outcome.SKIPPED, 200, True, "not available", 4),
    "invalid": ({EVIDENCE: {"installed_at": "never"}}, {}, Outcome.SKIPPED, 200, True, "not available", 4),
    "outage": ({}, dict.fromkeys(range(1, 20), Failed()), Outcome.SKIPPED, 200, True, "skipping", 5),
    "done": (
        installed(30, **{done("AUTO_12H"): 0, done("AUTO_24H"): ""}),
        {},
        Outcome.ALREADY_DONE,
        200,
        True,
        "AUTO_12H has already been generated",
        2,
    ),
    "done in a race": (
        installed(12),
        {8: Found(b"null", 1)},
        Outcome.ALREADY_DONE,
        200,
        True,
        "authoritative DONE marker",
        2,
    ),
    "backoff": (
        installed(12, **state_of(last_backoff_until="soon")),
        {},
        Outcome.BACKOFF,
        200,
        True,
        "Backoff period active for AUTO_12H; deferring to next run",
        2,
    ),
    "success": (installed(24), {}, Outcome.GENERATED, 200, True, "AUTO_24H report generated success", 3),
    "failure": (installed(12), {10: GeneratorError()}, Outcome.GENERATION_FAILED, 202, False, "failed", 3),
    "state unreadable": (installed(1), {4: Failed()}, Outcome.STORE_FAILED, 500, False, "Scheduler error", 3),
    "DONE unreadable": (installed(1), {6: Failed()}, Outcome.STORE_FAILED, 500, False, "Scheduler error", 3),
    "DONE undecided": (installed(12), {7: Failed()}, Outcome.NOT_DUE, 200, True, "No trigger due", 3),
    "ATTEMPT unwritten": (installed(12), {9: Unknown()}, Outcome.STORE_FAILED, 500, False, "error", 3),
    "state unsaved": (installed(12), {15: Unknown()}, Outcome.STORE_FAILED, 500, False, "error", 3),
    "metrics unwritten": (installed(12), {13: Failed()}, Outcome.GENERATED, 200, True, "success", 4),
}


@pytest.mark.parametrize("case", OUTCOMES)
def test_outcomes(case: str) -> None:
    store, wrong, outcome, status, success, message, lines = OUTCOMES[case]
    played = Played(dict(store), wrong=wrong)
    result = played.result
    assert (result.outcome, result.http_status, result.success) == (outcome, status, success)
    assert message in result.message
    assert len(played.log) == lines, played.log


def test_without_identity_there_is_no_operation() -> None:
    played = Played({}, context={"cloudId": "\u00a0 "})
    assert (played.operations, played.result.http_status, len(played.log)) == ([], 400, 1)


def test_a_null_cloud_id_reads_the_shared_key() -> None:
    shared = "phase4:evidence:installation:null"
    context = {"installContext": "ari:cloud:jira::site/XRAY", "cloudId": ID}
    played = Played({}, context=context)
    assert played.operations == [f"get {shared}"]
    assert (played.result.http_status, played.result.success) == (200, True)
    assert Played({shared: {"installed_at": True}}, context=context).result.outcome is Outcome.GENERATED


@pytest.mark.parametrize("record", [None, False, 0, "", {}, [], "text", 7, True, {"installed_at": 0, "x": 1}])
def test_whatever_has_no_truthy_timestamp_is_overwritten(record: object) -> None:
    played = Played({EVIDENCE: record})
    assert played.result.did_backfill
    assert played.store[EVIDENCE] == {
        "installed_at": "2026-01-03T16:00:00.000Z",
        "backfilled": True,
        "backfilled_at": "2026-01-03T16:00:00.000Z",
        "backfill_reason": "missing_phase4_evidence_on_upgrade",
    }
    assert played.says(
        f"[PHASE4_BACKFILL] cloudId={ID} didBackfill=true"
        " reason=missing_phase4_evidence_on_upgrade timestamp=2026-01-03T16:00:00.000Z"
    )


@pytest.mark.parametrize("timestamp", ["never", "20260103T160000Z", [], {}, 1e16])
def test_what_is_no_date_is_left_alone(timestamp: object) -> None:
    played = Played({EVIDENCE: {"installed_at": timestamp}})
    assert played.says("[PHASE4_BACKFILL] FAIL_CLOSED: Invalid")
    assert played.result.outcome is Outcome.SKIPPED
    assert played.store == {SNAPSHOT: played.store[SNAPSHOT], EVIDENCE: {"installed_at": timestamp}}


def test_a_date_of_another_kind_is_used() -> None:
    played = Played({EVIDENCE: {"installed_at": True}})
    assert played.result.outcome is Outcome.GENERATED
    assert played.result.trigger == "AUTO_24H"


@pytest.mark.parametrize(("wrong", "operations"), [({11: Failed()}, 15), ({12: Unknown()}, 16)])
def test_an_unwritten_mark_is_a_success_with_an_error(wrong: dict[int, Answer], operations: int) -> None:
    played = Played(installed(12), wrong=wrong)
    assert len(played.operations) == operations
    assert (played.result.success, played.result.outcome) == (True, Outcome.GENERATED)
    state = played.store[STATE]
    assert (state["auto_12h_attempt_count"], state["last_error"]["attempt_count"]) == (1, 2)
    assert state["last_backoff_until"] == "2026-01-03T18:00:00.000Z"
    assert played.store[SNAPSHOT]["checks"][0]["state"] == "READY"


def test_failures_wait_longer_and_share_one_backoff() -> None:
    store, waits, at = installed(12), [], NOW
    for _ in range(3):
        played = Played(store, at, {10: GeneratorError()})
        until = parse_date(played.store[STATE]["last_backoff_until"])
        assert until is not None
        waits.append((until - at) // MINUTE)
        at = until + 1
    assert waits == [30, 120, 1440]
    assert Played(store, at - 12 * HOUR).result.outcome is Outcome.BACKOFF  # AUTO_24H is due there
    assert Played(store, at).result.trigger == "AUTO_24H"
    assert store[STATE]["auto_12h_attempt_count"] == 3
    assert store[STATE]["last_error"] is None


def test_an_attempt_counts_only_once_its_state_is_saved() -> None:
    played = Played(installed(12), wrong={15: Unknown()})
    assert STATE not in played.store
    assert done("AUTO_12H") in played.store


def test_each_tick_wipes_the_success_from_the_snapshot() -> None:
    store = installed(12)
    assert Played(store).store[SNAPSHOT]["lastSuccessAt"] == "2026-01-03T16:00:00.000Z"
    assert store[METRICS]["checksCompletedLifetime"] == 1
    assert Played(store).store[SNAPSHOT]["lastSuccessAt"] is None


def test_the_read_back_is_not_compared() -> None:
    other = Found(b'{"installed_at": "2026-01-01T00:00:00Z"}', 9)
    played = Played({}, wrong={4: other})
    assert played.result.did_backfill
    assert played.says("timestamp=2026-01-03T16:00:00.000Z")


def test_a_value_that_is_no_json_throws() -> None:
    assert Played({}, wrong={2: Found(b"{", 1), 3: Found(b"{", 1)}).result.outcome is Outcome.SKIPPED
    assert Played(installed(1), wrong={4: Found(b"\xff", 1)}).result.http_status == 500
