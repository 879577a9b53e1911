"""Single defects of claim, report and publication: each stands in the place of the kernel's `step`."""

from typing import Any, cast

from attrs import frozen

from evidence_kernel import (
    Absent,
    Applied,
    Conflict,
    Event,
    Expect,
    Found,
    GeneratorError,
    Get,
    Phase,
    Put,
    Report,
    State,
    Step,
    Unknown,
    Version,
    due,
    step,
    tier,
)
from evidence_kernel.records.keys import ledger_key
from evidence_kernel.records.ledger import Entry, read_ledger
from evidence_kernel.state import Attempt
from evidence_sim.machines.variant import advancing, at_once, detour, dump, expecting, load, made_up

_QUARTER = 15 * 60_000


@frozen
class _Again:
    """An Unknown claim that is put once more; its phase has a name of its own, as each put of a tick."""

    kernel: State
    phase: str = "ATTEMPT_PUT"


@frozen
class _Comparing:
    """A SETTLE that looks first."""

    out: Step
    phase: str = "SETTLE_READ"


def unknown_as_failed(state: Any, event: Event) -> Step:
    """A claim whose put is Unknown counts as not applied, and is put once more.

    A time-out is an error, errors are retried; the Conflict with oneself looks like another's claim.
    """
    if isinstance(state, _Again):
        return step(state.kernel, event)
    if state.phase is Phase.CLAIM and isinstance(event.answer, Unknown):
        again = Put(ledger_key(state.tenant), state.attempt.ledger.value, state.attempt.ledger.expect)
        return detour(_Again(state), again)
    return step(state, event)


def claim_without_cas(state: State, event: Event) -> Step:
    """The claim is put unconditionally.

    The ledger was read two effects ago; what can have happened since?
    """
    return expecting(step(state, event), Phase.CLAIM, Expect.ANY)


def check_generate_mark(state: State, event: Event) -> Step:
    """No claim: look whether the report is done, generate it, mark it by an unconditional put.

    It is the order in which one tells the job; attempts are counted at the end, by SETTLE.
    """
    out = step(state, event)
    if out.state.phase is Phase.CLAIM:
        as_read = cast(Version, _attempt(out.state).ledger.expect)  # what SETTLE will expect
        return at_once(out, Applied(as_read), event.at)
    return expecting(out, Phase.PUBLISH, Expect.ANY)


def settle_by_counter(state: Any, event: Event) -> Step:
    """SETTLE compares the ledger's own count of attempts, not the store's version, and then puts.

    The record counts its claims, so the count is a version; but between the look and the put one more fits.
    """
    if isinstance(state, _Comparing):
        held = read_ledger(event.answer.value if isinstance(event.answer, Found) else None)
        attempt = _attempt(state.out.state)
        if held is not None and held[attempt.trigger].attempts == attempt.number:
            return expecting(state.out._replace(log=()), Phase.SETTLE, Expect.ANY)
        return at_once(state.out._replace(log=()), Conflict(), event.at)
    out = step(state, event)
    if out.state.phase is Phase.SETTLE:
        return detour(_Comparing(out), Get(ledger_key(out.state.tenant)), out)
    return out


def backoff_ignored(state: State, event: Event) -> Step:
    """A running backoff is not looked at.

    The tick runs every five minutes anyway, and the report is late.
    """
    if state.phase is Phase.DONE_READ and isinstance(event.answer, Absent):
        return step(_without_backoff(state), event)
    return step(state, event)


def no_tolerance(state: State, event: Event) -> Step:
    """A backoff that ends later than its tier from now counts as implausible, without a tolerance.

    On one clock no backoff can; there are several, and they differ by minutes.
    """
    if state.phase is Phase.DONE_READ and isinstance(event.answer, Absent):
        entry = _entry(state)
        if entry.backoff_until is not None and entry.backoff_until > event.at + tier(entry.attempts):
            return step(_without_backoff(state), event)
    return step(state, event)


def _attempt(state: State) -> Attempt:
    assert state.attempt is not None
    return state.attempt


def _entry(state: State) -> Entry:
    entries = read_ledger(_attempt(state).ledger.value)
    assert entries is not None
    return entries[_attempt(state).trigger]


def _without_backoff(state: State) -> State:
    attempt = _attempt(state)
    held = attempt.ledger
    if _entry(state).backoff_until is None or held.value is None:
        return state
    record = load(held.value)
    record[attempt.trigger] = {**record[attempt.trigger], "backoff_until": None}
    return state._replace(attempt=attempt._replace(ledger=held._replace(value=dump(record))))


def early_generate(state: State, event: Event) -> Step:
    """A report that falls due within 15 min counts as due.

    The next tick might come late, and "about 12 hours" is near enough.
    """
    installed_at = state.installed_at
    if state.phase is not Phase.LEDGER_READ or installed_at is None:
        return step(state, event)
    earlier = installed_at - _QUARTER
    if due(earlier, event.at) is due(installed_at, event.at):
        return step(state, event)
    out = step(state._replace(installed_at=earlier), event)
    return out._replace(state=out.state._replace(installed_at=installed_at))


def unearned_publication(state: State, event: Event) -> Step:
    """Where the generator fails, an empty report is published in its place.

    A page with a gap looks better than none, and the marker stops the alarms.
    """
    if state.phase is Phase.GENERATE and isinstance(event.answer, GeneratorError):
        return step(state, Event(Report(dump({"unavailable": True})), event.at))
    return step(state, event)


def boastful_outcome(state: State, event: Event) -> Step:
    """GENERATED is reported whatever the read-back of the publication brought.

    The report was made, after all, and the put did not fail.
    """
    if state.phase is Phase.PUBLISH_VERIFY:
        return step(state, Event(made_up(_attempt(state).publication), event.at))
    return step(state, event)


DEFECTS = (
    advancing(unknown_as_failed),
    advancing(claim_without_cas),
    advancing(check_generate_mark),
    advancing(settle_by_counter),
    advancing(backoff_ignored),
    advancing(no_tolerance),
    advancing(early_generate),
    advancing(unearned_publication),
    advancing(boastful_outcome),
)
