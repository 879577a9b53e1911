"""What the commands share: exit statuses, the error of a wrong use, arguments that are numbers, JSON."""

import argparse
import json
import os
import resource
import shlex
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from evidence_sim.crew import Crew
from evidence_sim.machines import MACHINES, NoMachine
from evidence_sim.trace import Trace, TraceError, beside, dump

OK, FOUND, USAGE, DISAGREE, INTERRUPTED = 0, 1, 2, 3, 130
GIVEN = argparse.SUPPRESS  # what stands before the command counts as well
_UNITS = {"h": 3600, "m": 60, "s": 1}
_YEAR = 366 * 24 * 3600
YOURS = "MODULE:ATTRIBUTE is one of yours"
ANOTHER_FILE = "; name another file"
ANOTHER_FOLDER = "; name another folder with --out"


class Unusable(Exception):
    """The command cannot be carried out as given; the message names the value and the way out."""


def interrupted(seeds: int) -> int:
    """Say that Ctrl-C ended a campaign after so many seeds; the exit status."""
    print(f"evidence-sim: interrupted after {seeds:,} seeds", file=sys.stderr)
    return INTERRUPTED


def count(most: int, least: int = 1) -> Callable[[str], int]:
    """The type of an argument that is a number of things."""

    def counted(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no number from {least} to {most}")
        return int(text)

    return counted


def needs_z3(command: str) -> None:
    """Raises Unusable where there is no Z3, which only a part of the commands needs."""
    if find_spec("z3") is None:
        raise Unusable(f"{command} needs Z3; install it with: pip install z3-solver")


def duration(text: str) -> int:
    """The type of an argument that is a time: its seconds."""
    number, unit = text[:-1], text[-1:]
    if not number.isdecimal() or unit not in _UNITS or not 1 <= int(number) * _UNITS[unit] <= _YEAR:
        raise argparse.ArgumentTypeError(f"{text!r} is no time of at most a year; give one as 8h, 90m or 30s")
    return int(number) * _UNITS[unit]


def hired(cluster: str | None, jobs: int | None, otherwise: Crew) -> AbstractContextManager[Crew]:
    """The crew of a cluster, if one is named. Raises Unusable where there is no dask.distributed."""
    if cluster is None:
        return otherwise
    if find_spec("distributed") is None:
        raise Unusable("--cluster needs dask.distributed; install it with: pip install 'evidence-sim[cluster]'")
    from evidence_sim.cluster import workers  # dask is a second in coming

    return workers(cluster, jobs)


def machines(text: str) -> tuple[str, ...]:
    """The type of an argument that names one machine, or several over one store."""
    names = tuple(text.split(","))
    if ":" in text and "" not in sys.path:
        sys.path.insert(0, "")  # a machine of the user's stands where the command runs
    try:
        for name in names:
            MACHINES[name]
        beside(names)
    except (NoMachine, TraceError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return names


def write_json(path: Path, value: Any) -> None:
    """Write a result where the user wants it. Raises Unusable where it cannot be written."""
    text = json.dumps(value, indent=2) + "\n"
    if path == Path("-"):
        sys.stdout.write(text)
        return
    _write(path, text, "")


def append_text(path: Path, text: str) -> None:
    """Append to a file, and make its folder where there is none. Raises Unusable where that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        raise Unusable(f"cannot write {path}: {error.strerror}") from None


def keep(folder: Path, trace: Trace) -> Path:
    """Write a trace into a folder, under its machine, profile and invariant. Raises Unusable where that fails."""
    path = folder / f"{named(trace)}.json"
    write_text(path, dump(trace), ANOTHER_FOLDER)
    return path


def named(trace: Trace) -> str:
    """What a trace's file is named by."""
    return f"{trace.machine.replace(',', '+').replace(':', '.')}-{trace.config.profile}-{trace.violates}"


def replaying(path: Path, machine: str) -> str:
    """The command that replays a trace of a machine that was written to `path`."""
    named = f" --machine {shlex.quote(machine)}" if ":" in machine else ""
    return f"evidence-sim replay {shlex.quote(str(path))}{named}"


def replace_text(path: Path, text: str, way_out: str) -> None:
    """Write a file, and its folder where there is none, so that whoever reads it has this or what was there before.

    Raises Unusable where that is not possible.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise Unusable(f"cannot write {path}: {error.strerror}{way_out}") from None
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str, way_out: str) -> None:
    """Write a file, and its folder where there is none. Raises Unusable where that is not possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unusable(f"cannot write {path}: {error.strerror}{way_out}") from None
    _write(path, text, way_out)


def _write(path: Path, text: str, way_out: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")  # arguments may be no text
    except OSError as error:
        raise Unusable(f"cannot write {path}: {error.strerror}{way_out}") from None


def peak_memory() -> int:
    """The most memory that this process has held until now, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
