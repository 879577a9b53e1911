"""Single defects of identity, status and totality: each stands in the place of a function of the kernel's."""

import re
from typing import Any

from evidence_kernel import (
    Event,
    Expect,
    Failed,
    Finding,
    Invocation,
    Outcome,
    Phase,
    Put,
    Reason,
    State,
    Step,
    Unknown,
    start,
    step,
)
from evidence_kernel.identity import identify
from evidence_kernel.requests import REQUESTS
from evidence_kernel.tables import ASKS, Ask
from evidence_sim.machines.variant import advancing, beginning, expecting, load, writing

_ORDINAL = re.compile(r"(.*-)([0-9]+)")
_COLUMN = 24


def reused_tick_id(invocation: Invocation) -> Step:
    """The tick id is the schedule's: a tick and its restart have one.

    Ids that can be derived need not be drawn, and look good in a log. Here each tick with an even
    ordinal is the restart of the one before it.
    """
    match = _ORDINAL.fullmatch(invocation.tick_id)
    if match is None:
        return start(invocation)
    first = (int(match[2]) - 1) // 2 * 2 + 1
    return start(Invocation(f"{match[1]}{first}", invocation.context))


def truncated_key(invocation: Invocation) -> Step:
    """The tenant id is cut to 24 characters: tenants that begin alike share their keys.

    A column was that wide, and the ids at hand differed early.
    """
    tenant = identify(invocation.context)
    if tenant is None:
        return start(invocation)
    return start(Invocation(invocation.tick_id, {"cloudId": tenant[:_COLUMN].strip()}))


def no_identity_shared_key(invocation: Invocation) -> Step:
    """Without a tenant id the tick goes on, under the id "null".

    A key is made by pasting, and pasting takes any value.
    """
    if identify(invocation.context) is None:
        return start(Invocation(invocation.tick_id, {"cloudId": "null"}))
    return start(invocation)


def rosy_status(state: State, event: Event) -> Step:
    """The status says that all is well, whatever happened.

    What the next tick mends need not alarm anybody.
    """
    out = step(state, event)
    if out.state.phase is not Phase.STATUS_CLOSE:
        return out
    assert isinstance(out.effect, Put)
    record: dict[str, Any] = load(out.effect.value)
    well = {
        "outcome": Outcome.NOT_DUE,
        "reason": Reason.NOTHING_DUE,
        "last_success_at": max(record["last_success_at"] or "", record["closed_at"]),
    }
    return writing(out, record | well)


def status_by_plain_put(state: State, event: Event) -> Step:
    """The status is put unconditionally, at the start and at the end.

    It is a display, the last writer may win; a slow tick then wipes out a later one's success.
    """
    out = expecting(step(state, event), Phase.STATUS_OPEN, Expect.ANY)
    return expecting(out, Phase.STATUS_CLOSE, Expect.ANY)


def retry_in_tick(state: State, event: Event) -> Step:
    """A failed read is repeated at once, for as long as it fails.

    Most failures pass; the one that does not holds the tick for ever.
    """
    if isinstance(event.answer, Failed) and ASKS.get(state.phase) is Ask.READ:
        effect, _ = REQUESTS[state.phase](state, event.at)
        return Step(state, effect)
    return step(state, event)


def untotal(state: State, event: Event) -> Step:
    """A put of the evidence that is Unknown is an answer nobody thought of: the tick dies of it.

    The store's manual has two answers to a put, and the tests had no third.
    """
    if state.phase is Phase.EVIDENCE_PUT and isinstance(event.answer, Unknown):
        raise KeyError(Finding.UNKNOWN)
    return step(state, event)


DEFECTS = (
    beginning(reused_tick_id),
    beginning(truncated_key),
    beginning(no_identity_shared_key),
    advancing(rosy_status),
    advancing(status_by_plain_put),
    advancing(retry_in_tick),
    advancing(untotal),
)
