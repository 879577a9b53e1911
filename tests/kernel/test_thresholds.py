"""Every threshold of time through `step`, on every path that leads to it: a millisecond before, at it, after.

Each reading is compared with numbers typed here; each has off-by-one kernels planted that must be seen.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache, partial
from importlib import import_module
from itertools import product
from typing import Any

import pytest
from attrs import evolve

from evidence_kernel import (
    Absent,
    Event,
    Found,
    Get,
    Misuse,
    Outcome,
    Phase,
    Put,
    ReadAnswer,
    State,
    Trigger,
    findings,
    requests,
    schedule,
    step,
)
from evidence_kernel.records import evidence, instants, ledger
from tests.kernel import walk

MINUTE, HOUR = 60_000, 3_600_000
TOLERANCE = 900_000
TIERS = (0, 1_800_000, 7_200_000, 86_400_000, 86_400_000, 86_400_000)
NEAR = (-1, 0, 1)
DONE = {Trigger.AUTO_12H: walk.DONE_12H, Trigger.AUTO_24H: walk.DONE_24H}
Wrong = Iterator[object]


@cache
def at_phase(phase: Phase) -> tuple[State, ...]:
    """Every control state of a phase that some answers lead to."""
    return tuple(dict.fromkeys(state for state, *_ in walk.edges() if state.phase is phase))


def text(ms: int, zone: str = "Z") -> str:
    """The instant as `datetime` writes it, to the millisecond."""
    return (datetime(1970, 1, 1) + ms * timedelta(milliseconds=1)).isoformat(timespec="milliseconds") + zone


def due_wrong() -> Wrong:
    """What is due at an age, for every state at LEDGER_READ and every sort of ledger."""
    answers: tuple[ReadAnswer, ...] = (Absent(), Found(b"{}", 1), Found(walk.ledger(attempts=2), 1))
    for state in at_phase(Phase.LEDGER_READ):
        assert state.installed_at is not None
        for age in (edge + near for edge in (0, 12 * HOUR, 24 * HOUR) for near in NEAR):
            trigger = None if age < 12 * HOUR else Trigger.AUTO_12H if age < 24 * HOUR else Trigger.AUTO_24H
            for answer in answers:
                out = step(state, Event(answer, state.installed_at + age))
                ended = out.state.ending is not None and out.state.ending.outcome is Outcome.NOT_DUE
                right = ended if trigger is None else out.effect == Get(DONE[trigger])
                if not (right and out.state.trigger is trigger):
                    yield state, age, answer


def future_wrong() -> Wrong:
    """Whether evidence is from the future, for every state at TIMESTAMP_READ, another's evidence and its own."""
    for state in at_phase(Phase.TIMESTAMP_READ):
        for value in (walk.installed(HOUR), *([] if state.backfill is None else [state.backfill])):
            installed_at = walk.NOW - (HOUR if value != state.backfill else 0)
            for ahead in (edge + near for edge in (-TOLERANCE, 0, TOLERANCE) for near in NEAR):
                out = step(state, Event(Found(value, 1), installed_at - ahead))
                ending = out.state.ending
                refused = ending is not None and ending.outcome is Outcome.EVIDENCE_IN_FUTURE
                passed = out.state.phase is Phase.LEDGER_READ and out.state.installed_at == installed_at
                if not (refused if ahead > TOLERANCE else passed):
                    yield state, value, ahead


def claiming() -> Iterator[tuple[State, int, int, bool]]:
    """States at DONE_READ with a backoff: the attempts, where it ends, and whether an attempt failed."""
    until = walk.NOW + 9 * HOUR + 1
    for state in at_phase(Phase.LEDGER_READ):
        assert state.installed_at is not None
        for trigger, age in ((Trigger.AUTO_12H, 12 * HOUR), (Trigger.AUTO_24H, 24 * HOUR)):
            for attempts in range(5):
                for failed in (False, True):
                    error: dict[str, object] = {"last_error": {}} if failed else {}
                    held = walk.ledger(trigger, attempts=attempts, backoff_until=text(until), **error)
                    out = step(state, Event(Found(held, 1), state.installed_at + age))
                    assert out.state.phase is Phase.DONE_READ
                    yield out.state, attempts, until, failed


def backoff_wrong() -> Wrong:
    """Whether a backoff holds, and where the next one ends, for both triggers and every number of attempts."""
    for state, attempts, until, failed in claiming():
        plausible = TIERS[attempts] + TOLERANCE
        for ahead in (edge + near for edge in (0, TIERS[attempts], plausible) for near in NEAR):
            at = until - ahead
            out = step(state, Event(Absent(), at))
            warned = [line.text for line in out.log if line.text.endswith("warning=backoff_implausible")]
            if 0 < ahead <= plausible:
                reason = "attempt_failed" if failed else "attempt_open"
                right = out.state.ending is not None and out.state.ending.reason == reason and not warned
            else:
                right = len(warned) == (ahead > plausible) and _claims(out.effect, at + TIERS[attempts + 1])
            if not right:
                yield state, attempts, ahead


def _claims(effect: object, until: int) -> bool:
    if not isinstance(effect, Put) or effect.key != walk.LEDGER:
        return False
    entries = json.loads(effect.value).values()
    return any(entry["claimed_by"] == "tick-1" and entry["backoff_until"] == text(until) for entry in entries)


def spellings(ms: int) -> Iterator[str]:
    """One instant as evidence may write it: in other zones, with more digits, which are cut."""
    for ahead, zone in ((0, "Z"), (90, "+01:30"), (-719, "-11:59"), (23 * 60 + 59, "+23:59")):
        local = text(ms + ahead * MINUTE, "")
        yield from (local + more + zone for more in ("", "0", "9", "999999"))
    if ms % 1000 == 0:
        yield text(ms, "")[:19] + "Z"
        yield text(ms, "")[:19] + ".0009Z"


def read_wrong() -> Wrong:
    """What is due by the spelling of the evidence: whole seconds and the milliseconds beside them."""
    for near in NEAR:
        installed_at = walk.NOW - 12 * HOUR - near
        for state, spelling in product(at_phase(Phase.TIMESTAMP_READ), spellings(installed_at)):
            known = step(state, Event(Found(walk.record(installed_at=spelling), 1), walk.NOW)).state
            out = step(known, Event(Absent(), walk.NOW))
            if known.installed_at != installed_at or (out.state.trigger is None) != (near < 0):
                yield state, spelling


def written_wrong() -> Wrong:
    """The evidence put, at every turn of second, minute, hour, day, month, year and leap day."""
    turns = [datetime(*turn) for turn in _TURNS]
    for state in at_phase(Phase.EVIDENCE_READ):
        for turn in turns:
            for near in NEAR:
                at = (turn - datetime(1970, 1, 1)) // timedelta(milliseconds=1) + near
                effect = step(state, Event(Absent(), at)).effect
                assert isinstance(effect, Put)
                written = json.loads(effect.value)
                right = written["installed_at"] == written["backfilled_at"] == text(at)
                if not right:
                    yield at, written


_TURNS: tuple[tuple[int, int, int, int, int, int], ...] = (
    *((2026, 1, 3, 16, 0, 1), (2026, 1, 3, 16, 1, 0), (2026, 1, 3, 17, 0, 0), (2026, 1, 4, 0, 0, 0)),
    *((2026, 2, 1, 0, 0, 0), (2026, 1, 1, 0, 0, 0), (2024, 2, 29, 0, 0, 0), (2024, 3, 1, 0, 0, 0)),
    *((1900, 3, 1, 0, 0, 0), (2000, 2, 29, 0, 0, 0), (1970, 1, 1, 0, 0, 0), (1, 1, 2, 0, 0, 0)),
    *((9999, 12, 30, 0, 0, 0), (1969, 12, 31, 23, 59, 59)),
)


def range_wrong() -> Wrong:
    """Which clocks any answer may come at: those from which every instant that is written has a text."""
    first, last = -62_135_596_800_000, 253_402_300_799_999 - 24 * HOUR - TOLERANCE
    for state, _, event, _ in walk.edges():
        for at in (edge + near for edge in (first, last) for near in NEAR):
            try:
                step(state, Event(event.answer, at))
                taken = True
            except Misuse:
                taken = False
            if taken is not (first <= at <= last):
                yield state.phase, event.answer, at


READINGS = (due_wrong, future_wrong, backoff_wrong, read_wrong, written_wrong, range_wrong)


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.__name__)
def test_s8_s17_every_threshold_on_every_path(reading: Callable[[], Wrong]) -> None:
    assert list(reading()) == []


def test_the_paths_are_many() -> None:
    assert len(at_phase(Phase.TIMESTAMP_READ)) > 20 and len(at_phase(Phase.LEDGER_READ)) > 10
    assert len(list(claiming())) > 200


Plant = tuple[Any, str, Any]
_STEP = import_module("evidence_kernel.step")


def _due(by: int) -> Plant:
    return findings, "due", lambda installed_at, at: schedule.due(installed_at, at + by)


def _tier(place: int, by: int) -> Plant:
    return schedule, "_TIERS", (*TIERS[:place], TIERS[place] + by, *TIERS[place + 1 : 4])


def _ends(by: int) -> Plant:
    """Backoffs that end a millisecond off, as they do where `<` and `<=` are confused."""

    def read(value: bytes | None) -> Any:
        entries = ledger.read_ledger(value)
        assert entries is not None
        untils = {trigger: entry.backoff_until for trigger, entry in entries.items()}
        moved = {trigger: None if until is None else until + by for trigger, until in untils.items()}
        return {trigger: evolve(entry, backoff_until=moved[trigger]) for trigger, entry in entries.items()}

    return findings, "read_ledger", read


def _dated(by: int) -> Plant:
    def read(value: bytes) -> int | None:
        installed_at = evidence.read_installed_at(value)
        return None if installed_at is None else installed_at + by

    return findings, "read_installed_at", read


def _written(by: int) -> Plant:
    return requests, "write_evidence", lambda at, tick_id: evidence.write_evidence(at + by, tick_id)


PLANTS: dict[str, tuple[Callable[[int], Plant], Callable[[], Wrong]]] = {
    "what is due": (_due, due_wrong),
    "the hour": (lambda by: (schedule, "HOUR", HOUR + by), due_wrong),
    "the tolerance for evidence": (lambda by: (findings, "CLOCK_TOLERANCE", TOLERANCE + by), future_wrong),
    "the tolerance for backoffs": (lambda by: (schedule, "CLOCK_TOLERANCE", TOLERANCE + by), backoff_wrong),
    **{f"tier {place}": (partial(_tier, place), backoff_wrong) for place in range(4)},
    "the end of a backoff": (_ends, backoff_wrong),
    "the instant read": (_dated, read_wrong),
    "the instant written": (_written, written_wrong),
    "the first clock": (lambda by: (_STEP, "EARLIEST", instants.EARLIEST + by), range_wrong),
    "the last clock": (lambda by: (_STEP, "_LAST_CLOCK", instants.LATEST - 24 * HOUR - TOLERANCE + by), range_wrong),
}


@pytest.mark.parametrize("by", [-1, 1])
@pytest.mark.parametrize("what", PLANTS)
def test_a_millisecond_off_is_seen(what: str, by: int, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, reading = PLANTS[what]
    at_phase(Phase.LEDGER_READ)  # the paths are those of the kernel as it is
    monkeypatch.setattr(*plant(by))
    assert next(reading(), None) is not None
