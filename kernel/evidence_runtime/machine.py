"""The two tables as machines of `transitions` that follow ticks: callbacks, live diagrams (extra `machine`)."""

from threading import RLock

try:
    from transitions import Machine
    from transitions.extensions import GraphMachine
except ModuleNotFoundError as missing:
    if missing.name != "transitions":
        raise
    raise ModuleNotFoundError(
        "evidence_runtime.machine needs transitions; pip install 'evidence-kernel[machine]'", name="transitions"
    ) from None

from evidence_kernel import EVIDENCE, SCHEDULER, Absent, Effect, Event, Failed, Found, Phase, State
from evidence_kernel.findings import FINDINGS, observe
from evidence_kernel.tables import BACKFILL_ALONE, WITHOUT_STATUS

UNREAD = "UNREAD"  # the state of the evidence before a read was answered
_OBSERVING = (Phase.EVIDENCE_READ, Phase.EVIDENCE_VERIFY, Phase.TIMESTAMP_READ)
_Transition = dict[str, str | list[str]]


class Evidence:
    """What a tick knows of the evidence: a model whose `state` is an evidence state, or UNREAD."""

    state: str

    def __init__(self, tick: "Tick") -> None:
        self.tick = tick


class Tick:
    """One tick in flight: a model whose `state` is its phase, and whose `known` the kernel's state of it."""

    state: str

    def __init__(self, known: State) -> None:
        self.known = known
        self.evidence = Evidence(self)

    def alone(self, *_: object) -> bool:
        """Whether it is the backfill alone."""
        return self.known.alone

    def statusless(self, *_: object) -> bool:
        """Whether it could not read its status, and so will write none."""
        return self.known.opened is None


class TickMachine:
    """Pass it as `observe`; `phases` and `evidence` are machines of `transitions`, made from the kernel's tables.

    A tick's trigger is what its answer means: a finding for `phases`, an observation for `evidence`. Register
    callbacks on them (`phases.on_enter_CLAIM(call)`); `call` is given the EventData, whose `model` is the Tick
    or its Evidence. A tick enters its first phase without a callback, and one that is refused enters none.
    With `diagrams` a model has `get_graph()`, and a machine `get_combined_graph()`, in Mermaid; where a tick is
    stands there once it has arrived (`phases.after_state_change`), not in `on_enter` yet. The
    `max_ticks` ticks that moved last are kept as `ticks`, until they end. Callbacks run one at a time; what
    they raise is the driver's to log. Raises ValueError for fewer ticks than one.
    """

    def __init__(self, *, diagrams: bool = False, max_ticks: int = 1000) -> None:
        if max_ticks < 1:
            raise ValueError(f"max_ticks={max_ticks}: at least one is needed")
        self.phases = _machine(_phases(), Phase.STATUS_READ.value, diagrams)
        self.evidence = _machine(_evidence(), UNREAD, diagrams)
        self.ticks: dict[str, Tick] = {}
        self._max_ticks, self._lock = max_ticks, RLock()

    def __call__(self, state: State, event: Event | None, effect: Effect | None) -> None:
        """Follow one step of a tick; as `evidence_runtime.drive.Observer`."""
        with self._lock:
            if event is None:
                self._begin(state)
            elif (tick := self.ticks.pop(state.tick_id, None)) is not None:
                self.ticks[state.tick_id] = tick
                try:
                    self._move(tick, state, event)
                finally:
                    if effect is None:
                        self._forget(state.tick_id)

    def _begin(self, state: State) -> None:
        if state.tick_id in self.ticks:
            self._forget(state.tick_id)
        if state.phase is Phase.END:
            return
        if len(self.ticks) == self._max_ticks:
            self._forget(next(iter(self.ticks)))
        tick = self.ticks[state.tick_id] = Tick(state)
        self.phases.add_model(tick, initial=state.phase.value)
        self.evidence.add_model(tick.evidence, initial=UNREAD)

    def _forget(self, tick_id: str) -> None:
        tick = self.ticks.pop(tick_id)
        self.phases.remove_model(tick)
        self.evidence.remove_model(tick.evidence)

    def _move(self, tick: Tick, state: State, event: Event) -> None:
        before = tick.known
        finding = FINDINGS[before.phase](before, event.answer, event.at)[0]
        if before.phase in _OBSERVING and isinstance(event.answer, Found | Absent | Failed):
            observation = observe(before, event.answer)[0]
            self.evidence.events[observation.value].trigger(tick.evidence, known=state, event=event)
        self.phases.events[finding.value].trigger(tick, known=state, event=event)
        tick.known = state
        assert (tick.state, tick.evidence.state) == (state.phase, state.evidence or UNREAD), "a table disagrees"


def _phases() -> list[_Transition]:
    """A transition a row; where a tail may be cut, one more before it with the condition."""
    made: list[_Transition] = []
    for (phase, finding), row in SCHEDULER.items():
        for cuts, condition in ((WITHOUT_STATUS, "statusless"), (BACKFILL_ALONE, "alone")):
            if row.to in cuts:
                made.append(_transition(finding, phase, cuts[row.to]) | {"conditions": [condition]})
        made.append(_transition(finding, phase, row.to))
    return made


def _evidence() -> list[_Transition]:
    return [_transition(seen, before or UNREAD, after or UNREAD) for (before, seen), after in EVIDENCE.items()]


def _transition(trigger: str, source: str, dest: str) -> _Transition:
    return {"trigger": str(trigger), "source": str(source), "dest": str(dest)}


def _machine(transitions: list[_Transition], initial: str, diagrams: bool) -> Machine:
    states = list(dict.fromkeys(str(one[end]) for one in transitions for end in ("source", "dest")))
    if not diagrams:
        return Machine(states=states, transitions=transitions, initial=initial, auto_transitions=False, send_event=True)
    return GraphMachine(
        states=states,
        transitions=transitions,
        initial=initial,
        auto_transitions=False,
        send_event=True,
        graph_engine="mermaid",
        title="",
    )
