"""A long campaign keeps each distinct violation once, and never more than so many."""

import json
from pathlib import Path

import pytest

from evidence_sim import distinct
from evidence_sim.campaign import Chunk, Seeds, tallied
from evidence_sim.cli import main
from evidence_sim.distinct import Distinct, shape
from evidence_sim.labels import parse
from evidence_sim.sample import Plan
from evidence_sim.trace import Trace, load, verdicts
from evidence_sim.verdict import Run, shrunk

PLAN = Plan(("plain-put",), ticks=3)


def part(first: int, count: int = 8) -> Run:
    """A part of a campaign."""
    seeds = Seeds(first, count)
    return Run(PLAN, seeds, tallied(Chunk(PLAN, seeds)))


def test_schedules_of_one_defect_have_one_shape() -> None:
    run = part(0)
    trace = shrunk(PLAN, "S2", run.tally.violations["S2"])
    turned = Trace(trace.config, trace.actions[::-1], "S2")
    assert shape(turned) == shape(trace)
    more = Trace(trace.config, (*trace.actions, parse("Crash(a,1)")), "S2")
    assert shape(more) != shape(trace)


def test_each_is_kept_once_and_is_what_it_says(tmp_path: Path) -> None:
    seen, again = Distinct(tmp_path), Distinct(tmp_path)
    for first in range(0, 104, 8):
        seen.look(part(first))
    files = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert set(seen.kept) == set(files) and len(files) > 2
    for path in files:
        trace = load(path.read_text())
        assert trace.violates is not None and trace.violates in verdicts(trace)
        assert path.name == f"plain-put-cloud-kv-{trace.violates}-{shape(trace)}.json"
    for first in range(0, 104, 8):
        again.look(part(first))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == files


def test_it_never_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distinct, "MOST", 1)
    monkeypatch.setattr(distinct, "LOOKS", 12)
    seen = Distinct(tmp_path)
    for first in range(0, 104, 8):
        seen.look(part(first))
    assert sorted(path.name.split("-")[4] for path in tmp_path.iterdir()) == ["S1", "S2"]
    assert max(seen._looked.values()) == 12


def test_for_a_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = tmp_path / "traces", tmp_path / "run.json"
    command = ["run", "--machine", "plain-put", "--ticks", "3", "--for", "1s", "--resume", str(tmp_path / "file")]
    done = 0
    for _ in range(2):
        assert main([*command, "--out", str(folder), "--json", str(out)]) == 1
        run = json.loads(out.read_text())
        assert run["seeds"][0] == 0 and run["seeds"][1] > done
        done = run["seeds"][1]
    assert run["digest"] == part(0, done).digest
    said = capsys.readouterr()
    kept = said.out.rpartition("each kept once:\n")[2].split()
    assert kept and {str(path) for path in folder.iterdir()} >= set(kept)
    assert any(f"replay it: evidence-sim replay {path}" in said.out for path in kept)
    assert "seconds: 1/1" in said.err and " ticks, " in said.err and " violations" in said.err


@pytest.mark.parametrize("text", ["8", "h", "0s", "1.5h", "-1h", "8d", "9000h", ""])
def test_what_is_no_time_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["run", f"--for={text}"])
    assert left.value.code == 2
    assert f"{text!r} is no time of at most a year; give one as 8h, 90m or 30s" in capsys.readouterr().err
