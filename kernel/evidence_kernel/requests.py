"""The effect that each phase asks for, and what of it the tick must remember."""

from collections.abc import Callable, Mapping
from typing import Any

from evidence_kernel.codes import Outcome, Phase
from evidence_kernel.effects import Effect, Expect, Generate, Get, Put
from evidence_kernel.records import ledger
from evidence_kernel.records.evidence import write_evidence
from evidence_kernel.records.keys import evidence_key, ledger_key, publication_key, status_key
from evidence_kernel.records.status import Status, write_status
from evidence_kernel.schedule import tier
from evidence_kernel.state import Attempt, Ending, Held, State
from evidence_kernel.trust import is_running

# The effect, and the changed fields of the state. `at`: the clock of the answer that led here.
Request = tuple[Effect, dict[str, Any]]


def _get(key: Callable[[str], str]) -> Callable[[State, int], Request]:
    return lambda state, _at: (Get(key(state.tenant)), {})


def _get_publication(state: State, _at: int) -> Request:
    return Get(publication_key(state.tenant, state.due.trigger)), {}


def _open_status(state: State, _at: int) -> Request:
    opened = state.status
    return Put(status_key(state.tenant), write_status(opened.status), opened.expect), {}


def _close_status(state: State, _at: int) -> Request:
    opened = state.status
    return Put(status_key(state.tenant), write_status(_closed(state, opened.status)), opened.expect), {}


def _closed(state: State, status: Status) -> Status:
    ending, success_at = state.decided, status.last_success_at
    if is_running(ending.outcome, ending.reason):
        success_at = ending.at if success_at is None else max(success_at, ending.at)
    return Status(
        evidence=state.evidence,
        outcome=ending.outcome,
        reason=ending.reason,
        trigger=state.trigger,
        installed_at=state.installed_at,
        closed_at=ending.at,
        last_check_at=status.last_check_at,
        last_success_at=success_at,
        tick_id=state.tick_id,
    )


def _put_evidence(state: State, at: int) -> Request:
    value = write_evidence(at, state.tick_id)
    return Put(evidence_key(state.tenant), value, Expect.ABSENT), {"backfill": value}


def _claim(state: State, at: int) -> Request:
    attempt = state.due
    held, until = attempt.ledger, at + tier(attempt.number)
    value = ledger.claimed(held.value, attempt.trigger, attempt.number, until, state.tick_id)
    put = Put(ledger_key(state.tenant), value, held.expect)
    return put, {"attempt": attempt._replace(ledger=Held(value, held.expect))}


def _generate(state: State, _at: int) -> Request:
    attempt = state.due
    assert state.installed_at is not None
    return Generate(state.tenant, attempt.trigger, state.installed_at, attempt.number, state.tick_id), {}


def _publish(state: State, _at: int) -> Request:
    attempt = state.due
    assert attempt.publication is not None
    return Put(publication_key(state.tenant, attempt.trigger), attempt.publication, Expect.ABSENT), {}


def _settle(state: State, _at: int) -> Request:
    claim = state.due.ledger
    return Put(ledger_key(state.tenant), _settled(state.due, state.decided), claim.expect), {}


def _settled(attempt: Attempt, ending: Ending) -> bytes:
    claim, trigger = attempt.ledger.value, attempt.trigger
    assert claim is not None
    if ending.outcome is Outcome.GENERATED:
        return ledger.settled(claim, trigger, ending.at)
    if ending.outcome is Outcome.ALREADY_DONE:
        return ledger.settled(claim, trigger, None)
    return ledger.failed(claim, trigger, ending.reason, ending.at)


REQUESTS: Mapping[Phase, Callable[[State, int], Request]] = {
    Phase.STATUS_READ: _get(status_key),
    Phase.STATUS_OPEN: _open_status,
    Phase.EVIDENCE_READ: _get(evidence_key),
    Phase.EVIDENCE_PUT: _put_evidence,
    Phase.EVIDENCE_VERIFY: _get(evidence_key),
    Phase.TIMESTAMP_READ: _get(evidence_key),
    Phase.LEDGER_READ: _get(ledger_key),
    Phase.DONE_READ: _get_publication,
    Phase.CLAIM: _claim,
    Phase.CLAIM_VERIFY: _get(ledger_key),
    Phase.GENERATE: _generate,
    Phase.PUBLISH: _publish,
    Phase.PUBLISH_VERIFY: _get_publication,
    Phase.SETTLE: _settle,
    Phase.STATUS_CLOSE: _close_status,
}
