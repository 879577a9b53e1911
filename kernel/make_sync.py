"""The sync form of each module of `evidence_runtime.aio` that says so in its first line.

    python kernel/make_sync.py [--check]

`async` and `await` are dropped, modules and names replaced by two closed tables, in code, strings and comments;
the rest is kept as it stands. A module without that line is of one form alone, or written twice. `--check` writes
nothing and names each file that is stale. Needs ruff.
"""

import io
import re
import subprocess
import sys
import tokenize
from itertools import pairwise
from pathlib import Path

RUNTIME = Path(__file__).parent / "evidence_runtime"
SOURCE = "# The sync form is generated from this file: run kernel/make_sync.py after a change.\n"
MADE = "# Generated from aio/{name} by kernel/make_sync.py: change it there.\n"
MODULES = {
    "evidence_runtime.aio": "evidence_runtime",
    "redis.asyncio": "redis",
    "sqlalchemy.ext.asyncio": "sqlalchemy",
}
NAMES = {
    "AsyncConnection": "Connection",
    "AsyncEngine": "Engine",
    "AsyncGenerate": "Generator",
    "AsyncIterable": "Iterable",
    "AsyncIterator": "Iterator",
    "AsyncStore": "Store",
    "StopAsyncIteration": "StopIteration",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "aclose": "close",
    "aclosing": "closing",
    "asynccontextmanager": "contextmanager",
    "bytes_async": "bytes",
    "create_async_engine": "create_engine",
    "delete_async": "delete",
    "get_async": "get",
    "head_async": "head",
    "put_async": "put",
}
_REPLACED = {**MODULES, **NAMES}
_OLD = re.compile(rf"\b(?:{'|'.join(map(re.escape, _REPLACED))})\b")


def sync(text: str, name: str) -> str:
    """The sync form of a module's text, formatted; `name` is its file's. Raises ValueError where no line marks it."""
    if not text.startswith(SOURCE):
        raise ValueError(f"aio/{name} does not begin with {SOURCE!r}")
    plain = _OLD.sub(lambda found: _REPLACED[found[0]], _awaitless(text.removeprefix(SOURCE)))
    return _ruff(_ruff(MADE.format(name=name) + plain, "check", "--select=I,RUF022", "--fix-only"), "format")


def _awaitless(text: str) -> str:
    lines = text.splitlines(keepends=True)
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    for token, after in reversed(list(pairwise(tokens))):
        if token.type == tokenize.NAME and token.string in ("async", "await"):
            (row, column), (row_after, column_after) = token.start, after.start
            assert row == row_after, f"line {row}: {token.string} ends it"
            lines[row - 1] = lines[row - 1][:column] + lines[row - 1][column_after:]
    return "".join(lines)


def _ruff(text: str, *how: str) -> str:
    command = [sys.executable, "-m", "ruff", *how, "-q", f"--stdin-filename={RUNTIME / 'made.py'}", "-"]
    return subprocess.run(command, input=text, text=True, stdout=subprocess.PIPE, check=True).stdout


def stale(runtime: Path) -> dict[Path, str]:
    """What each file that is not as generated ought to hold. Raises ValueError or OSError where a source is gone."""
    sources = {path.name for path in runtime.glob("aio/*.py") if _text(path).startswith(SOURCE)}
    made = {path.name for path in runtime.glob("*.py") if _text(path).startswith(MADE.format(name=path.name))}
    due = {name: sync((runtime / "aio" / name).read_text(encoding="utf-8"), name) for name in sorted(sources | made)}
    return {runtime / name: text for name, text in due.items() if _text(runtime / name) != text}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def main(arguments: list[str], runtime: Path = RUNTIME) -> int:
    """Write or check; 1 where `--check` finds a file stale."""
    if arguments not in ([], ["--check"]):
        print("usage: python kernel/make_sync.py [--check]", file=sys.stderr)
        return 2
    found = stale(runtime)
    for path, text in found.items():
        if arguments:
            print(f"{path.name} is stale: run python kernel/make_sync.py", file=sys.stderr)
        else:
            path.write_text(text, encoding="utf-8")
    return 1 if arguments and found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
