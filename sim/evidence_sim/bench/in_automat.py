"""A table in `automat`: a new machine for each tick, as the library has no way to set one back.

The machine does not tell its state: each transition returns the name of where it leads.
"""

from collections.abc import Callable
from typing import Any, Protocol

from automat import TypeMachineBuilder

from evidence_sim.bench.kernel import Rows


class Automat:
    """As `peers.Machine`; a trigger is a method of the class that the library makes."""

    def __init__(self, rows: Rows, first: str) -> None:
        inputs = {trigger: _input(trigger) for trigger, _, _ in rows}
        builder: Any = TypeMachineBuilder(type("Inputs", (Protocol,), {**inputs}), object)
        names = sorted({state for _, *both in rows for state in both})
        states = {name: builder.state(name) for name in (first, *(name for name in names if name != first))}
        for trigger, before, after in rows:
            states[before].upon(inputs[trigger]).to(states[after]).returns(after)
        self._make, self._core, self._first = builder.build(), object(), first
        self.begin()

    def begin(self) -> None:
        """A new machine, in the first state."""
        self._machine, self.state = self._make(self._core), self._first

    def trigger(self, name: str) -> Callable[[], object]:
        """What fires it."""
        method = getattr(type(self._machine), name)

        def fire() -> None:
            self.state = method(self._machine)

        return fire


def _input(name: str) -> Callable[[Any], object]:
    def method(self: Any) -> object:
        """Of the protocol, which says what there is."""

    method.__name__ = method.__qualname__ = name
    return method
