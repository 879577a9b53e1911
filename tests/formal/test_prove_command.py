"""`evidence-sim prove`: the whole proof with what it prints and writes, a refutation, and no solver."""

import json
import sys
from pathlib import Path

import pytest

from evidence_kernel import Finding, Phase
from evidence_kernel.tables import ROUTES
from evidence_sim.cli import main
from evidence_sim.proof import check
from evidence_sim.proof.rows import rows
from tests.long import LONG

PROVED = "PROVED S1-S9, S17 (any number of ticks and faults, cloud-kv)"


@LONG
def test_s1_to_s9_and_s17_hold_for_any_number_of_ticks_and_faults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "proof.json"
    assert main(["prove", "--json", str(path)]) == 0
    *table, summary, last = capsys.readouterr().out.splitlines()
    assert last == PROVED
    proof = json.loads(path.read_text(encoding="utf-8"))
    obligations = proof.pop("obligations")
    assert proof == {"format": "evidence-proof/1", "verdict": PROVED, "dead": []}
    names = [one["name"] for one in obligations]
    assert len(set(names)) == len(names) == len(table) == 209
    assert {"Init", "EVIDENCE_VERIFY:mine", "Land CLAIM [AUTO_12H]", "Crash", "Clock", "Repair ledger"} <= set(names)
    assert all(
        not one["broken"] and not one["undecided"] and one["name"] in table[at] for at, one in enumerate(obligations)
    )
    assert summary.startswith("209 obligations, 0 failed, 0 never possible, ")


def _only(phase: Phase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "rows", lambda machine: tuple(row for row in rows(machine) if row.phase == phase))


def test_a_refutation_names_row_and_conjuncts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(ROUTES[Phase.CLAIM_VERIFY], Finding.FAILED, ROUTES[Phase.CLAIM_VERIFY][Finding.MINE])
    _only(Phase.CLAIM_VERIFY, monkeypatch)
    assert main(["prove"]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("NOT PROVED: CLAIM_VERIFY:failed [AUTO_12H] breaks S8 BackoffHeld, S9 AttemptsCounted")


def test_json_on_standard_output_stands_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _only(Phase.STATUS_READ, monkeypatch)
    assert main(["prove", "--json", "-"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["verdict"] == PROVED == printed.err.splitlines()[-1]


def test_without_a_solver_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name == "z3" or name.startswith("evidence_sim.proof.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "z3", None)
    assert main(["prove"]) == 2
    assert capsys.readouterr().err == "evidence-sim: prove needs Z3; install it with: pip install z3-solver\n"
