"""Lines of recordings, judged one by one: whole and in sequence, each against the kernel, all against one order."""

from collections import Counter
from collections.abc import Collection
from typing import Any

from attrs import define, evolve, field, frozen

from evidence_kernel import Trigger
from evidence_kernel.records.keys import publication_key
from evidence_runtime.recording import Recorded, Taken
from evidence_sim.validation.files import Line, Place
from evidence_sim.validation.register import Register
from evidence_sim.validation.rerun import diverges

FORMAT = "evidence-validation/1"


@frozen
class Finding:
    """What is wrong with a line; `others` are the lines that it contradicts."""

    kind: str  # divergent, sequence or inconsistent
    place: Place
    tick_id: str
    tenant: str | None
    says: str
    others: tuple[Place, ...] = ()

    def __str__(self) -> str:
        whose = "no tenant" if self.tenant is None else f"tenant {self.tenant!a}"
        others = "".join(f"; see {other}" for other in self.others)
        return f"{self.place}: {self.kind}: tick {self.tick_id} of {whose}: {self.says}{others}"

    def described(self) -> dict[str, Any]:
        """For JSON."""
        fields = {"kind": self.kind, **_place(self.place), "tick_id": self.tick_id, "tenant": self.tenant}
        return fields | {"says": self.says, "others": [_place(other) for other in self.others]}


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line}


@frozen
class _Last:
    """The last line of a writer; `wrong` once one was out of sequence."""

    number: int
    digest: str
    place: Place
    tick_id: str
    tenant: str | None
    lost: int
    wrong: bool


@define
class Judge:
    """Takes lines in the order of `files.in_order`; keeps per tenant a bounded window, and per writer one line.

    `forgotten`: tenants whose keys an operator deleted meanwhile. Of each writer the first line out of sequence
    is found, of each tenant the first divergent tick and the first contradiction.
    """

    forgotten: Collection[str] = ()
    found: list[Finding] = field(factory=list)
    counts: Counter[str] = field(factory=Counter)
    _writers: dict[str, _Last] = field(factory=dict)
    _tenants: dict[str, dict[str, Register]] = field(factory=dict)
    _seen: set[tuple[str, str | None]] = field(factory=set)

    def take(self, line: Line) -> None:
        """One line more."""
        tick = line.tick
        self.counts["ticks"] += 1
        self.counts["unfinished"] += tick.result is None
        if not self._follows(line):
            return  # judged where it stood first
        divergence = diverges(tick)
        if divergence is not None:
            self._find("divergent", line, str(divergence))
        elif tick.tenant is not None:
            self._order(line, tick.tenant)

    def _find(self, kind: str, line: Line, says: str, others: tuple[Place, ...] = ()) -> None:
        tick = line.tick
        if (kind, tick.tenant) not in self._seen:
            self._seen.add((kind, tick.tenant))
            self.found.append(Finding(kind, line.place, tick.tick_id, tick.tenant, says, others))

    def _follows(self, line: Line) -> bool:
        """Whether the line is new; one that is missing, changed, repeated or misplaced is found."""
        tick = line.tick
        here = _Last(tick.number, line.digest, line.place, tick.tick_id, tick.tenant, tick.lost, False)
        last = self._writers.setdefault(tick.writer, here)
        if last is here:
            return True
        says = _out_of_sequence(last, here, tick.previous)
        if says is not None and not last.wrong:
            fault, other = (last, here) if says is _CHANGED else (here, last)
            self.found.append(Finding("sequence", fault.place, fault.tick_id, fault.tenant, says, (other.place,)))
        is_new = here.number > last.number
        self._writers[tick.writer] = evolve(here if is_new else last, wrong=last.wrong or says is not None)
        return is_new

    def _order(self, line: Line, tenant: str) -> None:
        registers = self._tenants.setdefault(tenant, {})
        publications = {publication_key(tenant, trigger) for trigger in Trigger}
        for key, steps in _by_key(line.tick).items():
            if key not in registers:
                registers[key] = Register(key in publications, repeatable=tenant in self.forgotten)
            wrong = registers[key].take(line.tick, steps, line.place)
            if wrong is not None:
                others = tuple(place for place in (wrong.place, wrong.other) if place != line.place)
                self._find("inconsistent", line, f"{key!a}: {wrong.says}", others)

    def summary(self) -> dict[str, int]:
        """The figures: `lost` are ticks that recorders could not write, `unrecorded` values that no line wrote."""
        return {
            "ticks": self.counts["ticks"],
            "unfinished": self.counts["unfinished"],
            "torn": self.counts["torn"],
            "lost": sum(last.lost for last in self._writers.values()),
            "writers": len(self._writers),
            "tenants": len(self._tenants),
            "unrecorded": sum(one.unexplained for keys in self._tenants.values() for one in keys.values()),
        }


def _by_key(tick: Recorded) -> dict[str, list[tuple[Taken, int]]]:
    """The gets and puts at each key, each with the instant of the answer before it: when it was asked."""
    keys: dict[str, list[tuple[Taken, int]]] = {}
    asked = tick.steps[0].event.at if tick.steps and tick.steps[0].event is not None else 0
    for taken in tick.steps:
        key = getattr(taken.effect, "key", None)
        if key is not None:
            keys.setdefault(key, []).append((taken, asked))
        asked = asked if taken.event is None else taken.event.at
    return keys


_CHANGED = "the line is not as it was when its writer wrote the next"


def _out_of_sequence(last: _Last, here: _Last, previous: str | None) -> str | None:
    before, number = last.number, here.number
    if number == before and here.digest == last.digest:
        return "the line is there twice"
    if number <= before:
        return f"line {number} of its writer stands after line {before}"
    if number > before + 1:
        missing = f"line {before + 1} is" if number == before + 2 else f"lines {before + 1} to {number - 1} are"
        return f"before line {number} of its writer {missing} missing or misplaced"
    return None if previous == last.digest else _CHANGED
