"""The command `evidence-sim prove`: every obligation with its time and verdict, and what is proved."""

import argparse
import sys
from pathlib import Path
from typing import Any

from evidence_sim.outputs import add_outputs, write_outputs
from evidence_sim.usage import FOUND, OK, needs_z3, write_json

_PROVED = "PROVED S1-S9, S17 (any number of ticks and faults, cloud-kv)"

_EXAMPLES = """examples:
  evidence-sim prove                    each obligation with its verdict
  evidence-sim prove --json proof.json  as JSON too
"""


def add(commands: Any) -> None:
    """The command's parser, among the others."""
    prove = commands.add_parser(
        "prove", help="prove S1-S9 and S17 for any number of ticks and faults", epilog=_EXAMPLES
    )
    add_outputs(prove, "json")
    prove.set_defaults(do=_prove)


def _prove(given: argparse.Namespace) -> int:
    needs_z3("prove")
    from evidence_sim.proof.check import obligations

    out = sys.stderr if given.json == Path("-") else sys.stdout
    checked = []
    for one in obligations():
        verdict = "proved" if one.proved else f"BREAKS {', '.join(one.broken + one.undecided)}"
        print(f"{one.seconds:6.2f} s  {verdict}  {one.name}{'' if one.possible else ' (never possible)'}", file=out)
        checked.append(one)
    dead = [one.name for one in checked if not one.possible]
    failed = [one for one in checked if not one.proved]
    seconds = sum(one.seconds for one in checked)
    print(f"{len(checked)} obligations, {len(failed)} failed, {len(dead)} never possible, {seconds:.1f} s", file=out)
    verdict = _PROVED if not failed and not dead else _refuted(failed, dead)
    described = [
        {"name": one.name, "seconds": round(one.seconds, 3), "broken": one.broken, "undecided": one.undecided}
        for one in checked
    ]
    told = {"format": "evidence-proof/1", "verdict": verdict, "dead": dead, "obligations": described}
    write_outputs(given, json=lambda path: write_json(path, told))
    print(verdict, file=out)
    return FOUND if failed or dead else OK


def _refuted(failed: list[Any], dead: list[str]) -> str:
    if not failed:
        return f"NOT PROVED: {dead[0]} is never possible, so what is said of it is empty"
    first = failed[0]
    if first.broken:
        return f"NOT PROVED: {first.name} breaks {', '.join(first.broken)}"
    return f"NOT PROVED: {first.name} is undecided for {', '.join(first.undecided)}"
