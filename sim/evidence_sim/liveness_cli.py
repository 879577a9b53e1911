"""The command `evidence-sim liveness`."""

import argparse
from pathlib import Path
from typing import Any

from attrs import asdict
from rich.console import Console

from evidence_sim.config import Config
from evidence_sim.explore.bounds import MOST_TICKS, Bounds
from evidence_sim.explore.liveness import FOLLOWED, PERIOD, Followed, follow
from evidence_sim.outputs import add_outputs, write_outputs
from evidence_sim.report import console, spinner, table
from evidence_sim.usage import FOUND, OK, count, write_json

FORMAT = "evidence-liveness/1"
_HOURS = PERIOD // 3_600_000

_EXAMPLES = """examples:
  evidence-sim liveness                                 each profile that is followed
  evidence-sim liveness --profile cloud-kv --faults 0   one, where nothing fails
"""


def add(commands: Any) -> None:
    """The parser of the command."""
    parser = commands.add_parser(
        "liveness", help="what is reached on every run, and within how many ticks", epilog=_EXAMPLES
    )
    parser.add_argument("--profile", choices=FOLLOWED, action="append", help="default: each of these")
    parser.add_argument("--ticks", type=count(MOST_TICKS), default=2, help="before the last fault is over (default: 2)")
    parser.add_argument("--faults", type=count(9, 0), default=1, help="in all (default: 1)")
    parser.add_argument("--steps", type=count(9, 0), default=0, help="of clocks among the faults (default: 0)")
    parser.add_argument("--overlap", type=count(3), default=2, help="ticks that may overlap for ever (default: 2)")
    add_outputs(parser, "json")
    parser.set_defaults(do=_liveness)


def _liveness(given: argparse.Namespace) -> int:
    bounds = Bounds(given.ticks, given.faults, given.steps)
    done = []
    with spinner("liveness") as now:
        for profile in given.profile or FOLLOWED:
            done.append(follow(Config(profile=profile), bounds, given.overlap, now))
    show(console(stderr=given.json == Path("-")), done, given.overlap)
    described = {"format": FORMAT, "overlap": given.overlap, "profiles": [asdict(each) for each in done]}
    write_outputs(given, json=lambda path: write_json(path, described))
    return FOUND if any(bound.cycle for each in done for bound in each.bounds) else OK


def show(out: Console, done: list[Followed], overlap: int) -> None:
    """Per profile and property: the bound, or the cycle that never meets it."""
    rows = []
    for each in done:
        for bound in each.bounds:
            most = (str(bound.ticks), str(bound.periods)) if not bound.cycle else ("for ever", "for ever")
            rows.append((each.profile, bound.name, bound.says, *most))
    names = ("profile", "property", "until", "ticks before, at most", "periods before")
    out.print(table(f"After the last fault, {_HOURS} h a period, up to {overlap} ticks in each", names, rows))
    for each in done:
        out.print(f"{each.said}: {each.states:,} states, {each.places:,} futures of them")
        for bound in each.bounds:
            if bound.cycle:
                out.print(f"{bound.name} is never met on: {' '.join(bound.cycle)}", markup=False)
