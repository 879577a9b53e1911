"""What the explorer of a trace shows, as data: the story, the store, the diagram, and the nearest passing trace."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from evidence_kernel import State
from evidence_runtime.pages import render
from evidence_sim import oracle
from evidence_sim.cells import Cells
from evidence_sim.config import contents, tick_id
from evidence_sim.diagram import data, drawn
from evidence_sim.facts import Fact
from evidence_sim.labels import Clock, Crash, Reply, Start
from evidence_sim.near import LOOK_BACK, nearest
from evidence_sim.story import Violation, aloud, asked, begins, clock, cut, happened, moment, title, violation
from evidence_sim.trace import Trace, replay
from evidence_sim.values import Run, World
from evidence_sim.world import initial

_LONGEST = 160  # letters of one field of a record


def explored(trace: Trace) -> dict[str, Any]:
    """A trace for the page: JSON-able; its `near` is another one, which passes, or None. Raises TraceError."""
    facts = list(replay(trace))
    shown = _shown(trace, facts)
    turned = nearest(trace)
    if turned is not None:
        other = _shown(turned.trace, list(replay(turned.trace)))
        other["title"] = f"the nearest passing trace of {trace.machine}, {trace.violates}"
        shown["near"] = {
            "step": turned.step,
            "says": _turns(turned.kind, turned.step, facts, other["steps"]),
            "trace": other,
        }
    return shown


def page(trace: Trace) -> str:
    """The page of one trace, which asks for nothing. Raises TraceError."""
    one = explored(trace)
    return render(__package__, "trace.html", title=f"Trace: {one['title']}", traces=[one])


def _shown(trace: Trace, facts: Sequence[Fact]) -> dict[str, Any]:
    violated = violation(trace, facts)
    first = initial(trace.config).cells
    keys = list(_keys(trace, facts))
    return {
        "id": "-".join(filter(None, (trace.machine, trace.config.profile, trace.violates))).replace(",", "+"),
        "title": title(trace, violated),
        "machine": trace.machine,
        "profile": trace.config.profile,
        "violates": None if violated is None else _violated(violated),
        "begins": "; ".join(begins(trace)) or "nothing is known of any tenant, and the clocks agree",
        "records": [_name(key) for key in keys],
        "first": [_fields(first.at(key).value) for key in keys],
        "steps": [_step(fact, keys) for fact in facts],
        "diagram": data(drawn(facts, violated)),
        "near": None,
        "looked": LOOK_BACK,
    }


def _violated(violated: Violation) -> dict[str, Any]:
    invariant = violated.invariant
    named = {"id": invariant.id, "name": invariant.name, "says": invariant.says}
    return named | {"step": violated.step, "verdict": violated.verdict, "asks": violated.asks}


def _keys(trace: Trace, facts: Sequence[Fact]) -> Iterator[str]:
    """Each key that ever held something, those of a tenant together."""
    held = {key for tenant, state in enumerate(trace.config.initial) for key in contents(tenant, state)}
    held |= {write.key for fact in facts for write in fact.writes}
    order = list(oracle.Role)
    places = {key: oracle.place(key) for key in held}
    yield from sorted(held, key=lambda key: (places[key].tenant or "", order.index(places[key].role), key))


def _name(key: str) -> dict[str, str]:
    place = oracle.place(key)
    name = place.role.value if place.role is not oracle.Role.OTHER else "other record"
    return {"key": key, "name": f"{name} {place.trigger}" if place.trigger else name}


def _step(fact: Fact, keys: Sequence[str]) -> dict[str, Any]:
    return {
        "label": str(fact.action),
        "clock": clock(fact).strip(),
        "says": happened(fact),
        "aloud": list(aloud(fact)),
        "fault": fact.fault,
        "state": list(_state(fact)),
        "changes": list(_changes(fact.before.cells, fact.after.cells, {write.key for write in fact.writes}, keys)),
    }


def _changes(before: Cells, after: Cells, touched: set[str], keys: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """What the touched records hold afterwards, by their place among the records."""
    for at, key in enumerate(keys):
        if key in touched and after.at(key) != before.at(key):
            yield at, _fields(after.at(key).value)


def _fields(value: bytes | None) -> list[str]:
    """A record as lines, a field each; the beginning of its bytes where it is no JSON object; none where absent."""
    if value is None:
        return []
    fields = oracle.record(value)
    if fields is None:
        return [cut(value.decode("utf-8", "backslashreplace").replace("\x00", "\\0"), _LONGEST)]
    lines = []
    for name, item in sorted(fields.items()):
        inner = item if isinstance(item, dict) and item else {"": item}
        for part, held in sorted(inner.items()):
            lines.append(cut(f"{name}.{part}: {_plain(held)}" if part else f"{name}: {_plain(held)}", _LONGEST))
    return lines or ["{}"]


def _plain(item: object) -> str:
    return item if isinstance(item, str) else json.dumps(item)


def _state(fact: Fact) -> Iterator[tuple[str, str, str]]:
    """The tick as it was and as it is: what, before, after."""
    if isinstance(fact.action, Clock):
        host = fact.action.host
        times = [moment(world.clocks[host]) for world in (fact.before, fact.after)]
        yield f"clock of host {host}", times[0], times[1]
    if isinstance(fact.action, Start | Reply | Crash):
        tick, ended = tick_id(fact.action.tenant, fact.action.n), "cut off" if isinstance(fact.action, Crash) else ""
        over = ended or (fact.outcome if fact.result is not None or fact.broken is not None else "ended")
        yield f"phase of {tick}", _phase(fact.run, "not started"), _phase(fact.run_after, over)
        yield "asks next", "", "nothing" if fact.asks is None else asked(fact.asks)
        yield "evidence, known", _evidence(fact.run), _evidence(fact.run_after)
    if fact.tenant is not None:
        late = [_late(world, fact.tenant) for world in (fact.before, fact.after)]
        if late != ["none", "none"]:
            yield "puts under way", late[0], late[1]


def _phase(run: Run | None, otherwise: str) -> str:
    return otherwise if run is None else run.phase


def _evidence(run: Run | None) -> str:
    """The kernel's state of the evidence, or the instant that another machine was given."""
    if run is None:
        return "nothing"
    if isinstance(run.state, State):
        return "not read yet" if run.state.evidence is None else str(run.state.evidence)
    return "no instant" if run.seen.installed_at is None else f"installed at {oracle.written(run.seen.installed_at)}"


def _late(world: World, tenant: int) -> str:
    pending = world.tenants[tenant].pending
    return ", ".join(f"{tick_id(tenant, late.n)} {late.phase}" for late in pending) or "none"


def _turns(kind: str, step: int, facts: Sequence[Fact], steps: Sequence[dict[str, Any]]) -> str:
    """The one decision, as a sentence."""
    was = happened(facts[step - 1]).rstrip(".")
    match kind:
        case "order":
            return f"Steps {step} and {step + 1} the other way round. First: {steps[step - 1]['says']}"
        case "answer":
            return f"Another answer at step {step}: {steps[step - 1]['says']}"
        case _:
            return f"Step {step} left out, where it was: {was}."
