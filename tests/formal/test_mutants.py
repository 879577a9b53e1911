"""The table of mutants is of these tables, and a part of it, chosen by their hash, comes out the same again."""

import json
import os
from pathlib import Path

import pytest

from evidence_kernel import EVIDENCE
from evidence_kernel.tables import ROUTES
from evidence_sim.campaign import processors
from evidence_sim.cli import main
from evidence_sim.invariants import BY_ID
from evidence_sim.mutants import Kill, mutants, mutated, tables_hash
from evidence_sim.mutants_cli import DATA, KEPT, PAGE, killed, page, text

SPEC = Path(__file__).parents[2] / "spec"
TABLE = json.loads((SPEC / DATA).read_text(encoding="utf-8"))
AGAIN = 40 if os.environ.get("EVIDENCE_LONG") == "1" else 12


def kept() -> dict[str, Kill]:
    """What the committed table says, by mutant."""
    rows = TABLE["mutants"]
    return {r["name"]: Kill(r["name"], r["graph"], tuple(r["invariants"]), tuple(r["faults"])) for r in rows}


def test_the_table_is_of_these_tables() -> None:
    assert TABLE["tables"] == tables_hash(), "run evidence-sim mutants --write spec"
    assert list(kept()) == [mutant.name for mutant in mutants()]


def test_the_page_is_of_the_table() -> None:
    assert (SPEC / DATA).read_text(encoding="utf-8") == text(TABLE)
    assert (SPEC / PAGE).read_text(encoding="utf-8") == page(list(kept().values()))


def test_some_come_out_the_same_again() -> None:
    everyone = mutants()
    step, first = len(everyone) // AGAIN, int(TABLE["tables"], 16) % (len(everyone) // AGAIN)
    chosen = everyone[first::step][:AGAIN]
    assert len(chosen) == AGAIN
    known = kept()
    for done in killed(chosen, processors()):
        assert done == known[done.name]


def test_every_invariant_kills_or_is_kept_for_a_reason() -> None:
    kills = {name for done in kept().values() for name in done.invariants}
    assert set(BY_ID) - kills == set(KEPT)


def test_nothing_that_an_invariant_notices_has_the_kernels_graph() -> None:
    assert [done.name for done in kept().values() if done.invariants and not done.graph] == []


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
    assert main(["mutants", "--jobs", "1", "--only", "EVIDENCE VALID,STILL_MINE"]) == 0
    out = capsys.readouterr().out
    assert "4 mutants: the graph notices 0" in out and "- EVIDENCE VALID,STILL_MINE -> MISSING" in out


def test_a_name_that_none_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mutants", "--only", "CLIAM"]) == 2
    assert "no mutant has 'CLIAM' in its name" in capsys.readouterr().err
