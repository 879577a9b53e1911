"""What goes wrong with a recording, which no tick may notice: cuts, bounds, disks, kills, forks."""

import fcntl
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evidence_kernel import Expect, Outcome
from evidence_kernel.records.keys import evidence_key
from evidence_runtime import MemoryStore, invocation, run_tick
from evidence_runtime.recorder import Recorder
from evidence_runtime.recording import HEAD
from evidence_sim.cli import main
from tests.runtime.recorded import OLD, due, lines, tick, verdict
from tests.sim.test_formats import valid


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ticks.jsonl"


class Cut(BaseException):
    """A crash."""


def crash(*_: object) -> object:
    raise Cut


def test_a_tick_that_was_cut_has_a_line_without_a_result(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = due()
    with Recorder(path) as recorder:
        with pytest.raises(Cut):
            tick(store, recorder, generate=crash)
        assert not path.exists()
        tick(store, recorder)
    second, first = lines(path)
    assert (second["result"]["outcome"], first["result"]) == ("BACKOFF", None)
    assert first["steps"][-1]["phase"] == "GENERATE" and first["steps"][-1]["answer"] is None
    assert valid(first, "recording.schema.json") and verdict(capsys, path)["unfinished"] == 1


def test_what_is_in_flight_is_bounded(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = MemoryStore()
    with Recorder(path, max_pending=20_000) as recorder:
        for number in range(40):
            store.put(evidence_key(f"t{number}"), OLD, Expect.ABSENT)
            with pytest.raises(Cut):
                tick(store, recorder, f"t{number}", crash)
            assert tick(store, recorder) is Outcome.NOT_DUE
        told = lines(path)
        unfinished = sum(line["result"] is None for line in told)
    assert (len(told), len(lines(path))) == (40 + unfinished, 80) and 30 < unfinished < 40
    assert verdict(capsys, path)["unfinished"] == 40


@pytest.fixture
def ill(path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A place where nothing can be recorded."""
    what = request.param
    locked = None
    if what == "no folder":
        yield path / "x"
        return
    if what == "a folder":
        path.mkdir()
    elif what == "full":
        path.symlink_to("/dev/full")
    elif what == "another's":
        path.write_bytes(b"SQLite format 3\0")
    elif what == "locked":
        path.touch()
        locked = path.open("rb")
        fcntl.flock(locked, fcntl.LOCK_EX)
    yield path
    if locked is not None:
        locked.close()
    if what == "another's":
        assert path.read_bytes() == b"SQLite format 3\0"


@pytest.mark.parametrize("ill", ["no folder", "a folder", "full", "another's", "locked"], indirect=True)
def test_no_tick_fails_of_its_recorder(ill: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore()
    with Recorder(ill) as recorder:
        assert [tick(store, recorder) for _ in range(2)] == [Outcome.NOT_DUE] * 2
    assert recorder.lost == 2
    said = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len(said) == 1 and said[0].startswith("[Phase5Scheduler] fault=record at=")


def test_it_goes_on_where_it_can_again_and_says_what_is_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, store = tmp_path / "deleted", MemoryStore()
    with Recorder(folder / "ticks.jsonl", max_bytes=3000) as recorder:
        tick(store, recorder)
        folder.mkdir()
        tick(store, recorder)
        tick(store, recorder, "x" * 128)  # longer than a file may be
        (folder / "ticks.jsonl").unlink()
        folder.rmdir()
        tick(store, recorder)
        folder.mkdir()
        tick(store, recorder)
    assert recorder.lost == 3
    [line] = lines(folder / "ticks.jsonl")
    assert (line["number"], line["lost"]) == (2, 3)
    assert verdict(capsys, folder / "ticks.jsonl")["lost"] == 3


def test_a_disk_that_fills_within_a_line_leaves_whole_lines(tmp_path: Path) -> None:
    """The limit of a file's size is what ends a write in its middle, as a full disk does."""
    code = (
        "import resource, signal, sys\n"
        "from evidence_runtime import MemoryStore, invocation, run_tick\n"
        "from evidence_runtime.recorder import Recorder\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))\n"
        "with Recorder(sys.argv[1]) as recorder:\n"
        "    for _ in range(3):\n"
        "        run_tick(MemoryStore(), invocation('a'), lambda *_: 1, observe=recorder)\n"
        "print(recorder.lost)\n"
    )
    path = tmp_path / "ticks.jsonl"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == "2\n" and len(lines(path)) == 1


def test_a_line_that_a_kill_left_unfinished_is_cut_off(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = MemoryStore()
    with Recorder(path) as recorder:
        tick(store, recorder)
    whole = path.read_bytes()
    for torn in (HEAD[:5], whole + HEAD + b"x" * 200_000):
        path.write_bytes(torn)
        assert main(["validate", str(path)]) == 0
        assert "killed within the line" in capsys.readouterr().out
        with Recorder(path) as recorder:
            tick(store, recorder)
        assert len(lines(path)) == (1 if torn == HEAD[:5] else 2)
    assert verdict(capsys, path)["torn"] == 0


def test_the_oldest_file_goes(tmp_path: Path, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = MemoryStore()
    with Recorder(path, max_bytes=5000, files=3) as recorder:
        for _ in range(20):
            tick(store, recorder)
    files = sorted(tmp_path.glob("ticks.jsonl*"))
    assert [file.name for file in files] == ["ticks.jsonl", "ticks.jsonl.1", "ticks.jsonl.2"]
    kept = [line["number"] for file in reversed(files) for line in lines(file)]
    assert kept == list(range(21 - len(kept), 21)) and 3 <= len(kept) < 20
    assert verdict(capsys, *files)["ticks"] == len(kept)


def test_a_forked_process_is_a_writer_of_its_own(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = MemoryStore()
    with Recorder(path) as recorder:
        tick(store, recorder)
        child = os.fork()
        if child == 0:
            recorder(*_first(store))
            tick(store, recorder, "child")
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        tick(store, recorder)
    assert [line["number"] for line in lines(path)] == [1, 1, 2]
    assert verdict(capsys, path)["writers"] == 2


def _first(store: MemoryStore) -> Any:
    """What an observer is told of a tick's first step."""
    told: list[Any] = []
    run_tick(store, invocation("other"), lambda *_: 1, observe=lambda *step: told.append(step))
    return told[0]


@pytest.mark.parametrize("bounds", [{"files": 1}, {"max_bytes": 0}, {"max_pending": 0}])
def test_bounds_that_hold_nothing_are_refused(bounds: Any, path: Path) -> None:
    with pytest.raises(ValueError, match="at least 2, 1 and 1"):
        Recorder(path, **bounds)
