"""Recordings of real ticks, in threads and processes; what goes wrong with them, which no tick may notice."""

import fcntl
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_kernel import Expect, Generate, Outcome, Trigger
from evidence_kernel.records.encoding import encode
from evidence_kernel.records.keys import evidence_key, publication_key
from evidence_kernel.records.publication import write_publication
from evidence_runtime import MemoryStore, SqliteStore, ensure_evidence, invocation, run_tick, system_clock
from evidence_runtime.drive import FailClosed
from evidence_runtime.recorder import Recorder
from evidence_runtime.recording import HEAD, digest, read, redacted, redacted_report, write
from evidence_sim.choice import Stream
from evidence_sim.cli import main
from tests.runtime.recorder_child import NOW, Cloudy, prepare, ticking

TOP = Path(__file__).parent.parent.parent
OLD = b'{"installed_at":"2025-01-01T00:00:00Z"}'
SECRET = {"secret": 7}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ticks.jsonl"


def tick(store: Any, observe: Recorder, tenant: object = "acme", generate: Any = lambda *_: SECRET) -> Outcome:
    return run_tick(store, invocation(tenant), generate, observe=observe).outcome


def due() -> MemoryStore:
    """A store in which acme's report is due."""
    store = MemoryStore()
    store.put(evidence_key("acme"), OLD, Expect.ABSENT)
    return store


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def verdict(capsys: pytest.CaptureFixture[str], *paths: Path) -> dict[str, Any]:
    """What `evidence-sim validate` says, which must be that all is consistent."""
    status = main(["validate", "--json", "-", *map(str, paths)])
    said = json.loads(capsys.readouterr().out)
    assert (status, said["findings"]) == (0, [])
    return dict(said)


def valid(line: object) -> bool:
    schema = json.loads((TOP / "spec" / "recording.schema.json").read_text())
    return bool(jsonschema.Draft202012Validator(schema).is_valid(line))


def test_eight_threads_on_a_store_that_fails(tmp_path: Path, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now = iter(range(NOW, NOW * 2, 15_000))
    with SqliteStore(tmp_path / "store.sqlite") as kept, Recorder(path) as recorder:
        prepare(kept)
        store = Cloudy(kept, Stream(5, 0))
        work = [(store, recorder, Stream(5, n + 1), 40, lambda: next(now)) for n in range(8)]
        threads = [Thread(target=ticking, args=arguments) for arguments in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    said = verdict(capsys, path)
    assert (said["ticks"], said["writers"], said["tenants"], said["lost"]) == (320, 1, 5, 0)
    told = lines(path)
    assert all(valid(line) for line in told)
    ended = {line["result"]["outcome"] for line in told}
    assert {"GENERATED", "GENERATION_FAILED", "SKIPPED", "EVIDENCE_IN_FUTURE", "STORE_FAILED", "BACKOFF"} <= ended
    answers = {step["answer"]["is"] for line in told for step in line["steps"]}
    assert {"Found", "Absent", "Failed", "Applied", "Conflict", "Unknown", "Report", "GeneratorError"} == answers


def test_eight_processes_write_one_recording(tmp_path: Path, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with SqliteStore(tmp_path / "store.sqlite") as store:
        prepare(store)
    command = [sys.executable, "-m", "tests.runtime.recorder_child", str(tmp_path / "store.sqlite"), str(path)]
    begun = str(system_clock())
    children = [subprocess.Popen([*command, str(number), "60", begun], cwd=TOP) for number in range(8)]
    assert [child.wait(60) for child in children] == [0] * 8
    files = sorted(tmp_path.glob("ticks.jsonl*"))
    assert len(files) > 3 and all(file.stat().st_size <= 300_000 for file in files)
    said = verdict(capsys, *files)
    assert (said["ticks"], said["writers"], said["lost"], said["unfinished"]) == (480, 8, 0, 0)


def test_reports_stand_as_digests_unless_they_are_asked_for(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for payloads, stands in ((False, f'{{"sha256":"{digest(b"""{"secret":7}""")}"}}'), (True, '{"secret":7}')):
        path.unlink(missing_ok=True)
        store = due()
        with Recorder(path, payloads=payloads) as recorder:
            assert [tick(store, recorder) for _ in range(2)] == [Outcome.GENERATED, Outcome.ALREADY_DONE]
        steps = {step["phase"]: step for step in lines(path)[0]["steps"]}
        assert steps["GENERATE"]["answer"]["body"] == stands
        assert f'"report":{stands}' in steps["PUBLISH"]["effect"]["value"]
        assert steps["PUBLISH_VERIFY"]["answer"]["value"] == steps["PUBLISH"]["effect"]["value"]
        assert (b"secret" in path.read_bytes()) is payloads
        assert verdict(capsys, path)["ticks"] == 2


DEEP: Any = []
for _ in range(31):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "report",
    [None, {"sha256": "0" * 64}, {"sha256": 1}, "é\ud83d\ude00", 1e300, 10**300, DEEP, "x" * (2**20 - 60)],
    ids=range(8),
)
def test_the_kernel_decides_the_same_on_a_digest(
    report: object, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also of a report that is a digest, and of those that no publication can hold."""
    cannot = report is DEEP or len(str(report)) > 2**19
    for payloads in (False, True):
        path.unlink(missing_ok=True)
        with Recorder(path, payloads=payloads) as recorder:
            outcome = tick(due(), recorder, generate=lambda *_: report)
        assert outcome is (Outcome.GENERATION_FAILED if cannot else Outcome.GENERATED)
        assert verdict(capsys, path)["ticks"] == 1


_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))


@given(_JSON, st.binary(max_size=40))
def test_a_redaction_tells_values_apart_and_stays(report: object, other: bytes) -> None:
    body = encode(report)
    assert body is not None
    publication = write_publication(body, 1, "t", NOW)
    assert publication is not None
    once = redacted(publication)
    assert redacted(once) == once != redacted(other)
    assert redacted(redacted(other)) == redacted(other)
    asked = Generate("acme", Trigger.AUTO_24H, 0, 1, "t")
    assert write_publication(redacted_report(body, asked, NOW), 1, "t", NOW) == once
    spaced = publication.replace(b",", b", ", 1)
    assert redacted(spaced) != once


def test_every_kind_of_tick_is_recorded(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = due()
    store.put(evidence_key("bad"), b"\xff\xfe", Expect.ABSENT)
    with Recorder(path) as recorder:
        assert tick(store, recorder, tenant={"cloudId": " "}) is Outcome.REFUSED
        ensure_evidence(store, invocation("new"), observe=recorder)
        for whom in ("bad", None):
            with pytest.raises(FailClosed):
                ensure_evidence(store, invocation(whom), observe=recorder)
    told = lines(path)
    assert [(line["tenant"], line["alone"], line["result"]["reason"]) for line in told] == [
        (None, False, "no_tenant_identity"),
        ("new", True, "missing_phase4_evidence_on_upgrade"),
        ("bad", True, "evidence_invalid"),
        (None, True, "no_tenant_identity"),
    ]
    assert told[2]["steps"][0]["answer"]["value"] == {"base64": "//4="}
    assert all(valid(line) for line in told)
    assert verdict(capsys, path)["ticks"] == 4
    for line in path.read_bytes().splitlines(keepends=True):
        assert write(read(line)) == line


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
    assert valid(first) and verdict(capsys, path)["unfinished"] == 1


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


def test_a_publication_of_another_program_is_compared_by_its_bytes(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = due()
    store.put(publication_key("acme", Trigger.AUTO_24H), b'{"report": "secret"}', Expect.ABSENT)
    with Recorder(path) as recorder:
        assert tick(store, recorder) is Outcome.ALREADY_DONE
    assert b"secret" not in path.read_bytes()
    verdict(capsys, path)
