"""The command `bench`: what is compared is the same, every figure has its name, and what goes wrong is said."""

import json
import re
import signal
import subprocess
import sys
from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evidence_kernel import EVIDENCE, SCHEDULER
from evidence_sim import bench_cli
from evidence_sim.bench import growth, peers, subjects
from evidence_sim.bench.kernel import Rows
from evidence_sim.cli import main

MAKES = {"transitions": peers.transitions, "statemachine": peers.statemachine, "automat": peers.automat}
FIGURES = {
    "kernel-tick": "ticks/s",
    "kernel-tick-records": "ticks/s",
    "transitions-tick": "ticks/s",
    "statemachine-tick": "ticks/s",
    "automat-tick": "ticks/s",
    "reference-actions": "actions/s",
    "hypothesis-actions": "actions/s",
    "bulk-ticks": "ticks/s",
    "bulk-actions": "actions/s",
    "limit-actions": "actions/s",
    "explore-states": "states/s",
    "explore-fast-states": "states/s",
}


def once(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The command with one short round."""
    for module, name, small in (
        (bench_cli, "ROUNDS", 1),
        (bench_cli, "GROWTH_ROUNDS", 1),
        (subjects, "_SECONDS", 0.01),
        (growth, "_SECONDS", 0.01),
        (growth, "_FLEETS", (1, 10)),
    ):
        monkeypatch.setattr(module, name, small)
    return main(["bench", *arguments])


@pytest.mark.parametrize("library", MAKES)
def test_a_peer_takes_every_row_and_another_row_is_seen(library: str) -> None:
    pytest.importorskip(library)
    make = MAKES[library]
    assert peers.tick_in(make)() == "END"
    trigger, before, _ = peers.PHASES[-1]
    wrong: Rows = [*peers.PHASES[:-1], (trigger, before, peers.FIRST_PHASE)]
    with pytest.raises(AssertionError, match=f"{before} on {trigger} leads to {peers.FIRST_PHASE}"):
        peers.check(make(wrong, peers.FIRST_PHASE), peers.PHASES, peers.FIRST_PHASE)


def test_the_walk_of_the_check_takes_every_row_of_both_tables() -> None:
    for rows, first, table in (
        (peers.PHASES, peers.FIRST_PHASE, SCHEDULER),
        (peers.STATES, peers.FIRST_STATE, EVIDENCE),
    ):
        reached = {first, *(after for _, _, after in rows)}
        assert len(rows) == len(table) and {before for _, before, _ in rows} <= reached


def test_figures_keep_their_names_and_units() -> None:
    assert {figure.name: figure.unit for subject in subjects.rows() for figure in subject.figures} == FIGURES
    assert [axis.name for axis in growth.AXES] == ["cores", "tenants", "overlap", "faults", "ticks", "bounds"]
    assert {figure.axis for point in growth.points() for figure in point.figures} == set(growth.AXES)


def test_the_page_quotes_every_figure() -> None:
    page = (Path(__file__).parent.parent.parent / "sim" / "README.md").read_text(encoding="utf-8")
    section = page.partition("## How fast")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([a-z-]+)` \| [\d,]+ (\S+) \|", section, re.M) == [
        (name, unit.partition("/")[0]) for name, unit in FIGURES.items()
    ]
    beside = page.partition("## Beside other tools")[2].partition("\nThe names are")[0]
    quoted = dict(re.findall(r"^\| `([a-z-]+)` \| ([\d,]+) ", section, re.M))
    named = [name for name in re.findall(r"`([a-z-]+)`", beside) if name in quoted]
    assert len(named) == 5 and all(quoted[name] in beside for name in named)


def test_some_are_timed_and_described(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "timings.json"
    assert once(monkeypatch, "--only", "kernel-tick,transitions-tick", "--json", str(path)) == 0
    described = json.loads(path.read_text())
    assert described["complete"] and described["growth"] == []
    assert [(one["name"], one["unit"]) for one in described["results"]] == [
        ("kernel-tick", "ticks/s"),
        ("transitions-tick", "ticks/s"),
    ]
    said = capsys.readouterr()
    assert "█" in said.out and "kernel-tick / transitions-tick: " in said.out and "bench: 4/4" not in said.out
    assert "bench: " in said.err


def test_a_library_that_is_missing_is_a_row_that_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "evidence_sim.bench.in_automat", raising=False)
    monkeypatch.setitem(sys.modules, "automat", None)  # as Python has it for what cannot be imported
    assert once(monkeypatch, "--only", "kernel-tick,automat-tick", "--json", "-") == 0
    said = capsys.readouterr()
    kernel, automat = json.loads(said.out)["results"]
    assert kernel["median"] > 0
    assert automat["median"] is None and automat["missing"] == "pip install 'evidence-sim[bench]'"
    assert "evidence-sim[bench]" in said.err


def test_growth_is_a_table_and_a_plot(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    path, page = tmp_path / "growth.svg", tmp_path / "growth.html"
    assert once(monkeypatch, "--only", "tenants", "--plot", str(path), "--report", str(page)) == 0
    assert "driver-ticks" in capsys.readouterr().out
    drawn = path.read_text()
    assert drawn.startswith("<?xml") and "driver-ticks, ticks/s" in drawn and "of a store (driver)" in drawn
    held = page.read_text().split("data:image/svg+xml;base64,")[1].split('"')[0]
    assert b64decode(held).decode() == drawn


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--plot", "growth.txt"], "cannot draw growth.txt: its suffix is none of"),
        (["--plot", "growth.svg", "--only", "kernel-tick"], "name one of cores, tenants"),
        (["--store", "memory:", "--only", "kernel-tick"], "leave out --only"),
    ],
)
def test_what_cannot_be_asked_for(arguments: Sequence[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    if "--plot" in arguments:
        pytest.importorskip("matplotlib")
    assert main(["bench", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_an_unknown_name_suggests_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["bench", "--only", "kernel-tick,bulk-action"])
    assert left.value.code == 2
    assert "nothing to time is called 'bulk-action'; did you mean bulk-actions?" in capsys.readouterr().err


def test_ctrl_c_prints_what_was_measured(tmp_path: Path) -> None:
    path = tmp_path / "timings.json"
    command = [
        sys.executable,
        "-m",
        "evidence_sim",
        "bench",
        "--only",
        "kernel-tick,transitions-tick,reference-actions",
    ]
    command += ["--json", str(path)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    for line in running.stderr:
        if "round 2" in line:
            running.send_signal(signal.SIGINT)
            break
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130 and "interrupted" in err and "Traceback" not in err
    assert "kernel-tick" in out
    described: dict[str, Any] = json.loads(path.read_text())
    assert not described["complete"] and described["results"][0]["median"] > 0


def test_bars_are_dashes_where_there_are_no_blocks() -> None:
    script = "from evidence_sim import bench_cli, cli; bench_cli.ROUNDS = 1; cli.main(['bench', '--only=kernel-tick'])"
    command, ascii_only = [sys.executable, "-c", script], {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, text=True, env=ascii_only, check=True)
    assert "| kernel-tick | ticks/s |" in done.stdout and f" {'-' * 33} |" in done.stdout
