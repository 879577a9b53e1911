"""The kernel as dense tables: what `step` does in each control state with each class of answers, found by calling it.

A control state is a phase, what is known of the evidence, and whether the status was read. The thresholds of
the schedule are found by bisection over the same calls; nothing of the kernel's tables is written here.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product

from attrs import frozen

from evidence_kernel import (
    Absent,
    Answer,
    Applied,
    Conflict,
    Event,
    EvidenceState,
    Expect,
    Failed,
    Found,
    GeneratorError,
    Invocation,
    Outcome,
    Phase,
    Put,
    Reason,
    Report,
    State,
    Status,
    Step,
    Trigger,
    TrustStatus,
    Unknown,
    trust_status,
)
from evidence_kernel.findings import FINDINGS
from evidence_kernel.records import ledger
from evidence_kernel.records.evidence import read_installed_at
from evidence_kernel.records.instants import format_instant
from evidence_kernel.records.status import read_status
from evidence_kernel.state import SUCCESSES, Ending, Held
from evidence_kernel.tables import ASKS, SCHEDULER, Ask
from evidence_kernel.trust import is_running
from evidence_sim import oracle
from evidence_sim.codes import ActionCode, OutcomeCode
from evidence_sim.config import EPOCH, HOUR, records
from evidence_sim.fast import layout as at
from evidence_sim.machine import Machine
from evidence_sim.ticks import taken

_LONG = 1000 * HOUR
_ROWS = list(SCHEDULER)
_PLAIN = ((at.IS_APPLIED, Applied(1)), (at.IS_CONFLICT, Conflict()), (at.IS_UNKNOWN, Unknown()))
_FAILED = (at.IS_FAILED, Failed())
_BY_CODE = tuple(Outcome)
EVIDENCE_CODES = {None: 0} | {state: index for index, state in enumerate(EvidenceState, 1)}
REASON_CODES: dict[Reason | None, int] = {None: 0} | {reason: index for index, reason in enumerate(Reason, 1)}
TRIGGER_CODES = {None: 0} | {trigger: index for index, trigger in enumerate(Trigger, 1)}


@frozen
class Met:
    """A state of the machine, an answer to its effect at a clock, and the class that this answer stands for."""

    state: State
    kind: int
    answer: Answer
    clock: int = EPOCH

    @property
    def event(self) -> Event:
        """The answer when it arrived."""
        return Event(self.answer, self.clock)

    def step(self, machine: Machine) -> Step:
        """What the machine makes of it."""
        return machine.step(self.state, self.event)


def phase_code(phase: str) -> int:
    """The number of a phase in digests."""
    return int(ActionCode[phase])


def lowered(machine: Machine) -> list[int]:
    """The tables of a machine of the kernel's shape, without what the plan of a campaign adds."""
    table = [0] * at.TABLES
    table[at.K_STEP : at.K_RUNNING] = [-1] * (at.K_RUNNING - at.K_STEP)
    states = {_control(state): state for state in _explored(machine, table)}
    _reckoned(machine, table, {Phase(state.phase): state for state in states.values()})
    _closings(machine, table, states.values())
    for index, outcome in enumerate(_BY_CODE):
        code = OutcomeCode[outcome]
        assert code == index + 1
        table[at.K_SUCCESS + code] = outcome in SUCCESSES
        for reason, number in REASON_CODES.items():
            table[at.K_RUNNING + code * at.REASONS + number] = is_running(outcome, reason)
            shown = trust_status(Status(outcome=outcome, reason=reason, closed_at=EPOCH), EPOCH)
            table[at.K_SHOWN + code * at.REASONS + number] = list(TrustStatus).index(shown)
    table[at.K_FAILED_ATTEMPT] = REASON_CODES[Reason.ATTEMPT_FAILED]
    table[at.K_LONGEST] = machine.longest
    return table


def _explored(machine: Machine, table: list[int]) -> Iterator[State]:
    """A state for each control state, its answers told to the table."""
    out = machine.start(Invocation("tick-1", {"cloudId": records(0).tenant}))
    waiting, known = [out], {_control(out.state)}
    while waiting:
        out = waiting.pop()
        yield out.state
        for met in _answers(out.state):
            after, _ = taken(machine.step, met.state, met.event)
            _tell(table, met, after)
            if after is None:
                continue
            if isinstance(after.effect, Put):
                _asked(table, after.state, after.effect)
            if after.effect is not None and _control(after.state) not in known:
                known.add(_control(after.state))
                waiting.append(after)


def _control(state: State) -> tuple[object, ...]:
    """The control state, and whether there is evidence of its own to read back."""
    return state.phase, state.evidence, state.opened is not None, state.backfill is not None


def _asked(table: list[int], state: State, effect: Put) -> None:
    """How a put differs from the kernel's, by its phase: its condition, and what a status says of the ending."""
    place = at.K_EXPECTS + phase_code(state.phase) - at.STATUS_READ
    if effect.expect is Expect.ANY:
        table[place] = at.IS_PLAIN
    elif state.phase is Phase.EVIDENCE_PUT and effect.expect is not Expect.ABSENT:
        table[place] = at.IS_ON_READ
    if state.phase is Phase.STATUS_CLOSE:
        assert state.ending is not None
        _closed(table, state.ending, effect)


def _closings(machine: Machine, table: list[int], states: Iterable[State]) -> None:
    """What the status says of every ending; of few of them is there a state of its own."""
    settles = next(state for state in states if state.phase is Phase.SETTLE and state.opened is not None)
    for outcome, reason in product(Outcome, Reason):
        ending = Ending(outcome, reason, EPOCH)
        out = Met(settles._replace(ending=ending), 0, Applied(1)).step(machine)
        assert isinstance(out.effect, Put)
        _closed(table, ending, out.effect)


def _closed(table: list[int], ending: Ending, effect: Put) -> None:
    """What the status says of an ending."""
    says = read_status(effect.value)
    assert says.outcome is not None
    codes = int(OutcomeCode[says.outcome]) << 3 | REASON_CODES[says.reason] << 8
    place = at.K_CLOSES + int(OutcomeCode[ending.outcome]) * at.REASONS + REASON_CODES[ending.reason]
    assert table[place] in (0, codes), "a status says of one ending now this, now that"
    table[place] = codes


def _tell(table: list[int], met: Met, after: Step | None) -> None:
    """A row of the table; a machine that dies of an answer has one too, with no outcome."""
    state = met.state
    finding, _ = FINDINGS[state.phase](state, met.answer, met.clock)
    died = after is None
    after = after or Step(state._replace(phase=Phase.END), None)
    ending = after.state.ending if after.state.ending != state.ending else None
    at_row = row(phase_code(state.phase), EVIDENCE_CODES[state.evidence], state.opened is not None, met.kind)
    found = [
        phase_code(after.state.phase),
        _ROWS.index((state.phase, finding)),
        at.DIED if died else 0 if ending is None else int(OutcomeCode[ending.outcome]),
        0 if ending is None else REASON_CODES[ending.reason],
        EVIDENCE_CODES[after.state.evidence],
        sum(oracle.audited_at(line.text) is not None for line in after.log),
        int(after.state.did_backfill and not state.did_backfill),
        _installed(met, after.state),
    ]
    assert table[at_row] < 0 or table[at_row : at_row + at.COLUMNS] == found, "a control state is too coarse"
    table[at_row : at_row + at.COLUMNS] = found


def _installed(met: Met, after: State) -> int:
    """Where the instant of the installation comes from that the tick knows after an answer; later phases keep it."""
    state, at_last = met.state, after.installed_at
    if phase_code(state.phase) > at.TIMESTAMP_READ:
        assert at_last == state.installed_at, "a phase that reads no evidence knows another instant"
        return at.KEEPS
    read = read_installed_at(met.answer.value) if isinstance(met.answer, Found) else None
    put = None if state.backfill is None else read_installed_at(state.backfill)
    if at_last is None:
        return at.FORGETS
    for instant, source in ((read, at.AS_READ), (put, at.AS_PUT)):
        if at_last == instant:
            return source
    assert at_last == state.installed_at, "an instant from elsewhere"
    return at.KEEPS


def row(phase: int, evidence: int, opened: bool, kind: int) -> int:
    """Where a row of the table begins."""
    control = ((phase - at.STATUS_READ) * at.EVIDENCES + evidence) * 2 + opened
    return at.K_STEP + (control * at.CLASSES + kind) * at.COLUMNS


def _evidence(installed_at: int) -> bytes:
    return f'{{"installed_at":"{format_instant(installed_at)}"}}'.encode()


def _answers(state: State) -> Iterator[Met]:
    """One answer of each class that the phase can tell apart."""
    phase = state.phase
    asks = ASKS[phase]
    if asks is Ask.GENERATE:
        yield Met(state, at.IS_REPORT, Report(b"1"))
        yield Met(state, at.IS_ERROR, GeneratorError())
        return
    yield Met(state, *_FAILED)
    if asks is Ask.WRITE:
        yield from (Met(state, kind, answer) for kind, answer in _PLAIN)
    elif phase in (Phase.EVIDENCE_READ, Phase.EVIDENCE_VERIFY, Phase.TIMESTAMP_READ):
        yield from _of_evidence(state)
    elif phase is Phase.LEDGER_READ:
        yield Met(state, at.IS_MALFORMED, Found(b"[]", 1))
        for kind, age in ((at.IS_NOT_DUE, 0), (at.IS_DUE_12H, 12 * HOUR), (at.IS_DUE_24H, _LONG)):
            yield Met(state, kind, Absent(), (state.installed_at or 0) + age)
    elif phase is Phase.DONE_READ:
        yield from _of_publication(state)
    else:
        yield Met(state, at.IS_ABSENT, Absent())
        mine = {Phase.CLAIM_VERIFY: _held(state), Phase.PUBLISH_VERIFY: _published(state)}.get(phase)
        if mine is None:
            yield Met(state, at.IS_FOUND, Found(b"{}", 1))
        else:
            yield Met(state, at.IS_OTHERS, Found(b"{}", 1))
            yield Met(state, at.IS_MINE, Found(mine, 1))


def _held(state: State) -> bytes | None:
    return None if state.attempt is None else state.attempt.ledger.value


def _published(state: State) -> bytes | None:
    return None if state.attempt is None else state.attempt.publication


def _of_evidence(state: State) -> Iterator[Met]:
    yield Met(state, at.IS_ABSENT, Absent())
    yield Met(state, at.IS_INVALID, Found(b"{}", 1))
    ahead = EPOCH - _LONG
    for value, kind, kind_ahead in (
        (_evidence(EPOCH - HOUR), at.IS_VALID, at.IS_VALID_AHEAD),
        (state.backfill, at.IS_MINE, at.IS_MINE_AHEAD),
    ):
        if value is not None:
            yield Met(state, kind, Found(value, 1))
            yield Met(state, kind_ahead, Found(value, 1), ahead)


def _of_publication(state: State) -> Iterator[Met]:
    yield Met(state, at.IS_FOUND, Found(b"{}", 1))
    yield Met(state, at.IS_FREE, Absent())
    for kind, ahead, failed in (
        (at.IS_FREE, 0, False),
        (at.IS_WAITING, 1, False),
        (at.IS_RETRYING, 1, True),
        (at.IS_IMPLAUSIBLE, _LONG, False),
    ):
        yield Met(_claimed(state, 1, EPOCH + ahead, failed), kind, Absent())


def _claimed(state: State, attempts: int, until: int, failed: bool = False) -> State:
    """The state, had it read a ledger with that entry for the trigger that is due."""
    assert state.attempt is not None
    trigger = state.attempt.trigger
    value = ledger.claimed(None, trigger, attempts, until, "tick-0")
    if failed:
        value = ledger.failed(value, trigger, Reason.GENERATION_FAILED, until)
    return state._replace(attempt=state.attempt._replace(ledger=Held(value, 1)))


def _reckoned(machine: Machine, table: list[int], states: dict[Phase, State]) -> None:
    """The thresholds, each where the machine's next step changes."""
    reads, asks = states[Phase.LEDGER_READ], states[Phase.DONE_READ]
    for index, trigger in enumerate(Trigger):
        table[at.K_DUE + index] = _last(partial(_too_young, machine, reads, trigger)) + 1
    table[at.K_AHEAD] = _last(partial(_usable, machine, states[Phase.TIMESTAMP_READ]))
    for attempts in range(4):
        table[at.K_TIER + attempts] = _tier(machine, asks, attempts)
        table[at.K_PLAUSIBLE + attempts] = _last(partial(_waits, machine, asks, attempts))
    absent = Met(states[Phase.EVIDENCE_READ], at.IS_ABSENT, Absent()).step(machine).state.backfill
    dated = None if absent is None else read_installed_at(absent)
    table[at.K_DATED] = 0 if dated is None else dated - EPOCH
    shown = Status(outcome=Outcome.NOT_DUE, closed_at=EPOCH)
    table[at.K_STALE] = _last(lambda late: trust_status(shown, EPOCH + late) is TrustStatus.RUNNING)
    table[at.K_EARLY] = _last(lambda early: trust_status(shown, EPOCH - early) is TrustStatus.RUNNING)


def _last(holds: Callable[[int], bool]) -> int:
    """The last number from 0 on for which a predicate holds that holds up to a number; 0 where it is none."""
    low, high = 0, _LONG
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def _too_young(machine: Machine, state: State, trigger: Trigger, age: int) -> bool:
    """Whether less than that trigger is due at an age."""
    due = Met(state, 0, Absent(), (state.installed_at or 0) + age).step(machine).state.trigger
    return TRIGGER_CODES[due] < TRIGGER_CODES[trigger]


def _usable(machine: Machine, state: State, ahead: int) -> bool:
    return Met(state, 0, Found(_evidence(EPOCH + ahead), 1)).step(machine).state.phase is Phase.LEDGER_READ


def _waits(machine: Machine, state: State, attempts: int, gap: int) -> bool:
    return Met(_claimed(state, attempts, EPOCH + gap), 0, Absent()).step(machine).state.phase is not Phase.CLAIM


def _tier(machine: Machine, state: State, number: int) -> int:
    """How long the claim of that number waits."""
    if number == 0:
        return 0
    claim = Met(_claimed(state, number - 1, EPOCH), 0, Absent()).step(machine)
    assert isinstance(claim.effect, Put) and claim.state.attempt is not None
    until = oracle.backoff_until(claim.effect.value, claim.state.attempt.trigger)
    assert until is not None
    return until - EPOCH
