"""What a world is to the specification: the map from worlds to the variables of spec/Tick.tla.

A function of the world and of what is left of the budget, and of nothing else: no history, no label. It
forgets what the specification does not speak of (the status, contents of reports, why an attempt failed)
and what no later step of a tick reads.
"""

from functools import lru_cache

from evidence_kernel import State as Tick
from evidence_sim import oracle
from evidence_sim.cells import Cell, Cells
from evidence_sim.config import EPOCH, MINUTE, records
from evidence_sim.formal.text import Record, State, Value, record
from evidence_sim.values import Pending, Run, Tenant, World
from evidence_sim.watch import TRIGGERS

ABSENT, TORN, SPOILT = record(**{"is": "absent"}), record(**{"is": "torn"}), record(**{"is": "spoilt"})
_PUTTING = frozenset({"EVIDENCE_PUT", "EVIDENCE_VERIFY"})
_KEYS = {"evidence": "evidence", "ledger": "ledger", **{f"publication:{x}": x for x in TRIGGERS}}
REACH = 2  # how many earlier values a stale read brings


class Beyond(Exception):
    """A world that the specification does not speak of; the message says why."""


def specified(world: World, faults: int, steps: int, ticks: int, tenant: int = 0) -> State:
    """The variables of the specification in a world of one host; `ticks` is how many there will be."""
    names, own = records(tenant).by_name, world.tenants[tenant]
    cells = {key: world.cells.at(names[name]) for name, key in _KEYS.items()}
    flying = {run.n: run for run in own.runs}
    held = record(**{f"t{n}": _tick(n, own, flying, world.cells, names["ledger"]) for n in range(1, ticks + 1)})
    return record(
        T=held,
        store=record(**{key: _cell(cell) for key, cell in cells.items()}),
        late=frozenset(_pending(late, world.cells) for late in own.pending),
        audits=tuple(says(line) for line in own.ghost.audited),
        calls=record(**dict(zip(TRIGGERS, own.ghost.generates, strict=True))),
        now=minutes(world.clocks[0]),
        faults=faults,
        steps=steps,
        wrong=frozenset(),
    )


def minutes(instant: int) -> int:
    """An instant in minutes since the world began. Raises Beyond for one in between."""
    whole, rest = divmod(instant - EPOCH, MINUTE)
    if rest:
        raise Beyond(f"{instant} is no whole minute")
    return whole


def _cell(cell: Cell) -> Value:
    return record(val=says(cell.value), past=tuple(says(value) for value, _ in cell.past[:REACH]))


def _tick(n: int, tenant: Tenant, flying: dict[int, Run], cells: Cells, ledger: str) -> Value:
    if n in flying:
        return _run(flying[n], cells, ledger)
    return _OVER if n <= tenant.started else _NEW


def _run(run: Run, cells: Cells, ledger: str) -> Value:
    state: Tick = run.state
    phase, seen, attempt = run.phase, run.seen, state.attempt
    current = attempt is not None and cells.at(ledger).meets(attempt.ledger.expect)
    return _of_tick(
        at=phase,
        hurt=run.hurt,
        grounded=seen.grounded,
        put=says(state.backfill) if phase in _PUTTING else ABSENT,
        installed=minutes(state.installed_at or 0) if phase == "LEDGER_READ" else 0,
        trigger="nothing" if attempt is None else attempt.trigger.value,
        ledger=ABSENT if attempt is None else says(attempt.ledger.value),
        current="yes" if current else "no",
        looked=minutes(seen.looked_at or 0) if phase == "CLAIM" else 0,
        claims=seen.claims,
        doubt=seen.failed or seen.undecided,
        report=ABSENT if seen.earned is None else _report(*seen.earned),
        outcome="none" if state.ending is None else state.ending.outcome.value,
    )


def _of_tick(**fields: Value) -> Record:
    still: dict[str, Value] = {
        "hurt": False,
        "grounded": False,
        "put": ABSENT,
        "installed": 0,
        "trigger": "nothing",
        "ledger": ABSENT,
        "current": "no",
        "looked": 0,
        "claims": 0,
        "doubt": False,
        "report": ABSENT,
        "outcome": "none",
        "start": 0,
    }
    return record(**{**still, **fields})


_NEW, _OVER = _of_tick(at="new"), _of_tick(at="over")


def _pending(late: Pending, cells: Cells) -> Value:
    """A put under way. Only of the ledger's does the version count; the others wait for a free key."""
    key = _KEYS[_name(late.key)]
    current = key == "ledger" and cells.at(late.key).meets(late.expect)
    looked_at = late.by.looked_at if late.phase == "CLAIM" else None
    return record(
        tick=f"t{late.n}",
        phase=late.phase,
        key=key,
        val=says(late.value),
        current="yes" if current else "no",
        looked=0 if looked_at is None else minutes(looked_at),
    )


def _name(key: str) -> str:
    place = oracle.place(key)
    return place.role.value + (f":{place.trigger}" if place.trigger else "")


@lru_cache(maxsize=65536)
def says(value: bytes | None) -> Record:
    """What a record says to the specification."""
    if value is None:
        return ABSENT
    fields = oracle.record(value)
    if fields is None:
        return SPOILT if value.startswith(b"\0") else TORN
    if "installed_at" in fields:
        instant = oracle.installed_at(value)
        return TORN if instant is None else _evidence(instant, fields.get("backfill_id"))
    if "report" in fields:
        return _report(fields["report"]["trigger"], value, fields["published_by"])
    return record(**{"is": "ledger", **{trigger: _entry(fields.get(trigger, {})) for trigger in TRIGGERS}})


def _evidence(instant: int, by: object) -> Record:
    return record(**{"is": "evidence", "at": minutes(instant), "by": _who(by, "before")})


def _report(trigger: str, body: bytes, by: object = None) -> Record:
    fields = oracle.record(body) or {}
    return record(**{"is": "report", "of": trigger, "by": _who(by or fields["tick"], "before")})


def _entry(entry: dict[str, object]) -> Record:
    until = oracle.instant(entry.get("backoff_until"))
    return record(
        attempts=entry.get("attempts", 0),
        until=0 if until is None else minutes(until),
        by=_who(entry.get("claimed_by"), "nobody"),
        failed=entry.get("last_error") is not None,
        generated=entry.get("generated_at") is not None,
    )


def _who(tick_id: object, otherwise: str) -> str:
    """The specification's name of a tick: t3 for a-3."""
    return otherwise if tick_id is None else "t" + str(tick_id).rpartition("-")[2]
