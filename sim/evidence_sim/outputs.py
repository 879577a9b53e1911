"""What a command writes beside what it shows: JSON, a page, JUnit XML, a Markdown section."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from evidence_sim.usage import GIVEN, Unusable

# Options, with what stands for their values and what they are for.
OUTPUTS: Mapping[str, tuple[str, str]] = {
    "json": ("PATH", "also write it as JSON; - for stdout"),
    "report": ("FILE.html", "also write it as a page"),
    "junit": ("FILE", "also write it as JUnit XML"),
    "summary": ("FILE", 'append Markdown; in a workflow "$GITHUB_STEP_SUMMARY"'),
}


def add_outputs(parser: argparse.ArgumentParser, *names: str) -> None:
    """Have a command write these; what stands before the command counts as well."""
    for name in names:
        metavar, says = OUTPUTS[name]
        parser.add_argument(f"--{name}", metavar=metavar, type=Path, default=GIVEN, help=says)


def write_outputs(given: argparse.Namespace, **made: Callable[[Path], None]) -> None:
    """Write those that are named, each even where another cannot be written; raises the first's Unusable then."""
    first = None
    for name, write in made.items():
        path = getattr(given, name)
        try:
            if path is not None:
                write(path)
        except Unusable as error:
            first = first or error
    if first is not None:
        raise first
