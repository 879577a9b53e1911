"""What can go wrong with a file: each a clear answer, Failed or Unknown, and never a traceback for an operator."""

import logging
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evidence_kernel import Absent, Applied, Expect, Failed, Found, Outcome, Unknown
from evidence_kernel.records.keys import evidence_key
from evidence_runtime import SqliteStore, StoreError, invocation, run_tick
from evidence_runtime.command import main

OLD = b'{"installed_at":"2025-01-01T00:00:00Z"}'


def made(path: Path) -> Path:
    """A store with one tenant's evidence, closed: all of it is in one file."""
    with SqliteStore(path) as store:
        store.put(evidence_key("acme"), OLD, Expect.ABSENT)
    return path


def test_a_full_file_fails_what_does_not_fit_and_nothing_else(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "store.sqlite") as store:
        store.put(evidence_key("acme"), OLD, Expect.ABSENT)
        pages = store._database.execute("PRAGMA page_count").fetchone()[0]
        store._database.execute(f"PRAGMA max_page_count = {pages}")
        outcomes = {run_tick(store, invocation(f"t{n}"), lambda *_: {}).outcome for n in range(100)}
        assert Outcome.SKIPPED in outcomes
        due = run_tick(store, invocation("acme"), lambda *_: {"large": "x" * 50_000})
        assert not due.success and due.outcome in (Outcome.STORE_FAILED, Outcome.LEDGER_INVALID)
        store._database.execute(f"PRAGMA max_page_count = {pages + 1000}")
        assert run_tick(store, invocation("t99"), lambda *_: {}).outcome is Outcome.NOT_DUE
        found = store.get(evidence_key("acme"))
        assert isinstance(found, Found) and found.value == OLD


def test_a_disk_that_is_full_is_reported_and_loses_nothing(tmp_path: Path) -> None:
    """A file size limit stands for the disk: the operating system refuses to write more."""
    path = made(tmp_path / "store.sqlite")
    program = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n"
        "from evidence_runtime.command import main\n"
        "sys.exit(main(['tick', '--store', 'sqlite:' + sys.argv[1], '--all', '--tenants', sys.argv[2]]))"
    )
    tenants = tmp_path / "tenants.txt"
    tenants.write_text("".join(f"t{n:04}\n" for n in range(300)))
    command = [sys.executable, "-c", program, str(path), str(tenants)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr[-500:]
    assert "SKIPPED" in done.stdout
    with SqliteStore(path) as store:
        audited = [line.split("cloudId=")[1].split()[0] for line in done.stderr.splitlines() if "didBackfill" in line]
        assert audited and all(isinstance(store.get(evidence_key(tenant)), Found) for tenant in audited)
        assert store._database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_locked_file_fails_writes_and_the_tick_goes_on(tmp_path: Path) -> None:
    path = made(tmp_path / "store.sqlite")
    with SqliteStore(path, busy_timeout_ms=20) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        result = run_tick(store, invocation("acme"), lambda *_: {})
        assert result.outcome is Outcome.STORE_FAILED  # the claim could not be written
        other.execute("COMMIT")
        other.close()
        assert run_tick(store, invocation("acme"), lambda *_: {}).outcome is Outcome.GENERATED


def test_a_file_locked_while_it_is_opened_is_a_clear_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = made(tmp_path / "store.sqlite")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="locked"):
        SqliteStore(path, busy_timeout_ms=20)
    other.close()


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_a_file_taken_away_under_the_process_fails_every_call(how: str, tmp_path: Path) -> None:
    path = made(tmp_path / "store.sqlite")
    spare = tmp_path / "spare.sqlite"
    shutil.copy(path, spare)
    with SqliteStore(path) as store:
        path.unlink()
        if how == "replaced":
            spare.rename(path)
        assert store.put("k", b"v", Expect.ANY) == store.delete("k", Expect.ANY) == Unknown()
        assert store.get(evidence_key("acme")) == Failed()
        result = run_tick(store, invocation("acme"), lambda *_: {})
        assert (result.outcome, result.success) == (Outcome.SKIPPED, False)


def test_a_file_taken_away_during_a_write_leaves_it_unknown(tmp_path: Path) -> None:
    path = made(tmp_path / "store.sqlite")
    with SqliteStore(path) as store:
        store._database.set_trace_callback(lambda text: path.unlink() if text == "COMMIT" else None)
        assert store.put("k", b"v", Expect.ANY) == Unknown()


def test_a_commit_that_fails_is_unknown(tmp_path: Path) -> None:
    with SqliteStore(made(tmp_path / "store.sqlite")) as store:
        store._database.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        store._database.execute("CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
        store._database.execute("CREATE TRIGGER bad AFTER INSERT ON record BEGIN INSERT INTO child VALUES (7); END")
        store._database.execute("PRAGMA foreign_keys = ON")
        assert store.put("k", b"v", Expect.ANY) == Unknown()
        assert store.get("k") == Absent()
        store._database.execute("DROP TRIGGER bad")
        assert isinstance(store.put("k", b"v", Expect.ANY), Applied)


def _patched(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


@pytest.mark.parametrize(
    ("offset", "data", "says"),
    [
        (0, b"XQLite", "file is not a database"),
        (16, b"\x00\x03", "file is not a database"),
        (60, struct.pack(">I", 2), "its schema is 2, this version reads 1; install a newer version"),
        (60, struct.pack(">I", 0), "its schema is 0, this version reads 1; give another file"),
        (68, b"ELSE", "is another program's database"),
        (100, b"\xff" * 8, "malformed"),
    ],
    ids=["magic", "header", "newer", "older", "application", "page"],
)
def test_a_file_that_is_not_as_it_should_be_is_refused_untouched(
    offset: int, data: bytes, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = made(tmp_path / "store.sqlite")
    _patched(path, offset, data)
    before = path.read_bytes()
    for arguments in (["tick", "--tenant", "acme"], ["status"], ["forget", "--tenant", "acme", "--yes"]):
        assert main([*arguments, "--store", f"sqlite:{path}"]) == 2
        assert says in capsys.readouterr().err
    assert main(["audit", f"sqlite:{path}"]) == 2
    assert path.read_bytes() == before


def test_a_page_spoilt_inside_of_the_file_fails_reads(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with SqliteStore(path) as store:
        for n in range(200):
            store.put(evidence_key(f"t{n:03}"), OLD, Expect.ABSENT)
    size = path.stat().st_size
    _patched(path, 4096, b"\xff" * (size - 4096))
    with SqliteStore(path) as store:
        assert store.get(evidence_key("t000")) == Failed()
        result = run_tick(store, invocation("t000"), lambda *_: {})
        assert (result.outcome, result.success) == (Outcome.SKIPPED, False)
        with pytest.raises(StoreError, match="malformed"):
            list(store.scan(""))


def test_a_foreign_write_ahead_log_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "foreign.sqlite"
    program = (
        "import os, sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute('PRAGMA journal_mode = WAL');"
        "d.execute('CREATE TABLE theirs (a)'); d.commit(); os._exit(0)"  # cut: the log is not merged
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)
    before = {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()}
    assert "foreign.sqlite-wal" in before
    for read_only in (False, True):
        with pytest.raises(StoreError, match="another program's"):
            SqliteStore(path, read_only=read_only)
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == before


def test_a_store_cut_while_it_was_made_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    program = (
        "import os, sys; from evidence_runtime import SqliteStore\n"
        "from evidence_runtime import sqlite\n"
        "sqlite._CREATE = (*sqlite._CREATE[:2], 'SELECT cut()')\n"
        "import sqlite3; connect = sqlite3.connect\n"
        "def cutting(*a, **k):\n"
        "    database = connect(*a, **k); database.execute('PRAGMA cache_size = 0')\n"
        "    database.create_function('cut', 0, lambda: os._exit(9)); return database\n"
        "sqlite.sqlite3.connect = cutting\n"
        "SqliteStore(sys.argv[1])"
    )
    assert subprocess.run([sys.executable, "-c", program, str(path)]).returncode == 9
    with SqliteStore(path) as store:
        assert isinstance(store.put("k", b"v", Expect.ABSENT), Applied)


class Interrupted(BaseException):
    """What a signal raises."""


def test_a_write_that_is_interrupted_is_undone(tmp_path: Path) -> None:
    """Else the tick would read back its own record, announce it, and lose it."""
    path = made(tmp_path / "store.sqlite")
    for statement in ("INSERT OR REPLACE", "COMMIT"):
        with SqliteStore(path) as store:
            execute = store._execute

            def interrupted(text: str, *arguments: Any, _when: str = statement, _do: Any = execute) -> Any:
                if text.startswith(_when):
                    raise Interrupted
                return _do(text, *arguments)

            store._execute = interrupted  # a signal strikes there
            with pytest.raises(Interrupted):
                store.put("k", b"v", Expect.ABSENT)
            store._execute = execute
            assert not store._database.in_transaction
            assert store.get("k") == Absent()


def test_a_journal_that_is_no_sign_of_a_store_is_left(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("these are notes")
    (tmp_path / "notes.txt-journal").write_text("a diary")
    with pytest.raises(StoreError, match="not a database"):
        SqliteStore(tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt-journal").read_text() == "a diary"


def test_what_is_gone_is_not_listed_or_judged(tmp_path: Path) -> None:
    path = made(tmp_path / "store.sqlite")
    with SqliteStore(path) as store:
        path.unlink()
        store.put("k", b"v", Expect.ANY)
        assert store.put(evidence_key("acme"), b"v", Expect.ABSENT) == store.delete("k", 1) == Unknown()
        with pytest.raises(StoreError, match="taken away"):
            list(store.scan(""))


def test_a_path_that_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(StoreError, match="no regular file"):
        SqliteStore(tmp_path / "fifo")


def test_writes_wait_for_the_disk(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "store.sqlite") as store:
        assert store._database.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert store._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_what_fails_has_its_name_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with SqliteStore(tmp_path / "store.sqlite") as store, caplog.at_level(logging.WARNING, "evidence"):
        store._database.execute("PRAGMA max_page_count = 8")
        assert store.put("large", bytes(100_000), Expect.ABSENT) == Failed()
    assert caplog.messages == ["[Phase5Scheduler] fault=sqlite at=large error=SQLITE_FULL"]


def test_a_store_that_is_read_only_writes_nothing(tmp_path: Path) -> None:
    path = made(tmp_path / "store.sqlite")
    with SqliteStore(path, read_only=True) as store:
        assert isinstance(store.get(evidence_key("acme")), Found)
        assert store.put("k", b"v", Expect.ANY) == store.delete(evidence_key("acme"), Expect.ANY) == Failed()
    (tmp_path / "empty").touch()
    with pytest.raises(StoreError, match="is empty"):
        SqliteStore(tmp_path / "empty", read_only=True)
    with pytest.raises(StoreError, match="there is no such file"):
        SqliteStore(tmp_path / "none", read_only=True)
