"""What the simulated store and generator answer to one effect, under each fault of the algebra.

An answer that would be what `ok` is does not exist: so a fault that was chosen has done something. What is
under way counts: after `twice` the second application is.
"""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from attrs import frozen

from evidence_kernel import (
    Absent,
    Answer,
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
    Report,
    Unknown,
)
from evidence_sim.cells import Cell, Cells, Origin
from evidence_sim.codes import ActionCode, AnswerCode
from evidence_sim.config import owner, records
from evidence_sim.facts import Write
from evidence_sim.labels import letter
from evidence_sim.oracle import place
from evidence_sim.values import Pending

_A = AnswerCode
_PHASE = {name: int(code) for name, code in ActionCode.__members__.items()}


class Unable(Exception):
    """This answer is not possible here; the message says why."""


@frozen
class Said:
    """What came of an effect. `genuine`: a value read was the key's own; `fault`: one fired."""

    answer: Answer
    cells: Cells
    writes: tuple[Write, ...] = ()
    pending: Pending | None = None
    fault: bool = False
    genuine: bool = True


def torn(value: bytes, k: int) -> bytes:
    """A write that stopped half way: a part of the value and a NUL, which no JSON ends in."""
    return value[: len(value) // (k + 2)] + b"\x00"


def corrupted(value: bytes, k: int) -> bytes:
    """A value that no longer parses: its first bytes are NUL."""
    return bytes(k + 1) + value[k + 1 :]


def answer(cells: Cells, effect: Effect, by: Origin, what: AnswerCode, arg: int, tenants: int) -> Said:
    """Perform `effect` as `what` has it. Raises Unable where that is not possible here."""
    if isinstance(effect, Get):
        read = _READS.get(what)
        if read is None:
            raise Unable(f"{_name(what)} is no answer to a read; those are {_names(_READS)}")
        return read(cells, effect, by, arg, tenants)
    if isinstance(effect, Put):
        write = _WRITES.get(what)
        if write is None:
            raise Unable(f"{_name(what)} is no answer to a put; those are {_names(_WRITES)}")
        return write(cells, effect, by, arg, tenants)
    return _generated(cells, effect, what)


def _name(what: AnswerCode) -> str:
    return what.name.lower().replace("_", "-")


def _names(answers: Mapping[AnswerCode, Any]) -> str:
    return ", ".join(_name(what) for what in answers)


def _generated(cells: Cells, effect: Generate, what: AnswerCode) -> Said:
    if what is _A.FAILED:
        return Said(GeneratorError(), cells, fault=True)
    if what is not _A.OK:
        raise Unable(f"{_name(what)} is no answer to generate; those are ok, failed")
    return Said(Report(_report(effect.tenant, effect.trigger, effect.tick_id, effect.attempt)), cells)


@lru_cache(maxsize=4096)
def _report(tenant: str, trigger: str, tick: str, attempt: int) -> bytes:
    fields = {"tenant": tenant, "trigger": trigger, "tick": tick, "attempt": attempt}
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def _found(cell: Cell) -> Answer:
    return Absent() if cell.value is None else Found(cell.value, cell.version)


def _read_ok(cells: Cells, get: Get, _by: Origin, _arg: int, _tenants: int) -> Said:
    return Said(_found(cells.at(get.key)), cells)


def _read_failed(cells: Cells, _get: Get, _by: Origin, _arg: int, _tenants: int) -> Said:
    return Said(Failed(), cells, fault=True)


def _read_stale(cells: Cells, get: Get, _by: Origin, k: int, _tenants: int) -> Said:
    cell = cells.at(get.key)
    if not 1 <= k <= len(cell.past):
        raise Unable(f"the key has {len(cell.past)} earlier values, so stale:{k} has nothing to bring")
    value, version = cell.past[k - 1]
    if value is None and cell.value is None:
        raise Unable(f"the key was absent then as now, so stale:{k} is ok")
    return Said(_found(Cell(value, version)), cells, fault=True)


def _read_corrupt(cells: Cells, get: Get, _by: Origin, k: int, _tenants: int) -> Said:
    cells, write = corrupt(cells, get.key, k)
    return Said(_found(write.after), cells, (write,), fault=True)


def corrupt(cells: Cells, key: str, k: int) -> tuple[Cells, Write]:
    """The stored value spoilt, at a new version. Raises Unable where there is none, or it is so already."""
    before = cells.at(key)
    if before.value is None:
        raise Unable("there is nothing to corrupt")
    value = corrupted(before.value, k)
    if value == before.value:
        raise Unable(f"the value is corrupt:{k} already")
    after = cells.write(key, value, Expect.ANY)
    assert after is not None
    return after, written(key, before, after.at(key), None)


def written(key: str, before: Cell, after: Cell, by: Origin | None) -> Write:
    """The write, with whose record it is."""
    where = place(key)
    return Write(key, where, owner(where.tenant), before, after, by)


def _others(key: str, by: Origin, other: int, tenants: int) -> str:
    own = records(by.tenant).tenant
    if other == by.tenant or other >= tenants or own not in key:
        raise Unable(f"elsewhere:{letter(other)} is no other tenant of this world, or the key no tenant's")
    return key.replace(own, records(other).tenant)


def _read_elsewhere(cells: Cells, get: Get, by: Origin, other: int, tenants: int) -> Said:
    cell = cells.at(_others(get.key, by, other, tenants))
    if cell.value == cells.at(get.key).value:
        raise Unable("the other tenant's key holds the same")
    return Said(_found(cell), cells, fault=True, genuine=False)


def _write(cells: Cells, put: Put, value: bytes, by: Origin) -> tuple[Cells | None, Write]:
    before = cells.at(put.key)
    after = cells.write(put.key, value, put.expect, by)
    return after, written(put.key, before, before if after is None else after.at(put.key), by)


def _applied(cells: Cells, put: Put, value: bytes, by: Origin) -> tuple[Cells, Write]:
    after, write = _write(cells, put, value, by)
    if after is None:
        raise Unable("the put's condition does not hold, so nothing is written")
    return after, write


def _held(cells: Cells, put: Put) -> None:
    if not cells.at(put.key).meets(put.expect):
        raise Unable("the put's condition does not hold, so the store says Conflict")


def _nowhere(by: Origin) -> Applied:
    """The acknowledgement of what was not written: a version that the key never has, unique to the put."""
    return Applied(-1 - ((by.tenant << 16 | by.n) << 8 | _PHASE[by.phase]))


def _later(put: Put, by: Origin) -> Pending:
    return Pending(by.n, by.phase, put.key, put.value, put.expect, by)


def _put_ok(cells: Cells, put: Put, by: Origin, _arg: int, _tenants: int) -> Said:
    after, write = _write(cells, put, put.value, by)
    if after is None:
        return Said(Conflict(), cells, (write,))
    return Said(Applied(write.after.version), after, (write,))


def _put_failed(cells: Cells, _put: Put, _by: Origin, _arg: int, _tenants: int) -> Said:
    return Said(Failed(), cells, fault=True)


def _put_failed_later(cells: Cells, put: Put, by: Origin, _arg: int, _tenants: int) -> Said:
    return Said(Failed(), cells, pending=_later(put, by), fault=True)


def _put_failed_yes(cells: Cells, put: Put, by: Origin, _arg: int, _tenants: int) -> Said:
    after, write = _applied(cells, put, put.value, by)
    return Said(Failed(), after, (write,), fault=True)


def _put_later(cells: Cells, put: Put, by: Origin, _arg: int, _tenants: int) -> Said:
    _held(cells, put)
    return Said(_nowhere(by), cells, pending=_later(put, by), fault=True)


def _put_unknown_no(cells: Cells, _put: Put, _by: Origin, _arg: int, _tenants: int) -> Said:
    return Said(Unknown(), cells, fault=True)


def _put_unknown_yes(cells: Cells, put: Put, by: Origin, _arg: int, _tenants: int) -> Said:
    after, write = _applied(cells, put, put.value, by)
    return Said(Unknown(), after, (write,), fault=True)


def _put_unknown_later(cells: Cells, put: Put, by: Origin, _arg: int, _tenants: int) -> Said:
    return Said(Unknown(), cells, pending=_later(put, by), fault=True)


def _put_torn(cells: Cells, put: Put, by: Origin, k: int, _tenants: int) -> Said:
    after, write = _applied(cells, put, torn(put.value, k), by)
    return Said(Applied(write.after.version), after, (write,), fault=True)


def _put_lost(cells: Cells, put: Put, by: Origin, _arg: int, _tenants: int) -> Said:
    _held(cells, put)
    return Said(_nowhere(by), cells, fault=True)


def _put_twice(cells: Cells, put: Put, by: Origin, _arg: int, _tenants: int) -> Said:
    after, write = _applied(cells, put, put.value, by)
    return Said(Applied(write.after.version), after, (write,), _later(put, by), fault=True)


def _put_elsewhere(cells: Cells, put: Put, by: Origin, other: int, tenants: int) -> Said:
    key = _others(put.key, by, other, tenants)
    _held(cells, put)
    before = cells.at(key)
    after = cells.write(key, put.value, Expect.ANY)
    assert after is not None
    write = written(key, before, after.at(key), None)
    return Said(_nowhere(by), after, (write,), fault=True)


_READS: Mapping[AnswerCode, Callable[[Cells, Get, Origin, int, int], Said]] = {
    _A.OK: _read_ok,
    _A.FAILED: _read_failed,
    _A.STALE: _read_stale,
    _A.CORRUPT: _read_corrupt,
    _A.ELSEWHERE: _read_elsewhere,
}
_WRITES: Mapping[AnswerCode, Callable[[Cells, Put, Origin, int, int], Said]] = {
    _A.OK: _put_ok,
    _A.FAILED: _put_failed,
    _A.FAILED_LATER: _put_failed_later,
    _A.FAILED_YES: _put_failed_yes,
    _A.LATER: _put_later,
    _A.UNKNOWN_NO: _put_unknown_no,
    _A.UNKNOWN_YES: _put_unknown_yes,
    _A.UNKNOWN_LATER: _put_unknown_later,
    _A.TORN: _put_torn,
    _A.LOST: _put_lost,
    _A.TWICE: _put_twice,
    _A.ELSEWHERE: _put_elsewhere,
}
