"""The README's program runs, and its story is what the command prints."""

import re
from pathlib import Path

import pytest

from evidence_sim.cli import main

PAGE = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    program = re.findall(r"```python\n(.*?)```", PAGE, re.S)[0]
    assert len([line for line in program.splitlines() if line]) <= 10
    monkeypatch.chdir(tmp_path)
    exec(program, {})
    assert capsys.readouterr().out == "NOT_DUE 200\n"


def test_the_story_is_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = re.findall(r"```\n(  1\. .*?)```", PAGE, re.S)[0]
    assert main(["run", "--machine", "v2.20", "--seeds", "36:1", "--out", str(tmp_path)]) == 1
    assert story in capsys.readouterr().out
