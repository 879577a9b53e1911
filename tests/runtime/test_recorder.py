"""Recordings of real ticks, in threads and processes, and what stands in them."""

import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_kernel import Expect, Generate, Outcome, Trigger
from evidence_kernel.records.encoding import encode
from evidence_kernel.records.keys import evidence_key, publication_key
from evidence_kernel.records.publication import write_publication
from evidence_runtime import SqliteStore, ensure_evidence, invocation, system_clock
from evidence_runtime.drive import FailClosed
from evidence_runtime.recorder import Recorder
from evidence_runtime.recording import digest, read, redacted, redacted_report, write
from evidence_sim.choice import Stream
from tests.runtime.forms import FLEETS
from tests.runtime.recorded import SECRET, due, lines, tick, verdict
from tests.runtime.recorder_child import NOW, Cloudy, prepare, ticking
from tests.sim.test_formats import valid

TOP = Path(__file__).parent.parent.parent


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ticks.jsonl"


def test_eight_threads_on_a_store_that_fails(tmp_path: Path, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now = iter(range(NOW, NOW * 2, 15_000))
    with SqliteStore(tmp_path / "store.sqlite") as kept, Recorder(path) as recorder:
        prepare(kept)
        store = Cloudy(kept, Stream(5, 0))
        work = [(store, recorder, Stream(5, n + 1), 25, lambda: next(now)) for n in range(8)]
        threads = [Thread(target=ticking, args=arguments) for arguments in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    said = verdict(capsys, path)
    assert (said["ticks"], said["writers"], said["tenants"], said["lost"]) == (200, 1, 5, 0)
    told = lines(path)
    assert all(valid(line, "recording.schema.json") for line in told)
    ended = {line["result"]["outcome"] for line in told}
    assert {"GENERATION_FAILED", "NOT_DUE", "SKIPPED", "EVIDENCE_IN_FUTURE", "STORE_FAILED", "BACKOFF"} <= ended
    answers = {step["answer"]["is"] for line in told for step in line["steps"]}
    assert {"Found", "Absent", "Failed", "Applied", "Conflict", "Unknown", "Report", "GeneratorError"} == answers


@pytest.mark.parametrize("form", FLEETS)
def test_ticks_of_one_tenant_overlap_in_a_round(form: str, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = due()
    with Recorder(path) as recorder:
        done = FLEETS[form](store, ["acme", "new"] * 40, lambda *_: SECRET, observe=recorder)
    assert (done.ticks, done.outcomes[Outcome.GENERATED], done.backfilled) == (80, 1, 1)
    said = verdict(capsys, path)
    assert (said["ticks"], said["tenants"], said["lost"], said["unfinished"]) == (80, 2, 0, 0)


def test_eight_processes_write_one_recording(tmp_path: Path, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with SqliteStore(tmp_path / "store.sqlite") as store:
        prepare(store)
    command = [sys.executable, "-m", "tests.runtime.recorder_child", str(tmp_path / "store.sqlite"), str(path)]
    begun = str(system_clock())
    children = [subprocess.Popen([*command, str(number), "40", begun], cwd=TOP) for number in range(8)]
    assert [child.wait(60) for child in children] == [0] * 8
    files = sorted(tmp_path.glob("ticks.jsonl*"))
    assert len(files) > 3 and all(file.stat().st_size <= 150_000 for file in files)
    said = verdict(capsys, *files)
    assert (said["ticks"], said["writers"], said["lost"], said["unfinished"]) == (320, 8, 0, 0)


def test_processes_that_are_killed_leave_what_can_be_judged(
    tmp_path: Path, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with SqliteStore(tmp_path / "store.sqlite") as store:
        prepare(store)
    command = [sys.executable, "-m", "tests.runtime.recorder_child", str(tmp_path / "store.sqlite"), str(path)]
    begun = str(system_clock())
    children = [subprocess.Popen([*command, str(number), "1000000", begun], cwd=TOP) for number in range(4)]
    for child in children:
        while not (path.exists() and len(path.read_bytes()) > 50_000) and not path.with_name("ticks.jsonl.1").exists():
            assert child.poll() is None
            time.sleep(0.02)
        child.kill()
        assert child.wait(20) == -9
    said = verdict(capsys, *tmp_path.glob("ticks.jsonl*"))
    assert said["ticks"] > 10 and said["lost"] == 0


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
    assert all(valid(line, "recording.schema.json") for line in told)
    assert verdict(capsys, path)["ticks"] == 4
    for line in path.read_bytes().splitlines(keepends=True):
        assert write(read(line)) == line


def test_a_publication_of_another_program_is_compared_by_its_bytes(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = due()
    store.put(publication_key("acme", Trigger.AUTO_24H), b'{"report": "secret"}', Expect.ABSENT)
    with Recorder(path) as recorder:
        assert tick(store, recorder) is Outcome.ALREADY_DONE
    assert b"secret" not in path.read_bytes()
    verdict(capsys, path)
