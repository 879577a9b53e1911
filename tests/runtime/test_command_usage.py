"""How people find their way in `evidence`: examples, the nearest name, completion."""

import os
import shlex
import subprocess
import sys

import pytest
from typer.main import get_command

from evidence_runtime.command import main
from evidence_runtime.command.app import app

WHOLE = get_command(app)
COMMANDS = ["tick", "audit", "import", "status", "repair", "forget", "vectors"]


def test_each_command_is_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out.partition("Commands:\n")[2].partition("\n\n")[0]
    assert [line.split()[0] for line in listed.splitlines()] == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_examples_that_it_takes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    lines = capsys.readouterr().out.partition("Examples:\n")[2].splitlines()
    examples = [shlex.split(line) for line in lines if line.strip()]
    assert examples
    for program, command, *arguments in examples:
        assert (program, command) == ("evidence", name)
        taken(command, arguments)


def test_an_example_that_is_none_is_refused() -> None:
    with pytest.raises(Exception, match="--stoer"):
        taken("status", ["--stoer", "sqlite:a"])


def taken(command: str, arguments: list[str]) -> None:
    """Parse the arguments of a command, which is not run. Raises typer's error of usage where it does not take them."""
    with WHOLE.make_context("evidence", [command, "--help"], resilient_parsing=True) as context:
        _, found, _ = WHOLE.resolve_command(context, [command])  # type: ignore[attr-defined]  # a group has it
    found.make_context(command, arguments)


@pytest.mark.parametrize(
    ("given", "says"),
    [("statsu", "Did you mean 'status'?"), ("status --sotre a", "--store)")],
)
def test_the_nearest_name_is_suggested(given: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(given.split()) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("shell", "typed", "offered"),
    [
        ("bash", "evidence sta", ["status"]),
        ("bash", "evidence status --h", ["--html", "--help"]),
        ("zsh", "evidence fo", ["forget"]),
        ("zsh", "evidence tick --generate-", ["--generate-timeout"]),
        ("fish", "evidence au", ["audit"]),
        ("fish", "evidence import --dry", ["--dry-run"]),
    ],
)
def test_a_shell_is_offered_commands_and_options(shell: str, typed: str, offered: list[str]) -> None:
    """As each shell's script asks: `evidence --show-completion`."""
    asked = {
        "_EVIDENCE_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split()) - 1),
        "_TYPER_COMPLETE_ARGS": typed,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    command = [sys.executable, "-m", "evidence_runtime"]
    done = subprocess.run(command, env={**os.environ, **asked}, capture_output=True, text=True, check=True)
    assert [word for word in offered if word not in done.stdout] == []
    assert "repair" not in done.stdout
