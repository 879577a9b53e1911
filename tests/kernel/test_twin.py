"""The kernel against a second tick: the same table typed by hand, run by `transitions`, on the same store.

Whatever records, answers and clocks a tick meets, both must leave the same store, say the same lines, ask
for the same keys and end the same.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transitions import MachineError

from evidence_kernel.codes import Phase
from evidence_kernel.effects import Effect, Expect, Generate, Get, Put
from evidence_kernel.events import Answer, Applied, Found
from evidence_kernel.findings import FINDINGS
from evidence_kernel.records.instants import format_instant
from evidence_kernel.state import TickResult
from evidence_kernel.step import ensure, start
from evidence_kernel.tables import ASKS, SCHEDULER
from evidence_kernel.tables import Row as KernelRow
from tests.kernel import walk as world
from tests.kernel.scenarios import PHASES, SCENARIOS
from tests.kernel.twin import Twin
from tests.kernel.twin_records import text
from tests.kernel.twin_table import Row, rows
from tests.kernel.walk import (
    DONE_12H,
    DONE_24H,
    EVIDENCE,
    HOUR,
    LEDGER,
    MINUTE,
    NOW,
    STATUS,
    TENANT,
    Scenario,
)

HAND = rows()


def _says(row: KernelRow) -> str:
    """A row's decision in the words of the table typed by hand."""
    says = [
        f"{row.outcome}:{row.reason}" if row.outcome else "",
        f"warning={row.warns}" if row.warns else "",
        f"refusal={row.refuses}" if row.refuses else "",
        "audit" if row.audits else "",
    ]
    return " ".join(filter(None, says))


def _table() -> set[Row]:
    return {
        (phase.value, ASKS[phase].value.lower(), finding.value.lower(), row.to.value, _says(row))
        for (phase, finding), row in SCHEDULER.items()
    }


def test_both_copies_of_the_table_say_the_same() -> None:
    assert set(HAND) == _table()
    assert len(HAND) == len(SCHEDULER) == 62


def test_the_machine_of_the_hand_copy_has_the_states_triggers_and_conditions_of_the_tables() -> None:
    machine = Twin("tick-1", TENANT, HAND).machine
    assert set(machine.states) == {phase.value for phase in Phase}
    assert set(machine.events) == {ask.value.lower() for ask in ASKS.values()}
    met = set()
    for trigger, event in machine.events.items():
        for source, transitions in event.transitions.items():
            for transition in transitions:
                conditions = [condition.func for condition in transition.conditions]
                if "_statusless" in conditions:
                    assert (transition.dest, conditions[1:]) == ("END", ["_statusless"])
                else:
                    met.add((source, trigger, *conditions, transition.dest))
    assert met == {row[:4] for row in _table()}


def test_an_answer_of_another_kind_is_refused_by_the_machine_too() -> None:
    twin = Twin("tick-1", TENANT, HAND)
    twin.answer = ("applied", b"", 1)
    with pytest.raises(MachineError):
        getattr(twin, "write")()  # noqa: B009 - a trigger, which the machine adds


# What one tick is, seen from outside: keys asked for, lines, store, result.
Seen = dict[str, Any]


def _by_kernel(scenario: Scenario, alone: bool) -> Seen:
    walked = world.walk(scenario, ensure if alone else start)
    result = walked.result
    seen: Seen = {
        "asked": [
            ("generate", "") if isinstance(effect, Generate)
            else ("write" if isinstance(effect, Put) else "read", effect.key)
            for _, effect, _ in walked.steps
        ],
        "log": [(line.level.name, line.text) for line in walked.log],
        "store": walked.cells.contents(),
        "did_backfill": result.did_backfill,
        "installed_at": result.installed_at and format_instant(result.installed_at),
    }  # fmt: skip
    if isinstance(result, TickResult):
        seen |= {"outcome": result.outcome, "reason": result.reason, "trigger": result.trigger}
        return seen | {"evidence": result.evidence, "degraded": result.degraded}
    return seen | {"reason": result.reason}


def _by_twin(scenario: Scenario, alone: bool, table: list[Row]) -> Seen:
    cells, asked = world.Cells(scenario.records), []
    tenant = TENANT if scenario.context == {"cloudId": TENANT} else None
    twin = Twin(scenario.tick_id, tenant, table, alone)

    def perform(kind: str, key: str, value: bytes, expected: object) -> tuple[str, bytes, object]:
        asked.append((kind, key))
        if twin.state in scenario.races:
            cells.write(*scenario.races[twin.state])
        fault = scenario.faults.get(twin.state, "")
        if kind == "generate":
            return ("error", b"", None) if fault == "failed" else ("report", scenario.report, None)
        effect: Effect = Get(key)
        if kind == "write":
            assert isinstance(expected, int) or expected == "absent"
            effect = Put(key, value, expected if isinstance(expected, int) else Expect.ABSENT)
        return _spelled(world.answer(cells, effect, fault, b""))

    twin.run(perform, lambda asked: scenario.at + scenario.clock[asked % len(scenario.clock)])
    seen: Seen = {
        "asked": asked,
        "log": twin.log,
        "store": cells.contents(),
        "did_backfill": twin.did_backfill,
        "installed_at": twin.installed_at and text(twin.installed_at),
    }
    return seen | _result(twin)


def _spelled(answer: Answer) -> tuple[str, bytes, object]:
    name = type(answer).__name__.lower()
    if isinstance(answer, Found):
        return name, answer.value, answer.version
    return name, b"", answer.version if isinstance(answer, Applied) else None


def _result(twin: Twin) -> Seen:
    if twin.alone:
        backfilled = "missing_phase4_evidence_on_upgrade" if twin.did_backfill else "phase4_exists"
        refused = {"reason": twin.refusal, "installed_at": None, "did_backfill": False}
        return refused if twin.refusal else {"reason": backfilled}
    success = twin.outcome in ("NOT_DUE", "ALREADY_DONE", "BACKOFF", "CONTENDED", "GENERATED")
    return {
        "outcome": twin.outcome,
        "reason": twin.reason,
        "trigger": twin.trigger_due or None,
        "evidence": twin.evidence and twin.evidence.upper(),
        "degraded": twin.met_doubt and success,
    }


def _differs(scenario: Scenario, table: list[Row], alone: bool = False) -> bool:
    """Whether the two ticks can be told apart; a machine that finds no way on or no end is."""
    try:
        return _by_twin(scenario, alone, table) != _by_kernel(scenario, alone)
    except (AttributeError, LookupError, RuntimeError, ValueError, AssertionError, TypeError):
        return True


@settings(max_examples=1500, deadline=None)
@given(SCENARIOS, st.sampled_from([False, False, False, True]))
def test_both_ticks_leave_say_and_return_the_same(scenario: Scenario, alone: bool) -> None:
    assert _by_twin(scenario, alone, HAND) == _by_kernel(scenario, alone)


_DUE = {EVIDENCE: world.installed(13 * HOUR)}
_BASES: tuple[dict[str, bytes], ...] = (
    {},
    _DUE,
    {EVIDENCE: world.installed(25 * HOUR), DONE_24H: b"{}"},
    {EVIDENCE: b"null", STATUS: b"{}"},
    {EVIDENCE: world.installed(-HOUR)},
    _DUE | {LEDGER: b"[]"},
    *(
        _DUE | {LEDGER: world.ledger(attempts=1, backoff_until=format_instant(NOW + ahead), last_error=error)}
        for ahead, error in ((MINUTE, None), (MINUTE, {}), (HOUR, None))
    ),
)
_SECOND = {"CLAIM": "CLAIM_VERIFY", "EVIDENCE_PUT": "EVIDENCE_VERIFY", "PUBLISH": "PUBLISH_VERIFY"}


def _corpus() -> Iterator[Scenario]:
    """Every base with each fault, and with a second fault or a race at the read-back of an unknown write."""
    for records in _BASES:
        for phase in PHASES:
            for fault in ("", "failed", "conflict", "absent", "unknown-yes", "unknown-no"):
                yield Scenario(records=records, faults={phase: fault})
                if fault != "unknown-yes" or phase not in _SECOND:
                    continue
                back = _SECOND[phase]
                for value in (b"{", world.installed(0)):
                    for key in (EVIDENCE, LEDGER, DONE_12H):
                        yield Scenario(records=records, faults={phase: fault}, races={back: (key, value)})
                for second in ("failed", "absent"):
                    yield Scenario(records=records, faults={phase: fault, back: second})


def _by_row() -> dict[tuple[str, str], Scenario]:
    """For each row the first scenario that takes it."""
    found: dict[tuple[str, str], Scenario] = {}
    for scenario in _corpus():
        for state, _, event in world.walk(scenario).steps:
            meaning = FINDINGS[state.phase](state, event.answer, event.at)[0]
            found.setdefault((state.phase.value, meaning.value.lower()), scenario)
    return found


TAKES = _by_row()


def test_the_corpus_takes_every_row() -> None:
    assert set(TAKES) == {(phase, meaning) for phase, _, meaning, _, _ in HAND}


@pytest.mark.parametrize("row", HAND, ids=lambda row: "-".join((row[0], row[2])))
def test_a_planted_target_or_decision_is_seen(row: Row) -> None:
    """In whichever copy it stands: the tables differ, and so do two ticks that take the row."""
    phase, kind, meaning, to, says = row
    scenario = TAKES[phase, meaning]
    assert not _differs(scenario, HAND)
    wrong_targets = [(phase, kind, meaning, other.value, says) for other in Phase if other != to]
    wrong_decision = (phase, kind, meaning, to, "" if says else "warning=planted")
    for wrong in (*wrong_targets, wrong_decision):
        planted = [wrong if kept == row else kept for kept in HAND]
        assert set(planted) != _table()
        assert _differs(scenario, planted), wrong
