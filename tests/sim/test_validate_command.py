"""The command `evidence-sim validate`: what it refuses, what it prints, what cron records."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evidence_kernel import Expect
from evidence_kernel.records.keys import evidence_key
from evidence_runtime import MemoryStore
from evidence_sim.cli import main
from evidence_sim.sample import Plan, sample
from evidence_sim.trace import Trace, dump
from tests.sim.recordings import OLD, Lines, forged_outcome, judged, record, save


@pytest.fixture
def told(tmp_path: Path) -> Lines:
    """Tenant `a` is backfilled in line 1, `b` gets its report in line 2; then each has ticks of which nothing comes."""
    store = MemoryStore()
    store.put(evidence_key("b"), OLD, Expect.ABSENT)
    record(tmp_path / "true.jsonl", store, "abaabb")
    return [json.loads(line) for line in (tmp_path / "true.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"{}\n", "line 1: the format is None"),
        (b"\n", "line 1: this is no JSON"),
        (b"\xff\n", "line 1: this is no JSON"),
        (b'{"format":"evidence-recording/2"}\n', "line 1: the format is 'evidence-recording/2'"),
        (b'{"format":"evidence-recording/1"}\n', "line 1: this is no line of evidence-recording/1: it has 1 fields"),
    ],
)
def test_what_is_no_recording_is_refused(
    text: bytes, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "none.jsonl").write_bytes(text)
    assert main(["validate", str(tmp_path / "none.jsonl")]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"number":2', '"number":"2"'),
        ('"previous":"', '"previously":"'),
        ('"is":"Absent"', '"is":"Gone"'),
        ('"at":1', '"at":1.5,"was":1'),
        ('"expect":"ABSENT"', '"expect":"PRESENT"'),
        (
            '"trigger":"AUTO_24H","installed_at":1735689600000,"attempt"',
            '"trigger":"AUTO_48H","installed_at":1,"attempt"',
        ),
        ('"version":1', '"version":true,"was":1'),
        ('"version":1', '"version":{"base64":"?"},"was":1'),
        ('"steps":[', '"steps":[7,'),
        ('"tick_id":"', '"tick_id":"/'),
        ('"answer":{"is":"Report"', '"answer":null,"was":{"is":"Report"'),
        ('"value":"', '"value":"\\ud800'),
    ],
)
def test_a_line_of_another_shape_is_refused_by_its_number(
    old: str, new: str, told: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (tmp_path / "true.jsonl").read_text().splitlines(keepends=True)
    assert old in lines[1]
    path = tmp_path / "other.jsonl"
    path.write_text("".join([lines[0], lines[1].replace(old, new, 1), *lines[2:]]))
    assert main(["validate", str(path)]) == 2
    said = capsys.readouterr().err
    assert f"evidence-sim: {path}, line 2: this is no line of evidence-recording/1: " in said


def test_a_trace_and_a_recording_are_told_apart(
    told: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = list(sample(Plan(), 0))
    trace = tmp_path / "trace.json"
    trace.write_text(dump(Trace(facts[0].before.config, tuple(fact.action for fact in facts))))
    assert main(["validate", str(trace)]) == 2
    assert "is a trace, evidence-trace/1; tell it with evidence-sim replay" in capsys.readouterr().err
    for recording in (tmp_path / "true.jsonl", save(tmp_path / "one.jsonl", told[:1])):
        assert main(["replay", str(recording)]) == 2
        assert (
            "this is a recording, evidence-recording/1; judge it with evidence-sim validate" in capsys.readouterr().err
        )


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(tmp_path / "none")]) == 2
    assert f"cannot read {tmp_path / 'none'}: No such file" in capsys.readouterr().err


def test_people_read_where_and_why(told: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forged_outcome(told)
    path = save(tmp_path / "forged.jsonl", told)
    assert main(["validate", str(path)]) == 1
    first, second, figures, verdict = capsys.readouterr().out.splitlines()
    whose = f"tick {told[2]['tick_id']} of tenant 'a'"
    assert first == (
        f"{path}, line 3: divergent: {whose}: diverges at step 7: recorded ends with outcome 'ALREADY_DONE';"
        " the kernel ends with outcome 'NOT_DUE'"
    )
    assert second.startswith(f"{path}, line 3: sequence: {whose}: ") and second.endswith(f"; see {path}, line 4")
    assert figures.startswith("6 ticks of 2 tenants by 1 writers") and verdict == "2 findings"


def test_cron_records_what_validate_judges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "ticks.jsonl"
    of = ["--store", f"sqlite:{tmp_path / 'store.sqlite'}", "--record", str(path)]
    for whom in (["--tenant", "a"], ["--tenant", "b"], ["--all", "--jobs", "2"]):
        command = [sys.executable, "-m", "evidence_runtime", "tick", *of, *whom]
        assert subprocess.run(command, capture_output=True).returncode == 0
    assert judged(capsys, path) == [] and len(path.read_text().splitlines()) == 4
