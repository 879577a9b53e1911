"""Edges of long random runs, asked of the specification one by one: may this follow that.

A run has several hosts and tenants, operators and a status. Of each action of a tick that the specification
speaks of, its tenant is projected: ticks in flight take the names t1 to t4, others' become x and their
ordinal; the clock is the one of the tick's host; the status phases before and after are no part of it. Clock
steps are left out, since they move nothing else; and what the specification has no word for: a ledger that an
operator put, a publication from before, the second kind of torn or corrupt value.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import frozen

from evidence_kernel import Get
from evidence_sim.codes import AnswerCode
from evidence_sim.config import CLOCK_STEPS, records
from evidence_sim.explore.bounds import Bounds
from evidence_sim.facts import Fact
from evidence_sim.faults import PROFILES
from evidence_sim.formal import tlc
from evidence_sim.formal.labels import NO_END, WRITES, calls, said
from evidence_sim.formal.mapping import KEYS, NEW, OVER, Beyond, minutes, of_cell, of_pending, of_run, says
from evidence_sim.formal.models import constants, model
from evidence_sim.formal.text import Record, Value, record, written
from evidence_sim.labels import Clock, Crash, Land, Outside, Reply, Start
from evidence_sim.values import Run, World
from evidence_sim.watch import TRIGGERS

SLOTS = ("t1", "t2", "t3", "t4")
_BEFORE, _AFTER = frozenset({"STATUS_READ", "STATUS_OPEN"}), frozenset({"STATUS_CLOSE"})


@frozen
class Step:
    """One edge: the variables before and after, the label in the run, and the action of the specification."""

    label: str
    call: str
    before: Record
    after: Record


def steps(facts: Iterable[Fact], profile: str) -> Iterator[Step]:
    """The edges of a run that the specification speaks of; one that is met again is the same edge."""
    bounds = Bounds(len(SLOTS), 1, 1, clock=CLOCK_STEPS)
    named, met = dict(calls(bounds, PROFILES[profile])), set()
    for fact in facts:
        try:
            step = _step(fact, named)
        except Beyond:
            continue
        if step is not None and (step.call, step.before, step.after) not in met:
            met.add((step.call, step.before, step.after))
            yield step


def _step(fact: Fact, named: Mapping[str, str]) -> Step | None:
    action, index = fact.action, fact.tenant
    if index is None or not _speaks_of(fact):
        return None
    before, after = (_flying(world, index) for world in (fact.before, fact.after))
    acting = {action.n} if isinstance(action, Start) else set()
    active = sorted({*before, *after} | acting)
    if len(active) > len(SLOTS):
        return None
    names = {f"t{n}": slot for n, slot in zip(active, SLOTS, strict=False)}
    host = fact.run.host if fact.run is not None else 0
    costs = isinstance(action, Crash | Outside) or (isinstance(action, Reply) and action.what is not AnswerCode.OK)
    first = _state(fact.before, index, names, host, acting, 1)
    then = _state(fact.after, index, names, host, set(), 0 if costs else 1)
    label = said(_renamed_label(str(action), index, names), _outcome(fact))
    call = named.get(label)
    if call is None and isinstance(action, Land):
        call = f'Land("{names.get(f"t{action.n}", f"x{action.n}")}", "{action.phase}")'
    return None if call is None else Step(f"{action}: {label}", call, first, then)


def _speaks_of(fact: Fact) -> bool:
    match fact.action:
        case Start():
            return fact.run_after is not None
        case Reply(phase=phase, what=what, arg=arg):
            read = isinstance(fact.effect, Get)
            return phase not in _BEFORE | _AFTER and (arg == 0 or (read and what is AnswerCode.STALE and arg <= 2))
        case Land(phase=phase):
            return phase in WRITES
        case Crash():
            return fact.run is not None and fact.run.phase not in _AFTER
        case Outside(record=name, what=what, arg=arg):
            return what is AnswerCode.CORRUPT and name != "status" and arg == 0
        case Clock():
            return False


def _flying(world: World, index: int) -> dict[int, Run]:
    return {run.n: run for run in world.tenants[index].runs if run.phase not in _AFTER}


def _outcome(fact: Fact) -> str:
    """What the tick ended with, also where it has yet to close its status."""
    run = fact.run_after
    if not isinstance(fact.action, Reply) or (run is not None and run.phase not in _AFTER):
        return NO_END
    return fact.outcome if run is None else str(run.state.ending.outcome.value)


def _state(world: World, index: int, names: Mapping[str, str], host: int, starting: set[int], faults: int) -> Record:
    keys, tenant = records(index).by_name, world.tenants[index]
    flying = _flying(world, index)
    slots: dict[str, Value] = dict.fromkeys(SLOTS, NEW)
    for name, slot in names.items():
        n = int(name[1:])
        slots[slot] = NEW if n in starting else OVER
        if n in flying:
            slots[slot] = _begun(of_run(flying[n], world.cells, keys["ledger"]))
    pending = [late for late in tenant.pending if late.phase in WRITES]
    state = record(
        store=record(**{key: of_cell(world.cells.at(keys[name])) for name, key in KEYS.items()}),
        late=frozenset(of_pending(late, world.cells) for late in pending),
        audits=tuple(says(line) for line in tenant.ghost.audited),
        calls=record(**dict(zip(TRIGGERS, tenant.ghost.generates, strict=True))),
        now=minutes(world.clocks[host]),
        faults=faults,
        held=tuple(slots[slot] for slot in SLOTS),
    )
    renamed = _renamed(state, names)
    assert isinstance(renamed, Record)
    return renamed


def _begun(tick: Value) -> Value:
    assert isinstance(tick, Record)
    fields = dict(tick)
    return record(**{**fields, "at": "EVIDENCE_READ"}) if fields["at"] in _BEFORE else tick


def _renamed(value: Value, names: Mapping[str, str]) -> Value:
    if isinstance(value, Record):
        return Record((name, _renamed(item, names)) for name, item in value)
    if isinstance(value, frozenset):
        return frozenset(_renamed(item, names) for item in value)
    if isinstance(value, tuple):
        return tuple(_renamed(item, names) for item in value)
    if isinstance(value, str) and re.fullmatch(r"t\d+", value):
        return names.get(value, f"x{value[1:]}")
    return value


def _renamed_label(label: str, index: int, names: Mapping[str, str]) -> str:
    """The label with tenant a, host 0 and the tick's name in the specification."""
    label = re.sub(r"\(([a-z]+)([.,])", r"(a\2", label)
    label = re.sub(r",h\d+\)", ",h0)", label)
    return re.sub(r"\(a,(\d+)", lambda m: f"(a,{names.get(f't{m[1]}', 't0')[1:]}", label)


class _Table:
    """Values by number, so that the module names each once."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def __call__(self, value: Value) -> int:
        return self.numbers.setdefault(written(value), len(self.numbers) + 1)

    def text(self, name: str) -> str:
        return f"{name} == <<\n" + ",\n".join(self.numbers) + "\n>>"


def refused(asked: Sequence[Step], profile: str, extends: Mapping[str, str]) -> Step | None:
    """The first edge that the specification does not allow; None where it allows all. Raises NoChecker."""
    answer = tlc.run(_model(asked, profile, extends), workers=1, stuck=True)
    if answer.exit_code == tlc.HOLDS:
        return None
    assert answer.exit_code == tlc.STUCK, answer.said
    return asked[int(re.findall(r"^/\\ edge = (\d+)$", answer.said, re.MULTILINE)[-1]) - 1]


_KEYS = tuple(KEYS.values())
_PARTS = (("held", 4), ("store", 4), ("late", 1), ("audits", 1), ("calls", 1), ("now", 1), ("faults", 1))
_WIDTH = sum(size for _, size in _PARTS)


def _model(asked: Sequence[Step], profile: str, extends: Mapping[str, str]) -> tlc.Model:
    ticks, cells, others, actions = _Table(), _Table(), _Table(), list(dict.fromkeys(step.call for step in asked))

    def row(state: Record) -> list[int]:
        fields = dict(state)
        held, store = fields["held"], fields["store"]
        assert isinstance(held, tuple) and isinstance(store, Record)
        rest = [others(fields[name]) for name in ("late", "audits", "calls", "now", "faults")]
        return [*(ticks(tick) for tick in held), *(cells(dict(store)[key]) for key in _KEYS), *rest]

    rows = [f"<<{', '.join(map(str, [actions.index(s.call) + 1, *row(s.before), *row(s.after)]))}>>" for s in asked]

    def conjunction(at: int, prime: str) -> str:
        cell = [f"Row[{at + place}]" for place in range(_WIDTH)]
        parts = [f"T{prime} = [" + ", ".join(f"{t} |-> K[{c}]" for t, c in zip(SLOTS, cell, strict=False)) + "]"]
        held = ", ".join(f"{key} |-> C[{c}]" for key, c in zip(_KEYS, cell[4:], strict=False))
        parts.append(f"store{prime} = [{held}]")
        named = zip(("late", "audits", "calls", "now", "faults"), cell[8:], strict=True)
        return " /\\ ".join([*parts, *(f"{name}{prime} = O[{c}]" for name, c in named), f"wrong{prime} = {{}}"])

    may = "\n".join(f"  \\/ Row[1] = {number} /\\ {call}" for number, call in enumerate(actions, 1))
    more = "\n".join(
        [
            "VARIABLE edge",
            *(ticks.text("K"), cells.text("C"), others.text("O")),
            "Rows == <<\n" + ",\n".join(rows) + "\n>>",
            "Row == Rows[edge]",
            f"Pre == edge \\in 1..Len(Rows) /\\ {conjunction(2, '')} /\\ steps = 0",
            f"Hop == /\\ edge > 0\n  /\\ (\n{may})\n  /\\ {conjunction(2 + _WIDTH, chr(39))}\n  /\\ edge' = 0",
            "Rest == edge = 0 /\\ UNCHANGED <<vars, edge>>",
            "Walk == Hop \\/ Rest",
        ]
    )
    values = constants(Bounds(len(SLOTS), 1, 0), profile, ())
    return model("Tick", values, extends, "INIT Pre\nNEXT Walk", more=more)
