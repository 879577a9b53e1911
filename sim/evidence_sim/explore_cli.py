"""The command `evidence-sim explore`."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

from rich.console import Console

from evidence_sim.config import Config
from evidence_sim.explore.bounds import MOST_TICKS, Bounds, Scope
from evidence_sim.explore.result import Result
from evidence_sim.explore.search import Explored, Search, beginnings, identity, judges
from evidence_sim.faults import PROFILES
from evidence_sim.outputs import add_outputs, write_outputs
from evidence_sim.pages.results import of_search
from evidence_sim.report import console, spinner, table
from evidence_sim.tally import ROWS
from evidence_sim.usage import (
    ANOTHER_FILE,
    FOUND,
    INTERRUPTED,
    OK,
    YOURS,
    Unusable,
    count,
    keep,
    machines,
    peak_memory,
    replaying,
    write_json,
    write_text,
)

_EXAMPLES = """examples:
  evidence-sim explore                                    the kernel under cloud-kv: 2 ticks, 1 fault, 1 clock step
  evidence-sim explore --profile lying-disk --faults 2    more faults; about 30 times the states
  evidence-sim explore --scope status --out traces        the status record, its counterexamples as files
  evidence-sim explore --machine plain-put --faults 0     how a specimen breaks, by the shortest way
"""


def add(commands: Any) -> None:
    """The parser of the command."""
    parser = commands.add_parser(
        "explore",
        help="every world within bounds, breadth-first",
        epilog=_EXAMPLES,
    )
    parser.add_argument(
        "--machine", type=machines, metavar="M[,M]", help=f"default: kernel; in rollout with v2.20; {YOURS}"
    )
    parser.add_argument("--profile", choices=list(PROFILES), default="cloud-kv")
    parser.add_argument("--tenants", type=count(3), default=1, help="default: 1")
    parser.add_argument("--ticks", type=count(MOST_TICKS), default=2, help="of each tenant (default: 2)")
    parser.add_argument("--faults", type=count(9, 0), default=1, help="in all (default: 1)")
    parser.add_argument("--steps", type=count(9, 0), default=1, help="of clocks, in all (default: 1)")
    parser.add_argument("--operators", type=count(9, 0), default=0, help="actions of operators, in all (default: 0)")
    scopes = [scope.value for scope in Scope]
    parser.add_argument("--scope", choices=scopes, help="default: tick; in rollout, whose old machines need it, all")
    parser.add_argument("--symmetry", action="store_true", help="take worlds that differ in names only as one")
    parser.add_argument("--fast", action="store_true", help="by the compiled twin of the world: kernel, scope tick")
    parser.add_argument("--limit", type=count(10**8), default=5_000_000, help="stop at so many states")
    add_outputs(parser, "json", "report")
    parser.add_argument("--out", metavar="DIR", type=Path, help="write the shortest counterexamples as traces")
    parser.set_defaults(do=_explore)


def _explore(given: argparse.Namespace) -> int:
    search = _search(given)
    began, interrupted = perf_counter(), False
    with spinner("explore") as now:
        try:
            for states in search.levels():
                now(f"depth {search.found.depth}, {states:,} states, {peak_memory() // 2**20} MiB")
        except KeyboardInterrupt:
            search.stop()
            interrupted = True
        except MemoryError:
            search.stop()
            print("evidence-sim: out of memory", file=sys.stderr)
    result = Result(search.found, perf_counter() - began, peak_memory() // 2**20)
    out = console(stderr=given.json == Path("-"))
    show(out, result)
    for violation in result.found.violations.values() if given.out else ():
        path = keep(given.out, violation.trace)
        out.print(f"replay it: {replaying(path, violation.trace.machine)}", markup=False, soft_wrap=True)
    write_outputs(
        given,
        json=lambda path: write_json(path, result.described()),
        report=lambda path: write_text(path, of_search(result, given.command).page(), ANOTHER_FILE),
    )
    if interrupted:
        print("evidence-sim: interrupted; nothing is said of what was not reached", file=sys.stderr)
        return INTERRUPTED
    return OK if result.found.complete and not result.broken() else FOUND


class Engine(Protocol):
    """A search, the reference's or the compiled twin's."""

    @property
    def found(self) -> Explored:
        """What it has found."""
        ...

    def levels(self) -> Iterator[int]:
        """Search level by level; yields the states that are known."""
        ...

    def stop(self) -> None:
        """Count what is known."""
        ...


def _search(given: argparse.Namespace) -> Engine:
    named = given.machine or (("kernel", "v2.20") if given.profile == "rollout" else ("kernel",))
    scope = Scope(given.scope or (Scope.ALL if given.profile == "rollout" else Scope.TICK))
    old = [name for name in named if name.startswith("v2.")]
    if old and scope is not Scope.ALL:
        raise Unusable(f"{old[0]} has other phases than the kernel; search it with --scope all")
    roots = beginnings(Config(given.tenants, len(set(named)), named, given.profile))
    bounds = Bounds(given.ticks, given.faults, given.steps, given.operators, scope)
    if given.fast:
        if given.symmetry:
            raise Unusable("the compiled twin tells worlds by their names; leave out --symmetry or --fast")
        from evidence_sim.fast.explore import FastSearch  # numba is long in coming

        return FastSearch(roots, bounds, given.limit)
    return Search(roots, bounds, identity(roots[0], given.symmetry), limit=given.limit)


def show(out: Console, result: Result) -> None:
    """The verdicts and the counts of a search."""
    found = result.found
    out.print(f"{','.join(found.machines)} under {found.profile}, from {found.beginnings} beginnings")
    out.print(f"{found.states:,} states, {found.edges:,} moves, depth {found.depth}", end="")
    out.print(f" in {result.seconds:.1f} s, {result.memory} MiB\n")
    rows = []
    for invariant in judges(found.bounds.scope):
        violation = found.violations.get(invariant.id)
        shortest = "" if violation is None else f"after {len(violation.trace.actions)} actions"
        premise = f"{found.premises[invariant.id]:,}"
        rows.append((invariant.id, invariant.name, result.verdict(invariant), premise, shortest))
    out.print(table(result.strength, ("id", "name", "verdict", "premise held", "shortest violation"), rows))
    for violation in found.violations.values():
        out.print(f"{violation.invariant}: {violation.says}", markup=False)
        out.print("  " + " ".join(str(action) for action in violation.trace.actions), markup=False)
    out.print(f"Rows of SCHEDULER taken: {len(found.rows)} of {ROWS}; answers met: {len(found.answers)}")
    for goal in result.unreached():
        out.print(f"  not reached within these bounds: {goal}")
    if not found.complete:
        out.print("The search was stopped: nothing is said of what it did not reach.")
