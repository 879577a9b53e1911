"""A trace that says much in little: a put lands after its tick was cut off and another's evidence was verified.

And a machine whose puts come in numbers.
"""

from typing import Any

from attrs import evolve, frozen

from evidence_kernel import Event, Expect, Invocation, Outcome, Put, Reason, Step, TickResult, Unknown
from evidence_sim.config import Config, records
from evidence_sim.labels import parse
from evidence_sim.trace import Trace


def trace(machine: str, violates: str | None, *labels: str) -> Trace:
    """The trace of a machine over one tenant of whom nothing is known."""
    return Trace(Config(machines=(machine,)), tuple(parse(label) for label in labels), violates)


@frozen
class _Tick:
    tick_id: str
    phase: str = "EVIDENCE_PUT"


class Insistent:
    """A machine that puts tenant a's evidence, whoever's tick it is, until it is told what became of it."""

    longest = 9

    def start(self, invocation: Invocation) -> Step:
        """Begin with the put."""
        return self._put(_Tick(invocation.tick_id))

    def step(self, tick: Any, event: Event) -> Step:
        """The same put once more, in the same phase, or the end."""
        if event.answer == Unknown():
            return self._put(tick)
        result = TickResult(tick.tick_id, None, Outcome.SKIPPED, Reason.UNREADABLE)
        return Step(evolve(tick, phase="END"), None, (), result)

    def _put(self, tick: Any) -> Step:
        return Step(tick, Put(records(0).evidence, b"{}", Expect.ANY))


LATE = trace(
    "plain-put", "S1",
    "Start(a,1,h0)", "StatusRead(a,1):ok", "StatusOpen(a,1):ok", "EvidenceRead(a,1):ok",
    "EvidencePut(a,1):unknown-later", "Crash(a,1)", "Clock(h0,+300000)",
    "Start(a,2,h0)", "StatusRead(a,2):failed", "EvidenceRead(a,2):ok",
    "EvidencePut(a,2):ok", "EvidenceVerify(a,2):ok", "Land(a,1,EvidencePut)",
)  # fmt: skip
