"""A second tick, run by `transitions` on the table that was typed by hand.

It shares the store's answers with the kernel and nothing else: it reads and writes records with `json` and
`datetime` and says its lines itself. Strings only; no code, table or record of the kernel's.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from transitions import EventData, Machine

from tests.kernel.twin_records import (
    AHEAD,
    EPOCH,
    FIELDS,
    STATUS,
    dump,
    instant,
    is_entry,
    load,
    read_status,
    text,
    wait,
)
from tests.kernel.twin_table import Row

REFUSALS = {
    "evidence_invalid": "the evidence present is no valid record and is left as it is",
    "evidence_read_failed": "the evidence could not be read",
    "evidence_write_failed": "the evidence could not be written",
    "missing_after_write": "the evidence is still missing after the write",
    "invalid_after_write": "the evidence read back is no valid record",
    "unreadable_after_write": "the evidence could not be read back",
}

Answer = tuple[str, bytes, object]  # what, value, version
Perform = Callable[[str, str, bytes, object], Answer]  # kind, key, value, expected: a version or "absent"


class Twin:
    """The machine's model: `run` asks and triggers, `_understand` names what the answer means."""

    state: str

    def __init__(self, tick_id: str, tenant: str | None, table: list[Row], alone: bool = False) -> None:
        self.tick_id, self.tenant, self.alone = tick_id, tenant, alone
        self.id = "-" if tenant is None else quote(tenant, safe="")
        self.log: list[tuple[str, str]] = []
        self.outcome = self.reason = self.refusal = ""
        self.evidence: str | None = None
        self.trigger_due = ""
        self.installed_at: datetime | None = None
        self.did_backfill = self.met_doubt = False
        self.status: dict[str, Any] | None = None
        self.status_version: object = "absent"
        self.backfill: bytes | None = None
        self.publication = b""
        self.machine = self._machine(table)

    def _machine(self, table: list[Row]) -> Machine:
        for meaning in {row[2] for row in table}:
            setattr(self, meaning, lambda event, meaning=meaning: self.meaning == meaning)
        first = "EVIDENCE_READ" if self.alone else "STATUS_READ"
        states = sorted({row[0] for row in table} | {row[3] for row in table})
        machine = Machine(
            self, states=states, initial=first, auto_transitions=False, send_event=True,
            prepare_event="_understand",
        )  # fmt: skip
        for phase, kind, meaning, to, says in table:
            say = {"after": lambda event, says=says: self._say(says)}
            if to == "STATUS_CLOSE":
                machine.add_transition(kind, phase, "END", [meaning, "_statusless"], **say)
            to = "END" if self.alone and to == "TIMESTAMP_READ" else to
            machine.add_transition(kind, phase, to, [meaning], **say)
        return machine

    def run(self, perform: Perform, clock: Callable[[int], int]) -> None:
        """To the end, by at most 30 effects: a machine with a wrong row may not find it."""
        if not self.alone:
            self._info(f"tick={self.tick_id} cloudId={self.id} start")
        if self.tenant is None:
            return self._refused()
        for asked in range(30):
            kind, key, value, expected = getattr(self, "_" + self.state.lower())()
            self.answer = perform(kind, key, value, expected)
            self.met_doubt |= self.answer[0] in ("failed", "unknown")
            self.at = EPOCH + timedelta(milliseconds=clock(asked))
            if not getattr(self, kind)():
                raise LookupError(f"no row for {self.state} {self.meaning}")
            if self.state == "END":
                return self._ended()
        raise RuntimeError("no end")

    # What the answer means.

    def _understand(self, event: EventData) -> None:
        what, value, version = self.answer
        self.meaning = what
        look = getattr(self, f"_look_{self.state.lower()}", None)
        if look is not None:
            look(what, value, version)

    def _statusless(self, event: EventData) -> bool:
        return self.status is None

    def _look_status_read(self, what: str, value: bytes, version: object) -> None:
        if what == "failed":
            return
        self.status = dict.fromkeys(STATUS) | (read_status(value) if what == "found" else {})
        self.status_version = version if what == "found" else "absent"
        self.status |= {"last_check_at": text(self.at), "tick_id": self.tick_id}

    def _look_status_open(self, what: str, value: bytes, version: object) -> None:
        if what == "applied":
            self.status_version = version

    def _look_evidence_read(self, what: str, value: bytes, version: object) -> None:
        self.installed_at = instant((load(value) or {}).get("installed_at")) if what == "found" else None
        if what == "failed":
            return
        self.meaning = "missing" if what == "absent" else "valid" if self.installed_at else "invalid"
        if what == "found" and value == self.backfill:
            verified = self.state == "EVIDENCE_VERIFY" or self.evidence == "verified"
            self.meaning = "verified" if verified else "valid"
        self.evidence = self.meaning

    _look_evidence_verify = _look_evidence_read

    def _look_timestamp_read(self, what: str, value: bytes, version: object) -> None:
        self._look_evidence_read(what, value, version)
        if self.installed_at is not None and self.installed_at > self.at + AHEAD:
            self.meaning = "future"

    def _look_ledger_read(self, what: str, value: bytes, version: object) -> None:
        if what == "failed":
            return
        self.ledger_version = version if what == "found" else "absent"
        ledger = load(value) if what == "found" else {}
        if ledger is None or not all(is_entry(ledger.get(name, {})) for name in ("AUTO_12H", "AUTO_24H")):
            self.meaning = "malformed"
            return
        self.ledger = ledger
        assert self.installed_at is not None
        age = (self.at - self.installed_at) / timedelta(hours=1)
        self.trigger_due = "AUTO_24H" if age >= 24 else "AUTO_12H" if age >= 12 else ""
        self.meaning = "due" if self.trigger_due else "not_due"

    def _look_done_read(self, what: str, value: bytes, version: object) -> None:
        if what != "absent":
            return
        entry = self.ledger.get(self.trigger_due, {})
        until, attempts = instant(entry.get("backoff_until")), entry.get("attempts", 0)
        self.claimed_from = self.at
        if until is None or self.at >= until:
            self.meaning = "free"
        elif until > self.at + wait(attempts) + AHEAD:
            self.meaning = "implausible"
        else:
            self.meaning = "waiting" if entry.get("last_error") is None else "retrying"

    def _look_claim(self, what: str, value: bytes, version: object) -> None:
        if what == "applied":
            self.ledger_version = version

    def _look_claim_verify(self, what: str, value: bytes, version: object) -> None:
        if what == "found":
            self.meaning = "mine" if value == dump(self.ledger) else "others"
            self.ledger_version = version

    def _look_generate(self, what: str, value: bytes, version: object) -> None:
        try:
            report = json.loads(value) if what == "report" else None
        except ValueError:
            self.meaning = "error"
            return
        attempt, now = self.ledger[self.trigger_due]["attempts"], text(self.at)
        record = {"attempt": attempt, "completed_at": now, "published_by": self.tick_id, "report": report}
        self.publication = dump(record)

    def _look_publish_verify(self, what: str, value: bytes, version: object) -> None:
        if what == "found":
            self.meaning = "mine" if value == self.publication else "others"

    # What is asked: kind, key, value, expected.

    def _status_read(self) -> tuple[str, str, bytes, object]:
        return "read", f"governance:status:snapshot:{self.id}", b"", None

    def _status_open(self) -> tuple[str, str, bytes, object]:
        assert self.status is not None
        return "write", self._status_read()[1], dump(self.status), self.status_version

    def _status_close(self) -> tuple[str, str, bytes, object]:
        assert self.status is not None
        running = self.outcome in ("NOT_DUE", "ALREADY_DONE", "CONTENDED", "GENERATED")
        succeeded = self.status["last_success_at"]
        if running or self.reason == "attempt_open":
            succeeded = max(succeeded or "", text(self.decided_at))
        self.status |= {
            "closed_at": text(self.decided_at),
            "evidence": self.evidence and self.evidence.upper(),
            "installed_at": self.installed_at and text(self.installed_at),
            "last_success_at": succeeded,
            "outcome": self.outcome,
            "reason": self.reason,
            "trigger": self.trigger_due or None,
        }
        return self._status_open()

    def _evidence_read(self) -> tuple[str, str, bytes, object]:
        return "read", f"phase4:evidence:installation:{self.id}", b"", None

    _evidence_verify = _timestamp_read = _evidence_read

    def _evidence_put(self) -> tuple[str, str, bytes, object]:
        now = text(self.at)
        record = {"backfill_id": self.tick_id, "backfill_reason": "missing_phase4_evidence_on_upgrade"}
        self.backfill = dump(record | {"backfilled": True, "backfilled_at": now, "installed_at": now})
        return "write", self._evidence_read()[1], self.backfill, "absent"

    def _ledger_read(self) -> tuple[str, str, bytes, object]:
        return "read", f"phase5:scheduler:state:{self.id}", b"", None

    _claim_verify = _ledger_read

    def _claim(self) -> tuple[str, str, bytes, object]:
        entry = self.ledger.get(self.trigger_due, {})
        attempts = entry.get("attempts", 0) + 1
        until = text(self.claimed_from + wait(attempts))
        self._enter(attempts=attempts, backoff_until=until, claimed_by=self.tick_id)
        return "write", self._ledger_read()[1], dump(self.ledger), self.ledger_version

    def _enter(self, **fields: object) -> None:
        entry = dict.fromkeys(FIELDS) | {"attempts": 0} | self.ledger.get(self.trigger_due, {})
        self.ledger = self.ledger | {self.trigger_due: entry | fields}

    def _settle(self) -> tuple[str, str, bytes, object]:
        if self.outcome == "GENERATED":
            self._enter(generated_at=text(self.decided_at), last_error=None)
        elif self.outcome == "ALREADY_DONE":
            self._enter(last_error=None)
        else:
            self._enter(last_error={"at": text(self.decided_at), "reason": self.reason})
        return "write", self._ledger_read()[1], dump(self.ledger), self.ledger_version

    def _done_read(self) -> tuple[str, str, bytes, object]:
        return "read", f"phase5:scheduler:{self.id}:{self.trigger_due}:DONE", b"", None

    _publish_verify = _done_read

    def _publish(self) -> tuple[str, str, bytes, object]:
        return "write", self._done_read()[1], self.publication, "absent"

    def _generate(self) -> tuple[str, str, bytes, object]:
        return "generate", "", b"", None

    # What is said.

    def _say(self, says: str) -> None:
        if says == "audit":
            assert self.installed_at is not None
            self.did_backfill = True
            reason = "reason=missing_phase4_evidence_on_upgrade"
            line = f"cloudId={self.id} didBackfill=true {reason} timestamp={text(self.installed_at)}"
            self.log.append(("INFO", f"[PHASE4_BACKFILL] {line}"))
        elif says.startswith("refusal="):
            self.refusal = says[8:]
            line = f"FAIL_CLOSED cloudId={self.id} reason={self.refusal}: {REFUSALS[self.refusal]}"
            self.log.append(("WARNING", f"[PHASE4_BACKFILL] {line}"))
        elif says:
            self._decide_or_warn(says)

    def _decide_or_warn(self, says: str) -> None:
        if says.startswith("warning="):
            self.log.append(("WARNING", f"[Phase5Scheduler] tick={self.tick_id} cloudId={self.id} {says}"))
            return
        self.outcome, self.reason = says.split(":")
        self.decided_at = self.at
        if self.outcome == "SKIPPED":
            self.log.append(("WARNING", f"Installation timestamp not found for {self.id}"))

    def _info(self, line: str) -> None:
        self.log.append(("INFO", f"[Phase5Scheduler] {line}"))

    def _refused(self) -> None:
        self.outcome, self.reason = "REFUSED", "no_tenant_identity"
        self.refusal = self.reason
        line = f"reason={self.reason}: the context names no usable tenant id"
        self.log.append(("WARNING", f"[PHASE4_BACKFILL] FAIL_CLOSED cloudId=- {line}"))
        self._ended()

    def _ended(self) -> None:
        if not self.alone:
            decided = f"outcome={self.outcome} reason={self.reason} due={self.trigger_due or '-'}"
            self._info(f"tick={self.tick_id} cloudId={self.id} {decided}")
