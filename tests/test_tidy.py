"""The house keeps its rules, and each rule sees a planted breach."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from evidence_sim.invariants import INVARIANTS
from tests.house_rules import (
    LONGEST_COMPILED_FILE,
    LONGEST_FILE,
    LONGEST_FUNCTION,
    Found,
    Rule,
    broad_excepts,
    cited,
    code_lines,
    disagreements,
    foreign_imports,
    functions,
    impure,
    leftovers,
    long_compiled_file,
    long_file,
    long_functions,
    mocks,
    no_purpose,
    phase_words,
    rows,
    stubs,
    unanswered,
    unreasoned,
    usual,
)

TOP = Path(__file__).parent.parent
FILES = {
    path.relative_to(TOP).as_posix(): path.read_text(encoding="utf-8")
    for folder in ("kernel", "sim", "spec", "tests")
    for path in sorted((TOP / folder).rglob("*.py"))
    if "build" not in path.parts
}
SHIPPED = {name: text for name, text in FILES.items() if name.startswith(("kernel/", "sim/"))}
CORE = {name: text for name, text in FILES.items() if name.startswith("kernel/evidence_kernel/")}
TWIN = {name: text for name, text in FILES.items() if name.startswith("sim/evidence_sim/fast/")}
RECORDS = {name: text for name, text in CORE.items() if name.startswith("kernel/evidence_kernel/records/")}

USUAL_FUNCTION = 40
CORE_LINES, RECORDS_LINES = 1000, 350  # the machine, and the bytes that it reads and writes
_PLACES = {"evidence_sim.fast.layout.*"}  # nothing but the names of places
_TWIN = ("bulk", "judges", "kernel", "known", "packed", "search", "states", "store", "ticks")
MAY_BE_IMPURE = {
    **{f"sim/evidence_sim/fast/{name}.py": _PLACES for name in _TWIN},
    "kernel/evidence_runtime/shell.py": {"time.time_ns", "secrets.token_hex"},  # the shell's clock, ids
    "kernel/evidence_runtime/objects.py": {"secrets.token_bytes", "secrets.token_hex"},  # no content comes twice
    "kernel/evidence_runtime/redis.py": {"secrets.token_hex"},  # no version comes twice
    "kernel/evidence_runtime/aio/redis.py": {"secrets.token_hex"},  # as above
    "kernel/evidence_runtime/probe.py": {"secrets.token_hex"},  # a key of its own
    "kernel/evidence_runtime/aio/probe.py": {"secrets.token_hex"},  # as above
    "kernel/evidence_runtime/conformance/histories.py": {"time.monotonic_ns"},  # one clock for several processes
    "kernel/evidence_runtime/conformance/rule.py": {"secrets.token_hex"},  # a trial's own keys
    "kernel/evidence_runtime/aio/objects.py": {"secrets.token_bytes", "secrets.token_hex"},  # as above
    "kernel/evidence_runtime/fleet.py": {"time.monotonic"},  # latencies
    "kernel/evidence_runtime/aio/fleet.py": {"time.monotonic"},
    "kernel/evidence_runtime/rounds.py": {"secrets.randbelow"},  # jitter
    "sim/evidence_sim/stored_cells.py": {"secrets.token_hex"},  # a campaign's own keys
    **{f"sim/evidence_sim/bench/{name}.py": {"time.perf_counter"} for name in ("engines", "store", "timing", "twin")},
    "sim/evidence_sim/run_cli.py": {"time.perf_counter"},  # how long a run took, and may take
    "sim/evidence_sim/proof/check.py": {"time.perf_counter"},  # how long an obligation took
    "sim/evidence_sim/suite.py": {"time.perf_counter"},  # how long the suite took
    "sim/evidence_sim/explore_cli.py": {"time.perf_counter"},  # how long a search took
}
MAY_SAY_PHASE = re.compile(
    r"kernel/evidence_kernel/(records/keys|messages|codes)\.py|sim/evidence_sim/(oracle|machines/original(_\w+)?)\.py"
)
NO_ID = "S99"  # what the tests of refusals name


def _page(name: str) -> str:
    path = TOP / name
    assert path.is_file(), f"{name} is missing"
    return path.read_text(encoding="utf-8")


def _breaches(rule: Rule, files: Mapping[str, str]) -> dict[str, Found]:
    return {name: found for name, text in files.items() if (found := rule(text))}


EVERYWHERE = (long_compiled_file, long_functions, no_purpose, stubs, leftovers, mocks, broad_excepts, unreasoned)
TRY = "try:\n    a\nexcept "
PLANTED: tuple[tuple[Rule, str, str], ...] = (
    (long_file, "a = 1\n" * (LONGEST_FILE + 1), "a = 1\n" * LONGEST_FILE),
    (long_compiled_file, "a = 1\n" * (LONGEST_COMPILED_FILE + 1), "a = 1\n" * LONGEST_COMPILED_FILE),
    (long_functions, "def f():\n" + "    a = 1\n" * LONGEST_FUNCTION, "def f():\n    a = 1\n"),
    (no_purpose, '"""Words\nand words."""\n', '"""Purpose.\n\nMore words.\n"""\n'),
    (no_purpose, "a = 1\n", '"""Purpose."""\n'),
    (stubs, "def f():\n    assert False, 'later'\n", "assert not a\n"),
    (leftovers, "a = 1  # TO" + "DO\n", "a = 1\n"),
    (mocks, "from unittest import mock\n", "import unittest\n"),
    (mocks, "from unittest.mock import Mock\n", "from mocks import a\n"),
    (broad_excepts, f"{TRY}(OSError, Exception):\n    b\n", f"{TRY}OSError:\n    b\n"),
    (broad_excepts, f"{TRY}:\n    b\n", f"{TRY}Exception:  # a boundary\n    b\n"),
    (unreasoned, "a = 1  # noqa: E501\n", "a = 1  # noqa: E501 - a table\n"),
    (unreasoned, "a = 1  # type: ignore[misc]\n", "a = 1  # type: ignore[misc]  # a lie\n"),
    (phase_words, "A = 'Phase4:x'\n", "phase = 4\n"),
    (foreign_imports, "from urllib.request import urlopen\n", "from urllib.parse import quote\nimport re\n"),
    (impure, "from datetime import date as d\nd.today()\n", "from datetime import date\ndate.max\n"),
    (impure, "import time\ntime.time()\n", "time = 1\ntime.real\n"),
    (impure, "from random import random\nrandom()\n", "a.random()\n"),
    (impure, "a = {hash(b): id(c)}\n", "a.id(b)\n"),
)


@pytest.mark.parametrize(("rule", "breach", "fine"), PLANTED)
def test_a_rule_sees_what_it_is_for(rule: Rule, breach: str, fine: str) -> None:
    assert rule(breach)
    assert not rule(fine)


@pytest.mark.parametrize("rule", EVERYWHERE, ids=lambda rule: rule.__name__)
def test_every_file_keeps_the_rule(rule: Rule) -> None:
    assert _breaches(rule, FILES) == {}


def test_only_the_compiled_twin_has_long_files() -> None:
    assert _breaches(long_file, {name: text for name, text in FILES.items() if name not in TWIN}) == {}


def test_the_measures_measure() -> None:
    assert usual([50, 50, *[1] * 8]) == 50 and usual([50, *[1] * 10]) == 1
    assert code_lines('"""Doc."""\n\n# comment\na = """\n\nb"""\n') == 3
    root = {"version": 1, "license": 2, "requires-python": 3, "dependencies": ["y"]}
    assert disagreements(root, {**root, "license": 0, "dependencies": ["x", "y"]}) == ["license", "x"]
    assert cited("def test_s3_d4_holds(): pass  # as S1") >= {"S1", "S3", "D4"}
    page = "| D1 | a | seen | b |\n| D2 | a | | b |\n| D3 | a | | |\n"
    assert unanswered(page, "def test_d2_x") == ["D1", "D2", "D3"]


def test_functions_are_usually_short() -> None:
    assert usual(size for text in FILES.values() for size in functions(text).values()) <= USUAL_FUNCTION


def test_the_core_stays_small() -> None:
    records = sum(code_lines(text) for text in RECORDS.values())
    machine = sum(code_lines(text) for text in CORE.values()) - records
    assert machine <= CORE_LINES and records <= RECORDS_LINES, (machine, records)


def test_the_core_imports_what_is_pure() -> None:
    assert _breaches(foreign_imports, CORE) == {}


def test_phases_are_named_where_keys_and_messages_are_made() -> None:
    assert _breaches(phase_words, {n: t for n, t in SHIPPED.items() if not MAY_SAY_PHASE.fullmatch(n)}) == {}


def test_nothing_shipped_reads_a_clock_or_draws() -> None:
    found = {name: set(impure(text)) for name, text in SHIPPED.items()}
    assert {name: names for name, names in found.items() if names} == MAY_BE_IMPURE


def test_the_distributions_agree_and_are_typed() -> None:
    root, core = (tomllib.loads(_page(f"{at}pyproject.toml"))["project"] for at in ("", "kernel/"))
    assert disagreements(root, core) == []
    assert f"\n## {root['version']} " in _page("CHANGELOG.md")
    assert "Apache License" in _page("LICENSE") == _page("kernel/LICENSE") and root["license"] == "Apache-2.0"
    assert len([name for package in TOP.glob("*/evidence_*/") for name in package.glob("py.typed")]) == 3


def test_every_id_cited_exists() -> None:
    known = rows(_page("spec/protocol.md")).keys() | rows(_page("spec/hazards.md")).keys()
    assert _breaches(lambda text: sorted(cited(text) - known - {NO_ID}), FILES) == {}


def test_invariants_are_those_of_the_protocol() -> None:
    page = rows(_page("spec/protocol.md"))
    assert {id: page.pop(id)[0] for id in ("L2", "L3")} == {"L2": "Reported", "L3": "NeverWedged"}  # of whole runs
    assert [(id, cells[0]) for id, cells in page.items()] == [(i.id, i.name) for i in INVARIANTS]


def test_every_hazard_is_executed_or_answered() -> None:
    page = _page("spec/hazards.md")
    assert list(rows(page)) == [f"D{number}" for number in range(1, 30)]
    assert unanswered(page, FILES["tests/test_hazards.py"]) == []
