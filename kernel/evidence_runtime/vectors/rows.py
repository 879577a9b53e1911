"""The tables of the kernel and its closed vocabularies, row by row."""

import json
from enum import Enum
from hashlib import sha256
from typing import Any

from evidence_kernel import EVIDENCE, SCHEDULER, EvidenceState, Outcome, Reason, Trigger
from evidence_kernel.messages import DETAILS
from evidence_kernel.schedule import CLOCK_TOLERANCE, tier
from evidence_kernel.state import TickResult
from evidence_kernel.tables import ASKS, BACKFILL_ALONE, WITHOUT_STATUS
from evidence_kernel.trust import is_running


def tables() -> dict[str, Any]:
    """What a port reads instead of writing it again; `sha256` is of the rest, compact with sorted names."""
    made = {
        "evidence": [{"state": state, "observation": seen, "to": to} for (state, seen), to in EVIDENCE.items()],
        "scheduler": [
            {
                "phase": phase,
                "finding": finding,
                "to": row.to,
                "outcome": row.outcome,
                "reason": row.reason,
                "refuses": row.refuses,
                "warns": row.warns,
                "audits": row.audits,
            }
            for (phase, finding), row in SCHEDULER.items()
        ],
        "asks": dict(ASKS),
        "without_status": dict(WITHOUT_STATUS),
        "backfill_alone": dict(BACKFILL_ALONE),
        "codes": {kind.__name__: _codes(kind) for kind in (EvidenceState, Outcome, Reason, Trigger)},
        "outcomes": {outcome: _ends(outcome) for outcome in Outcome},
        "details": dict(DETAILS),
        "tiers": [tier(attempts) for attempts in range(4)],
        "clock_tolerance": CLOCK_TOLERANCE,
    }
    text = json.dumps(made, sort_keys=True, separators=(",", ":"))
    return {**made, "sha256": sha256(text.encode("ascii")).hexdigest()}


def _codes(kind: type[Enum]) -> list[str]:
    return [code.value for code in kind]


def _ends(outcome: Outcome) -> dict[str, Any]:
    """How a tick of this outcome counts; `running` names the reasons with which its tenant is shown RUNNING."""
    result = TickResult("", None, outcome, Reason.NOTHING_DUE)
    running = [reason for reason in Reason if is_running(outcome, reason)]
    return {"success": result.success, "http_status": result.http_status, "running": running}
