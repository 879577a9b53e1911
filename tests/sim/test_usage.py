"""How people find their way in `evidence-sim`: examples, the nearest name, completion, and how soon it answers."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from evidence_sim.cli import main, parser
from evidence_sim.parser import SHELLS, commands, completing

WHOLE = parser()
COMMANDS = {"": WHOLE, **commands(WHOLE)}
# Each begins with what the command is called, and ends where what it does is said beside it.
EXAMPLE = re.compile(r"^  (evidence-sim(?: \S+)*)", re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_examples_that_it_takes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    examples = EXAMPLE.findall(COMMANDS[name].epilog or "")
    assert examples
    for example in examples:
        arguments = shlex.split(example)[1:]
        assert not name or arguments[0] == name
        try:
            parser().parse_args(arguments)
        except SystemExit as ended:
            assert (ended.code, arguments[-1]) == (0, "--help"), capsys.readouterr().err


def test_an_example_that_is_none_is_refused() -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(shlex.split(EXAMPLE.findall("  evidence-sim run --sedes 3   three")[0])[1:])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("exlore", "did you mean explore?"),
        ("run --profile cloud-kx", "did you mean cloud-kv?"),
        ("run --machine kernal", "did you mean kernel?"),
        ("run --machien=kernel", "there is no option --machien; did you mean --machine?"),
        ("--jbos 3 run", "there is no option --jbos; did you mean --jobs?"),
        ("bench --only bulk-actoins", "did you mean bulk-actions?"),
        ("replay x --export mermiad", "did you mean mermaid?"),
        ("completion bsh", "did you mean bash?"),
    ],
)
def test_the_nearest_name_is_suggested(given: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(given.split())
    assert ended.value.code == 2 and capsys.readouterr().err.endswith(f"{says}\n")


def test_a_trace_s_names_are_suggested_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "trace.json").write_text('{"format": "evidence-trace/1", "machine": "kernal"}')
    assert main(["replay", str(tmp_path / "trace.json")]) == 2
    assert capsys.readouterr().err.endswith("did you mean kernel?\n")


def test_what_is_near_nothing_gets_no_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--machine", "0123456789"])
    assert "did you mean" not in capsys.readouterr().err


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_is_given_commands_options_and_choices(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert {word for word in ("explore", "profile", "lying-disk", "read-back-takes-any") if word not in script} == set()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("evidence-sim expl", {"explore"}),
        ("evidence-sim run --prof", {"--profile"}),
        ("evidence-sim run --profile l", {"lying-disk"}),
        ("evidence-sim replay --machine early", {"early-generate"}),
    ],
)
def test_bash_completes(words: str, offered: set[str]) -> None:
    last = len(words.split()) - 1
    asked = f"""{completing(parser(), "bash")}
COMP_WORDS=({words}) COMP_CWORD={last}
_shtab_evidence_sim
printf '%s\\n' "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == offered


def test_nothing_of_completion_is_loaded_before_it_is_asked_for() -> None:
    code = "import sys, evidence_sim.cli; print(*{'shtab', 'jinja2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
