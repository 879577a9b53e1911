"""What the README pages say of files, commands and options is so; each of their programs has a test assigned to it."""

import argparse
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from evidence_runtime.command.app import app
from evidence_sim.cli import parser
from evidence_sim.faults import PROFILES

TOP = Path(__file__).parent.parent
PAGES = {
    name: (TOP / name).read_text(encoding="utf-8")
    for name in ("README.md", "kernel/README.md", "sim/README.md", "spec/README.md", "tests/README.md")
}
# A line of each program, and the tests that run it.
RUN = {
    "print(result.outcome, result.http_status)": "test_readme.py, test_examples.py",
    "class TestMyStore(Suite)": "test_readme.py",
    "class Backfill": "sim/test_own_machine.py",
    'case "EVIDENCE_VERIFY"': "sim/test_own_machine.py",
    **dict.fromkeys(
        ("asyncio.run", "apscheduler", "celery", "fastapi", "Recorder(", "TickMachine("), "test_examples.py"
    ),
}
# And of each output.
TOLD = {
    "a tick of v2.20": "test_readme.py",
    **dict.fromkeys(("a tick of backfill:MACHINE", "S3: did_backfill is reported"), "sim/test_own_machine.py"),
}
MADE = ("backfill.py", "test_my_store.py", "traces/", "ticks.jsonl.1", ".venv/bin")  # by whoever follows the pages
STANDS_FOR = {"N": "1", "FIRST:COUNT": "0:1", "M": "kernel", "backfill:MACHINE": "kernel", "NAME,...": "cores"}
FIRST = {"replay": ["TRACE"], "validate": ["FILE"]}
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.S | re.M)
_EXTRAS = re.compile(r"pip install (?:-\S+ )*'?([./\w-]*)\[([\w,-]+)\]")


def spans(page: str) -> list[str]:
    """What stands in backquotes, and the lines of commands, outside of programs."""
    text = _FENCED.sub("", PAGES[page])
    lines = [line.partition(" #")[0].strip() for line in re.findall(r"^    (?! )(.*)$", text, re.M)]
    quoted = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", text)]
    return quoted + [part.removeprefix("*/5 * * * * ") for line in lines for part in line.split(" && ")]


EVERY = [(page, span) for page in PAGES for span in spans(page)]
FILES = [
    path.relative_to(TOP).as_posix() for name in ("kernel", "sim", "spec", "tests") for path in (TOP / name).rglob("*")
]


def simulators() -> Mapping[str, argparse.ArgumentParser]:
    """The parsers of `evidence-sim`'s commands."""
    [commands] = [one for one in parser()._actions if isinstance(one, argparse._SubParsersAction)]
    return commands.choices


def operators() -> Mapping[str, Any]:
    """The commands of `evidence`, as its library has them."""
    group: Any = get_command(app)
    commands: Mapping[str, Any] = group.commands
    return commands


def options(command: str, name: str) -> set[str]:
    """What a command takes."""
    if command == "evidence":
        return {
            option for parameter in operators()[name].params for option in (*parameter.opts, *parameter.secondary_opts)
        }
    taker = simulators()[name] if name else parser()
    return {option for action in taker._actions for option in action.option_strings}


def taken(text: str) -> None:
    """Raises where a command is not one that is taken, or there is none of that name. None is carried out."""
    command, *words = shlex.split(text.partition(" 2>>")[0])
    words = [STANDS_FOR.get(word, word) for word in words]
    if command == "evidence":
        operators()[words[0]].make_context(words[0], words[1:])
    elif len(words) == 1 and not words[0].startswith("-"):
        assert words[0] in simulators()
    else:
        parser().parse_args(words)


COMMANDS = {one for one in EVERY if re.match(r"evidence(-sim)? ", one[1])}
COMMANDS |= {(page, f"evidence-sim {span}") for page, span in EVERY if span.split()[0] in simulators() and "--" in span}


@pytest.mark.parametrize(("page", "text"), sorted(COMMANDS))
def test_a_command_is_taken(page: str, text: str) -> None:
    taken(text)


def rows(page: str) -> Iterator[tuple[str, str, list[str]]]:
    """Of each row of a table that is about a command: the command, its name, the options that it tells of."""
    for line in PAGES[page].splitlines():
        head = re.match(r"\| `(evidence(?:-sim)?)(?: (\w+))?[^`]*`", line)
        if head:
            yield head[1], head[2] or "", re.findall(r"`(--[^`]+)`", line)


@pytest.mark.parametrize("page", ["kernel/README.md", "sim/README.md"])
def test_the_options_of_a_row_are_its_commands(page: str) -> None:
    for command, name, told in rows(page):
        for option in told:
            words = option.split()
            assert words[0] in options(command, name), f"{command} {name} has no {words[0]}"
            if command == "evidence-sim" and len(words) > 1:
                taken(shlex.join([command, *([name] if name else []), *FIRST.get(name, []), *words]))


def test_every_command_has_its_row() -> None:
    cells = "".join(re.findall(r"^\| (`evidence[^|]*)\|", "".join(PAGES.values()), re.M))
    told = set(re.findall(r"`(?:evidence(?:-sim)? )?(\w+)", cells))
    assert {*simulators(), *operators()} <= told


def test_an_option_is_some_commands() -> None:
    """Also where no row says of which."""
    known = {option for name in ("", *simulators()) for option in options("evidence-sim", name)}
    known |= {option for name in operators() for option in options("evidence", name)}
    ours = "".join(
        (TOP / name).read_text() for name in ("spec/check.py", "kernel/make_sync.py", "tests/kernel/conftest.py")
    )
    known |= {*re.findall(r'"(--[a-z-]+)"', ours), "--benchmark-enable", "--install-completion"}
    for page, span in EVERY:
        for option in re.findall(r"(?:^|[\s\[])(--[a-z-]+)", span):
            assert option in known or span.startswith(("pip ", "strace ")), f"{page}: {span}"


@pytest.mark.parametrize("page", PAGES)
def test_a_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", _FENCED.sub("", PAGES[page])):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        path = (TOP / page).parent / name if name else TOP / page
        assert path.exists(), target
        headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.M) if anchor else []
        assert not anchor or anchor in [re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings], (
            target
        )


def test_a_file_that_is_named_is_there() -> None:
    for page, span in EVERY:
        for word in span.split():
            like_a_file = re.fullmatch(r"[\w./-]+\.(py|md|tla)|(kernel|sim|spec|tests|\.ci)(/[\w.-]+)+", word)
            if like_a_file and word not in MADE and not (TOP / word).exists():
                assert any(f"/{path}".endswith(f"/{word}") for path in FILES), f"{page}: {word}"


def test_a_name_in_python_is_there() -> None:
    for page, span in EVERY:
        dotted = re.fullmatch(r"(evidence_(?:kernel|runtime|sim)(?:\.\w+)+)(?:\(.*\))?", span)
        if dotted:
            module, _, name = dotted[1].rpartition(".")
            try:
                import_module(dotted[1])
            except ModuleNotFoundError:
                assert hasattr(import_module(module), name), f"{page}: {span}"


def test_an_extra_is_one() -> None:
    core, whole = (
        tomllib.loads((TOP / folder / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        for folder in ("kernel", "")
    )
    asked = [(of, extras.split(",")) for page in PAGES for of, extras in _EXTRAS.findall(PAGES[page])]
    assert len(asked) > 5
    for of, extras in asked:
        assert set(extras) <= set(core if of == "./kernel" else whole), extras


def first_cells(page: str, heading: str) -> set[str]:
    """What stands in backquotes in the first column of the tables under a heading."""
    section = PAGES[page].partition(heading)[2].partition("\n## ")[0]
    return {name for cell in re.findall(r"^\| (.*?) \|", section, re.M) for name in re.findall(r"`([^`]+)`", cell)}


def test_maps_are_whole() -> None:
    assert {name for name in first_cells("README.md", "## The map") if not (TOP / name).is_dir()} == set()
    twin = {path.stem for path in (TOP / "sim/evidence_sim/fast").glob("[!_]*.py")}
    assert first_cells("sim/README.md", "## The compiled twin") == twin
    assert first_cells("spec/README.md", "# The formal") >= {path.name for path in (TOP / "spec").glob("*.tla")}
    tests = {f"tests/{path.name}" for path in (TOP / "tests").iterdir() if path.name.startswith("test_")}
    tests |= {path.parent.relative_to(TOP).as_posix() for path in (TOP / "tests").glob("*/test_*.py")}
    assert first_cells("tests/README.md", "# Which") == tests


def test_a_store_keeps_what_a_profile_grants() -> None:
    section = PAGES["kernel/README.md"].partition("## Stores")[2].partition("\n- ")[0]
    granted = re.findall(r"\| `([a-z-]+)`[^|]*\|$", section, re.M)
    assert len(granted) > 5 and set(granted) <= set(PROFILES)


def test_the_flags_of_the_tests_are_told() -> None:
    named = re.compile(r"EVIDENCE_(?:ALL|[A-Z0-9]+_URL)\b")
    used = {flag for path in (TOP / "tests").rglob("*.py") for flag in named.findall(path.read_text(encoding="utf-8"))}
    assert used == set(named.findall(PAGES["tests/README.md"]))


def test_each_block_is_assigned_to_a_test_that_is_there() -> None:
    blocks = [block for page in PAGES for block in _FENCED.findall(PAGES[page])]
    for kind, text in blocks:
        known = {"python": RUN, "": TOLD}[kind]
        assert [line for line in known if line in text], f"no test has this block:\n{text}"
    for line, tests in (RUN | TOLD).items():
        assert any(line in text for _, text in blocks), f"no page has a block with {line!r}"
        for name in tests.split(", "):
            assert "README.md" in (TOP / "tests" / name).read_text(encoding="utf-8"), f"{name} reads no page"
