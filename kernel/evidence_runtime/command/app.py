"""The commands of operators, and how each ends: 0 as it should be, 1 something is lacking, 2 wrong usage."""

import functools
import os
import sys
from collections.abc import Callable, Sequence

import typer

from evidence_runtime.command.examples import examples
from evidence_runtime.command.records import forget, repair
from evidence_runtime.command.reports import audit, bring, status
from evidence_runtime.command.shared import LACKING, OK, USAGE, Unusable
from evidence_runtime.command.tick import tick
from evidence_runtime.command.vectors import vectors
from evidence_runtime.sources import SourceError
from evidence_runtime.store import StoreError

INTERRUPTED = 130

app = typer.Typer(
    help="Run ticks on a store, judge it, repair it.",
    epilog="Each command's own --help has examples.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    try:
        app(list(sys.argv[1:] if arguments is None else arguments), prog_name="evidence")
    except SystemExit as ended:  # how the parser of options ends, in every case
        return ended.code if isinstance(ended.code, int) else OK
    return OK


def _ending(command: Callable[..., int]) -> Callable[..., None]:
    """A command whose exit status is what it returns, or what its error means; no traceback for a user's mistake."""

    @functools.wraps(command)
    def ended(*args: object, **kwargs: object) -> None:
        raise typer.Exit(_status(lambda: command(*args, **kwargs)))

    return ended


def _status(command: Callable[[], int]) -> int:
    try:
        status = command()
        sys.stdout.flush()
    except (Unusable, SourceError, StoreError) as error:
        print(f"evidence: {error}", file=sys.stderr)
        return LACKING if isinstance(error, StoreError) else USAGE
    except (typer.Abort, KeyboardInterrupt):
        print("evidence: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # who reads has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    return status


for name, command in (
    ("tick", tick),
    ("audit", audit),
    ("import", bring),
    ("status", status),
    ("repair", repair),
    ("forget", forget),
    ("vectors", vectors),
):
    app.command(name, epilog=examples(name))(_ending(command))
