"""The house rules as pure functions over text; each names where the text breaks it.

A function's lines go from `def` to its last one. A budget of code counts lines that hold a token which is
neither a comment nor part of a docstring, by `tokenize` and `ast`.
"""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

LONGEST_FILE, LONGEST_COMPILED_FILE, LONGEST_FUNCTION = 300, 500, 70
PURE = re.compile(
    r"evidence_kernel\.[\w.]+"
    r"|(attrs|calendar|collections\.abc|datetime|enum|functools|json|operator|re|typing|unicodedata)(\.\w+)?"
    r"|urllib\.parse(\.\w+)?"
)
IMPURE = re.compile(
    r"(random|secrets|time|uuid)\.\w+|os\.(urandom|getrandom)|datetime\.(datetime|date)\.(now|utcnow|today)"
)
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
Found = list[str]
Rule = Callable[[str], Found]


@cache
def _tree(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def _nodes(text: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(_tree(text)))


def _comments(text: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


def functions(text: str) -> dict[str, int]:
    """The lines of each function, by where it stands and its name."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in _nodes(text) if isinstance(node, kinds)]
    return {f"{node.lineno}: {node.name}": (node.end_lineno or 0) - node.lineno + 1 for node in found}


def long_file(text: str, longest: int = LONGEST_FILE) -> Found:
    """A file keeps its budget."""
    lines = len(text.splitlines())
    return [f"{lines} lines"] if lines > longest else []


def long_compiled_file(text: str) -> Found:
    """So does one of the compiled twin, whose modules are made of what calls each other."""
    return long_file(text, LONGEST_COMPILED_FILE)


def long_functions(text: str) -> Found:
    """A function keeps its budget."""
    return [f"{name}, {size} lines" for name, size in functions(text).items() if size > LONGEST_FUNCTION]


def no_purpose(text: str) -> Found:
    """A module opens with its purpose: one line, and nothing right below it."""
    first, *rest = (ast.get_docstring(_tree(text)) or "").splitlines() or [""]
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
