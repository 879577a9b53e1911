"""Single defects of the backfill: each function stands in the place of the kernel's `step`."""

from typing import Any

from attrs import frozen

from evidence_kernel import (
    Absent,
    Effect,
    Event,
    Expect,
    Failed,
    Found,
    Phase,
    Put,
    State,
    Step,
    step,
)
from evidence_kernel.messages import audit
from evidence_kernel.records.evidence import read_installed_at
from evidence_kernel.records.instants import format_instant
from evidence_kernel.records.keys import encode_tenant
from evidence_sim.machines.variant import (
    advancing,
    at_once,
    detour,
    dump,
    expecting,
    load,
    made_up,
    writing,
)

_DAY = 86_400_000


def plain_put(state: State, event: Event) -> Step:
    """The evidence is put unconditionally.

    It was read as absent a moment ago, and most clients' `set` has no other form.
    """
    return expecting(step(state, event), Phase.EVIDENCE_PUT, Expect.ANY)


def no_read_back(state: State, event: Event) -> Step:
    """The evidence is not read back: after the put it counts as verified.

    The store has answered, so a second read looks like waste.
    """
    out = step(state, event)
    if out.state.phase is Phase.EVIDENCE_VERIFY:
        return at_once(out, made_up(out.state.backfill), event.at)
    return out


def read_back_takes_any(state: State, event: Event) -> Step:
    """The read-back takes any valid record for the one that was put.

    "It is there and it is valid" reads like a verification.
    """
    answer = event.answer
    if state.phase is Phase.EVIDENCE_VERIFY and isinstance(answer, Found):
        if read_installed_at(answer.value) is not None:
            return step(state, Event(made_up(state.backfill), event.at))
    return step(state, event)


def audit_before_read_back(state: State, event: Event) -> Step:
    """The audit line is written after the put, before the read-back.

    A log line stands next to what it tells of, and the put is what it tells of.
    """
    out = step(state, event)
    if out.state.phase is Phase.EVIDENCE_VERIFY and out.state.backfill is not None:
        installed_at = read_installed_at(out.state.backfill)
        assert installed_at is not None
        return out._replace(log=(*out.log, audit(encode_tenant(state.tenant), installed_at)))
    if out.state.did_backfill and not state.did_backfill:
        return out._replace(log=())
    return out


def backdated_evidence(state: State, event: Event) -> Step:
    """The backfill dates the installation a day back.

    The tenant has surely been there since yesterday, and its first report need not wait.
    """
    out = step(state, event)
    if out.state.phase is not Phase.EVIDENCE_PUT:
        return out
    assert isinstance(out.effect, Put)
    text = format_instant(event.at - _DAY)
    out = writing(out, load(out.effect.value) | {"installed_at": text, "backfilled_at": text})
    assert isinstance(out.effect, Put)
    return out._replace(state=out.state._replace(backfill=out.effect.value))


def overwrites_invalid(state: State, event: Event) -> Step:
    """Invalid evidence is mended: it is replaced as though it were missing.

    The operator is spared a call; that the record meant something is lost.
    """
    answer = event.answer
    if state.phase is Phase.EVIDENCE_READ and isinstance(answer, Found):
        if read_installed_at(answer.value) is None:
            out = step(state, Event(Absent(), event.at))
            return expecting(out, Phase.EVIDENCE_PUT, answer.version)
    return step(state, event)


def assumed_evidence(state: State, event: Event) -> Step:
    """Where the evidence cannot be read for use, the instant last seen, or 1970, is used.

    A passing failure should not cost a report, and 0 is what an unset instant is.
    """
    if state.phase is Phase.TIMESTAMP_READ and isinstance(event.answer, Failed):
        installed_at = format_instant(state.installed_at or 0)
        return step(state, Event(made_up(dump({"installed_at": installed_at})), event.at))
    return step(state, event)


@frozen
class _Marking:
    """Between the put of the evidence and its read-back."""

    kernel: State
    effect: Effect
    phase: str = "METRICS_PUT"


def backfill_writes_more(state: Any, event: Event) -> Step:
    """The backfill also writes the tenant's metrics.

    Whoever writes the first record of a tenant starts its counters as well.
    """
    if isinstance(state, _Marking):
        return detour(state.kernel, state.effect)
    out = step(state, event)
    if out.state.phase is not Phase.EVIDENCE_VERIFY:
        return out
    assert out.effect is not None and out.state.backfill is not None
    metrics = dump({"continuousSince": load(out.state.backfill)["installed_at"]})
    key = f"governance:metrics:{encode_tenant(out.state.tenant)}"
    return detour(_Marking(out.state, out.effect), Put(key, metrics, Expect.ANY), out)


DEFECTS = (
    advancing(plain_put),
    advancing(no_read_back),
    advancing(read_back_takes_any),
    advancing(audit_before_read_back),
    advancing(backdated_evidence),
    advancing(overwrites_invalid),
    advancing(assumed_evidence),
    advancing(backfill_writes_more),
)
