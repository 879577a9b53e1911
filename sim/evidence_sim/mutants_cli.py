"""The command `evidence-sim mutants`, and the page that it writes."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from attrs import asdict

from evidence_sim.campaign import processors
from evidence_sim.config import Config
from evidence_sim.faults import PROFILES
from evidence_sim.goals import faults
from evidence_sim.invariants import INVARIANTS
from evidence_sim.kills import GRAPH, PROVED, SEARCHES, Kill, Refuted, graphs, kill
from evidence_sim.mutants import Mutant, mutants, tables_hash
from evidence_sim.outputs import add_outputs, write_outputs
from evidence_sim.report import console, progress
from evidence_sim.reuse import Graph
from evidence_sim.usage import FOUND, GIVEN, INTERRUPTED, OK, Unusable, count, needs_z3, write_json, write_text

FORMAT = "evidence-mutants/2"
PAGE, DATA = "mutants.md", "mutants.json"
# Why an invariant is kept that no mutant of one row violates: its defect is not in a row.
KEPT = {
    "S1": "a put with another condition: `plain-put`",
    "S2": "a put without a condition: `overwrites-invalid`, `claim-without-cas`",
    "S5": "evidence that was not read: `assumed-evidence`",
    "S6": "a publication that is overwritten: `check-generate-mark`",
    "S7": "a report that was not generated: `unearned-publication`",
    "S10": "another tenant's key: `truncated-key`",
    "S11": "identity, which no row decides: `no-identity-shared-key`",
    "S15": "a status put blindly: v2.20",
    "S17": "the schedule, which no row decides: `early-generate`",
}
_kernel: list[tuple[list[Graph], Refuted]] = []  # this process's own

_EXAMPLES = """examples:
  evidence-sim mutants --jobs 2 --write spec    all; the page is written anew
  evidence-sim mutants --only GENERATED         only some
"""


def add(commands: Any) -> None:
    """The parser of the command."""
    parser = commands.add_parser(
        "mutants", help="every single-row mutant of the tables, and what notices it (long)", epilog=_EXAMPLES
    )
    parser.add_argument("--jobs", type=count(64), default=GIVEN, help="processes (default: one a processor)")
    parser.add_argument("--only", metavar="TEXT", help="only mutants with that in their name; nothing is written")
    parser.add_argument("--write", metavar="DIR", type=Path, help=f"write {PAGE} and {DATA} there")
    add_outputs(parser, "json")
    parser.set_defaults(do=_mutants)


def _begin() -> None:
    from evidence_sim.proof.changed import Changed  # needs Z3, which the rest of the command line does not

    _kernel[:] = [(graphs(), Changed().refuted)]


def _kill(mutant: Mutant) -> Kill:
    return kill(mutant, *_kernel[0])


def killed(chosen: Sequence[Mutant], jobs: int) -> Iterator[Kill]:
    """Each mutant's kill, in order, from that many processes."""
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_begin)
    try:
        yield from pool.map(_kill, chosen, chunksize=4)
    finally:
        pool.shutdown(cancel_futures=True)


def _mutants(given: argparse.Namespace) -> int:
    needs_z3("mutants")
    chosen = [mutant for mutant in mutants() if given.only is None or given.only in mutant.name]
    if not chosen:
        raise Unusable(f"no mutant has {given.only!r} in its name; one is {mutants()[0].name!r}")
    kills: list[Kill] = []
    interrupted = False
    with progress("mutants", len(chosen)) as bar:
        try:
            for done in killed(chosen, given.jobs or processors()):
                kills.append(done)
                bar.to(len(kills), done.name)
        except KeyboardInterrupt:
            interrupted = True
    out = console(stderr=given.json == Path("-"))
    for line in page(kills).splitlines():
        out.print(line, markup=False, soft_wrap=True)
    write_outputs(given, json=lambda path: write_json(path, described(kills)))
    if interrupted:
        print(f"evidence-sim: interrupted after {len(kills)} of {len(chosen)} mutants", file=sys.stderr)
        return INTERRUPTED
    if given.write and given.only is None:
        write_text(given.write / PAGE, page(kills), "; name another folder")
        write_text(given.write / DATA, text(described(kills)), "; name another folder")
    return FOUND if any(done.invariants and not done.graph for done in kills) else OK


def described(kills: Sequence[Kill]) -> dict[str, Any]:
    """What noticed each mutant, as JSON."""
    return {"format": FORMAT, "tables": tables_hash(), "mutants": [asdict(done) for done in kills]}


def text(fields: dict[str, Any]) -> str:
    """The JSON with a line a mutant, so that a difference shows which."""
    rows = ",\n".join(json.dumps(row) for row in fields["mutants"])
    return f'{{"format": "{fields["format"]}", "tables": "{fields["tables"]}", "mutants": [\n{rows}\n]}}\n'


def page(kills: Sequence[Kill]) -> str:
    """What noticed the mutants, what each invariant is good for, and which faults are needed."""
    noticed = [done for done in kills if done.graph]
    by_invariant = [done for done in kills if done.invariants]
    refuted = [done for done in kills if done.proof is not None]
    only = [done for done in refuted if not PROVED & {*done.invariants}]
    bounds = [f"- {bounds.said(Config(profile=profile))}" for profile, bounds, _ in SEARCHES]
    lines = [
        "# Mutants of the tables",
        "",
        "Written by `evidence-sim mutants --write spec`. One row of `EVIDENCE` or `SCHEDULER` is changed: another",
        "state, another target, another outcome, a line left out or added. The graph notices a mutant where in one",
        "world, after the same actions, it asks, logs or ends otherwise than the kernel; an invariant where it is",
        "violated. A mutant that neither notices is equivalent within the bounds:",
        "",
        *bounds,
        "",
        "The [proof](proof.md) refutes a mutant where one of its moves, in some world, leads out of the inductive",
        "invariant: S1-S9 or S17 may break, after any number of ticks and faults, or only what they rest on. It is",
        "asked about twice the kernel's control states at most: a few mutants go round and count for ever.",
        "",
        f"{len(kills):,} mutants: the graph notices {len(noticed):,}, invariants {len(by_invariant):,},"
        f" {len(kills) - len(noticed):,} are equivalent.",
        f"The proof refutes {len(refuted):,}; {len(only):,} of them violate none of S1-S9 and S17 within the bounds.",
        "",
        *_invariants(kills),
        *_faults(noticed),
        "## Equivalent within the bounds",
        "",
        *(f"- {done.name}" for done in kills if not done.graph),
    ]
    return "\n".join(lines) + "\n"


def _invariants(kills: Sequence[Kill]) -> Iterator[str]:
    yield "| invariant | kills | that no other has | kept for |"
    yield "|---|---:|---:|---|"
    for invariant in INVARIANTS:
        has = [done for done in kills if invariant.id in done.invariants]
        alone = [done for done in has if len(done.invariants) == 1]
        kept = KEPT.get(invariant.id, "")
        yield f"| {invariant.id} {invariant.name} | {len(has):,} | {len(alone):,} | {kept} |"
    yield ""


def _faults(noticed: Sequence[Kill]) -> Iterator[str]:
    """How many mutants are noticed only with a fault: by the graph, and by each invariant that kills."""
    shortest = Counter(fault for done in noticed for fault in done.faults)
    ids = [invariant.id for invariant in INVARIANTS if any(invariant.id in done.invariants for done in noticed)]
    names = (GRAPH, *ids)
    columns = [Counter(fault for done in noticed for fault in done.needs.get(name, ())) for name in names]
    yield "## Which faults are needed"
    yield ""
    yield "How many mutants the graph, or an invariant, notices only with that fault: it is on every way to that within"
    yield "the bounds. Before it, how many have the fault on a shortest way to the first difference."
    yield ""
    yield f"| fault | on a shortest way | graph | {' | '.join(ids)} |"
    yield f"|---|{'---:|' * (len(ids) + 2)}"
    for fault in sorted({fault for profile, _, _ in SEARCHES for fault in faults(PROFILES[profile])}):
        yield f"| {fault} | {shortest[fault]:,} | {' | '.join(f'{column[fault]:,}' for column in columns)} |"
    free = [sum(name in (GRAPH, *done.invariants) and name not in done.needs for done in noticed) for name in names]
    yield f"| no one fault | {sum(not done.faults for done in noticed):,} | {' | '.join(f'{n:,}' for n in free)} |"
    yield ""
