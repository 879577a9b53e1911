"""Whole ticks as text: a scenario, a rule, then all that could be seen of it, compared line by line.

A file's scenario: `context`, `run ensure`, one record a line by its short name, `fault PHASE what`,
`race PHASE name record`. `pytest tests/kernel --rewrite` writes what follows the rule anew; commit a
difference only with its explanation.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evidence_kernel.codes import Outcome
from evidence_kernel.effects import Effect, Expect, Generate, Get, Put
from evidence_kernel.events import Answer, Applied, Found, Report
from evidence_kernel.messages import LogLine
from evidence_kernel.records.instants import format_instant
from evidence_kernel.state import EnsureResult, Invocation, Step, TickResult
from evidence_kernel.step import ensure, start
from tests.kernel.walk import DONE_12H, DONE_24H, EVIDENCE, LEDGER, STATUS, TENANT, Scenario, Walked, walk

FILES = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))
RULE = "-" * 8 + "\n"
KEYS = {
    "evidence": EVIDENCE,
    "ledger": LEDGER,
    "status": STATUS,
    "done:AUTO_12H": DONE_12H,
    "done:AUTO_24H": DONE_24H,
}


Begin = Callable[[Invocation], Step]


def read(text: str) -> tuple[Scenario, Begin]:
    """The scenario, and what begins it."""
    records: dict[str, bytes] = {}
    faults: dict[str, str] = {}
    races: dict[str, tuple[str, bytes]] = {}
    context: Any = {"cloudId": TENANT}
    begin: Begin = start
    for line in text.splitlines():
        match line.split(" ", 3):
            case ["#", *_]:
                pass
            case ["run", "ensure"]:
                begin = ensure
            case ["fault", phase, fault]:
                faults[phase] = fault
            case ["race", phase, name, value]:
                races[phase] = (KEYS[name], value.encode())
            case ["context", *_]:
                context = json.loads(line.removeprefix("context "))
            case [name, *_]:
                records[KEYS[name]] = line.removeprefix(f"{name} ").encode()
            case _:
                raise ValueError(f"{line!r} is no line of a scenario")
    return Scenario(records=records, faults=faults, races=races, context=context), begin


def _asked(effect: Effect) -> str:
    match effect:
        case Get(key=key):
            return f"get {key}"
        case Put(key=key, value=value, expect=expect):
            expected = expect.value.lower() if isinstance(expect, Expect) else f"version {expect!r}"
            return f"put {key} if {expected}\n  {value.decode()}"
        case Generate():
            installed_at = format_instant(effect.installed_at)
            return f"generate {effect.trigger} attempt {effect.attempt}, installed {installed_at}"


def _answered(answer: Answer) -> str:
    match answer:
        case Found(value=value, version=version):
            return f"Found version {version!r}\n  {value.decode()}"
        case Applied(version=version):
            return f"Applied version {version!r}"
        case Report(body=body):
            return f"Report\n  {body.decode()}"
        case _:
            return type(answer).__name__


def _ended(result: TickResult | EnsureResult) -> Iterator[str]:
    names = [*result._fields]
    names += ["success", "http_status"] if isinstance(result, TickResult) else ["refused"]
    for name in names:
        value = getattr(result, name)
        shown = format_instant(value) if name == "installed_at" and value is not None else value
        yield f"= {name} {shown}"


def _lines(log: tuple[LogLine, ...]) -> list[str]:
    return [f"{line.level.name} {line.text}" for line in log]


def _seen(walked: Walked) -> Iterator[str]:
    yield from _lines(walked.logs[0])
    for (state, effect, event), log in zip(walked.steps, walked.logs[1:], strict=True):
        yield f"> {state.phase} {_asked(effect)}"
        yield f"< {format_instant(event.at)} {_answered(event.answer)}"
        yield from _lines(log)
    yield from _ended(walked.result)
    for key, value in walked.cells.contents().items():
        yield f"  {key}\n    {value.decode()}"


def transcribe(text: str) -> str:
    """The file as it should be: its scenario, the rule, what was seen."""
    told = text.split(RULE)[0]
    return told + RULE + "".join(f"{line}\n" for line in _seen(walk(*read(told))))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_tick_is_as_it_was_written_down(path: Path, request: pytest.FixtureRequest) -> None:
    text = path.read_text("utf-8")
    if request.config.getoption("--rewrite", default=False):
        path.write_text(transcribe(text), "utf-8")
        return
    assert transcribe(text) == text


def test_the_transcripts_end_in_every_outcome() -> None:
    results = [walk(*read(path.read_text("utf-8").split(RULE)[0])).result for path in FILES]
    outcomes = {result.outcome for result in results if isinstance(result, TickResult)}
    assert outcomes == set(Outcome)
    assert {result.refused for result in results if isinstance(result, EnsureResult)} == {False, True}
