"""The pure core: an evidence state machine and its scheduler. Values in, values out."""

from evidence_kernel.codes import (
    EvidenceState,
    Finding,
    Level,
    Observation,
    Outcome,
    Phase,
    Reason,
    Trigger,
    TrustStatus,
    Version,
    Warn,
)
from evidence_kernel.effects import Effect, Expect, Expectation, Generate, Get, Put
from evidence_kernel.errors import Misuse
from evidence_kernel.events import (
    Absent,
    Answer,
    Applied,
    Conflict,
    Event,
    Failed,
    Found,
    GenerateAnswer,
    GeneratorError,
    ReadAnswer,
    Report,
    Unknown,
    WriteAnswer,
)
from evidence_kernel.messages import LogLine
from evidence_kernel.records.status import Status, read_status
from evidence_kernel.schedule import due, missed, tier
from evidence_kernel.state import EnsureResult, Invocation, State, Step, TickResult
from evidence_kernel.step import ensure, start, step
from evidence_kernel.tables import EVIDENCE, SCHEDULER, Row
from evidence_kernel.trust import trust_status

__all__ = [
    "EVIDENCE",
    "SCHEDULER",
    "Absent",
    "Answer",
    "Applied",
    "Conflict",
    "Effect",
    "EnsureResult",
    "Event",
    "EvidenceState",
    "Expect",
    "Expectation",
    "Failed",
    "Finding",
    "Found",
    "Generate",
    "GenerateAnswer",
    "GeneratorError",
    "Get",
    "Invocation",
    "Level",
    "LogLine",
    "Misuse",
    "Observation",
    "Outcome",
    "Phase",
    "Put",
    "ReadAnswer",
    "Reason",
    "Report",
    "Row",
    "State",
    "Status",
    "Step",
    "TickResult",
    "Trigger",
    "TrustStatus",
    "Unknown",
    "Version",
    "Warn",
    "WriteAnswer",
    "due",
    "ensure",
    "missed",
    "read_status",
    "start",
    "step",
    "tier",
    "trust_status",
]
