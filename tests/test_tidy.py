"""House rules: each is a pure function over text, and a test plants a breach and sees it red.

A function's lines go from `def` to its last one. The kernel's budget counts lines of code: those that hold
a token which is neither a comment nor part of a docstring, by `tokenize` and `ast`.
"""

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evidence_sim.invariants import INVARIANTS

TOP = Path(__file__).parent.parent
FILES = {
    path.relative_to(TOP).as_posix(): path.read_text(encoding="utf-8")
    for folder in ("kernel", "sim", "spec", "tests")
    for path in sorted((TOP / folder).rglob("*.py"))
    if "build" not in path.parts
}
SHIPPED = {name: text for name, text in FILES.items() if name.startswith(("kernel/", "sim/"))}
CORE = {name: text for name, text in FILES.items() if name.startswith("kernel/evidence_kernel/")}

LONGEST_FILE, LONGEST_FUNCTION, USUAL_FUNCTION, CORE_LINES = 300, 70, 40, 1325

PURE = re.compile(
    r"evidence_kernel\.[\w.]+"
    r"|(attrs|collections\.abc|enum|functools|json|operator|re|typing|unicodedata|urllib\.parse)(\.\w+)?"
)
IMPURE = re.compile(
    r"(random|secrets|time|uuid)\.\w+|os\.(urandom|getrandom)|datetime\.(datetime|date)\.(now|utcnow|today)"
)
MAY_BE_IMPURE = {
    "kernel/evidence_runtime/drive.py": {"time.time_ns", "secrets.token_hex"},  # the shell's clock, ids
    "sim/evidence_sim/bench.py": {"time.perf_counter"},  # what it measures
    "sim/evidence_sim/cli.py": {"time.perf_counter"},  # how long a run took
    "sim/evidence_sim/suite.py": {"time.perf_counter"},  # how long the suite took
}
MAY_SAY_PHASE = re.compile(
    r"kernel/evidence_kernel/(keys|messages|codes)\.py|sim/evidence_sim/(oracle|machines/original(_\w+)?)\.py"
)
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
NO_ID = "S99"  # what the tests of refusals name
Found = list[str]
Rule = Callable[[str], Found]


def _nodes(text: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(text)))


def _comments(text: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


def functions(text: str) -> dict[str, int]:
    """The lines of each function, by where it stands and its name."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in _nodes(text) if isinstance(node, kinds)]
    return {f"{node.lineno}: {node.name}": (node.end_lineno or 0) - node.lineno + 1 for node in found}


def long_file(text: str) -> Found:
    """A file keeps its budget."""
    lines = len(text.splitlines())
    return [f"{lines} lines"] if lines > LONGEST_FILE else []


def long_functions(text: str) -> Found:
    """A function keeps its budget."""
    return [f"{name}, {size} lines" for name, size in functions(text).items() if size > LONGEST_FUNCTION]


def no_purpose(text: str) -> Found:
    """A module opens with its purpose: one line, and nothing right below it."""
    first, *rest = (ast.get_docstring(ast.parse(text)) or "").splitlines() or [""]
    said = first.endswith((".", ":")) and not (rest and rest[0])
    return [] if said else [f"opens with {first!r}"]


def stubs(text: str) -> Found:
    """Nothing stands in for what is to come."""
    tests = [node.test for node in _nodes(text) if isinstance(node, ast.Assert)]
    return [f"{t.lineno}: assert False" for t in tests if isinstance(t, ast.Constant) and not t.value]


def leftovers(text: str) -> Found:
    """No notes to oneself."""
    return re.findall(r"\b(?:TO[D]O|FIX[M]E|XX[X])\b", text)


def mocks(text: str) -> Found:
    """No mocks: a store is real or keeps the port's contract."""
    return [name for name in imported(text) if re.match(r"(unittest\.)?mock\b", name)]


def broad_excepts(text: str) -> Found:
    """Whoever catches everything says why on the line."""
    comments, found = _comments(text), []
    for node in _nodes(text):
        if isinstance(node, ast.ExceptHandler) and node.lineno not in comments:
            caught = "BaseException" if node.type is None else ast.unparse(node.type)
            found += [f"{node.lineno}: {name}" for name in re.findall(r"\b(?:Base)?Exception\b", caught)]
    return found


def unreasoned(text: str) -> Found:
    """Whoever silences a checker names the rule and says why on the line."""
    silent = re.compile(r"#\s*(noqa|type:\s*ignore)")
    reasoned = re.compile(r"# (noqa: [A-Z]+\d+ - \w+|type: ignore\[[\w-]+\]  # \w+)")
    comments = _comments(text).items()
    return [f"{n}: {said}" for n, said in comments if silent.search(said) and not reasoned.search(said)]


def phase_words(text: str) -> Found:
    """The original's phases are named only where keys and messages are made."""
    return re.findall(r"phase[ _-]?[45]", text, re.IGNORECASE)


def _bindings(text: str) -> Iterator[tuple[str, str]]:
    for node in _nodes(text):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.asname or name.name.partition(".")[0], name.name
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                yield name.asname or name.name, f"{node.module}.{name.name}"


def imported(text: str) -> Found:
    """What is imported, in full."""
    return [full for _, full in _bindings(text)]


def foreign_imports(text: str) -> Found:
    """The core imports itself, attrs and the pure part of the standard library."""
    return [full for full in imported(text) if not PURE.fullmatch(full)]


def impure(text: str) -> Found:
    """No wall clock, no chance, nothing that differs from process to process."""
    bound, found = dict(_bindings(text)), [full for full in imported(text) if full.endswith(".*")]
    for node in _nodes(text):
        if isinstance(node, ast.Name | ast.Attribute):
            root, dot, rest = ast.unparse(node).partition(".")
            found += [full for full in [bound.get(root, "") + dot + rest] if IMPURE.fullmatch(full)]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found += [name for name in ("hash", "id") if name == node.func.id]
    return found


def code_lines(text: str) -> int:
    """The lines of code, as the head of this file says."""
    docs: set[int] = set()
    for node in _nodes(text):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            docs.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    empty = {"COMMENT", "NL", "NEWLINE", "INDENT", "DEDENT", "ENDMARKER"}
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    spans = [(t.start[0], t.end[0]) for t in tokens if tokenize.tok_name[t.type] not in empty]
    return len({n for first, last in spans for n in range(first, last + 1)} - docs)


def usual(sizes: Iterable[int]) -> int:
    """The size that nine of ten do not exceed."""
    ordered = sorted(sizes)
    return ordered[len(ordered) * 9 // 10]


def disagreements(root: dict[str, Any], core: dict[str, Any]) -> Found:
    """Both distributions say the same of themselves, and the root installs what the core needs."""
    found = [key for key in ("version", "license", "requires-python") if root[key] != core[key]]
    return found + [need for need in core["dependencies"] if need not in root["dependencies"]]


def cited(text: str) -> set[str]:
    """The ids of invariants and hazards that a text names, in tests' names too."""
    names = " ".join(re.findall(r"def test_(\w+)", text)).upper().replace("_", " ")
    return set(re.findall(r"\b[SLD][1-9]\d?\b", f"{text} {names}"))


def rows(page: str) -> dict[str, list[str]]:
    """The cells of each row of a page's tables that begins with an id."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines()]
    return {cells[0]: cells[1:] for cells in lines if re.fullmatch(r"[SLD]\d+", cells[0])}


def unanswered(page: str, tests: str) -> Found:
    """A hazard with something seen is executed, no other is, and each has an answer."""
    executed = cited(" ".join(re.findall(r"def test_\w+", tests)))
    seen = {id for id, cells in rows(page).items() if cells[1]}
    blank = {id for id, cells in rows(page).items() if not cells[-1]}
    return sorted(seen ^ {id for id in executed if id.startswith("D")} | blank)


def _page(name: str) -> str:
    path = TOP / name
    assert path.is_file(), f"{name} is missing"
    return path.read_text(encoding="utf-8")


def _breaches(rule: Rule, files: dict[str, str]) -> dict[str, Found]:
    return {name: found for name, text in files.items() if (found := rule(text))}


EVERYWHERE = (long_file, long_functions, no_purpose, stubs, leftovers, mocks, broad_excepts, unreasoned)
TRY = "try:\n    a\nexcept "
PLANTED: tuple[tuple[Rule, str, str], ...] = (
    (long_file, "a = 1\n" * (LONGEST_FILE + 1), "a = 1\n" * LONGEST_FILE),
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
    assert sum(code_lines(text) for text in CORE.values()) <= CORE_LINES


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
    assert [(id, cells[0]) for id, cells in page.items()] == [(i.id, i.name) for i in INVARIANTS]


def test_every_hazard_is_executed_or_answered() -> None:
    page = _page("spec/hazards.md")
    assert list(rows(page)) == [f"D{number}" for number in range(1, 30)]
    assert unanswered(page, FILES["tests/test_hazards.py"]) == []
