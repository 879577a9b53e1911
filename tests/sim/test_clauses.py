"""Each clause of an invariant that no specimen breaks alone: a machine that does, and the kernel, which does not."""

from collections.abc import Callable
from typing import Any

import pytest
from attrs import frozen

from evidence_kernel import Applied, Event, Outcome, Phase, Put, Reason, State, Step, Trigger, step
from evidence_kernel.messages import audit
from evidence_kernel.records.instants import format_instant
from evidence_kernel.records.keys import encode_tenant, publication_key
from evidence_sim.config import HOUR, MINUTE, Initial
from evidence_sim.invariants import BY_ID
from evidence_sim.machines import MACHINES
from evidence_sim.machines.variant import Variant, detour, dump, load, writing
from tests.timeline import Timeline

Change = Callable[[dict[str, Any], Event], dict[str, Any]]


def putting(phase: Phase, change: Change) -> Callable[[Any, Event], Step]:
    """The kernel with another record in the put of a phase."""

    def advance(state: State, event: Event) -> Step:
        out = step(state, event)
        if out.state.phase is not phase or not isinstance(out.effect, Put):
            return out
        changed = writing(out, change(load(out.effect.value), event))
        if phase is Phase.EVIDENCE_PUT and isinstance(changed.effect, Put):
            return changed._replace(state=changed.state._replace(backfill=changed.effect.value))
        return changed

    return advance


def _gloomy(record: dict[str, Any], _event: Event) -> dict[str, Any]:
    return record | {"outcome": Outcome.STORE_FAILED, "reason": Reason.CLAIM_FAILED}


def _ahead(record: dict[str, Any], event: Event) -> dict[str, Any]:
    return record | {"closed_at": format_instant(event.at + 20 * MINUTE)}


def _nameless(record: dict[str, Any], _event: Event) -> dict[str, Any]:
    return record | {"outcome": None, "reason": None}


def _without_report(record: dict[str, Any], _event: Event) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "report"}


def field(name: str, value: object) -> Callable[[Any, Event], Step]:
    """The kernel with one untrue field in its evidence."""
    return putting(Phase.EVIDENCE_PUT, lambda record, _event: record | {name: value})


def wrong_place(state: State, event: Event) -> Step:
    """The report of one trigger is published as another's."""
    out = step(state, event)
    if out.state.phase is Phase.PUBLISH and isinstance(out.effect, Put):
        return out._replace(effect=out.effect._replace(key=publication_key(state.tenant, Trigger.AUTO_24H)))
    return out


@frozen
class _Claiming:
    """A claim that is put once more before the generator is asked."""

    out: Step
    phase: str = "ATTEMPT_PUT"


def claims_twice(state: Any, event: Event) -> Step:
    """Each attempt is claimed twice."""
    if isinstance(state, _Claiming):
        return state.out
    out = step(state, event)
    if state.phase is Phase.CLAIM and isinstance(event.answer, Applied) and state.attempt is not None:
        again = load(state.attempt.ledger.value) | {"again": True}
        return detour(_Claiming(out), Put(f"phase5:scheduler:state:{state.tenant}", dump(again), event.answer.version))
    return out


def says_twice(state: State, event: Event) -> Step:
    """The audit line is written twice."""
    out = step(state, event)
    lines = tuple(line for line in out.log if "didBackfill" in line.text)
    return out._replace(log=out.log + lines)


def says_another_time(state: State, event: Event) -> Step:
    """The audit line says another instant than the record."""
    out = step(state, event)
    if any("didBackfill" in line.text for line in out.log):
        return out._replace(log=(audit(encode_tenant(state.tenant), event.at + 1),))
    return out


def trigger_of(age: int, trigger: Trigger) -> Callable[[Any, Event], Step]:
    """The kernel that takes a trigger for due as though the installation had another age."""

    def advance(state: State, event: Event) -> Step:
        if state.phase is not Phase.LEDGER_READ or state.installed_at is None:
            return step(state, event)
        out = step(state._replace(installed_at=event.at - age), event)
        assert out.state.trigger is trigger
        return out._replace(state=out.state._replace(installed_at=state.installed_at))

    return advance


def tick(line: Timeline) -> None:
    """One tick without a fault."""
    line.start(1).finish(1)


def tick_and_clock(line: Timeline) -> None:
    """One tick, and 16 minutes."""
    line.start(1).finish(1).do("Clock(h0,+960000)")


Row = tuple[str, str, Callable[[Any, Event], Step], str, Callable[[Timeline], None]]
ROWS: tuple[Row, ...] = (
    ("S19", "nothing has gone wrong", putting(Phase.STATUS_CLOSE, _gloomy), "valid", tick),
    ("S19", "no tick closed well", putting(Phase.STATUS_CLOSE, _ahead), "valid", tick_and_clock),
    ("S18", "wrote None into the status", putting(Phase.STATUS_CLOSE, _nameless), "valid", tick),
    ("S7", "holds no report", putting(Phase.PUBLISH, _without_report), "valid-12h", tick),
    ("S7", "did not generate", wrong_place, "valid-12h", tick),
    ("S8", "after 2 claims", claims_twice, "valid-12h", tick),
    ("S16", "installed_at is", field("installed_at", "2026-01-03T15:59:00.000Z"), "absent", tick),
    ("S16", "backfilled is", field("backfilled", False), "absent", tick),
    ("S16", "backfilled_at is", field("backfilled_at", "2026-01-03T15:59:00.000Z"), "absent", tick),
    ("S16", "backfill_reason is", field("backfill_reason", "upgrade"), "absent", tick),
    ("S16", "backfill_id is", field("backfill_id", "a-9"), "absent", tick),
    ("S4", "a second audit line", says_twice, "absent", tick),
    ("S4", "an audit line says", says_another_time, "absent", tick),
    ("S17", "AUTO_12H is generated at an age", trigger_of(13 * HOUR, Trigger.AUTO_12H), "valid", tick),
    ("S17", "AUTO_12H is generated at an age", trigger_of(13 * HOUR, Trigger.AUTO_12H), "valid-24h", tick),
    ("S17", "AUTO_24H is generated at an age", trigger_of(25 * HOUR, Trigger.AUTO_24H), "valid-12h", tick),
)


def verdicts(line: Timeline, invariant: str) -> list[str]:
    """What the invariant says of a timeline."""
    return [verdict for fact in line.facts if (verdict := BY_ID[invariant].judge(fact))]


@pytest.mark.parametrize(("invariant", "says", "advance", "evidence", "happens"), ROWS)
def test_a_clause_is_broken_by_a_machine_and_kept_by_the_kernel(
    invariant: str,
    says: str,
    advance: Callable[[Any, Event], Step],
    evidence: str,
    happens: Callable[[Timeline], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(MACHINES, "planted", Variant("planted", "", advance=advance, longest=16))
    planted, kernel = (Timeline(machine, Initial(evidence)) for machine in ("planted", "kernel"))
    for line in (planted, kernel):
        happens(line)
    assert any(says in verdict for verdict in verdicts(planted, invariant)), verdicts(planted, invariant)
    assert kernel.violated() == set()


def test_s6_a_report_that_was_taken_away_and_is_made_again_is_one_too_many() -> None:
    line = Timeline("kernel", Initial("valid-12h")).start(1).finish(1)
    line.do("Outside(a.publication:AUTO_12H,delete)", "Clock(h0,+1800000)").start(2).finish(2)
    assert verdicts(line, "S6") == ["AUTO_12H is published once more"]


def test_s9_a_ledger_that_forgets_calls_is_seen_when_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgets(record: dict[str, Any], _event: Event) -> dict[str, Any]:
        return record | {"AUTO_12H": record["AUTO_12H"] | {"attempts": 0}}

    planted = Variant("planted", "", advance=putting(Phase.SETTLE, forgets))
    monkeypatch.setitem(MACHINES, "planted", planted)
    line = Timeline("planted", Initial("valid-12h")).start(1).finish(1)
    assert verdicts(line, "S9") == ["1 calls of the generator for AUTO_12H, and a ledger of 0 attempts is written"]


@pytest.mark.parametrize("error", [KeyError("x"), RecursionError(), AssertionError()])
def test_s12_a_machine_may_die_of_anything(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: object) -> Step:
        raise error

    for machine in (Variant("planted", "", begin=dies), Variant("planted", "", advance=dies)):
        monkeypatch.setitem(MACHINES, "planted", machine)
        line = Timeline("planted").start(1).until("EVIDENCE_READ", 1)
        assert verdicts(line, "S12") == [f"the tick died: {error!r}"]
