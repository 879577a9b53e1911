"""The README's program runs, and its story is what the command prints."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from evidence_kernel import Expect
from evidence_kernel.records.keys import evidence_key
from evidence_runtime import SqliteStore
from evidence_sim.cli import main
from evidence_sim.export import EXPORTS
from evidence_sim.trace import load

TOP = Path(__file__).parent.parent
PAGE = (TOP / "README.md").read_text(encoding="utf-8")
KERNEL_PAGE = (TOP / "kernel" / "README.md").read_text(encoding="utf-8")


def test_the_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    program = re.findall(r"```python\n(.*?)```", PAGE, re.S)[0]
    assert len([line for line in program.splitlines() if line]) <= 10
    monkeypatch.chdir(tmp_path)
    exec(program, {})
    assert capsys.readouterr().out == "NOT_DUE 200\n"


def test_a_store_is_held_against_the_contract_in_five_lines(tmp_path: Path) -> None:
    snippet = next(code for code in re.findall(r"```python\n(.*?)```", KERNEL_PAGE, re.S) if "Suite" in code)
    assert len([line for line in snippet.splitlines() if line]) == 5
    (tmp_path / "test_my_store.py").write_text(snippet)
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-k", "not scan and not late and not half"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"passed, 3 skipped", done.stdout) and "not run: it needs stop and start" in done.stdout


def test_the_story_is_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = re.findall(r"```\n(  1\. .*?)```", PAGE, re.S)[0]
    assert main(["run", "--machine", "v2.20", "--seeds", "36:1", "--out", str(tmp_path)]) == 1
    assert story in capsys.readouterr().out
    trace = load((tmp_path / "v2.20-cloud-kv-S4.json").read_text(encoding="utf-8"))
    picture = (TOP / "spec" / "two-backfills.svg").read_text(encoding="utf-8")
    assert picture == EXPORTS["svg"](trace), "write it anew: replay --export svg of that trace"


def test_what_to_watch_can_be_grepped(tmp_path: Path) -> None:
    path, log = tmp_path / "store.sqlite", tmp_path / "evidence.log"
    with SqliteStore(path) as store:
        store.put(evidence_key("old"), b'{"installed_at":"2025-01-01T00:00:00Z"}', Expect.ABSENT)
        store.put(evidence_key("failing"), b'{"installed_at":"2025-01-01T00:00:00Z"}', Expect.ABSENT)
        store.put(evidence_key("bad"), b"{}", Expect.ABSENT)
    (tmp_path / "report.json").write_text("{}")
    of = ["--store", f"sqlite:{path}"]
    with log.open("w") as said:
        for arguments in (
            ["tick", *of, "--tenant", "new"],
            ["tick", *of, "--tenant", "bad"],
            ["tick", *of, "--tenant", "failing"],
            ["tick", *of, "--tenant", "old", "--report-file", str(tmp_path / "report.json")],
            ["repair", *of, "--tenant", "bad", "--installed-at", "2025-01-01T00:00:00Z", "--yes"],
        ):
            subprocess.run(
                [sys.executable, "-m", "evidence_runtime", *arguments], stderr=said, stdout=subprocess.DEVNULL
            )
    counts = []
    for command in re.findall(r"^\| .* \| `(grep .*)` \|$", KERNEL_PAGE, re.M):
        done = subprocess.run(
            ["bash", "-c", command], env={"log": str(log), "PATH": "/usr/bin:/bin"}, capture_output=True
        )
        counts.append(len(done.stdout.splitlines()))
    assert counts == [4, 1, 1, 1, 1, 1, 1, 1]
