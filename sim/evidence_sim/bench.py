"""Timings in one run: the kernel bare and with records, the same walk in `transitions`, the world."""

from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter
from typing import Any

from attrs import frozen
from rich.console import Console

from evidence_kernel import EVIDENCE, SCHEDULER, Event, Expect, Invocation, Phase, start, step
from evidence_kernel import EvidenceState as State
from evidence_kernel import Finding as F
from evidence_kernel import Observation as Sees
from evidence_runtime import MemoryStore, perform
from evidence_sim.campaign import one_seed
from evidence_sim.config import EPOCH, Initial, contents, records
from evidence_sim.report import table
from evidence_sim.sample import Plan

ROUNDS = 15
_SECONDS = 0.25  # of one round
# What a NOT_DUE tick meets, phase by phase: an evidence phase says what it sees.
WALK: tuple[F | Sees, ...] = (F.FOUND, F.APPLIED, Sees.VALID, Sees.VALID, F.NOT_DUE, F.APPLIED)


@frozen
class Timing:
    """So many of `unit` in a second: the median of the rounds, and the middle half of them."""

    name: str
    unit: str
    median: float
    low: float
    high: float

    def described(self) -> dict[str, Any]:
        """For JSON."""
        numbers = {"median": self.median, "low": self.low, "high": self.high}
        return {"name": self.name, "unit": self.unit, **{name: round(n, 1) for name, n in numbers.items()}}


def bare_tick() -> Phase:
    """A NOT_DUE tick on the tables alone, its answers already decoded."""
    phase, evidence = Phase.STATUS_READ, None
    for seen in WALK:
        if isinstance(seen, Sees):
            evidence = EVIDENCE[evidence, seen]
            assert evidence is not None
            phase = SCHEDULER[phase, evidence].to
        else:
            phase = SCHEDULER[phase, seen].to
    return phase


def records_tick() -> Callable[[], Phase]:
    """A NOT_DUE tick with all its records decoded and encoded; its answers were recorded from a store."""
    store = MemoryStore()
    for key, value in contents(0, Initial("valid")).items():
        store.put(key, value, Expect.ABSENT)
    context = {"cloudId": records(0).tenant}
    for n in range(3):  # the third tick finds what the second left
        events = list(_recorded(store, Invocation(f"a-{n}", context)))
    invocation = Invocation("a-3", context)

    def tick() -> Phase:
        now = start(invocation)
        for event in events:
            now = step(now.state, Event(event.answer, event.at))
        return now.state.phase

    return tick


def _recorded(store: MemoryStore, invocation: Invocation) -> Iterator[Event]:
    now = start(invocation)
    while now.effect is not None:
        event = Event(perform(store, _never, now.effect), EPOCH)
        yield event
        now = step(now.state, event)


def _never(*_: object) -> None:
    raise AssertionError("nothing is due")


def transitions_tick() -> Callable[[], str]:
    """The same walk in two `transitions` machines of the same rows, what is seen or found their trigger.

    One model of each for all ticks. Raises ImportError where `transitions` is not installed.
    """
    scheduler = [(on.value, phase.value, row.to.value) for (phase, on), row in SCHEDULER.items()]
    evidence = [(on.value, str(state), str(after)) for (state, on), after in EVIDENCE.items()]
    set_phase, phases = _machine(scheduler, Phase.STATUS_READ.value)
    set_evidence, states = _machine(evidence, str(None))
    triggers = []
    for seen in WALK:
        if isinstance(seen, Sees):
            triggers.append(getattr(states, seen.value))
        triggers.append(getattr(phases, State.VALID.value if isinstance(seen, Sees) else seen.value))

    def tick() -> str:
        set_phase(Phase.STATUS_READ.value)
        set_evidence(str(None))
        for trigger in triggers:
            trigger()
        ended: str = phases.state
        return ended

    return tick


def _machine(rows: list[tuple[str, str, str]], initial: str) -> tuple[Callable[[str], None], Any]:
    """What sets the state of a machine of these rows (trigger, from, to), and its model."""
    from transitions import Machine

    class Model:
        state: str

    model = Model()
    states = sorted({state for _, *both in rows for state in both})
    transitions = [{"trigger": trigger, "source": before, "dest": after} for trigger, before, after in rows]
    machine = Machine(model, states, transitions=transitions, initial=initial, auto_transitions=False)
    return machine.set_state, model


def run(now: Callable[[str], None]) -> list[Timing]:
    """All timings, round by round in turn, so that a slow moment meets each alike."""
    ticks: dict[str, Callable[[], object]] = {"kernel-tick": bare_tick, "kernel-tick-records": records_tick()}
    try:
        ticks["transitions-tick"] = transitions_tick()
    except ImportError:
        now("without transitions: it is not installed")
    rates: dict[str, list[float]] = {name: [] for name in (*ticks, "reference-actions")}
    for number in range(ROUNDS):
        now(f"round {number + 1} of {ROUNDS}")
        for name, tick in ticks.items():
            rates[name].append(rate(tick))
        rates["reference-actions"].append(_actions(number))
    unit = dict.fromkeys(ticks, "ticks/s") | {"reference-actions": "actions/s"}
    return [timing(name, unit[name], found) for name, found in rates.items()]


def rate(tick: Callable[[], object]) -> float:
    """How many ticks a second, over a quarter of one."""
    done, began = 0, perf_counter()
    while (spent := perf_counter() - began) < _SECONDS:
        for _ in range(200):
            tick()
        done += 200
    return done / spent


def _actions(number: int) -> float:
    """A few seeds of the kernel under cloud-kv, every invariant judged."""
    done, seed, began = 0, number * 1000, perf_counter()
    while (spent := perf_counter() - began) < 2 * _SECONDS:
        done += one_seed(Plan(), seed).actions
        seed += 1
    return done / spent


def timing(name: str, unit: str, found: list[float]) -> Timing:
    """The median of the rounds, and their middle half."""
    ordered = sorted(found)
    quarter = len(ordered) // 4
    return Timing(name, unit, median(ordered), ordered[quarter], ordered[-1 - quarter])


def show_timings(out: Console, results: list[Timing], rounds: int = ROUNDS) -> None:
    """The table of timings."""
    rows = [(r.name, r.unit, f"{r.median:,.0f}", f"{r.low:,.0f}", f"{r.high:,.0f}") for r in results]
    out.print(table(f"Medians of {rounds} rounds, and their middle half", ("", "unit", "median", "low", "high"), rows))


def show(out: Console, results: list[Timing]) -> None:
    """The timings, and the ratios to `transitions`."""
    show_timings(out, results)
    by_name = {result.name: result.median for result in results}
    if "transitions-tick" in by_name:
        for name in ("kernel-tick", "kernel-tick-records"):
            out.print(f"{name} / transitions-tick: {by_name[name] / by_name['transitions-tick']:.2f}")
