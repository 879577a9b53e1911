"""The table of mutants is of these tables, and a part of it, chosen by their hash, comes out the same again."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evidence_kernel import EVIDENCE
from evidence_kernel.tables import ROUTES
from evidence_sim.cli import main
from evidence_sim.config import Config
from evidence_sim.explore.bounds import Node, Scope
from evidence_sim.explore.canonical import Key, exact
from evidence_sim.explore.search import Search
from evidence_sim.invariants import BY_ID
from evidence_sim.kills import PROVED, SEARCHES, Kill, graphs, kill
from evidence_sim.mutants import mutants, mutated, tables_hash
from evidence_sim.mutants_cli import DATA, KEPT, PAGE, page, text
from evidence_sim.proof.changed import Changed
from evidence_sim.proof.check import Proof
from evidence_sim.proof.rows import rows
from evidence_sim.reuse import Graph
from tests.long import long

SPEC = Path(__file__).parents[2] / "spec"
TABLE = json.loads((SPEC / DATA).read_text(encoding="utf-8"))
AGAIN = 40
# One of each sort: another evidence, a way back, a way that dies, a loop, an outcome, lines, what is never met.
SORTS = (
    "EVIDENCE MISSING,STILL_MINE -> VERIFIED",
    "STATUS_READ FOUND -> STATUS_READ",
    "EVIDENCE_VERIFY VALID -> STATUS_OPEN",
    "TIMESTAMP_READ VALID -> CLAIM",
    "DONE_READ RETRYING -> DONE_READ",
    "CLAIM UNKNOWN -> GENERATE",
    "PUBLISH_VERIFY FAILED outcome ALREADY_DONE",
    "EVIDENCE_READ FAILED does not refuse",
    "LEDGER_READ DUE decides NOT_DUE",
)
BY_NAME = {mutant.name: mutant for mutant in mutants()}


def kept() -> dict[str, Kill]:
    """What the committed table says, by mutant."""
    kills = {}
    for row in TABLE["mutants"]:
        needs = {name: tuple(faults) for name, faults in row["needs"].items()}
        of_row = Kill(row["name"], row["graph"], tuple(row["invariants"]), row["proof"], tuple(row["faults"]), needs)
        kills[of_row.name] = of_row
    return kills


@pytest.fixture(scope="module")
def kernel() -> list[Graph]:
    return graphs()


@pytest.fixture(scope="module")
def changed() -> Changed:
    return Changed()


def test_the_table_is_of_these_tables() -> None:
    assert TABLE["tables"] == tables_hash(), "run evidence-sim mutants --write spec"
    assert list(kept()) == [mutant.name for mutant in mutants()]


def test_the_page_is_of_the_table() -> None:
    assert (SPEC / DATA).read_text(encoding="utf-8") == text(TABLE)
    assert (SPEC / PAGE).read_text(encoding="utf-8") == page(list(kept().values()))


@pytest.mark.parametrize("part", [0, *long((1,))])
def test_some_come_out_the_same_again(part: int, kernel: list[Graph], changed: Changed) -> None:
    everyone = mutants()
    step, first = len(everyone) // AGAIN, int(TABLE["tables"], 16) % (len(everyone) // AGAIN)
    chosen = everyone[first::step][:AGAIN]
    assert len(chosen) == AGAIN
    known = kept()
    for mutant in chosen[part::2]:
        assert kill(mutant, kernel, changed.refuted) == known[mutant.name]


def test_every_invariant_kills_or_is_kept_for_a_reason() -> None:
    kills = {name for done in kept().values() for name in done.invariants}
    assert set(BY_ID) - kills == set(KEPT)


def test_nothing_that_an_invariant_or_the_proof_notices_has_the_kernels_graph() -> None:
    same = [done for done in kept().values() if not done.graph]
    assert [done.name for done in same if done.invariants or done.proof is not None] == []


def test_the_proof_refutes_whatever_violates_what_it_proves() -> None:
    violating = [done for done in kept().values() if PROVED & {*done.invariants}]
    assert violating and [done.name for done in violating if done.proof is None] == []


def drawn(graph: Graph) -> list[Any]:
    """A graph with its nodes numbered anew, breadth-first."""
    numbers = {number: place for place, number in enumerate(graph.edges)}
    moves = [(numbers[number], edge) for number, edges in graph.edges.items() for edge in edges]
    return [
        (n, e.choice, e.said, e.said.violated, e.said.faults, numbers.get(-1 if e.to is None else e.to))
        for n, e in moves
    ]


def searched(graph: Graph, limit: int) -> Graph:
    for _ in graph.search(limit):
        pass
    return graph


@pytest.mark.parametrize(("name", "places"), [*((name, (1, 2, 4)) for name in SORTS), (SORTS[3], (3,))])
def test_what_is_taken_over_is_what_a_search_from_scratch_finds(
    name: str, places: tuple[int, ...], kernel: list[Graph]
) -> None:
    mutant = BY_NAME[name]
    for own in (kernel[place] for place in places):
        with mutated(mutant):
            again = searched(own.again(mutant.place), 1000)
            scratch = searched(Graph(own.roots, own.moves), 1000)
        assert drawn(again) == drawn(scratch)


def test_a_row_taken_for_another_takes_over_too_much(kernel: list[Graph]) -> None:
    mutant, other = BY_NAME["CLAIM UNKNOWN -> GENERATE"], BY_NAME["CLAIM FAILED -> GENERATE"]
    with mutated(mutant):
        again = searched(kernel[1].again(other.place), 1000)
        assert drawn(again) != drawn(searched(Graph(kernel[1].roots, kernel[1].moves), 1000))


def whole(node: Node, _scope: Scope) -> Key:
    return exact(node, Scope.ALL)


@pytest.mark.parametrize("name", [SORTS[0], *SORTS[5:]])  # in the others a tick may never end
def test_the_search_of_explore_finds_the_same_violations(name: str) -> None:
    violated: set[str] = set()
    with mutated(BY_NAME[name]):
        for profile, bounds, begins in SEARCHES[1:3]:
            search = Search([Config(profile=profile, initial=(one,)) for one in begins], bounds, whole)
            violated |= {name for _ in search.levels() for name in search.found.violations}
    assert violated <= {*kept()[name].invariants}
    assert violated or not kept()[name].invariants


def test_the_proof_of_a_mutant_is_over_the_kernels_rows(changed: Changed) -> None:
    assert {row for row in rows() if row.phase} == set(changed.proof.rows)


@pytest.mark.parametrize("name", ["EVIDENCE_VERIFY VALID audits: True", "SETTLE FAILED -> END"])
def test_the_proof_of_a_mutant_is_the_proof_of_its_rows(name: str, changed: Changed) -> None:
    mutant = BY_NAME[name]
    with mutated(mutant):
        said = changed.refuted(mutant.place)
        others = tuple(row for row in rows() if row.phase and row not in changed.proof.rows)
    broken = {one.name: one.broken for one in Proof(others).obligations() if one.broken}
    assert said == kept()[name].proof
    assert (said is None) == (not broken)
    assert said is None or said in {f"{move} breaks {names[0]}" for move, names in broken.items()}


def test_faults_that_every_way_has(kernel: list[Graph]) -> None:
    done = kill(BY_NAME["CLAIM_VERIFY FAILED outcome GENERATION_FAILED"], kernel, lambda _: None)
    assert done.needs["graph"] == ("read:failed",)
    assert set(done.needs["graph"]) <= {*done.faults}


def test_each_mutant_changes_one_row_and_puts_it_back() -> None:
    whole = (dict(EVIDENCE), {phase: dict(rows) for phase, rows in ROUTES.items()})
    names = set()
    for mutant in mutants():
        names.add(mutant.name)
        with mutated(mutant):
            changed = sum(EVIDENCE[at] != after for at, after in whole[0].items())
            changed += sum(ROUTES[p][f] != row for p, rows in whole[1].items() for f, row in rows.items())
            assert changed == 1
    assert whole == (dict(EVIDENCE), {phase: dict(rows) for phase, rows in ROUTES.items()})
    assert len(names) == len(mutants())


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mutants", "--jobs", "1", "--only", "EVIDENCE VALID,STILL_MINE -> MISSING"]) == 0
    out = capsys.readouterr().out
    assert "1 mutants: the graph notices 0" in out and "- EVIDENCE VALID,STILL_MINE -> MISSING" in out


def test_a_name_that_none_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mutants", "--only", "CLIAM"]) == 2
    assert "no mutant has 'CLIAM' in its name" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["mutants", "prove"])
def test_without_z3(command: str) -> None:
    program = f"import sys; sys.modules['z3'] = None; from evidence_sim.cli import main; sys.exit(main(['{command}']))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{command} needs Z3; install it with: pip install z3-solver" in done.stderr
