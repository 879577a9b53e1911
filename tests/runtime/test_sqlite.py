"""SQLite for real: processes that race, files that are not ours, disks that are full."""

import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Timer

import pytest

from evidence_kernel import Applied, Expect, Failed, Found
from evidence_runtime import SqliteStore, StoreError

COUNT = """
import sys
import tempfile
from evidence_kernel import Applied, Expect, Found
from evidence_runtime import SqliteStore
with SqliteStore(sys.argv[1], busy_timeout_ms=20000) as store:
    done = 0
    while done < 50:
        now = store.get("n")
        value, expect = (now.value, now.version) if isinstance(now, Found) else (b"0", Expect.ABSENT)
        if isinstance(store.put("n", b"%d" % (int(value) + 1), expect), Applied):
            done += 1
"""


def test_processes_lose_no_update(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    SqliteStore(path).close()
    workers = [subprocess.Popen([sys.executable, "-c", COUNT, str(path)]) for _ in range(3)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    with SqliteStore(path) as store:
        found = store.get("n")
    assert isinstance(found, Found) and found.value == b"150"


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    program = COUNT.replace("while done < 50", "while True").replace("done += 1", "done += 1; print(done, flush=True)")
    with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        said = [int(worker.stdout.readline()) for _ in range(20)]
        worker.kill()
    with SqliteStore(path) as store:
        found = store.get("n")
    assert isinstance(found, Found) and int(found.value) >= said[-1]


def test_versions_go_on_after_reopening(tmp_path: Path) -> None:
    versions = []
    for _ in range(3):
        with SqliteStore(tmp_path / "store.sqlite") as store:
            answer = store.put("key", b"same", Expect.ANY)
            assert isinstance(answer, Applied)
            versions.append(answer.version)
            store.delete("key", Expect.ANY)
    assert len(set(versions)) == 3


def test_a_busy_file_fails_a_put_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with SqliteStore(path, busy_timeout_ms=50) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert store.put("key", b"", Expect.ANY) == Failed()
        other.execute("ROLLBACK")
        other.close()
        assert isinstance(store.put("key", b"", Expect.ANY), Applied)


class MadeByTwo(SqliteStore):
    """A store whose file another begins to open as well, between its making and its journal's setting."""

    def __init__(self, path: Path, other_ends_after: float, busy_timeout_ms: int) -> None:
        self._after = other_ends_after
        self.others: list[sqlite3.Connection] = []
        super().__init__(path, busy_timeout_ms)

    def _recognise(self) -> bool:
        self._database.set_trace_callback(self._meanwhile)
        return super()._recognise()

    def _meanwhile(self, statement: str) -> None:
        if statement.startswith("PRAGMA journal_mode") and not self.others:
            other = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            self.others.append(other)
            other.execute("BEGIN IMMEDIATE")
            Timer(self._after, other.close).start()


def test_two_may_make_one_file(tmp_path: Path) -> None:
    with MadeByTwo(tmp_path / "store.sqlite", 0.1, 5000) as store:
        assert store.others
        assert store._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_whoever_makes_a_file_waits_for_another_no_longer_than_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is locked"):
        MadeByTwo(tmp_path / "store.sqlite", 0.5, 50)


def test_a_full_file_fails_a_put_and_keeps_the_rest(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "store.sqlite") as store:
        store.put("kept", b"value", Expect.ABSENT)
        store._database.execute("PRAGMA max_page_count = 8")
        assert store.put("large", bytes(100_000), Expect.ABSENT) == Failed()
        kept = store.get("kept")
        assert isinstance(kept, Found) and kept.value == b"value"


def test_what_is_no_store_of_ours_is_refused_and_untouched(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("these are notes, and no database")
    foreign = tmp_path / "foreign.sqlite"
    other = sqlite3.connect(foreign)
    other.execute("CREATE TABLE theirs (a)")
    other.commit()
    other.close()
    for path, says in ((text, "file is not a database"), (foreign, "is another program's database")):
        before = path.read_bytes()
        with pytest.raises(StoreError, match=says):
            SqliteStore(path)
        assert path.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["foreign.sqlite", "notes.txt"]


def test_places_where_no_file_can_be(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="make it first"):
        SqliteStore(tmp_path / "none" / "store.sqlite")
    with pytest.raises(StoreError, match="is a folder"):
        SqliteStore(tmp_path)


def test_another_schema_is_refused_by_number(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    SqliteStore(path).close()
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 2")
    other.commit()
    other.close()
    with pytest.raises(StoreError, match="its schema is 2, this version reads 1"):
        SqliteStore(path)


AS_NOBODY = """
import os, sys
from evidence_runtime import SqliteStore, StoreError
if os.geteuid() == 0:  # who may write everything is told nothing
    os.setuid(65534)
try:
    SqliteStore(sys.argv[1])
except StoreError as error:
    print(error)
"""


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_is_read_only_is_refused_and_untouched(what: str) -> None:
    with tempfile.TemporaryDirectory() as name:  # not pytest's folder: no other user may enter that
        folder = Path(name)
        path = folder / "store.sqlite"
        if what == "file":
            SqliteStore(path).close()
            path.chmod(0o444)
        folder.chmod(0o755 if what == "file" else 0o555)
        before = path.read_bytes() if path.exists() else None
        done = subprocess.run([sys.executable, "-c", AS_NOBODY, str(path)], capture_output=True, text=True)
        assert "is read-only" in done.stdout, done.stderr
        assert (path.read_bytes() if path.exists() else None) == before
        assert [entry.name for entry in folder.iterdir()] == (["store.sqlite"] if before else [])
        folder.chmod(0o755)


def test_a_second_store_in_the_process_costs_the_first_no_lock(tmp_path: Path) -> None:
    """A file that is opened and closed past SQLite loses the process its locks, and a log in use is deleted."""
    path = tmp_path / "store.sqlite"
    look = "import sys; from evidence_runtime import SqliteStore\nwith SqliteStore(sys.argv[1]) as s: print(s.get('k'))"

    def elsewhere() -> str:
        return subprocess.run([sys.executable, "-c", look, str(path)], capture_output=True, text=True).stdout

    with SqliteStore(path) as store:
        store.put("k", b"first", Expect.ANY)
        SqliteStore(path).close()
        assert "first" in elsewhere()
        assert Path(f"{path}-wal").exists()
        store.put("k", b"second", Expect.ANY)
        assert "second" in elsewhere()


GROWING = """
import sys
from evidence_kernel import Expect
from evidence_runtime import SqliteStore
with SqliteStore(sys.argv[1], busy_timeout_ms=20000) as store:
    store._database.execute("PRAGMA wal_autocheckpoint = 1")  # so that the file itself is written all the time
    print("begun", flush=True)
    for n in range(10**6):
        store.put(f"k{n}", bytes(9000), Expect.ANY)
"""


def test_a_file_that_is_being_written_can_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with subprocess.Popen([sys.executable, "-c", GROWING, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == "begun\n"
        try:
            for _ in range(400):
                SqliteStore(path, busy_timeout_ms=20000).close()
        finally:
            writer.kill()
