"""The machine: `start` a tick or `ensure` the backfill alone, then `step` it answer by answer."""

import re

from evidence_kernel import messages
from evidence_kernel.codes import Outcome, Phase, Reason
from evidence_kernel.errors import Misuse
from evidence_kernel.events import Event, Failed, Unknown
from evidence_kernel.findings import FINDINGS
from evidence_kernel.identity import identify
from evidence_kernel.messages import LogLine
from evidence_kernel.records.instants import EARLIEST, LATEST
from evidence_kernel.records.keys import encode_tenant
from evidence_kernel.requests import REQUESTS
from evidence_kernel.schedule import CLOCK_TOLERANCE, MAX_TIER
from evidence_kernel.state import SUCCESSES, Ending, EnsureResult, Invocation, State, Step, TickResult, changed
from evidence_kernel.tables import ANSWERS, ASKS, BACKFILL_ALONE, ROUTES, WITHOUT_STATUS, Row

_TICK_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NOBODY = "-"
_TAKES = {phase: ANSWERS[ASKS[phase]] if phase in ASKS else frozenset() for phase in Phase}
_DEGRADES = frozenset({Failed, Unknown})
_LAST_CLOCK = LATEST - MAX_TIER - CLOCK_TOLERANCE  # so that every instant written fits into a record


def start(invocation: Invocation) -> Step:
    """Begin a tick: its first effect, or outcome REFUSED where the context names no tenant.

    Raises Misuse for a tick id outside of its grammar.
    """
    tick_id, tenant = _identify(invocation)
    if tenant is None:
        outcome, reason = Outcome.REFUSED, Reason.NO_IDENTITY
        log = (
            messages.started(tick_id, _NOBODY),
            messages.fail_closed(_NOBODY, reason),
            messages.ended(tick_id, _NOBODY, outcome, reason, None),
        )
        state = State(tick_id, "", Phase.END)
        return Step(state, None, log, ended(state))
    state = State(tick_id, tenant, Phase.STATUS_READ)
    effect, _ = REQUESTS[state.phase](state, 0)
    return Step(state, effect, (messages.started(tick_id, encode_tenant(tenant)),))


def ensure(invocation: Invocation) -> Step:
    """Begin the backfill alone, on the same tables: EVIDENCE_READ to EVIDENCE_VERIFY at most.

    Raises Misuse for a tick id outside of its grammar.
    """
    tick_id, tenant = _identify(invocation)
    if tenant is None:
        reason = Reason.NO_IDENTITY
        log = (messages.fail_closed(_NOBODY, reason),)
        state = State(tick_id, "", Phase.END, alone=True)
        return Step(state, None, log, ended(state))
    state = State(tick_id, tenant, Phase.EVIDENCE_READ, alone=True)
    effect, _ = REQUESTS[state.phase](state, 0)
    return Step(state, effect)


def step(state: State, event: Event) -> Step:
    """Take the answer to the last effect and ask for the next, or end with a result.

    Raises Misuse where the event does not answer `state.phase`, the tick is over, or `event.at` is no
    instant that records can hold; `state` is a value and stays usable.
    """
    phase, answer, at = state.phase, event.answer, event.at
    if type(answer) not in _TAKES[phase]:
        raise Misuse(f"{phase.value} takes no {type(answer).__name__}", phase, event)
    if type(at) is not int or not EARLIEST <= at <= _LAST_CLOCK:
        raise Misuse(f"at={at!r} in {phase.value} is no instant in ms that records can hold", phase, event)
    finding, learned = FINDINGS[phase](state, answer, at)
    row = ROUTES[phase][finding]
    if type(answer) in _DEGRADES:
        learned["degraded"] = True
    if row.outcome is not None and row.reason is not None:
        learned["ending"] = Ending(row.outcome, row.reason, at)
    if row.refuses is not None:
        learned["refusal"] = row.refuses
    to = row.to
    if state.opened is None:  # STATUS_READ, which learns it, has no row that leads to STATUS_CLOSE
        to = WITHOUT_STATUS.get(to, to)
    if state.alone:
        to = BACKFILL_ALONE.get(to, to)
    learned["phase"] = to
    after = changed(state, learned)
    request = REQUESTS.get(to)
    if request is None:  # END asks for nothing
        result = ended(after)
        return Step(after, None, _said(after, row, result), result)
    effect, remembered = request(after, at)
    log = _said(after, row, None) if row.speaks else ()
    return Step(changed(after, remembered) if remembered else after, effect, log)


def _said(state: State, row: Row, result: TickResult | EnsureResult | None) -> tuple[LogLine, ...]:
    tenant = encode_tenant(state.tenant)
    lines: list[LogLine] = []
    if row.warns is not None:
        lines.append(messages.warned(state.tick_id, tenant, row.warns))
    if row.refuses is not None:
        lines.append(messages.fail_closed(tenant, row.refuses))
    if row.audits and state.installed_at is not None:
        lines.append(messages.audit(tenant, state.installed_at))
    if row.outcome is Outcome.SKIPPED:
        lines.append(messages.not_found(tenant))
    if isinstance(result, TickResult):
        lines.append(messages.ended(state.tick_id, tenant, result.outcome, result.reason, result.trigger))
    return tuple(lines)


def ended(state: State) -> TickResult | EnsureResult:
    """How a tick, or the backfill alone, that stands at END has ended."""
    return _ensured(state) if state.alone else _result(state)


def _result(state: State) -> TickResult:
    if not state.tenant:
        return TickResult(state.tick_id, None, Outcome.REFUSED, Reason.NO_IDENTITY)
    ending = state.decided
    return TickResult(
        tick_id=state.tick_id,
        tenant=state.tenant,
        outcome=ending.outcome,
        reason=ending.reason,
        trigger=state.trigger,
        evidence=state.evidence,
        installed_at=state.installed_at,
        did_backfill=state.did_backfill,
        degraded=state.degraded and ending.outcome in SUCCESSES,
    )


def _ensured(state: State) -> EnsureResult:
    if not state.tenant:
        return EnsureResult(None, False, Reason.NO_IDENTITY, None)
    if state.refusal is not None:
        return EnsureResult(state.tenant, False, state.refusal, None)
    reason = Reason.BACKFILLED if state.did_backfill else Reason.EXISTS
    return EnsureResult(state.tenant, state.did_backfill, reason, state.installed_at)


def _identify(invocation: Invocation) -> tuple[str, str | None]:
    if not (isinstance(invocation.tick_id, str) and _TICK_ID.fullmatch(invocation.tick_id)):
        raise Misuse(f"tick_id={invocation.tick_id!r} is not 1 to 64 of A-Z a-z 0-9 . _ -")
    return invocation.tick_id, identify(invocation.context)
