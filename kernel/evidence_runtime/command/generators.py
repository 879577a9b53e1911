"""Generators that the command line names: a file with the report, or a program that makes it."""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evidence_kernel import Trigger
from evidence_runtime.command.shared import Unusable, read_json

Generator = Callable[[str, Trigger, int, int, str], Any]


class GeneratorFailed(Exception):
    """The program ended badly, or did not answer in JSON."""


def chosen(report_file: Path | None, program: str | None, seconds: float) -> Generator:
    """The generator that the options name; without one, a report that falls due is a failed generation."""
    if report_file is not None and program is not None:
        raise Unusable("give --report-file or --generate, not both")
    if report_file is not None:
        report = read_json(report_file)
        return lambda *_: report
    if program is None:
        return _telling(_nothing)
    try:
        command = shlex.split(program)
    except ValueError as error:
        raise Unusable(f"--generate {program!r}: {error}") from None
    if not command:
        raise Unusable("--generate names no program")
    return _telling(lambda *arguments: _answer(command, seconds, *arguments))


def _telling(generate: Generator) -> Generator:
    """The generator, which also tells the operator why it failed: log lines hold nothing from outside."""

    def told(*arguments: Any) -> Any:
        try:
            return generate(*arguments)
        except GeneratorFailed as why:
            print(f"evidence: {why}", file=sys.stderr)
            raise

    return told


def _nothing(*_: object) -> Any:
    raise GeneratorFailed("a report is due and nothing makes it: give --generate CMD or --report-file FILE")


def _answer(
    command: list[str], seconds: float, tenant: str, trigger: Trigger, installed_at: int, attempt: int, tick_id: str
) -> Any:
    """What the program prints, given the arguments as JSON; it is killed after `seconds`."""
    asked = {
        "tenant": tenant,
        "trigger": trigger.value,
        "installed_at": installed_at,
        "attempt": attempt,
        "tick_id": tick_id,
    }
    try:
        done = subprocess.run(
            command,
            input=json.dumps(asked).encode(),
            stdout=subprocess.PIPE,
            timeout=seconds,
            check=False,
            start_new_session=True,  # Ctrl-C lets a round's ticks in flight end, with their programs
        )
    except subprocess.TimeoutExpired:
        raise GeneratorFailed(f"{command[0]} did not answer within {seconds:g} s") from None
    except OSError as error:
        raise GeneratorFailed(f"{command[0]} cannot be run: {error.strerror}") from None
    if done.returncode != 0:
        raise GeneratorFailed(f"{command[0]} ended with {done.returncode}")
    try:
        return json.loads(done.stdout)
    except (ValueError, RecursionError):
        raise GeneratorFailed(f"{command[0]} printed no JSON") from None
