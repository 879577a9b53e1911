"""The kernel's two tables in other libraries: the same walk of the same rows, one trigger a row.

What is the same: each row of both tables is a transition, made from the kernel's, whose trigger is what is
found or seen; a tick takes both tables back to their beginnings and fires the eight triggers that a NOT_DUE tick
takes. What is not: the kernel looks a row up and keeps nothing, and its rows hold what is decided; a library
keeps the state, finds and calls what is bound to the transition (nothing is) and refuses what has no row.
"""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from evidence_kernel import EVIDENCE, SCHEDULER, Phase
from evidence_kernel import EvidenceState as State
from evidence_kernel import Observation as Sees
from evidence_sim.bench.kernel import WALK, Rows

PHASES: Rows = [(on.value, phase.value, row.to.value) for (phase, on), row in SCHEDULER.items()]
STATES: Rows = [(on.value, str(state), str(after)) for (state, on), after in EVIDENCE.items()]
FIRST_PHASE, FIRST_STATE = Phase.STATUS_READ.value, str(None)  # no read was answered


class Machine(Protocol):
    """One table in a library."""

    def begin(self) -> None:
        """Back to the first state."""
        ...

    def trigger(self, name: str) -> Callable[[], object]:
        """What fires it, as often as it is called."""
        ...

    @property
    def state(self) -> str:
        """The name of the state."""
        ...


Make = Callable[[Rows, str], Machine]  # of these rows, which begin in that state


def transitions(rows: Rows, first: str) -> Machine:
    """In `transitions`."""
    from evidence_sim.bench.in_transitions import Transitions

    return Transitions(rows, first)


def statemachine(rows: Rows, first: str) -> Machine:
    """In `python-statemachine`."""
    from evidence_sim.bench.in_statemachine import StateMachines

    return StateMachines(rows, first)


def automat(rows: Rows, first: str) -> Machine:
    """In `automat`."""
    from evidence_sim.bench.in_automat import Automat

    return Automat(rows, first)


def tick_in(make: Make) -> Callable[[], str]:
    """A NOT_DUE tick, checked to take each row of both tables to where the kernel takes it; it gives the last phase."""
    phases, states = make(PHASES, FIRST_PHASE), make(STATES, FIRST_STATE)
    check(phases, PHASES, FIRST_PHASE)
    check(states, STATES, FIRST_STATE)
    triggers = []
    for seen in WALK:
        if isinstance(seen, Sees):
            triggers.append(states.trigger(seen.value))
        triggers.append(phases.trigger(State.VALID.value if isinstance(seen, Sees) else seen.value))

    def tick() -> str:
        phases.begin()
        states.begin()
        for trigger in triggers:
            trigger()
        return phases.state

    return tick


def check(machine: Machine, rows: Rows, first: str) -> None:
    """Walk to each row by a shortest way and take it. Raises AssertionError where the machine ends elsewhere."""
    ways: dict[str, tuple[str, ...]] = {first: ()}
    ahead = deque([first])
    while ahead:
        state = ahead.popleft()
        for trigger, before, after in rows:
            if before != state:
                continue
            machine.begin()
            for name in (*ways[state], trigger):
                machine.trigger(name)()
            if machine.state != after:
                raise AssertionError(f"{type(machine).__name__}: {state} on {trigger} leads to {machine.state}")
            if after not in ways:
                ways[after] = (*ways[state], trigger)
                ahead.append(after)
