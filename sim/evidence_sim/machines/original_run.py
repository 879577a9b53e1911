"""One run of the original's tick: the answers it hears, the storage client it calls, what it returns.

A Failed, or a put that is Unknown, throws; so does a record that is no JSON. All puts are unconditional.
No machine has a clock before its first answer: a tick starts at the clock of that answer.
"""

from collections.abc import Generator
from typing import Any

from attrs import frozen

from evidence_kernel import Effect, Expect, Get, Level, LogLine, Outcome, Put, Reason, Trigger
from evidence_runtime.original import load
from evidence_sim.machines.original_records import Identity


class Thrown(Exception):
    """An error of the storage client, or one that the original threw itself."""


@frozen
class Heard:
    """One answer as the script sees it; `value` is None where there is none."""

    value: bytes | None
    threw: bool
    at: int


@frozen
class OriginalResult:
    """What the handler returned, under the kernel's names; `message` and what follows are in its body."""

    tick_id: str
    outcome: Outcome
    reason: Reason
    message: str
    tenant: str | None = None
    trigger: Trigger | None = None
    success: bool = True
    http_status: int = 200
    evidence: None = None
    installed_at: int | None = None
    did_backfill: bool = False
    degraded: bool = False
    attempt_count: float | int | str | None = None
    backoff_until: str | None = None


# Calls, each with its phase; what is heard; what it brings, which the callers know the type of.
Script = Generator[tuple[str, Effect], Heard, Any]


class Run:
    """One playing of a tick's script: what it knows, and what it said since its last call."""

    def __init__(self, tick_id: str, identity: Identity) -> None:
        self.tick_id, self.key, self.cloud_id = tick_id, identity.tenant_key, identity.cloud_id
        self.tenant = self.key if self.cloud_id is None else self.cloud_id
        self.log: list[LogLine] = []
        self.phase = ""
        self.now = 0
        self.started: int | None = None
        self.installed: tuple[object, int] | None = None
        self.did_backfill = False

    @property
    def start(self) -> int:
        """The clock of the first answer."""
        assert self.started is not None, "nothing that needs the time precedes the first answer"
        return self.started

    def say(self, text: str, level: Level = Level.WARNING) -> None:
        """Log a line; WARNING also where the original said `error`: the kernel has no level above."""
        self.log.append(LogLine(level, text))

    def ask(self, phase: str, effect: Effect) -> Script:
        """Make one call; the bytes that came of it."""
        self.phase = phase
        heard = yield phase, effect
        self.now = heard.at
        self.started = heard.at if self.started is None else self.started
        if heard.threw:
            raise Thrown(f"storage error in {phase}")
        return heard.value

    def get(self, phase: str, key: str) -> Script:
        """The JSON value at `key`; the client throws where there is something else."""
        value = yield from self.ask(phase, Get(key))
        try:
            return load(value)
        except ValueError as bad:
            raise Thrown(f"unreadable value in {phase}") from bad

    def put(self, phase: str, key: str, value: bytes) -> Script:
        """Write whatever is there."""
        yield from self.ask(phase, Put(key, value, Expect.ANY))

    def ended(self, outcome: Outcome, reason: Reason, message: str, **more: Any) -> OriginalResult:
        """The handler's answer, with what of the tick belongs to it."""
        installed_at = None if self.installed is None else self.installed[1]
        known = {"installed_at": installed_at, "did_backfill": self.did_backfill, "tenant": self.tenant}
        return OriginalResult(self.tick_id, outcome, reason, message, **{**known, **more})
