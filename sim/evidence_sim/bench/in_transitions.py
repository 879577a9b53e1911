"""A table in `transitions`: one model, whose state is set back for each tick."""

from collections.abc import Callable
from typing import Any

from transitions import Machine

from evidence_sim.bench.kernel import Rows


class Model:
    """What the library puts its triggers on."""

    state: str


class Transitions:
    """As `peers.Machine`; a trigger is a method of the model."""

    def __init__(self, rows: Rows, first: str) -> None:
        states = sorted({state for _, *both in rows for state in both})
        made = [{"trigger": trigger, "source": before, "dest": after} for trigger, before, after in rows]
        self._first, self._model = first, Model()
        self._machine: Any = Machine(self._model, states, transitions=made, initial=first, auto_transitions=False)

    def begin(self) -> None:
        """Back to the first state."""
        self._machine.set_state(self._first)

    def trigger(self, name: str) -> Callable[[], object]:
        """What fires it."""
        fire: Callable[[], object] = getattr(self._model, name)
        return fire

    @property
    def state(self) -> str:
        """The name of the state."""
        return self._model.state
