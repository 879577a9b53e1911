"""Two ways through the kernel: a scenario over a dictionary of records, and every abstract state in turn."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache

from attrs import field, frozen

from evidence_kernel.codes import Phase, Trigger
from evidence_kernel.effects import Effect, Expect, Expectation, Generate, Get, Put
from evidence_kernel.events import (
    Absent,
    Answer,
    Applied,
    Conflict,
    Event,
    Failed,
    Found,
    GeneratorError,
    ReadAnswer,
    Report,
    Unknown,
    WriteAnswer,
)
from evidence_kernel.messages import LogLine
from evidence_kernel.records.instants import format_instant
from evidence_kernel.state import EnsureResult, Invocation, State, Step, TickResult
from evidence_kernel.step import start, step

TENANT = "c5b189a5-7cea-4038-9941-000000000000"
EVIDENCE = f"phase4:evidence:installation:{TENANT}"
LEDGER = f"phase5:scheduler:state:{TENANT}"
STATUS = f"governance:status:snapshot:{TENANT}"
DONE_12H = f"phase5:scheduler:{TENANT}:AUTO_12H:DONE"
DONE_24H = f"phase5:scheduler:{TENANT}:AUTO_24H:DONE"

NOW = 1_767_456_000_000  # 2026-01-03T16:00:00.000Z
MINUTE = 60_000
HOUR = 60 * MINUTE


def record(**fields: object) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def installed(ago: int) -> bytes:
    """Another's evidence, from `ago` ms before NOW."""
    return record(installed_at=format_instant(NOW - ago))


def ledger(trigger: Trigger = Trigger.AUTO_12H, **fields: object) -> bytes:
    return record(**{trigger.value: fields})


class Cells:
    """A store: records by key, each with a version that never returns."""

    def __init__(self, records: Mapping[str, bytes] | None = None) -> None:
        self._cells: dict[str, tuple[bytes, int]] = {}
        self._versions = 0
        for key, value in (records or {}).items():
            self.write(key, value)

    def write(self, key: str, value: bytes) -> int:
        self._versions += 1
        self._cells[key] = (value, self._versions)
        return self._versions

    def get(self, key: str) -> ReadAnswer:
        cell = self._cells.get(key)
        return Absent() if cell is None else Found(*cell)

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        cell = self._cells.get(key)
        held = Expect.ABSENT if cell is None else cell[1]
        if expect is not Expect.ANY and expect != held:
            return Conflict()
        return Applied(self.write(key, value))

    def contents(self) -> dict[str, bytes]:
        return {key: value for key, (value, _) in sorted(self._cells.items())}


@frozen
class Scenario:
    """What meets one tick.

    `faults`: by phase, `failed`, `unknown-yes` (applied), `unknown-no`, `conflict` or, of a read, `absent`.
    `races`: by phase, a record that another writes just before. `clock`: ms after `at`, answer by answer.
    """

    records: Mapping[str, bytes] = field(factory=dict)
    faults: Mapping[str, str] = field(factory=dict)
    races: Mapping[str, tuple[str, bytes]] = field(factory=dict)
    at: int = NOW
    clock: tuple[int, ...] = tuple(range(0, 1500, 100))
    report: bytes = b'{"findings":3}'
    tick_id: str = "tick-1"
    context: object = field(factory=lambda: {"cloudId": TENANT})


@frozen
class Walked:
    """A tick that is over: what it asked, met and said, left and returned."""

    steps: tuple[tuple[State, Effect, Event], ...]
    logs: tuple[tuple[LogLine, ...], ...]  # one more than the steps: the first is the start's
    cells: Cells
    result: TickResult | EnsureResult

    @property
    def log(self) -> tuple[LogLine, ...]:
        return tuple(line for lines in self.logs for line in lines)

    def put(self, phase: Phase) -> Put:
        """The put of a phase that the tick was in."""
        [effect] = [effect for state, effect, _ in self.steps if state.phase is phase]
        assert isinstance(effect, Put)
        return effect

    def at(self, phase: Phase) -> int:
        """When the answer to a phase's effect arrived."""
        [event] = [event for state, _, event in self.steps if state.phase is phase]
        return event.at

    @property
    def phases(self) -> list[str]:
        return [state.phase.value for state, _, _ in self.steps]

    @property
    def tick(self) -> TickResult:
        assert isinstance(self.result, TickResult)
        return self.result


_UNWRITTEN: Mapping[str, WriteAnswer] = {
    "failed": Failed(),
    "conflict": Conflict(),
    "unknown-no": Unknown(),
}


def answer(cells: Cells, effect: Effect, fault: str, report: bytes) -> Answer:
    """What the world answers; a fault that does not apply to the effect is none."""
    match effect:
        case Get(key=key):
            if fault == "failed":
                return Failed()
            return Absent() if fault == "absent" else cells.get(key)
        case Put(key=key, value=value, expect=expect):
            if fault in _UNWRITTEN:
                return _UNWRITTEN[fault]
            written = cells.put(key, value, expect)
            return Unknown() if fault == "unknown-yes" else written
        case Generate():
            return GeneratorError() if fault == "failed" else Report(report)


def walk(scenario: Scenario, begin: Callable[[Invocation], Step] = start) -> Walked:
    """One tick, or the backfill alone, to its end."""
    cells = Cells(scenario.records)
    now = begin(Invocation(scenario.tick_id, scenario.context))
    logs = [now.log]
    steps: list[tuple[State, Effect, Event]] = []
    while now.effect is not None:
        phase = now.state.phase.value
        if phase in scenario.races:
            cells.write(*scenario.races[phase])
        met = answer(cells, now.effect, scenario.faults.get(phase, ""), scenario.report)
        event = Event(met, scenario.at + scenario.clock[len(steps) % len(scenario.clock)])
        steps.append((now.state, now.effect, event))
        now = step(now.state, event)
        logs.append(now.log)
    assert now.result is not None
    return Walked(tuple(steps), tuple(logs), cells, now.result)


_VERSION = 7
_EVIDENCES = (installed(0), installed(13 * HOUR), installed(25 * HOUR), installed(-HOUR), b"null", b"{}")
_LEDGERS = (
    b"[]",
    *(
        record(**{trigger.value: entry for trigger in Trigger})
        for entry in (
            {"attempts": 1, "backoff_until": format_instant(NOW + MINUTE)},
            {"attempts": 1, "backoff_until": format_instant(NOW + MINUTE), "last_error": {}},
            {"attempts": 1, "backoff_until": format_instant(NOW + HOUR)},
            {"attempts": 1, "backoff_until": format_instant(NOW)},
        )
    ),
)
_VALUES: Mapping[Phase, tuple[bytes, ...]] = {
    Phase.STATUS_READ: (b"{}",),
    Phase.EVIDENCE_READ: _EVIDENCES,
    Phase.EVIDENCE_VERIFY: _EVIDENCES,
    Phase.TIMESTAMP_READ: _EVIDENCES,
    Phase.LEDGER_READ: _LEDGERS,
    Phase.DONE_READ: (b"", b"{}"),
    Phase.CLAIM_VERIFY: _LEDGERS,
    Phase.PUBLISH_VERIFY: (b"", b"{}"),
}


def alphabet(state: State, effect: Effect) -> Iterator[Answer]:
    """Every kind of answer to the phase's effect, with every kind of value, this tick's own included."""
    if isinstance(effect, Get):
        mine = {
            Phase.EVIDENCE_VERIFY: state.backfill,
            Phase.TIMESTAMP_READ: state.backfill,
            Phase.CLAIM_VERIFY: None if state.attempt is None else state.attempt.ledger.value,
            Phase.PUBLISH_VERIFY: None if state.attempt is None else state.attempt.publication,
        }.get(state.phase)
        yield from (Absent(), Failed())
        for value in (*_VALUES[state.phase], *(() if mine is None else (mine,))):
            yield Found(value, _VERSION)
    elif isinstance(effect, Put):
        yield from (Applied(_VERSION + 1), Conflict(), Failed(), Unknown())
    else:
        yield from (Report(b"null"), Report(b"{"), GeneratorError())


Edge = tuple[State, Effect, Event, Step]


def explore(begin: Callable[[Invocation], Step] = start) -> Iterator[Edge]:
    """Every edge between states that differ in what the tables see; the clock stands at NOW."""
    first = begin(Invocation("tick-1", {"cloudId": TENANT}))
    assert first.effect is not None
    seen: set[object] = set()
    waiting: list[tuple[State, Effect]] = [(first.state, first.effect)]
    while waiting:
        state, effect = waiting.pop()
        for met in alphabet(state, effect):
            event = Event(met, NOW)
            now = step(state, event)
            yield state, effect, event, now
            if now.effect is not None and (seen_as := _abstract(now.state)) not in seen:
                seen.add(seen_as)
                waiting.append((now.state, now.effect))


@cache
def edges(begin: Callable[[Invocation], Step] = start) -> tuple[Edge, ...]:
    return tuple(explore(begin))


def _abstract(state: State) -> object:
    ledger = None if state.attempt is None else state.attempt.ledger
    backoff = state.phase is Phase.DONE_READ and ledger
    known = (state.phase, state.evidence, state.installed_at, state.did_backfill, state.backfill)
    return *known, state.opened, state.refusal, state.trigger, state.ending, state.degraded, backoff
