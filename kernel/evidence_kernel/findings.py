"""What an answer means to the phase that asked: one pure function a phase."""

from collections.abc import Callable, Mapping
from typing import Any

from evidence_kernel.codes import EvidenceState, Finding, Observation, Phase, Version
from evidence_kernel.effects import Expect
from evidence_kernel.events import (
    Absent,
    Applied,
    Conflict,
    Failed,
    Found,
    GenerateAnswer,
    ReadAnswer,
    Report,
    Unknown,
    WriteAnswer,
)
from evidence_kernel.records.evidence import read_installed_at
from evidence_kernel.records.ledger import read_ledger
from evidence_kernel.records.publication import write_publication
from evidence_kernel.records.status import EMPTY, checked, read_status
from evidence_kernel.schedule import CLOCK_TOLERANCE, due, implausible
from evidence_kernel.state import Attempt, Held, Opened, State
from evidence_kernel.tables import EVIDENCE

# What a finding adds to the state: names and values of changed fields.
Learned = dict[str, Any]
Meaning = tuple[Finding | EvidenceState, Learned]

_NO_LEDGER = Held(None, Expect.ABSENT)
# What an answer says by its kind alone.
_PLAIN: Mapping[type[ReadAnswer | WriteAnswer], Finding] = {
    Found: Finding.FOUND,
    Absent: Finding.ABSENT,
    Applied: Finding.APPLIED,
    Conflict: Finding.CONFLICT,
    Failed: Finding.FAILED,
    Unknown: Finding.UNKNOWN,
}


def _whose(answer: ReadAnswer, mine: bytes | None) -> Finding:
    """A read-back: MINE only where every byte is what this tick put."""
    if isinstance(answer, Found):
        return Finding.MINE if answer.value == mine else Finding.OTHERS
    return _PLAIN[type(answer)]


# What the tick's own bytes say to the phases that may find them.
_MINE = {Phase.EVIDENCE_VERIFY: Observation.MINE, Phase.TIMESTAMP_READ: Observation.STILL_MINE}


def observe(state: State, answer: ReadAnswer) -> tuple[Observation, int | None]:
    """What a read of the evidence says to a phase of the EVIDENCE table, and the instant that it holds, in ms."""
    if isinstance(answer, Found):
        installed_at = read_installed_at(answer.value)
        if installed_at is None:
            return Observation.INVALID, None
        return (_MINE[state.phase] if answer.value == state.backfill else Observation.VALID), installed_at
    return (Observation.ABSENT if isinstance(answer, Absent) else Observation.FAILED), None


def _evidence(state: State, answer: ReadAnswer) -> Meaning:
    """Through the EVIDENCE table: the state that it names is what is routed on, unless nothing was read."""
    observation, installed_at = observe(state, answer)
    evidence = EVIDENCE[state.evidence, observation]
    learned: Learned = {"evidence": evidence, "installed_at": installed_at}
    return (Finding.FAILED if isinstance(answer, Failed) or evidence is None else evidence), learned


def _status_read(state: State, answer: ReadAnswer, at: int) -> Meaning:
    if isinstance(answer, Found):
        return Finding.FOUND, {"opened": Opened(checked(read_status(answer.value), at, state.tick_id), answer.version)}
    if isinstance(answer, Absent):
        return Finding.ABSENT, {"opened": Opened(checked(EMPTY, at, state.tick_id), Expect.ABSENT)}
    return Finding.FAILED, {}


def _status_open(state: State, answer: WriteAnswer, _at: int) -> Meaning:
    if isinstance(answer, Applied):
        return Finding.APPLIED, {"opened": Opened(state.status.status, answer.version)}
    return _PLAIN[type(answer)], {}


def _evidence_read(state: State, answer: ReadAnswer, _at: int) -> Meaning:
    return _evidence(state, answer)


def _evidence_verify(state: State, answer: ReadAnswer, _at: int) -> Meaning:
    finding, learned = _evidence(state, answer)
    learned["did_backfill"] = finding is EvidenceState.VERIFIED
    return finding, learned


def _timestamp_read(state: State, answer: ReadAnswer, at: int) -> Meaning:
    finding, learned = _evidence(state, answer)
    installed_at = learned["installed_at"]
    if installed_at is not None and installed_at > at + CLOCK_TOLERANCE:
        return Finding.FUTURE, learned
    return finding, learned


def _ledger_read(state: State, answer: ReadAnswer, at: int) -> Meaning:
    if isinstance(answer, Failed):
        return Finding.FAILED, {}
    ledger = Held(answer.value, answer.version) if isinstance(answer, Found) else _NO_LEDGER
    if read_ledger(ledger.value) is None:
        return Finding.MALFORMED, {}
    assert state.installed_at is not None
    trigger = due(state.installed_at, at)
    if trigger is None:
        return Finding.NOT_DUE, {}
    return Finding.DUE, {"attempt": Attempt(trigger, ledger)}


def _done_read(state: State, answer: ReadAnswer, at: int) -> Meaning:
    if not isinstance(answer, Absent):
        return _PLAIN[type(answer)], {}
    attempt = state.due
    entries = read_ledger(attempt.ledger.value)
    assert entries is not None
    entry = entries[attempt.trigger]
    learned: Learned = {"attempt": attempt._replace(number=entry.attempts + 1)}
    if entry.backoff_until is None or entry.backoff_until <= at:
        return Finding.FREE, learned
    if implausible(entry.backoff_until, entry.attempts, at):
        return Finding.IMPLAUSIBLE, learned
    return (Finding.RETRYING if entry.failed else Finding.WAITING), {}


def _claim(state: State, answer: WriteAnswer, _at: int) -> Meaning:
    if isinstance(answer, Applied):
        return Finding.APPLIED, _holding(state.due, answer.version)
    return _PLAIN[type(answer)], {}


def _claim_verify(state: State, answer: ReadAnswer, _at: int) -> Meaning:
    finding = _whose(answer, state.due.ledger.value)
    if finding is Finding.MINE and isinstance(answer, Found):
        return finding, _holding(state.due, answer.version)
    return finding, {}


def _holding(attempt: Attempt, version: Version) -> Learned:
    """The claim stands, at this version."""
    return {"attempt": attempt._replace(ledger=Held(attempt.ledger.value, version))}


def _generate(state: State, answer: GenerateAnswer, at: int) -> Meaning:
    if not isinstance(answer, Report):
        return Finding.ERROR, {}
    publication = write_publication(answer.body, state.due.number, state.tick_id, at)
    if publication is None:
        return Finding.ERROR, {}
    return Finding.REPORT, {"attempt": state.due._replace(publication=publication)}


def _publish_verify(state: State, answer: ReadAnswer, _at: int) -> Meaning:
    return _whose(answer, state.due.publication), {}


def _plain_write(_state: State, answer: WriteAnswer, _at: int) -> Meaning:
    return _PLAIN[type(answer)], {}


# The finding of each phase that awaits an answer: (state, answer, at). `step` has checked that the answer is
# of the phase's kind; the values' type cannot say which function takes which kind.
FINDINGS: Mapping[Phase, Callable[[State, Any, int], Meaning]] = {
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
