"""A table in `transitions`: one model, whose state is set back for each tick."""

from collections.abc import Callable
from typing import Any

from transitions import Machine

from evidence_sim.bench.kernel import Rows


class Transitions:
    """As `peers.Machine`; a trigger is the method that the library puts on the model."""

    state: str  # the library's

    def __init__(self, rows: Rows, first: str) -> None:
        states = sorted({state for _, *both in rows for state in both})
        made = [{"trigger": trigger, "source": before, "dest": after} for trigger, before, after in rows]
        self._first = first
        self._machine: Any = Machine(self, states, transitions=made, initial=first, auto_transitions=False)

    def begin(self) -> None:
        """Back to the first state."""
        self._machine.set_state(self._first)

    def trigger(self, name: str) -> Callable[[], object]:
        """What fires it."""
        fire: Callable[[], object] = getattr(self, name)
        return fire
