"""The machine of sim/README.md: found out, shrunk, told and mended as the page has it; machines of other modules."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evidence_sim.cli import main
from evidence_sim.config import Config
from evidence_sim.labels import parse
from evidence_sim.machines import MACHINES
from evidence_sim.trace import Trace, TraceError, load, verdicts

PAGE = (Path(__file__).parents[2] / "sim" / "README.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## A machine of your own")[2].partition("\n## ")[0]
MACHINE, MENDED = re.findall(r"```python\n(.*?)```", SECTION, re.S)
STORY, SHORTEST = re.findall(r"```\n( .*?|S3.*?)```", SECTION, re.S)
NAME = "backfill:MACHINE"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder with the machine; what it is to this process ends with the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "backfill.py").write_text(MACHINE)
    (tmp_path / "ends.py").write_text("import sys\n\nsys.exit(0)\n")
    (tmp_path / "wordy.py").write_text("from backfill import MACHINE, Backfill\n\nBackfill.longest = '3'\n")
    yield
    assert isinstance(MACHINES, dict)
    for name in [name for name in MACHINES if ":" in name]:
        del MACHINES[name]
    sys.modules.pop("backfill", None)


def test_a_campaign_finds_and_tells_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--machine", NAME]) == 1
    assert STORY in capsys.readouterr().out
    path = "traces/backfill.MACHINE-cloud-kv-S4.json"
    assert main(["replay", path, "--machine", NAME]) == 1
    assert "S4 is violated at action 3" in capsys.readouterr().out
    main(["replay", path, "--machine", NAME, "--export", "pytest"])
    names: dict[str, Any] = {}
    exec(capsys.readouterr().out, names)
    with pytest.raises(AssertionError):
        names["test_backfill_machine_keeps_auditonce"]()


def test_a_search_finds_it_by_the_shortest_way(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explore", "--machine", NAME]) == 1
    assert SHORTEST in capsys.readouterr().out


def test_mended_it_keeps_what_it_promises() -> None:
    broken = MENDED.splitlines()[0] + "\n"
    assert MACHINE.count(broken) == 1
    Path("backfill.py").write_text(MACHINE.replace(broken, MENDED))
    assert main(["run", "--machine", NAME]) == 0
    assert main(["explore", "--machine", NAME]) == 0


def test_no_trace_has_a_module_imported() -> None:
    """In a process of its own, where nothing has been imported yet."""
    assert main(["run", "--machine", NAME, "--seeds", "4", "--json", "run.json"]) == 1
    replay = [sys.executable, "-m", "evidence_sim", "replay", "traces/backfill.MACHINE-cloud-kv-S4.json"]
    refused = subprocess.run(replay, capture_output=True, text=True, check=False)
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1 and f"--machine {NAME}" in refused.stderr
    run = [sys.executable, "-m", "evidence_sim", "run", "--machine", NAME, "--seeds", "4"]
    paired = subprocess.run([*run, "--jobs", "2", "--json", "-"], capture_output=True, text=True, check=False)
    assert json.loads(paired.stdout)["digest"] == json.loads(Path("run.json").read_text())["digest"]


def test_a_campaign_goes_on_with_the_same_module_only(capsys: pytest.CaptureFixture[str]) -> None:
    campaign = ["run", "--machine", NAME, "--resume", "kept.json"]
    main([*campaign, "--seeds", "2"])
    assert main([*campaign, "--seeds", "4"]) == 1
    Path("backfill.py").write_text(MACHINE + "\n# changed\n")
    capsys.readouterr()
    assert main([*campaign, "--seeds", "6"]) == 2
    assert "its campaign has sources" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nowhere:MACHINE", "No module named 'nowhere'"),
        ("backfill:OTHER", "has no attribute 'OTHER'"),
        ("backfill:Backfill", "it is a class; name an instance of it"),
        ("backfill:ended", "has no longest, start, step"),
        ("ends:MACHINE", "SystemExit(0)"),
        ("wordy:MACHINE", "its longest is '3'"),
        ("backfill", "or one of yours: MODULE:ATTRIBUTE"),
        (f"{NAME},kernel", "machines beside each other"),
    ],
)
def test_what_is_no_machine_is_refused_in_a_line(name: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", "--machine", name])
    assert ended.value.code == 2 and why in capsys.readouterr().err.splitlines()[-1]
    if "kernel" not in name:
        with pytest.raises(TraceError, match=re.escape(why)):
            load('{"format": "evidence-trace/1"}', name)


def test_a_state_that_is_no_value_breaks_its_protocol(capsys: pytest.CaptureFixture[str]) -> None:
    Path("backfill.py").write_text(MACHINE.replace("@frozen", "@define", 1).replace("frozen", "define, frozen", 1))
    for asked in (["run", "--seeds", "1"], ["explore", "--ticks", "1", "--faults", "0"]):
        assert main([*asked, "--machine", NAME]) == 1
        assert "Tick is not hashable" in capsys.readouterr().out


def test_another_phase_breaks_its_protocol() -> None:
    Path("backfill.py").write_text(MACHINE.replace('phase="EVIDENCE_PUT"', 'phase="SOMEWHERE"'))
    sys.path.insert(0, "")
    trace = Trace(Config(1, 1, (NAME,), "cloud-kv"), tuple(map(parse, ("Start(a,1,h0)", "EvidenceRead(a,1):ok"))))
    assert "SOMEWHERE" in verdicts(trace)["S12"][1]
