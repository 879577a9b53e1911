"""What the world runs: anything with the kernel's two functions."""

from typing import Any, Protocol

from evidence_kernel import Event, Invocation, Step


class Machine(Protocol):
    """A machine under test. `state` may be any frozen value with a `phase`; only the machine reads more."""

    @property
    def longest(self) -> int:
        """The most effects that one tick of it may ask for."""
        ...

    def start(self, invocation: Invocation) -> Step:
        """Begin a tick, as `evidence_kernel.start`."""
        ...

    def step(self, state: Any, event: Event) -> Step:
        """Answer the tick's effect, as `evidence_kernel.step`."""
        ...
