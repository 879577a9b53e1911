"""Whole ticks, as few as reach every row of both tables, found breadth-first over classes of answers."""

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from attrs import asdict

from evidence_kernel import (
    Absent,
    Answer,
    Applied,
    Conflict,
    Effect,
    EnsureResult,
    Event,
    Failed,
    Found,
    GeneratorError,
    Get,
    Invocation,
    Phase,
    Put,
    Report,
    State,
    Step,
    TickResult,
    Unknown,
    ensure,
    start,
    step,
)
from evidence_kernel.findings import FINDINGS, observe
from evidence_kernel.records.instants import format_instant
from evidence_kernel.schedule import HOUR
from evidence_runtime.vectors.cases import said
from evidence_runtime.vectors.inputs import FREE, IMPLAUSIBLE, NOW, RETRYING, STATUSES, TENANT, TICK, WAITING

_CONTEXT = {"cloudId": TENANT}
_OBSERVING = (Phase.EVIDENCE_READ, Phase.EVIDENCE_VERIFY, Phase.TIMESTAMP_READ)
_EVIDENCES = (
    *(f'{{"installed_at":"{format_instant(NOW - age * HOUR)}"}}'.encode() for age in (13, 25, 0, -1)),
    b"null",
)
_LEDGERS = (FREE, WAITING, RETRYING, IMPLAUSIBLE, b"[]")
_VALUES = {
    Phase.STATUS_READ: STATUSES[:1],
    **dict.fromkeys(_OBSERVING, _EVIDENCES),
    **dict.fromkeys((Phase.LEDGER_READ, Phase.CLAIM_VERIFY), _LEDGERS),
    **dict.fromkeys((Phase.DONE_READ, Phase.PUBLISH_VERIFY), (b"{}",)),
}
Begin = Callable[[Invocation], Step]
# A row of SCHEDULER by phase and finding, or of EVIDENCE by state and observation.
Hit = tuple[str | None, str]


def ticks() -> list[dict[str, Any]]:
    """Ticks, refused and whole, then backfills alone, each step with its effect, its answer and what came of it."""
    told = [_told(begin, None, ()) for begin in (start, ensure)]
    return told + [_told(begin, _CONTEXT, answers) for begin in (start, ensure) for answers in _paths(begin)]


def _clock(place: int) -> int:
    """When the answer to the tick's effect of that number, from 0, arrives."""
    return NOW + 100 * place


def _own(state: State) -> bytes | None:
    """What a read-back of the phase would find where the tick's own put stands."""
    match state.phase:
        case Phase.EVIDENCE_VERIFY | Phase.TIMESTAMP_READ:
            return state.backfill
        case Phase.CLAIM_VERIFY:
            return state.due.ledger.value
        case Phase.PUBLISH_VERIFY:
            return state.due.publication
        case _:
            return None


def _answers(state: State, effect: Effect) -> Iterator[Answer]:
    """One answer of each class; the first leads on along the shortest way to a report."""
    if isinstance(effect, Get):
        own = _own(state)
        if own is not None:
            yield Found(own, 9)
        yield Absent()
        yield from (Found(value, 7) for value in _VALUES[state.phase])
        yield Failed()
    elif isinstance(effect, Put):
        yield from (Applied(8), Conflict(), Failed(), Unknown())
    else:
        yield from (Report(b'{"findings":3}'), Report(b"{"), GeneratorError())


def hits(state: State, event: Event) -> set[Hit]:
    """The rows that a step takes."""
    finding, _ = FINDINGS[state.phase](state, event.answer, event.at)
    taken: set[Hit] = {(state.phase, finding)}
    if isinstance(event.answer, Found | Absent | Failed) and state.phase in _OBSERVING:
        taken.add((state.evidence, observe(state, event.answer)[0]))
    return taken


def _class(state: State) -> object:
    """What tells states apart whose futures take other rows."""
    ledger = state.attempt.ledger.value if state.attempt is not None and state.phase is Phase.DONE_READ else None
    bare = (state.backfill is None, state.opened is None)
    return state.phase, state.evidence, state.installed_at, state.did_backfill, state.trigger, ledger, bare


def _paths(begin: Begin) -> Iterator[tuple[Answer, ...]]:
    """The answers of each tick that takes a row which no earlier one took."""
    taken: set[Hit] = set()
    waiting: list[tuple[Step, tuple[Answer, ...]]] = [(begin(Invocation(TICK, _CONTEXT)), ())]
    seen: set[object] = set()
    for now, path in waiting:
        if now.effect is None:
            continue
        for answer in _answers(now.state, now.effect):
            event = Event(answer, _clock(len(path)))
            after = step(now.state, event)
            if not hits(now.state, event) <= taken:
                yield _ended(begin, (*path, answer), taken)
            kind = _class(after.state)
            if kind not in seen:
                seen.add(kind)
                waiting.append((after, (*path, answer)))


def _ended(begin: Begin, path: tuple[Answer, ...], taken: set[Hit]) -> tuple[Answer, ...]:
    """The path, led on to the tick's end by answers that take new rows where there are any; `taken` grows by all."""
    now, answers = begin(Invocation(TICK, _CONTEXT)), list(path)
    for place in range(len(Phase)):
        if now.effect is None:
            break
        at = _clock(place)
        if place == len(answers):
            choices = list(_answers(now.state, now.effect))
            new = [one for one in choices if not hits(now.state, Event(one, at)) <= taken]
            answers.append((new or choices)[0])
        event = Event(answers[place], at)
        taken |= hits(now.state, event)
        now = step(now.state, event)
    return tuple(answers)


def _told(begin: Begin, context: object, answers: tuple[Answer, ...]) -> dict[str, Any]:
    now = begin(Invocation(TICK, context))
    told = {"begin": begin.__name__, "tick_id": TICK, "context": context, "log": [said(line) for line in now.log]}
    steps = []
    for place, answer in enumerate(answers):
        assert now.effect is not None
        state, event = now.state, Event(answer, _clock(place))
        finding, _ = FINDINGS[state.phase](state, answer, event.at)
        after = step(state, event)
        steps.append(
            {
                "phase": state.phase,
                "effect": {"kind": type(now.effect).__name__, **_plain(now.effect._asdict())},
                "answer": {"kind": type(answer).__name__, **_plain(asdict(answer))},
                "at": event.at,
                "finding": finding,
                "evidence": after.state.evidence,
                "log": [said(line) for line in after.log],
            }
        )
        now = after
    assert now.result is not None
    return {**told, "steps": steps, "result": _result(now.result)}


def _result(result: TickResult | EnsureResult) -> dict[str, Any]:
    if isinstance(result, EnsureResult):
        return result._asdict()
    return {**result._asdict(), "success": result.success, "http_status": result.http_status}


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _text(value) for name, value in fields.items()}


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    return value.value if isinstance(value, Enum) else value
