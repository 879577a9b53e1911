"""The report pages say what the results are, and nothing that data holds is more than text there."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from evidence_sim.cli import main
from evidence_sim.faults import PROFILES
from evidence_sim.pages.report import Cell, Part, Report, Table, heat
from evidence_sim.pages.tables import drawn
from evidence_sim.tally import ROWS


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


def test_what_writes_no_report_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--report", str(tmp_path / "x.html"), "machines"]) == 2
    assert "machines writes no report" in capsys.readouterr().err and not (tmp_path / "x.html").exists()


def test_a_fault_that_was_granted_and_never_met_stands_out() -> None:
    met = Counter({"STATUS_READ ok": 8, "STATUS_READ stale": 2, "STATUS_OPEN ok": 3})
    [table] = heat(PROFILES["cloud-kv"], met).tables
    rows = {str(row[0]): [one if isinstance(one, str) else one.text for one in row[1:]] for row in table.rows}
    assert rows["asked"] == ["10", "3"] and rows["stale"] == ["2", "–"] and rows["failed"] == ["never", "never"]
    assert "corrupt" not in rows  # which the profile does not grant


def test_every_row_that_was_not_taken_is_listed() -> None:
    missing, drawing = drawn({("STATUS_READ", "FOUND")})
    assert len(missing) == ROWS - 1 and ("STATUS_READ", "FOUND") not in missing
    assert drawing.count("<svg") == 2 and f"1 of {ROWS} rows" in drawing


def test_what_comes_from_data_is_text() -> None:
    evil = "</script><script>alert(1)</script>"
    table = Table(evil, (evil,), [(Cell(evil),)])
    page = Report(evil, Cell(evil), {evil: evil}, [Part(evil, evil, [table])]).page()
    assert "<script>alert" not in page and page.count("&lt;script&gt;alert(1)") >= 7
