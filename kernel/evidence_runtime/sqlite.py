"""A store in one SQLite file, safe among threads and processes."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, RLock
from typing import Any, Self

from evidence_kernel import (
    Absent,
    Applied,
    Conflict,
    Expect,
    Expectation,
    Failed,
    Found,
    ReadAnswer,
    Unknown,
    WriteAnswer,
)
from evidence_runtime.store import StoreError

APPLICATION = 0x45564944  # "EVID", in the file's header
SCHEMA = 1
_CREATE = (
    "CREATE TABLE record (key TEXT PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE counter (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL)",
    "INSERT INTO counter VALUES (1, 0)",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {SCHEMA}",
)
_GET = "SELECT value, version FROM record WHERE key = ?"
_LOOK = "SELECT (SELECT version FROM record WHERE key = ?), version FROM counter"
_COUNT = "UPDATE counter SET version = ?"
_PUT = "INSERT OR REPLACE INTO record VALUES (?, ?, ?)"
_DELETE = "DELETE FROM record WHERE key = ?"
_PAUSE_MS = 10  # between two tries where SQLite does not wait by itself
_KEYS, _ITEMS = 256, 32  # how many are read at a time: a value may have 1 MiB


class SqliteStore:
    """Records in a SQLite file (WAL, synchronous=FULL): what was acknowledged survives a power cut.

    Versions are one count over the whole file, kept in it, so none is given twice. Writers wait for each
    other up to `busy_timeout_ms`, and then answer Failed. A put is Unknown only where COMMIT itself
    failed, or where the file is not there any more: once a put has found it deleted or replaced under the
    process, every get is Failed and every put Unknown. Close it, or use it as a context manager.
    """

    def __init__(self, path: str | os.PathLike[str], busy_timeout_ms: int = 5000, *, read_only: bool = False) -> None:
        """Open the file, or make it in a folder that exists; with `read_only`, only one that is there.

        A store that is read only answers Failed to every write. Raises StoreError where there can be no
        such file, where it may not be written, or where it is no store of ours: then it is left as it is.
        """
        self.path = Path(path)
        self._name = os.fspath(self.path.absolute())
        self._lock = RLock()
        _check_place(self.path, read_only)
        mode = "ro" if read_only else "rwc"
        try:
            self._database = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode={mode}",
                timeout=busy_timeout_ms / 1000,
                isolation_level=None,
                check_same_thread=False,
                uri=True,
            )
            self._execute = self._database.execute
            self._open(read_only, busy_timeout_ms)
            self._file, self._gone = _identity(self._name), False
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}; give another file") from None

    def _open(self, read_only: bool, busy_timeout_ms: int) -> None:
        try:
            if read_only:
                if not self._recognise():
                    raise StoreError(f"{self.path} is empty; give a file that holds a store")
                return
            self._database.execute("BEGIN IMMEDIATE")
            if not self._recognise():
                for statement in _CREATE:
                    self._database.execute(statement)
            self._database.execute("COMMIT")
            self._write_ahead(busy_timeout_ms // _PAUSE_MS)
            self._database.execute("PRAGMA synchronous = FULL")
        except BaseException:  # whatever it was, the file must not stay open
            self._database.close()
            raise

    def _write_ahead(self, tries: int) -> None:
        """Set WAL, which stays set; SQLite refuses that at once while another is about to write: so wait here."""
        while True:
            try:
                self._database.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or tries <= 0:
                    raise
            tries -= 1
            Event().wait(_PAUSE_MS / 1000)

    def _recognise(self) -> bool:
        """Whether the file is a store of ours; False where it is empty, StoreError where it is another's."""
        application = _one(self._database, "PRAGMA application_id")
        schema = _one(self._database, "PRAGMA user_version")
        tables = _one(self._database, "SELECT count(*) FROM sqlite_master")
        if application == APPLICATION:
            if schema != SCHEMA:
                newer = "install a newer version" if schema > SCHEMA else "give another file"
                raise StoreError(f"{self.path}: its schema is {schema}, this version reads {SCHEMA}; {newer}")
            return True
        if application or schema or tables:
            raise _another_s(self.path)
        return False

    def close(self) -> None:
        """Close the file; twice is once."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, key: str) -> ReadAnswer:
        """What the key holds; Failed where the file cannot be read."""
        try:
            with self._lock:
                row = self._execute(_GET, (key,)).fetchone()
        except (sqlite3.Error, UnicodeEncodeError):
            return Failed()
        if self._gone:
            return Failed()
        return Absent() if row is None else Found(row[0], row[1])

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """Write where the expectation holds; Unknown only where COMMIT failed, or the file is gone."""
        return self._write(key, value, expect)

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """Delete where the expectation holds."""
        return self._write(key, None, expect)

    def _write(self, key: str, value: bytes | None, expect: Expectation) -> WriteAnswer:
        execute = self._execute
        with self._lock:
            try:
                execute("BEGIN IMMEDIATE")
                held, counted = execute(_LOOK, (key,)).fetchone()
                if not _holds(held, expect):
                    self._undo()
                    return Conflict()
                version = counted + 1
                execute(_COUNT, (version,))
                if value is None:
                    execute(_DELETE, (key,))
                else:
                    execute(_PUT, (key, value, version))
            except (sqlite3.Error, UnicodeEncodeError):
                self._undo()
                return Failed()
            try:
                execute("COMMIT")
            except sqlite3.Error:
                self._undo()
                return Unknown()
        return Applied(version) if self._is_there() else Unknown()

    def _is_there(self) -> bool:
        """Whether the path still names the file that was opened: what is written to another is lost."""
        if _identity(self._name) != self._file:
            self._gone = True
        return not self._gone

    def _undo(self) -> None:
        """End the transaction, if one is open; where that fails too, closing the file ends it."""
        try:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
        except sqlite3.Error:
            pass

    def scan(self, prefix: str) -> Iterator[str]:
        """The keys with that prefix, in order. Raises StoreError where the file cannot be read."""
        return (key for (key,) in self._rows("key", prefix, _KEYS))

    def items(self, prefix: str = "") -> Iterator[tuple[str, bytes]]:
        """The keys with that prefix and what they hold, in order. Raises as `scan`."""
        return self._rows("key, value", prefix, _ITEMS)

    def _rows(self, columns: str, prefix: str, size: int) -> Iterator[Any]:
        after = ""
        statement = f"SELECT {columns} FROM record WHERE key >= ? AND key > ? ORDER BY key LIMIT {size}"
        while True:
            try:
                with self._lock:
                    page = self._database.execute(statement, (prefix, after)).fetchall()
            except (sqlite3.Error, UnicodeEncodeError) as error:
                raise StoreError(f"{self.path}: {error}") from error
            for row in page:
                if not row[0].startswith(prefix):
                    return
                yield row
            if len(page) < size:
                return
            after = page[-1][0]


def _one(database: sqlite3.Connection, statement: str) -> int:
    number: int = database.execute(statement).fetchone()[0]
    return number


def _holds(version: int | None, expect: Expectation) -> bool:
    if expect is Expect.ABSENT:
        return version is None
    return expect is Expect.ANY or (version is not None and version == expect)


def _identity(name: str) -> tuple[int, int] | None:
    try:
        now = os.stat(name)
    except OSError:
        return None
    return now.st_dev, now.st_ino


def _another_s(path: Path) -> StoreError:
    return StoreError(f"{path} is another program's database; give a file of its own")


def _check_place(path: Path, read_only: bool) -> None:
    """Refuse what SQLite would damage or name badly, before it touches the file."""
    if not path.parent.is_dir():
        raise StoreError(f"{path}: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name a file in it")
    if not path.exists():
        if read_only:
            raise StoreError(f"{path}: there is no such file")
        if not os.access(path.parent, os.W_OK):
            raise StoreError(f"{path}: the folder {path.parent} is read-only; give a file elsewhere")
        return
    if not os.access(path, os.R_OK):
        raise StoreError(f"{path} cannot be read; make it readable or give another file")
    _check_header(path)
    if not read_only and not os.access(path, os.W_OK):
        raise StoreError(f"{path} is read-only; make it writable or give another file")


def _check_header(path: Path) -> None:
    """Refuse another program's file before it is opened in earnest, which might end its write-ahead log.

    The header is read through SQLite, which then heeds neither locks nor logs: to open and close the file past
    it would drop the locks that this process holds through another store. With a rollback journal the header
    is not the last word: a store of ours that is being made has one, or was cut then.
    """
    journal = Path(f"{path}-journal")
    making = journal.exists()
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as peek:
            foreign = _one(peek, "PRAGMA page_count") and _one(peek, "PRAGMA application_id") != APPLICATION
    except sqlite3.DatabaseError as error:
        if not (making or journal.exists()):
            raise StoreError(f"{path}: {error}; give another file") from None
        return
    if foreign and not (making or journal.exists()):
        raise _another_s(path)
