"""The command `evidence-sim validate`."""

import argparse
import sys
from pathlib import Path
from typing import Any

from evidence_sim.outputs import add_outputs, write_outputs
from evidence_sim.report import console, progress
from evidence_sim.usage import FOUND, OK, write_json
from evidence_sim.validation.files import Place, in_order, lines, size
from evidence_sim.validation.judge import FORMAT, Judge

_EXAMPLES = """examples:
  evidence-sim validate ticks.jsonl               what `evidence tick --record ticks.jsonl` recorded
  evidence-sim validate ticks.jsonl*              with the files that were put aside, in any order
  evidence-sim validate ticks.jsonl --json -      the verdict for machines
"""


def add(commands: Any) -> None:
    """The parser of the command."""
    parser = commands.add_parser(
        "validate",
        help="judge recordings of real ticks by the kernel",
        epilog=_EXAMPLES,
    )
    parser.add_argument("files", type=Path, metavar="FILE", nargs="+")
    parser.add_argument(
        "--forgotten", metavar="ID", action="append", default=[], help="a tenant whom an operator forgot meanwhile"
    )
    add_outputs(parser, "json")
    parser.set_defaults(do=_validate)


def _validate(given: argparse.Namespace) -> int:
    judge = Judge(given.forgotten)
    out = console(stderr=given.json == Path("-"))
    done, shown = 0, 0

    def read_bytes(count: int) -> None:
        nonlocal done
        done += count
        bar.to(done)

    def torn(place: Place) -> None:
        judge.counts["torn"] += 1
        out.print(f"{place}: its process was killed within the line, which is not judged", markup=False, soft_wrap=True)

    with progress("validate", size(given.files)) as bar:
        for path in in_order(given.files):
            for line in lines(path, read_bytes, torn):
                judge.take(line)
                for found in judge.found[shown:]:
                    out.print(str(found), markup=False, soft_wrap=True)
                shown = len(judge.found)
    summary = judge.summary()
    consistent = not judge.found
    findings = [found.described() for found in judge.found]
    described = {"format": FORMAT, "consistent": consistent, **summary, "findings": findings}
    write_outputs(given, json=lambda path: write_json(path, described))
    out.print(_told(summary), markup=False)
    print(f"{'consistent' if consistent else f'{len(findings)} findings'}", file=out.file)
    sys.stdout.flush()
    return OK if consistent else FOUND


def _told(summary: dict[str, int]) -> str:
    return (
        f"{summary['ticks']:,} ticks of {summary['tenants']:,} tenants by {summary['writers']:,} writers;"
        f" {summary['unfinished']:,} without an end, {summary['lost']:,} not recorded,"
        f" {summary['unrecorded']:,} values of nobody recorded"
    )
