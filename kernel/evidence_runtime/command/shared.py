"""What the commands share: stores and files by name, tenants, progress, log lines, JSON."""

import json
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from evidence_kernel.identity import canonical_tenant
from evidence_kernel.records.instants import format_instant
from evidence_runtime.sources import Entry, Source
from evidence_runtime.store import Store, StoreError
from evidence_runtime.urls import FORMS, open_store

OK, LACKING, USAGE = 0, 1, 2
_PLAIN = 120  # columns where there is no terminal

StoreOption = Annotated[str, typer.Option("--store", metavar="URL", help=f"Where the records are: {FORMS}.")]
TenantOption = Annotated[str, typer.Option("--tenant", metavar="ID", help="The tenant's id.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines: one JSON object a line.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


class Unusable(Exception):
    """What was given cannot be used; the message names the value and the way out."""


def console(stderr: bool = False) -> Console:
    """Where to print: as wide as the terminal, or plain."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else _PLAIN, highlight=False)


def emit(record: object) -> None:
    """One JSON object on a line of standard output."""
    sys.stdout.write(json.dumps(record) + "\n")


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> Table:
    """A table; what is in its cells is never taken for markup."""
    made = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(str(cell).replace("[", "\\[") for cell in row))
    return made


def when(ms: int | None) -> str:
    """An instant for people."""
    return "never" if ms is None else format_instant(ms)


@contextmanager
def opened(text: str, read_only: bool = False) -> Iterator[Store]:
    """The store that `--store` names."""
    with ExitStack() as stack:
        try:
            store = stack.enter_context(open_store(text, read_only=read_only))
        except StoreError as error:
            raise Unusable(f"--store: {error}") from None
        yield store


def canonical(text: str) -> str:
    """The tenant's id in its one spelling."""
    tenant = canonical_tenant(text)
    if tenant is None:
        raise Unusable(
            f"{text!r} is no tenant id: 1 to 128 characters, no blank at either end, no control character,"
            " at most 220 bytes encoded"
        )
    return tenant


def tenants_in(path: Path) -> Iterator[str]:
    """The ids in a file, one a line, in their one spelling; blank lines are left out."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                text = line.rstrip("\r\n")
                if text.strip():
                    tenant = canonical_tenant(text)
                    if tenant is None:
                        raise Unusable(f"{path}, line {number}: {text!r} is no tenant id")
                    yield tenant
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise Unusable(f"cannot read {path}: {reason}") from None


def read_json(path: Path) -> Any:
    """The JSON value in a file, or on standard input for `-`."""
    try:
        text = sys.stdin.read() if path == Path("-") else path.read_text(encoding="utf-8")
        return json.loads(text)
    except OSError as error:
        raise Unusable(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise Unusable(f"{path} holds no JSON: {error}") from None


@contextmanager
def reading(source: Source) -> Iterator[None]:
    """How far a source is read, and how many records: at a terminal on standard error, unless lines go there too."""
    out = console(stderr=True)
    if not out.is_terminal or sys.stdout.isatty():
        yield
        return
    columns = (TextColumn("{task.fields[records]:,} records"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("", total=source.size or None, records=0)
        entries = source.entries

        def counted() -> Iterator[Entry]:
            for number, entry in enumerate(entries):
                if number % 1000 == 0:
                    bar.update(task, completed=source.done, records=number)
                yield entry

        source.entries = counted()
        yield


class _Lines(logging.Formatter):
    """The instant, the level and the line: what a log collector wants."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return f"{format_instant(int(record.created * 1000))} {record.levelname} {text}"


def log_to_stderr() -> None:
    """Log lines of ticks and operators go to standard error."""
    logger = logging.getLogger("evidence")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines("%(message)s"))
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def agreed(question: str, yes: bool) -> bool:
    """Whether the operator agrees. Without a terminal `--yes` must have been given."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Unusable("there is no terminal to ask at; give --yes once you have seen what will be done")
    return typer.confirm(question, err=True)
