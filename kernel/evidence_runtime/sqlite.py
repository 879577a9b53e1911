"""A store in one SQLite file, safe among threads and processes."""

import os
import sqlite3
from collections.abc import Iterator
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
from evidence_kernel.messages import fault
from evidence_runtime.sqlite_file import APPLICATION, another_s, check_place, one
from evidence_runtime.store import StoreError, logger

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
        check_place(self.path, read_only)
        mode = "rwc"
        if read_only:  # where no file can be made beside it, SQLite reads a file of no log as one that never changes
            still = not os.access(self.path.parent, os.W_OK) and not Path(f"{self.path}-wal").exists()
            mode = "ro&immutable=1" if still else "ro"
        try:
            self._database = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode={mode}",
                timeout=busy_timeout_ms / 1000,
                isolation_level=None,
                check_same_thread=False,
                uri=True,
            )
            self._execute = self._database.cursor().execute  # a cursor of its own for each statement costs time
            self._open(read_only, busy_timeout_ms)
            opened = os.stat(self._name)
            self._inode, self._device, self._gone = opened.st_ino, opened.st_dev, False
        except sqlite3.Error as error:
            busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            way_out = "another program holds it: try again" if busy else "give another file"
            raise StoreError(f"{self.path}: {error}; {way_out}") from None
        except OSError:
            self._database.close()
            raise StoreError(f"{self.path} was taken away while it was opened; try again") from None

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
        application = one(self._database, "PRAGMA application_id")
        schema = one(self._database, "PRAGMA user_version")
        tables = one(self._database, "SELECT count(*) FROM sqlite_master")
        if application == APPLICATION:
            if schema != SCHEMA:
                newer = "install a newer version" if schema > SCHEMA else "give another file"
                raise StoreError(f"{self.path}: its schema is {schema}, this version reads {SCHEMA}; {newer}")
            return True
        if application or schema or tables:
            raise another_s(self.path)
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
        except (sqlite3.Error, UnicodeEncodeError) as error:
            _say(key, error)
            return Failed()
        if self._gone:
            return Failed()
        return Absent() if row is None else Found(row[0], row[1])

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """Write where the expectation holds; Unknown only where COMMIT failed, or the file is gone."""
        return self._write(key, value, expect)

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """Delete where the expectation holds, or where there is nothing."""
        return self._write(key, None, expect)

    def _write(self, key: str, value: bytes | None, expect: Expectation) -> WriteAnswer:
        if self._gone:
            return Unknown()
        with self._lock:
            try:
                version = self._changed(key, value, expect)
                if version is None:
                    self._undo()
                    return Conflict()
            except (sqlite3.Error, UnicodeEncodeError) as error:
                self._undo()
                _say(key, error)
                return Failed()
            except BaseException:  # a signal's, say: what is not committed must not be read back as though it were
                self._undo()
                raise
            try:
                self._execute("COMMIT")
            except sqlite3.Error as error:
                self._undo()
                _say(key, error)
                return Unknown()
            except BaseException:  # as above
                self._undo()
                raise
        return Applied(version) if self._is_there() else Unknown()

    def _changed(self, key: str, value: bytes | None, expect: Expectation) -> int | None:
        """Begin a transaction and write in it: the new version, or None where the expectation does not hold."""
        execute = self._execute
        execute("BEGIN IMMEDIATE")
        held, counted = execute(_LOOK, (key,)).fetchone()
        version: int = counted + 1
        if value is None:
            if held is not None and not _holds(held, expect):
                return None
            execute(_COUNT, (version,))
            execute(_DELETE, (key,))
        else:
            if not _holds(held, expect):
                return None
            execute(_COUNT, (version,))
            execute(_PUT, (key, value, version))
        return version

    def _is_there(self) -> bool:
        """Whether the path still names the file that was opened: what is written to another is lost."""
        try:
            now = os.stat(self._name)
            if now.st_ino == self._inode and now.st_dev == self._device:
                return not self._gone
        except OSError:
            pass
        self._gone = True
        return False

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
        statement, bound = f"SELECT {columns} FROM record WHERE key >= ? ORDER BY key LIMIT {size}", prefix
        while True:
            if self._gone:
                raise StoreError(f"{self.path} was taken away; open it again")
            try:
                with self._lock:
                    page = self._database.execute(statement, (bound,)).fetchall()
            except (sqlite3.Error, UnicodeEncodeError) as error:
                raise StoreError(f"{self.path}: {error}") from error
            for row in page:
                if not row[0].startswith(prefix):
                    return
                yield row
            if len(page) < size:
                return
            statement, bound = statement.replace(">=", ">"), page[-1][0]


def _holds(version: int | None, expect: Expectation) -> bool:
    if version is None:
        return expect is Expect.ABSENT or expect is Expect.ANY
    return version == expect or expect is Expect.ANY


def _say(key: str, error: Exception) -> None:
    name = error.sqlite_errorname if isinstance(error, sqlite3.Error) else type(error).__name__
    line = fault("sqlite", key, name)
    logger.log(line.level, "%s", line.text)
