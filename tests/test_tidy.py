"""House rules: budgets, purpose lines, and that every id cited exists, and the other way round."""

import ast
import re
from pathlib import Path

import pytest

from evidence_sim.invariants import INVARIANTS

TOP = Path(__file__).parent.parent
FOLDERS = ("kernel", "sim", "spec", "tests")
FILES = sorted(p for folder in FOLDERS for p in (TOP / folder).rglob("*.py") if "build" not in p.parts)
LONGEST_FILE, LONGEST_FUNCTION, USUAL_FUNCTION, KERNEL = 300, 70, 40, 1350


def functions(text: str) -> list[int]:
    """The lines of each function."""
    tree = ast.walk(ast.parse(text))
    return [(node.end_lineno or 0) - node.lineno + 1 for node in tree if isinstance(node, ast.FunctionDef)]


def code_lines(text: str) -> int:
    """The lines that hold code: no blank ones, comments and docstrings."""
    tree = ast.parse(text)
    docs: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            docs.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(bool(line.strip()) and not line.strip().startswith("#") and n not in docs for n, line in lines)


def smells(text: str) -> list[str]:
    """What must not stand in the project."""
    words = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|unittest\.mo" + r"ck|Magic" + r"Mock)\b")
    broad = re.compile(r"except( Exception| BaseException)?:(?!  #)\s*$")
    return [line.strip() for line in text.splitlines() if words.search(line) or broad.search(line.strip())]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TOP)))
def test_a_file_keeps_the_budgets(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST_FILE
    assert max(functions(text), default=0) <= LONGEST_FUNCTION
    doc = ast.get_docstring(ast.parse(text))
    assert doc and doc.splitlines()[0].rstrip().endswith((".", ":")), "a module opens with its purpose"


def test_functions_are_usually_short() -> None:
    sizes = sorted(size for path in FILES for size in functions(path.read_text(encoding="utf-8")))
    assert sizes[len(sizes) * 9 // 10] <= USUAL_FUNCTION


def test_the_kernel_stays_small() -> None:
    files = (TOP / "kernel" / "evidence_kernel").glob("*.py")
    assert sum(code_lines(path.read_text(encoding="utf-8")) for path in files) <= KERNEL


def test_nothing_smells() -> None:
    found = {path: bad for path in FILES if (bad := smells(path.read_text(encoding="utf-8")))}
    assert found == {}


def test_the_rules_see_what_they_are_for() -> None:
    assert smells("# TO" + "DO later") and smells("except Exception:") and not smells("except Exception:  # a boundary")
    assert functions("def f():\n    a = 1\n    return a\n") == [3]
    assert code_lines('"""Doc."""\n\n# comment\na = 1\n') == 1


def test_invariants_are_those_of_the_protocol() -> None:
    page = (TOP / "spec" / "protocol.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| ([SL]\d+) \| (\w+) \|", page, re.M) == [(i.id, i.name) for i in INVARIANTS]


def test_hazards_are_numbered_and_executed_or_answered() -> None:
    page = (TOP / "spec" / "hazards.md").read_text(encoding="utf-8")
    numbers = [int(n) for n in re.findall(r"^\| D(\d+) \|", page, re.M)]
    assert numbers == list(range(1, 30))
    executed = set(re.findall(r"d(\d+)(?=_)", " ".join(re.findall(r"def test_(\w+)", _hazards()))))
    assert {int(n) for n in executed} == set(range(1, 26))


def _hazards() -> str:
    return (TOP / "tests" / "test_hazards.py").read_text(encoding="utf-8")
