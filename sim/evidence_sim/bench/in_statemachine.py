"""A table in `python-statemachine`: one machine, whose state is set back for each tick.

A final state of this library ends a machine for good, so that each tick would need a new one, at many times the
cost of its transitions: here END is a state like others.
"""

from collections.abc import Callable
from typing import Any

from statemachine import Event, State, StateMachine

from evidence_sim.bench.kernel import Rows


class StateMachines:
    """As `peers.Machine`; a trigger is the bound event."""

    def __init__(self, rows: Rows, first: str) -> None:
        names = sorted({state for _, *both in rows for state in both})
        states = {name: State(name, value=name, initial=name == first) for name in names}
        taken: dict[str, Any] = {}
        for trigger, before, after in rows:
            one = states[before].to(states[after])
            taken[trigger] = taken[trigger] | one if trigger in taken else one
        # Events and states have names in common, and are attributes of one class.
        body: dict[str, Any] = {f"at_{name}": state for name, state in states.items()}
        body |= {trigger: Event(transitions) for trigger, transitions in taken.items()}
        made: Any = type("Table", (StateMachine,), {**body, "validate_trap_states": False})
        self._first, self._machine = first, made()

    def begin(self) -> None:
        """Back to the first state."""
        self._machine.current_state_value = self._first

    def trigger(self, name: str) -> Callable[[], object]:
        """What fires it."""
        fire: Callable[[], object] = getattr(self._machine, name)
        return fire

    @property
    def state(self) -> str:
        """The name of the state."""
        value: str = self._machine.current_state_value
        return value
