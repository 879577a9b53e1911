"""A trace that says much in little: a put lands after its tick was cut off and another's evidence was verified."""

from evidence_sim.config import Config
from evidence_sim.labels import parse
from evidence_sim.trace import Trace


def trace(machine: str, violates: str | None, *labels: str) -> Trace:
    """The trace of a machine over one tenant of whom nothing is known."""
    return Trace(Config(machines=(machine,)), tuple(parse(label) for label in labels), violates)


LATE = trace(
    "plain-put", "S1",
    "Start(a,1,h0)", "StatusRead(a,1):ok", "StatusOpen(a,1):ok", "EvidenceRead(a,1):ok",
    "EvidencePut(a,1):unknown-later", "Crash(a,1)", "Clock(h0,+300000)",
    "Start(a,2,h0)", "StatusRead(a,2):failed", "EvidenceRead(a,2):ok",
    "EvidencePut(a,2):ok", "EvidenceVerify(a,2):ok", "Land(a,1,EvidencePut)",
)  # fmt: skip
