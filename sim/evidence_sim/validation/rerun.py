"""A recorded tick run again: the first step at which the kernel does something else."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attrs import frozen

from evidence_kernel import (
    Effect,
    EnsureResult,
    Generate,
    Get,
    Invocation,
    Misuse,
    Put,
    Step,
    TickResult,
    ensure,
    start,
)
from evidence_kernel import step as answered
from evidence_runtime.recording import Recorded

_LONG = 400  # characters of a value that are shown


@frozen
class Divergence:
    """`step` counts from 1; what was recorded there, and what the kernel does."""

    step: int
    recorded: str
    kernel: str

    def __str__(self) -> str:
        return f"diverges at step {self.step}: recorded {self.recorded}; the kernel {self.kernel}"


def diverges(tick: Recorded) -> Divergence | None:
    """Run the kernel on the recorded answers, and compare its phases, effects and result with the recorded."""
    begin = ensure if tick.alone else start
    now = begin(Invocation(tick.tick_id, {} if tick.tenant is None else {"cloudId": tick.tenant}))
    for number, taken in enumerate(tick.steps, 1):
        if now.effect is None or (now.state.phase, now.effect) != (taken.phase, taken.effect):
            return Divergence(number, f"{taken.phase}, {_asks(taken.effect)}", _does(now))
        if taken.event is None:
            return None
        try:
            now = answered(now.state, taken.event)
        except Misuse as error:
            return Divergence(number, f"the answer {type(taken.event.answer).__name__}", f"refuses it: {error}")
    number = len(tick.steps) + 1
    if tick.result is None:
        return Divergence(number, "no result", _does(now)) if now.effect is None else None
    expected = {} if now.result is None else _fields(now.result)
    if expected == tick.result:
        return None
    return Divergence(number, _ends(tick.result, expected), _does(now, tick.result))


def _fields(result: TickResult | EnsureResult) -> dict[str, Any]:
    return {name: value for name, value in result._asdict().items() if name not in ("tick_id", "tenant")}


def _does(now: Step, recorded: Mapping[str, Any] = MappingProxyType({})) -> str:
    if now.result is not None:
        return _ends(_fields(now.result), recorded)
    assert now.effect is not None
    return f"{now.state.phase.value}, {_asks(now.effect)}"


def _asks(effect: Effect) -> str:
    match effect:
        case Get(key=key):
            return f"gets {key!a}"
        case Put(key=key, value=value, expect=expect):
            text = ascii(value.decode("utf-8", "replace"))
            shown = text if len(text) <= _LONG else f"{text[:_LONG]}... of {len(value)} bytes"
            return f"puts {key!a} if {expect!r} with {shown}"
        case Generate():
            return f"generates {effect.trigger} of attempt {effect.attempt}, installed at {effect.installed_at}"


def _ends(result: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """What of a result is not in another."""
    names = [name for name in result if name not in other or other[name] != result[name]]
    return "ends with " + ", ".join(f"{name} {str(result[name])!r}" for name in names)
