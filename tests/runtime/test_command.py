"""The command `evidence`: what it prints, what it leaves, how it ends."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evidence_kernel import Expect, Found
from evidence_kernel.records.keys import evidence_key, ledger_key
from evidence_runtime import SqliteStore
from evidence_runtime.command import main

EXPORT = Path(__file__).parent.parent / "data" / "original_export.jsonl"
OLD = b'{"installed_at":"2025-01-01T00:00:00Z"}'
ANSWER = "import json, sys; asked = json.load(sys.stdin); print(json.dumps({'for': asked['tenant']}))"


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A store in which one tenant has old evidence: AUTO_24H is due."""
    path = tmp_path / "store.sqlite"
    with SqliteStore(path) as made:
        made.put(evidence_key("acme"), OLD, Expect.ABSENT)
    return f"sqlite:{path}"


def program(code: str) -> str:
    """A generator's command."""
    return f"{sys.executable} -c {json.dumps(code)}"


def test_a_tick_prints_its_outcome_and_logs_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tick", "--store", f"sqlite:{tmp_path / 'new.sqlite'}", "--tenant", "acme"]) == 0
    said = capsys.readouterr()
    outcome = json.loads(said.out)
    assert (outcome["outcome"], outcome["did_backfill"], outcome["http_status"]) == ("NOT_DUE", True, 200)
    first, second, last = said.err.splitlines()
    assert first.endswith(f"INFO [Phase5Scheduler] tick={outcome['tick_id']} cloudId=acme start")
    assert "[PHASE4_BACKFILL] cloudId=acme didBackfill=true" in second and "outcome=NOT_DUE" in last


@pytest.mark.parametrize("way", ["program", "file"])
def test_a_report_that_is_due_is_made_and_published_once(
    way: str, store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.json").write_text('{"for": "acme"}')
    (tmp_path / "context.json").write_text('{"cloudId": "acme"}')
    made = ["--generate", program(ANSWER)] if way == "program" else ["--report-file", str(tmp_path / "report.json")]
    whom = ["--tenant", "acme"] if way == "program" else ["--context", str(tmp_path / "context.json")]
    outcomes = []
    for _ in range(2):
        assert main(["tick", "--store", store, *whom, *made]) == 0
        outcomes.append(json.loads(capsys.readouterr().out)["outcome"])
    assert outcomes == ["GENERATED", "ALREADY_DONE"]
    with SqliteStore(store.removeprefix("sqlite:")) as held:
        found = held.get("phase5:scheduler:acme:AUTO_24H:DONE")
    assert isinstance(found, Found) and json.loads(found.value)["report"] == {"for": "acme"}


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import sys; sys.exit(3)", "ended with 3"),
        ("print('no json')", "printed no JSON"),
        ("import time; time.sleep(60)", "did not answer within 0.2 s"),
        (None, "nothing makes it: give --generate CMD"),
    ],
)
def test_a_generator_that_fails_is_a_failed_generation(
    code: str | None, says: str, store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [] if code is None else ["--generate", program(code), "--generate-timeout", "0.2"]
    made = made if code is None or "sleep" in code else made[:2]
    assert main(["tick", "--store", store, "--tenant", "acme", *made]) == 1
    said = capsys.readouterr()
    outcome = json.loads(said.out)
    assert (outcome["outcome"], outcome["http_status"]) == ("GENERATION_FAILED", 202)
    assert says in said.err


def test_a_program_that_is_not_there_is_a_failed_generation(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tick", "--store", store, "--tenant", "acme", "--generate", "/no/such/program"]) == 1
    assert "/no/such/program cannot be run" in capsys.readouterr().err


def test_a_round_over_the_store_and_over_a_list(store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tenants.txt").write_text("a\n\nb\nacme\n")
    listed = ["--tenants", str(tmp_path / "tenants.txt"), "--jobs", "2", "--json"]
    assert main(["tick", "--store", store, "--all", *listed, "--generate", program(ANSWER)]) == 0
    said = capsys.readouterr()
    assert sorted(json.loads(line)["tenant"] for line in said.out.splitlines()) == ["a", "acme", "b"]
    figures = json.loads(said.err.splitlines()[-1])
    assert figures["outcomes"] == {"NOT_DUE": 2, "GENERATED": 1} and figures["backfilled"] == 2
    assert main(["tick", "--store", store, "--all"]) == 0
    assert "3 ticks in" in capsys.readouterr().out


def test_audit_import_and_status_of_the_original_s_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = f"sqlite:{tmp_path / 'new.sqlite'}"
    assert main(["audit", str(EXPORT), "--json"]) == 1
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 158
    assert set(json.loads(said.out.splitlines()[0])) == {"key", "tenant", "evidence", "reason", "accepted_by_original"}
    assert json.loads(said.err)["invalid"] == 21
    assert main(["audit", str(EXPORT), "--audit-lines"]) == 1
    assert capsys.readouterr().out.count("didBackfill=true") == 63
    assert main(["import", str(EXPORT), "--store", target, "--dry-run"]) == 1
    assert "712 lines, nothing was written" in capsys.readouterr().out
    assert not (tmp_path / "new.sqlite").exists()
    assert main(["import", str(EXPORT), "--store", target, "--json"]) == 1
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == json.loads(said.err)["lines"] == 712
    assert main(["audit", target]) == 1  # one record is from the future
    assert "136 records" not in capsys.readouterr().out
    assert main(["status", "--store", target]) == 0
    assert "INITIALIZING" in capsys.readouterr().out
    assert main(["tick", "--store", target, "--all", "--report-file", str(tmp_path / "none")]) == 2
    (tmp_path / "report.json").write_text("{}")
    assert main(["tick", "--store", target, "--all", "--report-file", str(tmp_path / "report.json")]) == 0
    capsys.readouterr()
    assert main(["status", "--store", target, "--json"]) == 1
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (first["trust"], first["reason"]) == ("BLOCKED", "EVIDENCE_IN_FUTURE installed_in_future")


def test_repair_shows_asks_and_keeps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "store.sqlite"
    with SqliteStore(path) as made:
        made.put(evidence_key("acme"), b'{"installed_at": "[red]soon"}', Expect.ABSENT)
        made.put(ledger_key("acme"), b"{", Expect.ABSENT)
    of = ["repair", "--store", f"sqlite:{path}", "--tenant", "acme"]
    assert main([*of, "--installed-at", "2025-01-01T00:00:00Z"]) == 2
    said = capsys.readouterr()
    assert 'before: {"installed_at": "[red]soon"}' in said.out and "after: " in said.out
    assert "give --yes" in said.err
    assert main([*of, "--installed-at", "2025-01-01T00:00:00Z", "--yes"]) == 0
    assert "[PHASE4_REPAIR] cloudId=acme record=evidence" in capsys.readouterr().err
    assert main([*of, "--installed-at", "2025-01-01T00:00:00Z", "--yes"]) == 1
    assert "nothing to repair" in capsys.readouterr().err
    assert main([*of, "--attempts", "AUTO_12H=1", "--attempts", "AUTO_24H=0", "--yes"]) == 0
    assert main(["audit", f"sqlite:{path}"]) == 0


def test_forget_says_what_it_removed(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forget", "--store", store, "--tenant", "acme"]) == 2
    assert main(["forget", "--store", store, "--tenant", "acme", "--yes"]) == 0
    said = capsys.readouterr().out
    assert "removed phase4:evidence:installation:acme" in said and "1 records removed" in said
    assert main(["forget", "--store", store, "--tenant", "acme", "--yes"]) == 0
    assert "0 records removed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["sing"], "No such command"),
        (["tick", "--tenant", "a"], "--store"),
        (["tick", "--store", "a.sqlite", "--tenant", "a"], "name one as sqlite:PATH"),
        (["tick", "--store", "sqlite:/no/such/folder/a", "--tenant", "a"], "make it first"),
        (["tick", "--store", "STORE"], "name one of --tenant ID"),
        (["tick", "--store", "STORE", "--tenant", "a", "--all"], "name one of --tenant ID"),
        (["tick", "--store", "STORE", "--tenant", "a", "--tenants", "x"], "--tenants goes with --all"),
        (["tick", "--store", "STORE", "--tenant", "a", "--generate", "a", "--report-file", "b"], "not both"),
        (["tick", "--store", "STORE", "--tenant", "a", "--generate", "'"], "No closing quotation"),
        (["tick", "--store", "STORE", "--tenant", "a", "--report-file", "/none"], "cannot read /none"),
        (["tick", "--store", "STORE", "--context", "/none"], "cannot read /none"),
        (["tick", "--store", "STORE", "--all", "--tenants", "/none"], "cannot read /none"),
        (["tick", "--store", "STORE", "--all", "--jobs", "0"], "--jobs"),
        (["tick", "--store", "STORE", "--tenant", " "], "no usable tenant id"),
        (["audit", "/none"], "cannot read /none"),
        (["audit", "sqlite:/none"], "there is no such file"),
        (["status", "--store", "sqlite:/none"], "there is no such file"),
        (["repair", "--store", "STORE", "--tenant", "acme"], "give --installed-at"),
        (["repair", "--store", "STORE", "--tenant", "acme", "--installed-at", "soon"], "is no instant"),
        (["repair", "--store", "STORE", "--tenant", "acme", "--installed-at", "9999-01-01T00:00:00Z"], "in the future"),
        (["repair", "--store", "STORE", "--tenant", "acme", "--attempts", "x"], "write AUTO_12H=0"),
        (["repair", "--store", "STORE", "--tenant", "acme", "--attempts", "AUTO_12H=1"], "once for each of"),
        (["forget", "--store", "STORE", "--tenant", "\n"], "is no tenant id"),
    ],
)
def test_wrong_usage_says_what_is_allowed(
    arguments: list[str], says: str, store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([store if argument == "STORE" else argument for argument in arguments]) == 2
    assert says in capsys.readouterr().err


def test_ctrl_c_ends_a_round_after_the_ticks_in_flight(store: str, tmp_path: Path) -> None:
    slow = program("import time; time.sleep(0.5); print('{}')")
    tenants = tmp_path / "tenants.txt"
    tenants.write_text("acme\n" + "".join(f"t{n}\n" for n in range(100_000)))
    command = [sys.executable, "-m", "evidence_runtime", "tick", "--store", store, "--all", "--generate", slow]
    with subprocess.Popen(
        [*command, "--tenants", str(tenants), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()  # the first tick has begun
        os.kill(process.pid, signal.SIGINT)
        printed, said = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in said) == (130, False), said
    assert json.loads(printed.splitlines()[0])["outcome"] == "GENERATED"
    assert len(printed.splitlines()) < 100_000 and '"stopped": true' in said


def test_a_reader_that_leaves_early_is_no_error(store: str) -> None:
    tenants = "<(seq 20000)"
    for command in (f"audit {EXPORT}", f"tick --store {store} --all --json --tenants {tenants}"):
        shell = f"{sys.executable} -m evidence_runtime {command} | head -n 1"
        done = subprocess.run(["bash", "-o", "pipefail", "-c", shell], capture_output=True, text=True)
        assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)
        assert "Traceback" not in done.stderr and "Exception" not in done.stderr


def drawn_on(terminal: int) -> Iterator[bytes]:
    """What is drawn on a terminal, until its other side is closed."""
    while True:
        try:
            yield os.read(terminal, 65536)
        except OSError:  # how a terminal ends
            return


def test_progress_at_a_terminal_leaves_standard_output_alone() -> None:
    terminal, side = pty.openpty()
    command = [sys.executable, "-m", "evidence_runtime", "audit", str(EXPORT), "--json"]
    environment = {**os.environ, "TERM": "xterm"}
    with (
        ThreadPoolExecutor(1) as reader,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=side, text=True, env=environment) as process,
    ):
        os.close(side)
        drawing = reader.submit(lambda: b"".join(drawn_on(terminal)))
        printed, _ = process.communicate(timeout=30)
        drawn = drawing.result(timeout=30)
    os.close(terminal)
    assert len(printed.splitlines()) == 158
    assert b"records" in drawn and b"phase4:" not in drawn
