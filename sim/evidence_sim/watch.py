"""How ground truth grows: what a tick has seen, what became of an installation. No verdicts here."""

from typing import Any

from attrs import evolve

from evidence_kernel import (
    Absent,
    Answer,
    Applied,
    Effect,
    Failed,
    Found,
    Generate,
    Get,
    Put,
    Report,
    Unknown,
)
from evidence_sim import oracle
from evidence_sim.config import Config, owner
from evidence_sim.facts import Write
from evidence_sim.oracle import Role
from evidence_sim.values import Ghost, Run, Seen

_DECIDES = frozenset({"TIMESTAMP_READ", "LEDGER_READ", "DONE_READ"})
_CLAIMS = frozenset({"CLAIM", "ATTEMPT_PUT"})
_TAIL = frozenset({"SETTLE", "STATUS_CLOSE", "END"})
_KEPT = 32  # instants of ticks that closed well
RUNNING = frozenset({"NOT_DUE", "ALREADY_DONE", "CONTENDED", "GENERATED"})
TRIGGERS = ("AUTO_12H", "AUTO_24H")


def answered(run: Run, tenant: int, said: Answer, genuine: bool, at: int) -> dict[str, Any]:
    """The fields of `run.seen` that an answer changes; `genuine`: what was read is the key's own value."""
    match run.effect:
        case Get(key=key):
            place = oracle.place(key)
            return _read(run, place.role, said, genuine and owner(place.tenant) == tenant, at)
        case Put(key=key):
            return _put(run, oracle.place(key).role, said)
        case Generate(trigger=trigger):
            return {"earned": (trigger.value, said.body)} if isinstance(said, Report) else {}


def _read(run: Run, role: Role, said: Answer, own: bool, at: int) -> dict[str, Any]:
    phase, seen = run.phase, run.seen
    changes: dict[str, Any] = {}
    if isinstance(said, Failed) and phase in _DECIDES:
        changes["failed"] = True
    if phase == "LEDGER_READ":
        changes["ledger_at"] = at
    elif phase == "DONE_READ":
        changes["looked_at"] = at
    elif phase == "CLAIM_VERIFY" and isinstance(said, Found) and said.value == seen.claim:
        changes |= {"claims": seen.claims + 1, "undecided": False}
    elif phase == "PUBLISH_VERIFY" and isinstance(said, Found):
        changes["undecided"] = False
    elif role is Role.EVIDENCE:
        if isinstance(said, Absent):
            changes["absent_at"] = at
        elif isinstance(said, Found):
            changes |= _evidence(seen, said.value, own)
            if phase == "EVIDENCE_VERIFY":
                changes["read_back"] = said.value
    return changes


def _evidence(seen: Seen, value: bytes, own: bool) -> dict[str, Any]:
    installed_at = oracle.installed_at(value)
    if installed_at is None:
        return {}
    return {"installed_at": installed_at, "grounded": seen.grounded or own}


def _put(run: Run, role: Role, said: Answer) -> dict[str, Any]:
    phase, seen = run.phase, run.seen
    if phase in _CLAIMS:
        if isinstance(said, Failed):
            return {"failed": True}
        if role is Role.LEDGER and isinstance(said, Applied):
            return {"claims": seen.claims + 1, "undecided": False}
        return {"undecided": True} if isinstance(said, Unknown) else {}
    if phase == "PUBLISH":
        if isinstance(said, Failed):
            return {"failed": True}
        return {"undecided": True} if isinstance(said, Unknown) else {}
    return {}


def asked(seen: Seen, phase_before: str, phase: str, effect: Effect | None, at: int) -> dict[str, Any]:
    """The fields of `seen` that the next effect, or the end, changes."""
    changes: dict[str, Any] = {}
    if phase in _TAIL and phase_before not in _TAIL:
        changes["decided_at"] = at
    if isinstance(effect, Put):
        role = oracle.place(effect.key).role
        if role is Role.EVIDENCE:
            changes["wrote"] = effect.value
        elif phase in _CLAIMS and role is Role.LEDGER:
            changes["claim"] = effect.value
        elif phase == "STATUS_CLOSE":
            changes["closed"] = oracle.status_outcome(effect.value)
    return changes


def holds(seen: Seen, writes: tuple[Write, ...], tenant: int, n: int) -> bool:
    """Whether the publication now is, or ever was, the report of that tick."""
    return seen.held or any(
        write.place.role is Role.PUBLICATION
        and write.changed
        and write.owner == tenant
        and write.by is not None
        and (write.by.tenant, write.by.n) == (tenant, n)
        and _is_report(seen, write)
        for write in writes
    )


def _is_report(seen: Seen, write: Write) -> bool:
    """Whether a publication holds what its tick earned; the original's marker holds no report, and counts."""
    value = write.after.value
    if value is None or seen.earned is None:
        return False
    published = oracle.report(value)
    if published is None:
        return seen.earned[0] == write.place.trigger and oracle.is_marker(value)
    return seen.earned == (write.place.trigger, published)


def grown(ghost: Ghost, tenant: int, writes: tuple[Write, ...], config: Config) -> Ghost:
    """The ghost of a tenant after writes to its records; what unjudged machines do leaves no trace."""
    for write in writes:
        if write.owner != tenant or write.place.role is not Role.PUBLICATION or not write.appeared:
            continue
        if write.by is not None and not config.judged(write.by.machine):
            continue
        index = TRIGGERS.index(write.place.trigger or "")
        published = _set(ghost.published, index, True)
        by_tick = write.by is not None and write.by.tenant == tenant
        reports = _set(ghost.reports, index, ghost.reports[index] + 1) if by_tick else ghost.reports
        ghost = evolve(ghost, published=published, reports=reports)
    return ghost


def called(ghost: Ghost, effect: Effect | None) -> Ghost:
    """The ghost after the generator was asked."""
    if not isinstance(effect, Generate):
        return ghost
    index = TRIGGERS.index(effect.trigger)
    return evolve(ghost, generates=_set(ghost.generates, index, ghost.generates[index] + 1))


def audited(ghost: Ghost, line: bytes) -> Ghost:
    """The ghost after an audit line about that record."""
    return evolve(ghost, audited=(*ghost.audited, line))


def ended(ghost: Ghost, seen: Seen, result: Any) -> Ghost:
    """The ghost after the end of a tick: whether it closed well."""
    outcome = str(result.outcome)
    well = outcome in RUNNING or (outcome == "BACKOFF" and str(result.reason) != "attempt_failed")
    if not well or seen.installed_at is None:
        return ghost
    return evolve(ghost, well=(*ghost.well, seen.decided_at)[-_KEPT:])


def _set(pair: tuple[Any, Any], index: int, value: Any) -> tuple[Any, Any]:
    return (value, pair[1]) if index == 0 else (pair[0], value)
