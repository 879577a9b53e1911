"""The one error of the kernel: it was called in a way that no protocol run can produce."""


class Misuse(Exception):
    """The caller broke the kernel's contract; the state that was handed in is unchanged.

    Raised for an event that does not answer the phase's effect, a second answer after the end, an
    instant outside of what records can hold, and a tick id that is no tick id. The message names the
    value; `phase` and `event` are those of a refused step, None elsewhere. Nothing that a store or a
    generator answers can raise it.
    """

    def __init__(self, says: str, phase: str | None = None, event: object = None) -> None:
        super().__init__(says)
        self.phase = phase
        self.event = event
