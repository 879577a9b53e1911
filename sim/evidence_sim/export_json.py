"""A trace in formats that other tools open: Apalache's Informal Trace Format and Chrome trace events.

ITF has a state before the first action and one after each; its variables are `T` (the phase of each
tick in flight), `store`, `late` and `now`, as in `spec/Tick.tla`, and `action`. In Chrome trace events
(Perfetto opens them) a step is one ms: a trace has an order, no durations.
"""

import json
from collections.abc import Iterator
from typing import Any

from attrs import define, field

from evidence_sim.cells import MemoryCells
from evidence_sim.config import tick_id
from evidence_sim.facts import Fact
from evidence_sim.labels import Crash, Land, Reply, Start, letter
from evidence_sim.trace import Trace, replay
from evidence_sim.world import World, initial

STEP = 1000  # a step's length in us, the unit of Chrome trace events
_WORLD, _STORE, _CLOCKS = 1, 1, 2  # no process and no lane is 0: to Perfetto that is the idle one


def itf(trace: Trace) -> str:
    """The trace in ITF, as JSON text."""
    states = [_state(initial(trace.config), "init", 0)]
    states += [_state(fact.after, str(fact.action), n) for n, fact in enumerate(replay(trace), 1)]
    meta = {"format": "ITF", "machine": ",".join(trace.config.machines), "violates": trace.violates or "nothing"}
    return _text({"#meta": meta, "vars": ["T", "store", "late", "now", "action"], "states": states})


def _state(world: World, action: str, index: int) -> dict[str, Any]:
    ticks, late = [], []
    for tenant, state in enumerate(world.tenants):
        ticks += [[tick_id(tenant, run.n), str(run.phase)] for run in state.runs]
        late += [{"tick": tick_id(tenant, put.n), "phase": str(put.phase), "key": put.key} for put in state.pending]
    assert isinstance(world.cells, MemoryCells)  # a trace is replayed in memory
    cells = [(key, cell.value) for key, cell in sorted(world.cells.cells.items())]
    store = [[key, value.decode(errors="backslashreplace")] for key, value in cells if value is not None]
    return {
        "#meta": {"index": index},
        "T": {"#map": ticks},
        "store": {"#map": store},
        "late": {"#set": late},
        "now": [{"#bigint": str(clock)} for clock in world.clocks],
        "action": action,
    }


def perfetto(trace: Trace) -> str:
    """The trace as Chrome trace events, as JSON text: a process a tenant, a lane a tick."""
    events = [_named("process_name", _WORLD, _STORE, "world")]
    events += [_named("thread_name", _WORLD, lane, name) for lane, name in ((_STORE, "store"), (_CLOCKS, "clocks"))]
    for tenant in range(trace.config.tenants):
        events.append(_named("process_name", _process(tenant), 1, f"tenant {letter(tenant)}"))
    flows = _Flows()
    for step, fact in enumerate(replay(trace)):
        events += _events(fact, step * STEP, flows)
    return _text({"displayTimeUnit": "ms", "traceEvents": events})


@define
class _Flows:
    """The late puts that are under way, as arrows to where each lands; of one key the first lands first."""

    _last: int = 0
    _open: dict[tuple[int, int, str], list[int]] = field(factory=dict)

    def begun(self, action: Reply) -> dict[str, Any]:
        """The start of one."""
        self._last += 1
        self._open.setdefault((action.tenant, action.n, action.phase), []).append(self._last)
        return {"name": "lands", "cat": "late", "id": self._last, "ph": "s"}

    def ended(self, action: Land) -> dict[str, Any]:
        """The end of the first that was begun."""
        number = self._open[action.tenant, action.n, action.phase].pop(0)
        return {"name": "lands", "cat": "late", "id": number, "ph": "f", "bp": "e"}


def _events(fact: Fact, ts: int, flows: _Flows) -> Iterator[dict[str, Any]]:
    action = fact.action
    about = {"name": str(action), "ts": ts, "args": {"fault": fact.fault or "none", "phase after": fact.phase_after}}
    if isinstance(action, Start | Reply | Crash):
        lane = {"pid": _process(action.tenant), "tid": action.n}
        if isinstance(action, Start):
            yield _named("thread_name", _process(action.tenant), action.n, tick_id(action.tenant, action.n))
        yield about | lane | ({"ph": "i", "s": "t"} if isinstance(action, Crash) else {"ph": "X", "dur": STEP})
        if isinstance(action, Reply) and _later(fact):
            yield flows.begun(action) | lane | {"ts": ts}
    else:
        lane = {"pid": _WORLD, "tid": _CLOCKS if fact.tenant is None else _STORE}
        yield about | lane | {"ph": "X", "dur": STEP}
        if isinstance(action, Land):
            yield flows.ended(action) | lane | {"ts": ts}


def _later(fact: Fact) -> bool:
    assert fact.tenant is not None
    return len(fact.after.tenants[fact.tenant].pending) > len(fact.before.tenants[fact.tenant].pending)


def _process(tenant: int) -> int:
    return _WORLD + 1 + tenant


def _named(what: str, pid: int, tid: int, name: str) -> dict[str, Any]:
    return {"name": what, "ph": "M", "pid": pid, "tid": tid, "ts": 0, "args": {"name": name}}


def _text(value: object) -> str:
    return json.dumps(value, indent=1, sort_keys=True) + "\n"
