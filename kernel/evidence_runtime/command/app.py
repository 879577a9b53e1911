"""The commands of operators, and how each ends: 0 as it should be, 1 something is lacking, 2 wrong usage."""

import os
import sys
from collections.abc import Sequence

import click
import typer

from evidence_runtime.command.records import forget, repair
from evidence_runtime.command.reports import audit, bring, status
from evidence_runtime.command.shared import LACKING, OK, USAGE
from evidence_runtime.command.tick import tick
from evidence_runtime.sources import SourceError
from evidence_runtime.store import StoreError

INTERRUPTED = 130

app = typer.Typer(
    help="Run ticks on a store, judge it, repair it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(tick)
app.command()(audit)
app.command("import")(bring)
app.command()(status)
app.command()(repair)
app.command()(forget)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    try:
        ended = app(list(sys.argv[1:] if arguments is None else arguments), "evidence", standalone_mode=False)
        sys.stdout.flush()
        return ended if isinstance(ended, int) else OK
    except click.ClickException as error:
        error.show(sys.stderr)
        return error.exit_code
    except SourceError as error:
        print(f"evidence: {error}", file=sys.stderr)
        return USAGE
    except StoreError as error:
        print(f"evidence: {error}", file=sys.stderr)
        return LACKING
    except (click.Abort, KeyboardInterrupt):
        print("evidence: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # who reads has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
