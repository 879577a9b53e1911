"""A store in one SQLite file, safe among threads and processes."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import RLock
from typing import Self

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
_MAGIC = b"SQLite format 3\x00"
_PAGE = 256  # keys that a scan reads at a time


class SqliteStore:
    """Records in a SQLite file (WAL, synchronous=FULL): what was acknowledged survives a power cut.

    Versions are one count over the whole file, kept in it, so none is given twice. Writers wait for each
    other up to `busy_timeout_ms`, and then answer Failed. A put is Unknown only where COMMIT itself
    failed. Close it, or use it as a context manager.
    """

    def __init__(self, path: str | os.PathLike[str], busy_timeout_ms: int = 5000) -> None:
        """Open the file, or make it in a folder that exists.

        Raises StoreError where there can be no such file, where it is read-only, or where it is no store
        of ours: then it is left as it is.
        """
        self.path = Path(path)
        self._lock = RLock()
        _check_place(self.path)
        try:
            self._database = self._open(busy_timeout_ms)
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}; give another file") from None

    def _open(self, busy_timeout_ms: int) -> sqlite3.Connection:
        database = sqlite3.connect(
            self.path, timeout=busy_timeout_ms / 1000, isolation_level=None, check_same_thread=False
        )
        try:
            database.execute("BEGIN IMMEDIATE")
            self._claim(database)
            database.execute("COMMIT")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
        except BaseException:  # whatever it was, the file must not stay open
            database.close()
            raise
        return database

    def _claim(self, database: sqlite3.Connection) -> None:
        """Make the tables in an empty file; refuse one that another program made."""
        application = _one(database, "PRAGMA application_id")
        schema = _one(database, "PRAGMA user_version")
        if application == APPLICATION:
            if schema != SCHEMA:
                raise StoreError(f"{self.path}: its schema is {schema}, this version reads {SCHEMA}")
        elif application or schema or _one(database, "SELECT count(*) FROM sqlite_master"):
            raise StoreError(f"{self.path} is another program's database; give a file of its own")
        else:
            for statement in _CREATE:
                database.execute(statement)

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
                row = self._database.execute("SELECT value, version FROM record WHERE key = ?", (key,)).fetchone()
        except (sqlite3.Error, UnicodeEncodeError):
            return Failed()
        return Absent() if row is None else Found(*row)

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """Write where the expectation holds; Unknown only where COMMIT failed."""
        statement = "INSERT OR REPLACE INTO record VALUES (?, ?, ?)"
        return self._write(key, expect, lambda version: self._database.execute(statement, (key, value, version)))

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """Delete where the expectation holds."""
        statement = "DELETE FROM record WHERE key = ?"
        return self._write(key, expect, lambda _: self._database.execute(statement, (key,)))

    def _write(self, key: str, expect: Expectation, change: Callable[[int], object]) -> WriteAnswer:
        with self._lock:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                row = self._database.execute("SELECT version FROM record WHERE key = ?", (key,)).fetchone()
                if not _holds(None if row is None else row[0], expect):
                    self._undo()
                    return Conflict()
                version = _one(self._database, "UPDATE counter SET version = version + 1 RETURNING version")
                change(version)
            except (sqlite3.Error, UnicodeEncodeError):
                self._undo()
                return Failed()
            try:
                self._database.execute("COMMIT")
            except sqlite3.Error:
                self._undo()
                return Unknown()
            return Applied(version)

    def _undo(self) -> None:
        """End the transaction, if one is open; where that fails too, closing the file ends it."""
        try:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
        except sqlite3.Error:
            pass

    def scan(self, prefix: str) -> Iterator[str]:
        """The keys with that prefix, in order. Raises StoreError where the file cannot be read."""
        after = ""
        while True:
            try:
                with self._lock:
                    page = self._database.execute(
                        "SELECT key FROM record WHERE key >= ? AND key > ? ORDER BY key LIMIT ?",
                        (prefix, after, _PAGE),
                    ).fetchall()
            except (sqlite3.Error, UnicodeEncodeError) as error:
                raise StoreError(f"{self.path}: {error}") from error
            for (key,) in page:
                if not key.startswith(prefix):
                    return
                yield key
            if len(page) < _PAGE:
                return
            after = page[-1][0]


def _one(database: sqlite3.Connection, statement: str) -> int:
    number: int = database.execute(statement).fetchone()[0]
    return number


def _holds(version: int | None, expect: Expectation) -> bool:
    if expect is Expect.ABSENT:
        return version is None
    return expect is Expect.ANY or (version is not None and version == expect)


def _check_place(path: Path) -> None:
    """Refuse what SQLite would damage or name badly, before it touches the file."""
    if not path.parent.is_dir():
        raise StoreError(f"{path}: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name a file in it")
    if not path.exists():
        if not os.access(path.parent, os.W_OK):
            raise StoreError(f"{path}: the folder {path.parent} is read-only; give a file elsewhere")
        return
    try:
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None
    if head and head != _MAGIC:
        raise StoreError(f"{path} is no SQLite database; give another file")
    if not os.access(path, os.W_OK):
        raise StoreError(f"{path} is read-only; make it writable or give another file")
