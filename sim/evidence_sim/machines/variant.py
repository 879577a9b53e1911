"""The kernel with one thing wrong: the seam at which every single-defect machine differs from it."""

import json
from collections.abc import Callable
from typing import Any, cast

from attrs import frozen

from evidence_kernel import (
    Answer,
    Effect,
    Event,
    Expectation,
    Invocation,
    Phase,
    Put,
    State,
    Step,
    start,
    step,
)
from evidence_kernel.events import Found

Begin = Callable[[Invocation], Step]
Advance = Callable[[Any, Event], Step]

_NO_VERSION = 0


@frozen
class Variant:
    """A machine whose `start` or `step` is another than the kernel's; without either it is the kernel."""

    name: str
    says: str
    begin: Begin = start
    advance: Advance = step
    longest: int = 15  # the kernel's longest path, which a test computes from its table

    def start(self, invocation: Invocation) -> Step:
        """As the kernel's `start`."""
        return self.begin(invocation)

    def step(self, state: Any, event: Event) -> Step:
        """As the kernel's `step`; `state` may be a value that wraps the kernel's."""
        return self.advance(state, event)


def advancing(defect: Advance) -> Variant:
    """The kernel with `defect` for its `step`, named and described as that function is."""
    return Variant(*_described(defect), advance=defect)


def beginning(defect: Begin) -> Variant:
    """The kernel with `defect` for its `start`, named and described as that function is."""
    return Variant(*_described(defect), begin=defect)


def _described(defect: Callable[..., Step]) -> tuple[str, str]:
    says = (defect.__doc__ or "").partition("\n")[0].rstrip(".")
    return defect.__name__.replace("_", "-"), says


def expecting(out: Step, phase: Phase, expect: Expectation) -> Step:
    """`out`, where it asks for the put of `phase`, with another expectation."""
    if out.state.phase is phase and isinstance(out.effect, Put):
        return out._replace(effect=out.effect._replace(expect=expect))
    return out


def writing(out: Step, record: dict[str, Any]) -> Step:
    """`out`, which asks for a put, with another record."""
    assert isinstance(out.effect, Put)
    return out._replace(effect=out.effect._replace(value=dump(record)))


def at_once(out: Step, answer: Answer, at: int) -> Step:
    """`out` and one step more: `answer` is made up, its effect never performed."""
    after = step(out.state, Event(answer, at))
    return after._replace(log=out.log + after.log)


def made_up(value: bytes | None) -> Found:
    """A read that brought `value`, though there was none."""
    assert value is not None
    return Found(value, _NO_VERSION)


def detour(state: object, effect: Effect, out: Step | None = None) -> Step:
    """A step to a state of the variant's own, after what `out` says."""
    return Step(cast(State, state), effect, () if out is None else out.log)


def load(value: bytes) -> Any:
    """A record of the kernel's."""
    return json.loads(value)


def dump(record: dict[str, Any]) -> bytes:
    """The bytes of a record, as the kernel would write it."""
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode()
