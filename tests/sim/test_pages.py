"""The report pages say what the results are, and nothing that data holds is more than text there."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from markupsafe import escape

from evidence_sim.campaign import Seeds, one_seed
from evidence_sim.cli import main
from evidence_sim.config import Config
from evidence_sim.contract import Row, decide
from evidence_sim.explore.bounds import Bounds
from evidence_sim.faults import PROFILES
from evidence_sim.invariants import INVARIANTS
from evidence_sim.machines.specimens import SPECIMENS
from evidence_sim.pages.report import BAD, OPEN, QUIET, Cell, Part, Report, Table, heat
from evidence_sim.pages.results import of_contract, of_run, of_suite
from evidence_sim.pages.tables import drawn
from evidence_sim.sample import Plan
from evidence_sim.suite import Caught, Check
from evidence_sim.suite import Report as Suite
from evidence_sim.tally import ROWS, Tally, Violation
from evidence_sim.trace import Trace, dump
from evidence_sim.verdict import Run
from tests.sim.late import LATE


def _page(tmp_path: Path, *arguments: str, status: int = 0) -> str:
    path = tmp_path / "report.html"
    assert main([*arguments, "--report", str(path)]) == status
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < 1_500_000 and not re.search(r"(?:src|href)\s*=\s*[\"']?https?:", text)
    return text


def test_a_campaign_that_breaks_promises_shows_their_traces(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, told = str(tmp_path / "traces"), tmp_path / "run.json"
    asked = ["run", "--machine", "plain-put", "--seeds", "36:1", "--out", out, "--json", str(told)]
    text = _page(tmp_path, *asked, status=1)
    run = json.loads(told.read_text())
    broken = [one["invariant"] for one in run["verdicts"] if one["verdict"] == "violated"]
    assert f"{len(broken)} broken promise" in text and run["digest"] in text
    assert "evidence-sim run --machine plain-put --seeds 36:1" in text
    traces = json.loads(text.split('id="traces">')[1].split("</script>")[0])
    assert [trace["violates"]["id"] for trace in traces] == broken
    assert sum(run["coverage"]["met"].values()) > sum(n for n, _ in run["coverage"]["faults"].values())


def test_a_search_shows_its_bounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = _page(tmp_path, "explore", "--ticks", "1", "--faults", "1")
    assert text.count("EXHAUSTIVE(1 tick, 1 fault") >= 19 and "Every promise was kept" in text


def test_timings_have_their_bars(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = _page(tmp_path, "bench", "--only", "kernel-tick")
    assert "kernel-tick" in text and "--share: 100%" in text


def test_an_export_and_a_report_are_both_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, report = tmp_path / "late.json", tmp_path / "late.html"
    file.write_text(dump(LATE), encoding="utf-8")
    assert main(["replay", str(file), "--export", "svg", "--report", str(report)]) == 0
    assert "<svg" in capsys.readouterr().out and "plain-put violates S1" in report.read_text(encoding="utf-8")


def test_what_cannot_be_written_costs_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    junit, summary = tmp_path / "new" / "junit.xml", tmp_path / "other" / "summary.md"
    asked = ["run", "--seeds", "1", "--report", str(tmp_path), "--junit", str(junit), "--summary", str(summary)]
    assert main(asked) == 2
    assert f"cannot write {tmp_path}" in capsys.readouterr().err
    assert junit.read_text().startswith("<?xml") and summary.read_text().startswith("### kernel")


def test_a_command_line_that_is_no_text_has_its_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["run", "--seeds", "1", "--out", str(tmp_path / "o\udcff")]
    assert "o\\udcff" in _page(tmp_path, *asked)


def test_a_fault_that_was_granted_and_never_met_stands_out() -> None:
    met = Counter({"STATUS_READ ok": 8, "STATUS_READ stale": 2, "STATUS_OPEN ok": 3})
    [table] = heat(PROFILES["cloud-kv"], met).tables
    assert [cell.share for row in table.rows for cell in row if isinstance(cell, Cell) and cell.share] == [100]
    rows = {str(row[0]): [one if isinstance(one, str) else one.text for one in row[1:]] for row in table.rows}
    assert (
        rows["asked"] == ["10", "3"]
        and rows["stale"] == ["2\n20.0\N{NO-BREAK SPACE}%", "–"]
        and rows["failed"] == ["never", "never"]
    )
    assert "corrupt" not in rows  # which the profile does not grant


@pytest.mark.parametrize(("ok", "stale"), [(199, 7), (5000, 9)])
def test_the_largest_share_is_the_darkest(ok: int, stale: int) -> None:
    counts = Counter({"STATUS_READ ok": ok, "STATUS_READ stale": stale, "CLAIM ok": 1998, "CLAIM failed": 2})
    [table] = heat(PROFILES["cloud-kv"], counts).tables
    assert max(cell.share or 0 for row in table.rows for cell in row if isinstance(cell, Cell)) == 100


@pytest.mark.parametrize(("seeds", "says"), [(0, "Not one seed was done"), (2, "until it was interrupted")])
def test_a_campaign_that_was_cut_short_says_so(seeds: int, says: str) -> None:
    report = of_run(Run(Plan(), Seeds(0, seeds), Tally()), {}, "evidence-sim run", cut=True)
    assert says in report.verdict.text and report.verdict.mark == OPEN


def test_every_row_that_was_not_taken_is_listed() -> None:
    missing, drawing = drawn({("STATUS_READ", "FOUND")})
    assert len(missing) == ROWS - 1 and ("STATUS_READ", "FOUND") not in missing
    assert drawing.count("<svg") == 2 and f"1 of {ROWS} rows" in drawing


def test_what_comes_from_data_is_text() -> None:
    evil = "</script><script>alert(1)</script>"
    table = Table(evil, (evil,), [(Cell(evil),)])
    page = Report(evil, Cell(evil), {evil: evil}, [Part(evil, evil, [table])]).page()
    assert "<script>alert" not in page and page.count("&lt;script&gt;alert(1)") >= 7


def test_the_suite_shows_what_is_wrong_and_the_specimens() -> None:
    run = Run(Plan(), Seeds(0, 1), one_seed(Plan(), 0), 1.0)
    caught = Caught(SPECIMENS[2], run, {"S1": Trace(Config(profile="cloud-kv"), ())})
    suite = Suite((run,), (caught,), (Check("a check", "of <b>", ("it fails",)),), 2.0)
    text = of_suite(suite, "evidence-sim --report x").page()
    assert f"{len(suite.wrong())} failed." in text and "of &lt;b&gt;" in text and "FAILED" in text
    assert all(str(escape(wrong)) in text for wrong in suite.wrong())
    assert SPECIMENS[2].name in text and "Faults and effects under cloud-kv" in text


def test_the_suite_marks_each_verdict() -> None:
    """S13 is moot under crash-stop, S7 and S9 are not promised under lying-disk."""
    broken = Violation(0, 1, "says")
    tally = Tally(
        premises=Counter({each.id: 1200 for each in INVARIANTS if each.id not in ("S1", "S13")}),
        violations={"S2": broken, "S7": broken},
        violated=Counter(S2=4, S7=5),
    )
    runs = [Run(Plan(("kernel",), profile), Seeds(0, 9), tally) for profile in ("crash-stop", "lying-disk")]
    parts = of_suite(Suite(tuple(runs), (), (), 1.0), "evidence-sim").parts
    [table] = next(part.tables for part in parts if part.title == "Verdicts of the kernel")
    cells = {str(name).split()[0]: tuple(said) for name, *said in table.rows}
    assert cells["S1"] == (Cell("0", OPEN), Cell("0", OPEN))
    assert cells["S2"] == (Cell("VIOLATED in 4", BAD), Cell("VIOLATED in 4", BAD))
    assert cells["S3"] == (Cell("1,200"), Cell("1,200"))
    assert cells["S7"] == (Cell("VIOLATED in 5", BAD), Cell("(5)", QUIET))
    assert cells["S9"] == (Cell("1,200"), Cell("\N{EN DASH}", QUIET))
    assert cells["S13"] == (Cell("moot", OPEN), Cell("0", OPEN))


def test_the_contract_shows_strengths_and_counterexamples() -> None:
    row = decide(Row(("kernel",), "lying-disk", ((1, Bounds(1, 1, 0)),)), {})
    text = of_contract([row], row.wrong(), "evidence-sim contract --report x").page()
    assert f"{len(row.wrong())} wrong." in text and "not promised, 1" in text
    assert all(str(escape(wrong)) in text for wrong in row.wrong())
    traces = json.loads(text.split('id="traces">')[1].split("</script>")[0])
    broken = {cell.invariant.id for cell in row.cells if cell.trace is not None and not cell.promised}
    assert broken and {trace["violates"]["id"] for trace in traces} == broken
