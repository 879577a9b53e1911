"""The releases v2.19 (no backfill) and v2.20 of the original, as machines.

A tick's state is the answers that it heard. A step plays the script again, one answer further: so it is
a pure function of values, though the script reads like the program it stands for.
"""

from typing import Any, cast

from attrs import frozen

from evidence_kernel import (
    Absent,
    Applied,
    Effect,
    Event,
    Found,
    Invocation,
    Level,
    LogLine,
    Misuse,
    Outcome,
    Phase,
    Reason,
    Report,
    Step,
)
from evidence_sim.machines.original_records import Identity, identify
from evidence_sim.machines.original_run import Heard, OriginalResult, Run
from evidence_sim.machines.original_script import tick


@frozen
class Tick:
    """A tick between two answers."""

    phase: str
    tick_id: str
    identity: Identity | None
    heard: tuple[Heard, ...] = ()


@frozen
class Original:
    """One release: `start` and `step` as the kernel has them, over values of `Tick`."""

    name: str
    says: str
    backfills: bool

    @property
    def longest(self) -> int:
        """A tick that generates AUTO_24H; with the backfill it may also write, verify and read the evidence."""
        return 19 if self.backfills else 16

    def start(self, invocation: Invocation) -> Step:
        """The first effect; without an identity there is none."""
        identity = identify(invocation.context)
        state = Tick(Phase.STATUS_OPEN, invocation.tick_id, identity)
        return _refused(state) if identity is None else self._play(state, identity)

    def step(self, state: Any, event: Event) -> Step:
        """Play the script with one answer more; `state` is a `Tick`, which a kernel's Step cannot say."""
        if state.phase == Phase.END or state.identity is None:
            raise Misuse(f"the tick is over; it takes no {event.answer!r}")
        heard = (*state.heard, _hear(event))
        return self._play(Tick(state.phase, state.tick_id, state.identity, heard), state.identity)

    def _play(self, state: Tick, identity: Identity) -> Step:
        run = Run(state.tick_id, identity)
        script = tick(run, self.backfills)
        try:
            phase, effect = next(script)
            for heard in state.heard:
                run.log.clear()
                phase, effect = script.send(heard)
        except StopIteration as end:
            return _taken(Tick(Phase.END, state.tick_id, identity), None, run.log, end.value)
        return _taken(Tick(phase, state.tick_id, identity, state.heard), effect, run.log, None)


def _hear(event: Event) -> Heard:
    match event.answer:
        case Found(value=value) | Report(body=value):
            return Heard(value, False, event.at)
        case Absent() | Applied():
            return Heard(None, False, event.at)
        case _:  # a Failed or Unknown throws, and so does the generator; no put can meet a Conflict
            return Heard(None, True, event.at)


def _refused(state: Tick) -> Step:
    message = "No tenant identity available in Forge context (TENANT_CONTEXT_UNAVAILABLE)"
    log = [LogLine(Level.WARNING, f"[Phase5Scheduler] {message}")]
    outcome, reason = Outcome.REFUSED, Reason.NO_IDENTITY
    result = OriginalResult(state.tick_id, outcome, reason, message, success=False, http_status=400)
    return _taken(Tick(Phase.END, state.tick_id, None), None, log, result)


def _taken(state: Tick, effect: Effect | None, log: list[LogLine], result: OriginalResult | None) -> Step:
    """A step of the kernel's shape around values of our own."""
    return Step(cast(Any, state), effect, tuple(log), cast(Any, result))


V2_19 = Original("v2.19", "the release before the backfill: without evidence it skips, for ever", False)
V2_20 = Original("v2.20", "the release that brought the backfill: every put is unconditional", True)
