"""A campaign goes on from its file, whatever cut it short, and from no other's."""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from evidence_sim import resume
from evidence_sim.campaign import Chunk, Seeds, tallied
from evidence_sim.cli import main
from evidence_sim.resume import Standing
from evidence_sim.sample import Plan
from evidence_sim.sources import sources
from evidence_sim.tally import Tally
from evidence_sim.verdict import Run
from tests.long import long
from tests.sim.test_formats import valid

PLAN = Plan(("plain-put",), ticks=2)
OF_PLAN = ["--machine", "plain-put", "--ticks", "2"]


def begun(path: Path, count: int = 20) -> Tally:
    """A file of a campaign of which so many seeds are done."""
    tally = Tally().then(tallied(Chunk(PLAN, Seeds(5, count))))
    Standing(path, PLAN, "memory", 5).save(tally, 1.5)
    return tally


def digest(first: int, count: int) -> str:
    """Of a campaign that nothing cut short."""
    seeds = Seeds(first, count)
    return Run(PLAN, seeds, tallied(Chunk(PLAN, seeds))).digest


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "here" / "campaign.json"
    assert Standing(path, PLAN, "memory", 5).load() == (Tally(), 0.0)
    tally = begun(path)
    assert tally.violations and tally.survived
    assert Standing(path, PLAN, "memory", 5).load() == (tally, 1.5)
    assert [file.name for file in path.parent.iterdir()] == ["campaign.json"]
    described = json.loads(path.read_text())
    assert valid(described, "campaign.schema.json")
    assert not valid(described | {"format": "evidence-campaign/2"}, "campaign.schema.json")


def test_whoever_reads_has_one_or_the_other(tmp_path: Path) -> None:
    standing = Standing(tmp_path / "campaign.json", PLAN, "memory", 5)
    tallies = [begun(standing.path, count) for count in (1, 20)]

    def write() -> None:
        for number in range(200):
            standing.save(tallies[number % 2], 0.0)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        assert standing.load()[0] in tallies
    writer.join()


@pytest.mark.parametrize(
    ("by", "jobs"), [(signal.SIGINT, "1"), (signal.SIGKILL, "2"), *long((signal.SIGINT, "2"), (signal.SIGKILL, "1"))]
)
def test_it_goes_on_after(by: signal.Signals, jobs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "campaign.json"
    again = ["run", *OF_PLAN, "--resume", str(path), "--out", str(tmp_path)]
    command = [sys.executable, "-m", "evidence_sim", *again, "--seeds", "9:", "--jobs", jobs]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while not seeds_in(path):
            assert running.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        running.send_signal(by)
        _, said = running.communicate(timeout=60)
    finally:
        running.kill()
    assert (running.returncode, b"interrupted after" in said) == ((130, True) if by is signal.SIGINT else (-9, False))
    done = seeds_in(path)
    assert main([*again, "--seeds", f"9:{done + 11}", "--json", "-"]) == 1
    run = json.loads(capsys.readouterr().out)
    assert (run["seeds"], run["digest"]) == ([9, done + 11], digest(9, done + 11))
    assert main([*again, "--seeds", f"9:{done + 11}", "--json", "-"]) == 1  # which runs nothing
    assert json.loads(capsys.readouterr().out)["digest"] == run["digest"]
    assert main([*again, "--seeds", f"9:{done}"]) == 2
    assert f"has {done + 11} seeds already" in capsys.readouterr().err


def seeds_in(path: Path) -> int:
    """How many seeds the file has; 0 without one."""
    return int(json.loads(path.read_text())["tally"]["seeds"]) if path.exists() else 0


def test_a_damaged_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "campaign.json"
    begun(path)
    text = path.read_bytes()
    for length in range(0, len(text) - 1, 7):
        path.write_bytes(text[:length])
        assert main(["run", *OF_PLAN, "--seeds", "5:30", "--resume", str(path)]) == 2
        assert "cannot go on from" in capsys.readouterr().err
    path.write_bytes(text.replace(b'"seeds": 20', b'"seeds": 21'))
    assert main(["run", *OF_PLAN, "--seeds", "5:30", "--resume", str(path)]) == 2
    assert "it is damaged: its sum is another" in capsys.readouterr().err
    path.write_bytes(b"\xff")
    assert main(["run", *OF_PLAN, "--seeds", "5:30", "--resume", str(path)]) == 2
    assert "it is no text" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (["--machine", "kernel"], "its campaign has machine plain-put, and not kernel"),
        (["--profile", "byzantine"], "its campaign has profile cloud-kv, and not byzantine"),
        (["--tenants", "3"], "its campaign has tenants 2, and not 3"),
        (["--ticks", "3"], "its campaign has ticks 2, and not 3"),
        (["--seeds", "6:30"], "its campaign has first 5, and not 6"),
        (["--store", "memory:"], None),
        (["--store", "sqlite:none"], "its campaign has store memory, and not sqlite"),
    ],
)
def test_another_campaign_is_refused(
    other: list[str], says: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "campaign.json"
    begun(path)
    given = ["run", *OF_PLAN, "--seeds", "5:21", "--resume", str(path), "--out", str(tmp_path), *other]
    assert main(given) == (1 if says is None else 2)
    assert says is None or f"cannot go on from {path}: {says}; name another file" in capsys.readouterr().err


def test_other_sources_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "campaign.json"
    begun(path)
    monkeypatch.setattr(resume, "sources_of", lambda _: "0" * 16)
    assert main(["run", *OF_PLAN, "--seeds", "5:30", "--resume", str(path)]) == 2
    assert f"its campaign has sources {sources()}, and not {'0' * 16}" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["/proc/none/campaign.json", "/"])
def test_a_file_that_cannot_be_written_is_told_before_the_first_seed(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *OF_PLAN, "--seeds", "1000000", "--resume", path]) == 2
    assert path in capsys.readouterr().err
