"""The command: what it prints, stores and returns, and how it refuses."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from evidence_sim.cli import main
from evidence_sim.trace import FORMAT


def test_a_clean_campaign(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "run.json"
    assert main(["run", "--seeds", "3", "--json", str(out), "--out", str(tmp_path / "traces")]) == 0
    printed = capsys.readouterr().out
    assert "kernel under cloud-kv, seeds 0 to 2" in printed
    run = json.loads(out.read_text())
    assert run["format"] == "evidence-run/1"
    assert {v["verdict"] for v in run["verdicts"]} == {"holds"}
    assert not (tmp_path / "traces").exists()


def test_coverage_can_be_required(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--seeds", "1", "--require-coverage", "--out", str(tmp_path)]) == 1
    assert "not reached" in capsys.readouterr().out


def test_a_violation_is_told_stored_and_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--machine", "plain-put", "--seeds", "4", "--out", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    path = tmp_path / "plain-put-cloud-kv-S2.json"
    assert f"replay it: evidence-sim replay {path}" in printed
    assert json.loads(path.read_text())["format"] == FORMAT
    assert main(["replay", str(path)]) == 1
    assert "S2 is violated at action 4" in capsys.readouterr().out
    assert main(["replay", str(path), "--machine", "kernel"]) == 0
    assert "No invariant is violated." in capsys.readouterr().out
    assert main(["replay", str(path), "--export", "mermaid"]) == 0
    assert capsys.readouterr().out.startswith("sequenceDiagram")


def test_an_exported_test_is_red_until_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", "--machine", "plain-put", "--seeds", "4", "--out", str(tmp_path)])
    capsys.readouterr()
    main(["replay", str(tmp_path / "plain-put-cloud-kv-S2.json"), "--export", "pytest"])
    text = capsys.readouterr().out
    for machine, red in (("plain-put", True), ("kernel", False)):
        names: dict[str, object] = {}
        exec(text.replace('"plain-put"', f'"{machine}"'), names)
        test = names["test_plain_put_keeps_noclobber"]
        assert callable(test)
        try:
            test()
        except AssertionError:
            assert red
        else:
            assert not red


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--machine", "nope"], "is no machine; machines are kernel, v2.19"),
        (["run", "--machine", "v2.19,v2.20"], "need the kernel among them"),
        (["run", "--machine", "kernel,plain-put"], "may be kernel, v2.20, v2.19"),
        (["run", "--seeds", "0"], "is no seeds; give a count (100) or the first and a count (500:20)"),
        (["run", "--profile", "sunny"], "choose from"),
        (["run", "--tenants", "251"], "is no number from 1 to 250"),
        (["sing"], "choose from"),
    ],
)
def test_wrong_usage_names_what_is_allowed(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "this is no JSON"),
        ('{"format": "evidence-trace/2"}', "the format is 'evidence-trace/2'; this version reads 'evidence-trace/1'"),
        ('{"format": "evidence-trace/1", "machine": "x"}', "'x' is no machine; machines are kernel"),
        (
            '{"format": "evidence-trace/1", "machine": "kernel", "profile": "cloud-kv", "config": {},'
            ' "actions": ["Start(a,1,h0)", "EvidenceRead(a,1):ok"]}',
            "does not apply to kernel: action 2, EvidenceRead(a,1):ok cannot happen: the tick stands at STATUS_READ",
        ),
        (
            '{"format": "evidence-trace/1", "machine": "kernel", "profile": "byzantine",'
            ' "config": {"initial": {"a": {"evidence": "valid"}}},'
            ' "actions": ["Outside(a.evidence,delete)", "Outside(a.evidence,delete)"]}',
            "action 2, Outside(a.evidence,delete) cannot happen: there is no such record",
        ),
        (
            '{"format": "evidence-trace/1", "machine": "kernel", "profile": "cloud-kv", "config": {"tenants": 0},'
            ' "actions": []}',
            "tenants=0 is not from 1 to 250",
        ),
    ],
)
def test_an_unusable_trace(text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "trace.json"
    path.write_text(text)
    assert main(["replay", str(path)]) == 2
    assert says in capsys.readouterr().err


def test_a_trace_that_violates_nothing_is_no_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "trace.json"
    path.write_text(
        '{"format": "evidence-trace/1", "machine": "kernel", "profile": "cloud-kv", "config": {},'
        ' "actions": ["Start(a,1,h0)"]}'
    )
    assert main(["replay", str(path)]) == 0
    assert main(["replay", str(path), "--export", "mermaid"]) == 0
    assert main(["replay", str(path), "--export", "pytest"]) == 2
    assert "names no invariant" in capsys.readouterr().err


def test_a_missing_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path / "none.json")]) == 2
    assert "cannot read" in capsys.readouterr().err


def test_a_violation_is_told_where_it_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    out = tmp_path / "run.json"
    arguments = ["run", "--machine", "plain-put", "--seeds", "4", "--out", str(tmp_path / "file"), "--json", str(out)]
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert "It now puts the evidence, whatever is there" in said.out and "cannot write" in said.err
    assert json.loads(out.read_text())["format"] == "evidence-run/1"


def test_an_option_before_the_command_counts(tmp_path: Path) -> None:
    assert main(["--json", str(tmp_path / "run.json"), "run", "--seeds", "1", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "run.json").exists()


@pytest.mark.parametrize("option", ["--json", "--junit", "--summary", "--report", "--cluster", "--jobs"])
def test_an_option_before_a_command_that_has_it_not_is_refused(
    option: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    value = "2" if option == "--jobs" else str(tmp_path / "file")
    assert main([option, value, "machines"]) == 2
    said = capsys.readouterr()
    assert said.err == f"evidence-sim: machines has no {option}; leave out {option} {value}\n" and not said.out
    assert list(tmp_path.iterdir()) == []


def test_rollout_wants_others_beside_the_kernel(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--profile", "rollout", "--machine", "kernel"]) == 2
    assert "machines beside each other" in capsys.readouterr().err


def test_a_story_says_how_the_world_began(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "trace.json"
    path.write_text(
        '{"format": "evidence-trace/1", "machine": "kernel", "profile": "crash-stop", "config": {"hosts": 2,'
        ' "offsets": [0, -300000], "initial": {"a": {"evidence": "valid-12h"}}}, "actions": ["Start(a,1,h1)"]}'
    )
    assert main(["replay", str(path)]) == 0
    begins = "At first: tenant a has evidence valid-12h; the clock of host 1 is 5 min behind."
    assert begins in capsys.readouterr().out


@pytest.mark.parametrize("listing", ["machines", "faults", "invariants"])
def test_lists(listing: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([listing]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 10


@pytest.mark.parametrize(
    ("command", "runs"), [([], "runs"), (["run", "--seeds", "2000", "--jobs", "2"], "verdicts")], ids=["suite", "run"]
)
def test_ctrl_c_gives_what_was_found_so_far(command: list[str], runs: str, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    whole = [sys.executable, "-m", "evidence_sim", *command, "--json", str(out)]
    with subprocess.Popen(whole, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stderr is not None
        said = process.stderr.readline()  # progress: the campaign is under way
        process.send_signal(signal.SIGINT)
        printed, rest = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in rest) == (130, False), rest
    assert "interrupted after" in rest and "actions" in printed, said
    assert runs in json.loads(out.read_text())
