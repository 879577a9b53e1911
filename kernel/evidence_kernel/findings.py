"""What an answer means to the phase that asked: one pure function a phase."""

from collections.abc import Callable, Mapping
from typing import Any, assert_never

from attrs import evolve

from evidence_kernel.codes import EvidenceState, Finding, Observation, Phase, Version
from evidence_kernel.effects import Expect
from evidence_kernel.events import (
    Absent,
    Applied,
    Conflict,
    Event,
    Failed,
    Found,
    ReadAnswer,
    Report,
    Unknown,
    WriteAnswer,
)
from evidence_kernel.evidence import read_installed_at
from evidence_kernel.ledger import read_ledger
from evidence_kernel.publication import write_publication
from evidence_kernel.schedule import CLOCK_TOLERANCE, due, implausible
from evidence_kernel.state import Attempt, Held, Opened, State
from evidence_kernel.status import EMPTY, checked, read_status
from evidence_kernel.tables import EVIDENCE

# What a finding adds to the state: names and values of changed fields.
Learned = dict[str, Any]
Meaning = tuple[Finding | EvidenceState, Learned]


def _read(answer: ReadAnswer) -> Finding:
    match answer:
        case Found():
            return Finding.FOUND
        case Absent():
            return Finding.ABSENT
        case Failed():
            return Finding.FAILED
        case _:
            assert_never(answer)


def _written(answer: WriteAnswer) -> Finding:
    match answer:
        case Applied():
            return Finding.APPLIED
        case Conflict():
            return Finding.CONFLICT
        case Failed():
            return Finding.FAILED
        case Unknown():
            return Finding.UNKNOWN
        case _:
            assert_never(answer)


def _whose(answer: ReadAnswer, mine: bytes | None) -> Finding:
    """A read-back: MINE only where every byte is what this tick put."""
    if isinstance(answer, Found):
        return Finding.MINE if answer.value == mine else Finding.OTHERS
    return _read(answer)


def _observe(answer: ReadAnswer, mine: bytes | None, if_mine: Observation) -> tuple[Observation, int | None]:
    match answer:
        case Absent():
            return Observation.ABSENT, None
        case Failed():
            return Observation.FAILED, None
        case Found(value=value):
            installed_at = read_installed_at(value)
            if installed_at is None:
                return Observation.INVALID, None
            return (if_mine if value == mine else Observation.VALID), installed_at
        case _:
            assert_never(answer)


def _evidence(state: State, answer: Any, if_mine: Observation) -> Meaning:
    """Through the EVIDENCE table: the state that it names is what is routed on, unless nothing was read."""
    observation, installed_at = _observe(answer, state.backfill, if_mine)
    evidence = EVIDENCE[state.evidence, observation]
    learned: Learned = {"evidence": evidence, "installed_at": installed_at}
    return (Finding.FAILED if observation is Observation.FAILED or evidence is None else evidence), learned


def _status_read(state: State, event: Event) -> Meaning:
    answer: Any = event.answer
    if isinstance(answer, Failed):
        return Finding.FAILED, {}
    found = isinstance(answer, Found)
    status = read_status(answer.value) if found else EMPTY
    expect = answer.version if found else Expect.ABSENT
    return _read(answer), {"opened": Opened(checked(status, event.at, state.tick_id), expect)}


def _status_open(state: State, event: Event) -> Meaning:
    answer: Any = event.answer
    assert state.opened is not None
    if isinstance(answer, Applied):
        return Finding.APPLIED, {"opened": Opened(state.opened.status, answer.version)}
    return _written(answer), {}


def _evidence_read(state: State, event: Event) -> Meaning:
    return _evidence(state, event.answer, Observation.VALID)


def _evidence_verify(state: State, event: Event) -> Meaning:
    finding, learned = _evidence(state, event.answer, Observation.MINE)
    learned["did_backfill"] = finding is EvidenceState.VERIFIED
    return finding, learned


def _timestamp_read(state: State, event: Event) -> Meaning:
    finding, learned = _evidence(state, event.answer, Observation.STILL_MINE)
    installed_at = learned["installed_at"]
    if installed_at is not None and installed_at > event.at + CLOCK_TOLERANCE:
        return Finding.FUTURE, learned
    return finding, learned


def _ledger_read(state: State, event: Event) -> Meaning:
    answer: Any = event.answer
    assert state.installed_at is not None
    if isinstance(answer, Failed):
        return Finding.FAILED, {}
    ledger = Held(answer.value, answer.version) if isinstance(answer, Found) else Held(None, Expect.ABSENT)
    if read_ledger(ledger.value) is None:
        return Finding.MALFORMED, {}
    trigger = due(state.installed_at, event.at)
    if trigger is None:
        return Finding.NOT_DUE, {}
    return Finding.DUE, {"attempt": Attempt(trigger, ledger)}


def _done_read(state: State, event: Event) -> Meaning:
    answer: Any = event.answer
    if not isinstance(answer, Absent):
        return _read(answer), {}
    attempt = state.attempt
    assert attempt is not None
    entries = read_ledger(attempt.ledger.value)
    assert entries is not None
    entry = entries[attempt.trigger]
    learned: Learned = {"attempt": evolve(attempt, number=entry.attempts + 1)}
    if entry.backoff_until is None or entry.backoff_until <= event.at:
        return Finding.FREE, learned
    if implausible(entry.backoff_until, entry.attempts, event.at):
        return Finding.IMPLAUSIBLE, learned
    return (Finding.RETRYING if entry.failed else Finding.WAITING), {}


def _claim(state: State, event: Event) -> Meaning:
    answer: Any = event.answer
    if isinstance(answer, Applied):
        return Finding.APPLIED, _holding(state, answer.version)
    return _written(answer), {}


def _claim_verify(state: State, event: Event) -> Meaning:
    answer: Any = event.answer
    assert state.attempt is not None
    finding = _whose(answer, state.attempt.ledger.value)
    if finding is Finding.MINE and isinstance(answer, Found):
        return finding, _holding(state, answer.version)
    return finding, {}


def _holding(state: State, version: Version) -> Learned:
    """The claim stands, at this version."""
    attempt = state.attempt
    assert attempt is not None
    return {"attempt": evolve(attempt, ledger=Held(attempt.ledger.value, version))}


def _generate(state: State, event: Event) -> Meaning:
    answer: Any = event.answer
    attempt = state.attempt
    assert attempt is not None
    if not isinstance(answer, Report):
        return Finding.ERROR, {}
    publication = write_publication(answer.body, attempt.number, state.tick_id, event.at)
    if publication is None:
        return Finding.ERROR, {}
    return Finding.REPORT, {"attempt": evolve(attempt, publication=publication)}


def _publish_verify(state: State, event: Event) -> Meaning:
    answer: Any = event.answer
    assert state.attempt is not None
    return _whose(answer, state.attempt.publication), {}


def _plain_write(state: State, event: Event) -> Meaning:
    answer: Any = event.answer
    return _written(answer), {}


# The finding of each phase that awaits an answer. `step` has checked that the answer is of its kind.
FINDINGS: Mapping[Phase, Callable[[State, Any], Meaning]] = {
    Phase.STATUS_READ: _status_read,
    Phase.STATUS_OPEN: _status_open,
    Phase.EVIDENCE_READ: _evidence_read,
    Phase.EVIDENCE_PUT: _plain_write,
    Phase.EVIDENCE_VERIFY: _evidence_verify,
    Phase.TIMESTAMP_READ: _timestamp_read,
    Phase.LEDGER_READ: _ledger_read,
    Phase.DONE_READ: _done_read,
    Phase.CLAIM: _claim,
    Phase.CLAIM_VERIFY: _claim_verify,
    Phase.GENERATE: _generate,
    Phase.PUBLISH: _plain_write,
    Phase.PUBLISH_VERIFY: _publish_verify,
    Phase.SETTLE: _plain_write,
    Phase.STATUS_CLOSE: _plain_write,
}
