"""The machines of `transitions` are the kernel's tables, and follow every tick and the backfill alone."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transitions import EventData

from evidence_kernel import EVIDENCE, SCHEDULER, Event, Expect, Invocation, Phase, Step, ensure, start, step
from evidence_kernel.records.keys import evidence_key
from evidence_kernel.tables import BACKFILL_ALONE, WITHOUT_STATUS
from evidence_runtime import MemoryStore, ensure_evidence, invocation, run_tick
from evidence_runtime.machine import UNREAD, TickMachine
from evidence_sim.mutants import mutants, mutated
from tests.kernel.scenarios import SCENARIOS
from tests.kernel.test_twin import TAKES
from tests.kernel.walk import Scenario, walk

Begin = Callable[[Invocation], Step]
OLD = b'{"installed_at":"2025-01-01T00:00:00Z"}'


def told(scenario: Scenario, begin: Begin) -> Iterator[tuple[Step, Event | None]]:
    """What an observer is told of a tick, step by step."""
    now = begin(Invocation(scenario.tick_id, scenario.context))
    yield now, None
    for state, _, event in walk(scenario, begin).steps:
        yield step(state, event), event


def entered(machine: TickMachine, scenario: Scenario, begin: Begin = start) -> list[tuple[str, str, str]]:
    """The transitions of `phases` that a tick takes: source, trigger, destination."""
    seen: list[tuple[str, str, str]] = []

    def see(data: EventData) -> None:
        assert data.transition is not None and data.transition.dest is not None and data.event is not None
        seen.append((data.transition.source, data.event.name, data.transition.dest))

    machine.phases.after_state_change = see
    for now, event in told(scenario, begin):
        machine(now.state, event, now.effect)
        if now.effect is not None:
            tick = machine.ticks[scenario.tick_id]
            assert (tick.state, tick.evidence.state) == (now.state.phase, now.state.evidence or UNREAD)
    return seen


def moves(machine: Any) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """The transitions of a machine of `transitions`, with their conditions, in order."""
    return [
        (one.source, event.name, one.dest, tuple(condition.func for condition in one.conditions))
        for event in machine.events.values()
        for ones in event.transitions.values()
        for one in ones
    ]


@pytest.mark.parametrize("diagrams", [False, True])
def test_the_machines_are_the_tables(diagrams: bool) -> None:
    machine = TickMachine(diagrams=diagrams)
    cut = [(WITHOUT_STATUS, ("statusless",)), (BACKFILL_ALONE, ("alone",))]
    rows = {(phase.value, on.value, row.to.value, ()) for (phase, on), row in SCHEDULER.items()}
    tails = {(*row[:2], ends[Phase(row[2])].value, why) for row in rows for ends, why in cut if row[2] in ends}
    assert set(moves(machine.phases)) == rows | tails and len(moves(machine.phases)) == len(rows) + len(tails)
    seen = {(before or UNREAD, on.value, after or UNREAD, ()) for (before, on), after in EVIDENCE.items()}
    assert set(moves(machine.evidence)) == seen


MACHINE = TickMachine(max_ticks=1)


@given(SCENARIOS, st.sampled_from([start, start, ensure]))
def test_every_scenario_is_followed(scenario: Scenario, begin: Begin) -> None:
    phases = walk(scenario, begin).phases
    taken = entered(MACHINE, scenario, begin)
    assert [(source, dest) for source, _, dest in taken] == list(zip(phases, [*phases[1:], "END"], strict=False))
    assert MACHINE.ticks == {}


def test_every_row_is_followed() -> None:
    machine, taken = TickMachine(), set()
    for scenario in TAKES.values():
        taken |= {(source, trigger) for source, trigger, _ in entered(machine, scenario)}
    assert taken == {(phase.value, on.value) for phase, on in SCHEDULER}


@pytest.mark.parametrize(
    "name", ["STATUS_READ FOUND -> EVIDENCE_READ", "EVIDENCE None,ABSENT -> VALID", "CLAIM APPLIED -> CLAIM_VERIFY"]
)
def test_a_kernel_of_other_tables_is_noticed(name: str) -> None:
    machine, store = TickMachine(), MemoryStore()
    store.put(evidence_key("b"), OLD, Expect.ABSENT)
    wrong: list[Exception] = []

    def observe(*now: Any) -> None:
        try:
            machine(*now)
        except AssertionError as error:
            wrong.append(error)

    with mutated({mutant.name: mutant for mutant in mutants()}[name]):
        for tenant in "aabb":
            run_tick(store, invocation(tenant), lambda *_: 1, observe=observe)
    assert wrong and str(wrong[0]).startswith("a table disagrees")


def test_callbacks_are_told_of_phases_and_of_evidence() -> None:
    machine, said = TickMachine(), []
    machine.phases.on_enter_EVIDENCE_PUT(lambda data: said.append(data.model.known.tenant))
    machine.evidence.on_enter_VERIFIED(lambda data: said.append(data.kwargs["event"].answer.value))
    machine.phases.on_enter_END(lambda data: said.append(data.model.evidence.state))
    ensure_evidence(MemoryStore(), invocation("acme"), observe=machine)
    tenant, value, state = said
    assert (tenant, state) == ("acme", "VERIFIED") and b"backfilled" in value
    run_tick(MemoryStore(), invocation({}), lambda *_: 1, observe=machine)
    assert len(said) == 3 and machine.ticks == {}


def test_a_live_diagram_shows_where_a_tick_is() -> None:
    machine, drawn = TickMachine(diagrams=True), {}

    def draw(data: EventData) -> None:
        model: Any = data.model
        drawn[model.state] = model.get_graph().source

    machine.phases.after_state_change = draw
    run_tick(MemoryStore(), invocation("acme"), lambda *_: 1, observe=machine)
    assert list(drawn)[-3:] == ["LEDGER_READ", "STATUS_CLOSE", "END"]
    for phase, source in drawn.items():
        assert f"Class {phase} s_active" in source and "LEDGER_READ --> DONE_READ: DUE" in source
    whole: Any = machine.evidence
    assert "MISSING --> VERIFIED: MINE" in whole.get_combined_graph().source


class Cut(BaseException):
    """A crash."""


def test_ticks_that_never_end_are_forgotten() -> None:
    def crash(*_: object) -> object:
        raise Cut

    machine, store = TickMachine(max_ticks=3), MemoryStore()
    for number in range(5):
        store.put(evidence_key(str(number)), OLD, Expect.ABSENT)
        with pytest.raises(Cut):
            run_tick(store, invocation(str(number)), crash, observe=machine)
    assert [tick.known.tenant for tick in machine.ticks.values()] == ["2", "3", "4"]
    assert len(machine.phases.models) == len(machine.evidence.models) == 1 + 3
    with pytest.raises(ValueError, match="max_ticks=0"):
        TickMachine(max_ticks=0)


def test_ticks_in_threads_are_told_apart() -> None:
    machine, store, ended = TickMachine(), MemoryStore(), []
    machine.phases.on_enter_END(lambda data: ended.append(data.model.known.tick_id))

    def ticks() -> None:
        for number in range(20):
            run_tick(store, invocation(str(number % 3)), lambda *_: 1, observe=machine)

    threads = [Thread(target=ticks) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == len(set(ended)) == 160 and machine.ticks == {}


def test_without_transitions_the_extra_is_named() -> None:
    code = "import sys; sys.modules['transitions'] = None; import evidence_runtime.machine"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr
    assert said.endswith("evidence_runtime.machine needs transitions; pip install 'evidence-kernel[machine]'\n")
