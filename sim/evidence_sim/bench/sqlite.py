"""A NOT_DUE tick on a SQLite file as bare statements, and the disk's flushes: what it costs without store and kernel.

It has two commits, and each waits for the disk: what comes on top weighs the less, the longer a flush takes.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from evidence_kernel.records.keys import evidence_key, ledger_key, status_key

_READ = "SELECT value, version FROM record WHERE key = ?"
_LOOK = "SELECT (SELECT version FROM record WHERE key = ?), version FROM counter"
_COUNT = "UPDATE counter SET version = ?"
_WRITE = "INSERT OR REPLACE INTO record VALUES (?, ?, ?)"


def statements(database: sqlite3.Connection, tenant: str) -> Callable[[], None]:
    """Those of the tick, in its order, over records of the same size; the tenant has evidence and a status."""
    evidence, ledger, status = evidence_key(tenant), ledger_key(tenant), status_key(tenant)
    value = bytes(database.execute(_READ, (status,)).fetchone()[0])

    def read(key: str) -> None:
        database.execute(_READ, (key,)).fetchone()

    def write(key: str) -> None:
        database.execute("BEGIN IMMEDIATE")
        version = database.execute(_LOOK, (key,)).fetchone()[1] + 1
        database.execute(_COUNT, (version,))
        database.execute(_WRITE, (key, value, version))
        database.execute("COMMIT")

    def tick() -> None:
        read(status)
        write(status)
        read(evidence)
        read(evidence)
        read(ledger)
        write(status)

    return tick


@contextmanager
def flushes(folder: Path) -> Iterator[Callable[[], None]]:
    """One flush of the folder's disk, as a commit makes them: a page is written in place, and waited for."""
    sync = getattr(os, "fdatasync", os.fsync)  # as SQLite does; macOS has only the other
    with TemporaryFile(dir=folder, buffering=0) as file:

        def flush() -> None:
            file.seek(0)
            file.write(bytes(4096))
            sync(file.fileno())

        yield flush


def plain(path: Path) -> sqlite3.Connection:
    """The file as SQLite opens it, as durable as the store's own connection."""
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA synchronous = FULL")
    return database
