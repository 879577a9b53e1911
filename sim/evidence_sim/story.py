"""A trace told to a person: who did what, what the store did, what was said."""

import re
from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from evidence_kernel import (
    Absent,
    Applied,
    Conflict,
    Effect,
    Expect,
    Failed,
    Found,
    Generate,
    GeneratorError,
    Get,
    Put,
)
from evidence_sim import oracle
from evidence_sim.cells import Cell
from evidence_sim.codes import AnswerCode
from evidence_sim.config import ALLOWED, Initial, tick_id
from evidence_sim.facts import Fact, Write
from evidence_sim.invariants import BY_ID, Invariant
from evidence_sim.labels import Clock, Crash, Land, Outside, Reply, Start, letter
from evidence_sim.oracle import Role
from evidence_sim.trace import Trace, replay

KEPT = "not violated here any more"  # of an invariant that a trace names and does not violate
MORE = "\N{HORIZONTAL ELLIPSIS}"
_A = AnswerCode
_READ: Mapping[AnswerCode, str] = {
    _A.OK: "the store shows",
    _A.STALE: "the store shows what was there before:",
    _A.CORRUPT: "the store has spoilt it and shows",
    _A.ELSEWHERE: "the store shows another tenant's:",
}
_WRITE: Mapping[AnswerCode, str] = {
    _A.FAILED: "the store does not write it and says so",
    _A.FAILED_LATER: "the store says that it failed, and has it still under way",
    _A.FAILED_YES: "the store writes it and says that it failed",
    _A.LATER: "the store says that it is written, and has it still under way",
    _A.UNKNOWN_NO: "the store does not write it, and no answer comes",
    _A.UNKNOWN_YES: "the store writes it, and the answer is lost",
    _A.UNKNOWN_LATER: "no answer comes, and the store has it still under way",
    _A.TORN: "the store writes a part of it and says that it is written",
    _A.LOST: "the store says that it is written, and it is not",
    _A.TWICE: "the store writes it, says so, and will write it once more",
    _A.ELSEWHERE: "the store writes it to another tenant's key and says that it is written",
}
_ASKING = frozenset({"S10", "S11", "S12"})  # what they are about is the call that comes next
_DULL = re.compile(r" outcome=| Starting for ")
_CONDITION: Mapping[Expect, str] = {Expect.ABSENT: " if absent", Expect.ANY: ", whatever is there"}
_SHOWN: Mapping[Role, tuple[str, ...]] = {
    Role.EVIDENCE: ("installed_at", "backfill_id"),
    Role.STATUS: ("outcome", "reason", "closed_at", "last_success_at", "lastSuccessAt", "tick_id"),
    Role.PUBLICATION: ("published_by", "completed_at"),
}


def tell(trace: Trace) -> Iterator[str]:
    """The numbered story, a line at a time; what is violated stands under the first action that does it.

    Raises TraceError before the first line.
    """
    facts = list(replay(trace))
    violated = violation(trace, facts)
    if trace.violates is not None:
        yield f"     {trace.violates} {BY_ID[trace.violates].name}: {BY_ID[trace.violates].says}"
    if at_first := "; ".join(begins(trace)):
        yield f"     At first: {at_first}."
    for number, fact in enumerate(facts, 1):
        yield f"{number:3}. {clock(fact)} {happened(fact)}"
        for said in aloud(fact):
            yield f"              {said}"
        if violated is not None and violated.step == number:
            if violated.asks:
                yield f"              {violated.asks}"
            yield f"     {violated.invariant.id} {violated.invariant.name}: {violated.verdict}"
    if trace.violates is not None and violated is None:
        yield f"     {trace.violates} {BY_ID[trace.violates].name}: {KEPT}"


def next_asked(fact: Fact, violates: str) -> str:
    """What the tick asks for next, where a violation may be about that; empty where not."""
    telling = fact.asks is not None and (isinstance(fact.asks, Put | Generate) or violates in _ASKING)
    return f"It now {asked(fact.asks)}." if telling else ""


@frozen
class Violation:
    """The first violation of what a trace says that it violates: the action's number, from 1, and the sentences."""

    invariant: Invariant
    step: int
    verdict: str
    asks: str

    def __str__(self) -> str:
        return f"{self.asks} {self.invariant.id} {self.invariant.name} is violated: {self.verdict}".strip()


def violation(trace: Trace, facts: Sequence[Fact]) -> Violation | None:
    """Where a trace violates what it says; None where it says nothing or violates it no more."""
    if trace.violates is None:
        return None
    invariant = BY_ID[trace.violates]
    for number, fact in enumerate(facts, 1):
        if verdict := invariant.judge(fact):
            return Violation(invariant, number, verdict, next_asked(fact, invariant.id))
    return None


def title(trace: Trace, violated: Violation | None) -> str:
    """What the trace is, in a few words; it says nothing of invariants where the trace names none."""
    if trace.violates is None:
        return f"a trace of {trace.machine}"
    if violated is not None:
        return f"{trace.machine} violates {violated.invariant.id} {violated.invariant.name}"
    return f"{trace.machine} keeps {trace.violates} here"


def begins(trace: Trace) -> Iterator[str]:
    """What a world begins with, besides tenants of whom nothing is known and clocks that agree."""
    config = trace.config
    for tenant, state in enumerate(config.initial):
        held = [f"{name} {value}" for name, value in _initial(state).items()]
        if held:
            yield f"tenant {letter(tenant)} has {', '.join(held)}"
    for host, ms in enumerate(config.offsets):
        if ms:
            yield f"the clock of host {host} is {_duration(abs(ms))} {'ahead' if ms > 0 else 'behind'}"


def _initial(state: Initial) -> dict[str, str]:
    plain = Initial()
    return {name: getattr(state, name) for name in ALLOWED if getattr(state, name) != getattr(plain, name)}


def clock(fact: Fact) -> str:
    """The clock of the host that acted; none where nobody's clock did."""
    return moment(fact.at) if fact.at else "           "


def moment(ms: int) -> str:
    """An instant, ms since 1970, to the minute and without its year."""
    return oracle.written(ms)[5:16].replace("T", " ")


def cut(text: str, letters: int) -> str:
    """The text, or its beginning and an ellipsis: at most so many letters."""
    return text if len(text) <= letters else f"{text[: letters - 1]}{MORE}"


def happened(fact: Fact) -> str:
    """One action as a sentence."""
    match fact.action:
        case Start(tenant=tenant, n=n, host=host):
            machine = fact.before.config.machines[host % len(fact.before.config.machines)]
            return f"{tick_id(tenant, n)} starts: a tick of {machine} for tenant {letter(tenant)} on host {host}."
        case Reply(tenant=tenant, n=n):
            return f"{tick_id(tenant, n)} {asked(fact.effect)}; {answered(fact)}."
        case Land(tenant=tenant, n=n, phase=phase):
            write = fact.writes[0]
            landed = "takes effect" if write.after is not write.before else "lands, and its condition fails"
            return f"The late put of {tick_id(tenant, n)} ({phase}) {landed}: {_of(write.after, write)}."
        case Crash(tenant=tenant, n=n):
            return f"{tick_id(tenant, n)} is cut off, waiting to hear of {_record(fact)}."
        case Clock(host=host, ms=ms):
            return f"The clock of host {host} goes {'on' if ms > 0 else 'back'} by {_duration(abs(ms))}."
        case Outside(tenant=tenant, record=record, what=what):
            whom = f"tenant {letter(tenant)}" if record is None else f"the {record} of tenant {letter(tenant)}"
            done = "".join(f": {_of(w.before, w)} becomes {_of(w.after, w)}" for w in fact.writes)
            return f"From outside, {what.name.lower()} of {whom}{done}."


def asked(effect: Effect | None) -> str:
    """What a tick asks for."""
    match effect:
        case Get(key=key):
            return f"reads the {_place(key)}"
        case Put(key=key, value=value, expect=expect):
            where = _CONDITION[expect] if isinstance(expect, Expect) else " if unchanged"
            return f"puts the {_place(key)}{where}: {_value(value, oracle.place(key).role)}"
        case None:
            return "asks for nothing"
        case generate:
            return f"generates {generate.trigger}"


def answered(fact: Fact) -> str:
    """What the store or the generator did and said."""
    assert isinstance(fact.action, Reply)
    what = fact.action.what
    match fact.answer:
        case Found(value=value) if isinstance(fact.effect, Get):
            return f"{_READ[what]} {_value(value, oracle.place(fact.effect.key).role)}"
        case Absent():
            return f"{_READ[what]} nothing"
        case Conflict():
            return "the store refuses: the condition does not hold"
        case Failed() if isinstance(fact.effect, Get):
            return "the read fails"
        case Applied() if what is _A.OK:
            return "the store writes it"
        case GeneratorError():
            return "the generator fails"
        case _:
            return _WRITE.get(what, "the report is made")


def aloud(fact: Fact) -> Iterator[str]:
    """What the tick says, and how it ends."""
    for line in fact.log:
        if not line.text.endswith(" start") and not _DULL.search(line.text):
            yield f"It says: {line.text}"
    if fact.broken is not None:
        yield f"It dies: {fact.broken}"
    if fact.result is not None:
        success = "success" if fact.result.success else "no success"
        yield f"It ends: {fact.outcome}, {success}."


def _record(fact: Fact) -> str:
    effect = fact.run.effect if fact.run else None
    if isinstance(effect, Get):
        return f"its read of the {_place(effect.key)}"
    return f"its put of the {_place(effect.key)}" if isinstance(effect, Put) else "its report"


def _place(key: str) -> str:
    place = oracle.place(key)
    if place.role is Role.PUBLICATION:
        return f"publication of {place.trigger}"
    return key if place.role is Role.OTHER else place.role.value


def _value(value: bytes | None, role: Role = Role.OTHER) -> str:
    """A record by what matters of it, or the beginning of its bytes where it is none."""
    if value is None:
        return "nothing"
    fields = oracle.record(value)
    if fields is not None and role is Role.LEDGER:
        entries = {name: entry for name, entry in fields.items() if isinstance(entry, dict) and "attempts" in entry}
        shown = {f"{name} {part}": entry.get(part) for name, entry in entries.items() for part in _ENTRY}
    else:
        shown = {name: fields[name] for name in _SHOWN.get(role, ()) if name in fields} if fields else {}
    if shown:
        return "{" + ", ".join(f"{name} {_short(item)}" for name, item in shown.items()) + "}"
    text = value.decode("utf-8", "backslashreplace").replace("\x00", "\\0")
    return text if len(text) <= 120 else f"{text[:117]}..."


_ENTRY = ("attempts", "backoff_until", "claimed_by")


def _of(cell: Cell, write: Write) -> str:
    return _value(cell.value, write.place.role)


def _short(item: object) -> str:
    if oracle.instant(item) is not None:
        return str(item)[5:].replace("T", " ").removesuffix(":00.000Z")
    return "none" if item is None else str(item)


def _duration(ms: int) -> str:
    minutes = ms // 60_000
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
