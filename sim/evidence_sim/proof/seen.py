"""What one representative tick met and asked for, and its effects as the model sees them.

Bytes are read by the oracle, never by the kernel: a row must say what an effect is, not what it is meant to be.
"""

from enum import StrEnum
from typing import Any

from attrs import evolve, frozen

from evidence_kernel import (
    Absent,
    Answer,
    Applied,
    Effect,
    Expect,
    Expectation,
    Found,
    Generate,
    Get,
    Put,
    Report,
    Version,
)
from evidence_sim import oracle
from evidence_sim.oracle import Role
from evidence_sim.watch import TRIGGERS

ABSENT_VERSION = ""  # stands for the version of a ledger that was read as absent


class Expected(StrEnum):
    """What a put demands of its key; OTHER is what the model cannot tell."""

    ABSENT = "absent"
    ANY = "anything"
    READ = "the ledger as read"
    CLAIMED = "the claim"
    OTHER = "something else"


@frozen
class Asked:
    """One effect. A put, a get or a call of the generator, by its fields alone.

    `own`: its key, or its tenant, is this tick's; `trigger` of a publication's key or of the call; `expect`
    of a put; `signed`: the value names this tick, and is what a read-back would take for its own; `counts`:
    how much the attempts of both triggers that a put writes exceed those read, None of no ledger; `true`: a
    publication holds the report that was returned, a call the instant that was read last.
    """

    kind: str
    role: Role
    own: bool
    trigger: str | None = None
    expect: Expected | None = None
    signed: bool = False
    counts: tuple[int, int] | None = None
    true: bool = False


@frozen
class Seen:
    """Ground truth of one tick. `ledger` None until LEDGER_READ was answered, `version` what it was read at."""

    tenant: str
    tick_id: str
    installed_at: int | None = None
    wrote: bytes | None = None
    ledger: bytes | None = None
    version: Version | None = None
    claim: bytes | None = None
    claimed: Version | None = None
    report: bytes | None = None
    published: bytes | None = None

    def answered(self, effect: Effect, answer: Answer) -> "Seen":
        """With what an answer tells."""
        changes: dict[str, Any] = {}
        if isinstance(answer, Report):
            changes["report"] = answer.body
        elif isinstance(effect, Get):
            changes = self._read(oracle.place(effect.key).role, answer)
        elif isinstance(effect, Put) and isinstance(answer, Applied) and effect.value == self.claim:
            changes["claimed"] = answer.version
        return evolve(self, **changes) if changes else self

    def _read(self, role: Role, answer: Answer) -> dict[str, Any]:
        if role is Role.EVIDENCE and isinstance(answer, Found):
            installed_at = oracle.installed_at(answer.value)
            return {} if installed_at is None else {"installed_at": installed_at}
        if role is not Role.LEDGER:
            return {}
        if self.claim is None:
            if isinstance(answer, Found):
                return {"ledger": answer.value, "version": answer.version}
            return {"version": ABSENT_VERSION} if isinstance(answer, Absent) else {}
        mine = isinstance(answer, Found) and answer.value == self.claim
        return {"claimed": answer.version} if isinstance(answer, Found) and mine else {}

    def asked(self, effect: Effect | None) -> "Seen":
        """With the value that a put carries: its first put of a ledger is the claim."""
        if not isinstance(effect, Put):
            return self
        role = oracle.place(effect.key).role
        if role is Role.EVIDENCE:
            return evolve(self, wrote=effect.value)
        if role is Role.LEDGER and self.claim is None:
            return evolve(self, claim=effect.value)
        return evolve(self, published=effect.value) if role is Role.PUBLICATION else self

    def abstract(self, effect: Effect, remembered: bytes | None) -> Asked:
        """The effect as the model sees it; `remembered`: what the machine will take for its own."""
        if isinstance(effect, Generate):
            own = (effect.tenant, effect.tick_id) == (self.tenant, self.tick_id)
            as_read = effect.installed_at == self.installed_at
            return Asked("generate", Role.OTHER, own, effect.trigger.value, true=as_read)
        place = oracle.place(effect.key)
        own = place.tenant == self.tenant
        if isinstance(effect, Get):
            return Asked("get", place.role, own, place.trigger)
        if place.role not in (Role.EVIDENCE, Role.LEDGER, Role.PUBLICATION):
            return Asked("put", place.role, own)
        return Asked(
            "put",
            place.role,
            own,
            place.trigger,
            self._expected(effect.expect, place.role),
            self.tick_id.encode() in effect.value and remembered in (None, effect.value),
            self._counts(effect.value) if place.role is Role.LEDGER else None,
            place.role is Role.PUBLICATION and self.report is not None and oracle.report(effect.value) == self.report,
        )

    def _expected(self, expect: Expectation, role: Role) -> Expected:
        if expect is Expect.ANY:
            return Expected.ANY
        if expect is Expect.ABSENT:
            return Expected.READ if role is Role.LEDGER and self.version == ABSENT_VERSION else Expected.ABSENT
        if role is Role.LEDGER and expect == self.claimed:
            return Expected.CLAIMED
        return Expected.READ if role is Role.LEDGER and expect == self.version else Expected.OTHER

    def _counts(self, value: bytes) -> tuple[int, int] | None:
        if oracle.record(value) is None:
            return None
        first, second = (oracle.attempts(value, name) - oracle.attempts(self.ledger, name) for name in TRIGGERS)
        return first, second
