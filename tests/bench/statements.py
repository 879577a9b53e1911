"""A NOT_DUE tick on a SQLite file, driven, and as bare statements."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from evidence_kernel import Expect, Invocation
from evidence_runtime import Store, run_tick
from evidence_sim.config import EPOCH, Initial, contents, records

_READ = "SELECT value, version FROM record WHERE key = ?"
_LOOK = "SELECT (SELECT version FROM record WHERE key = ?), version FROM counter"
_COUNT = "UPDATE counter SET version = ?"
_WRITE = "INSERT OR REPLACE INTO record VALUES (?, ?, ?)"


def driven(store: Store) -> Callable[[], object]:
    """A NOT_DUE tick of the driver on a store that holds valid evidence; each tick has an id of its own."""
    for key, value in contents(0, Initial("valid")).items():
        store.put(key, value, Expect.ABSENT)
    context, ticks = {"cloudId": records(0).tenant}, iter(range(10**9))
    return lambda: run_tick(store, Invocation(f"a-{next(ticks)}", context), _never, clock=lambda: EPOCH)


def _never(*_: object) -> None:
    raise AssertionError("nothing is due")


def bare(database: sqlite3.Connection) -> Callable[[], object]:
    """The statements of that tick, in its order, over records of the same size."""
    keys = records(0).by_name
    status = bytes(database.execute(_READ, (keys["status"],)).fetchone()[0])

    def read(key: str) -> None:
        database.execute(_READ, (key,)).fetchone()

    def write(key: str) -> None:
        database.execute("BEGIN IMMEDIATE")
        version = database.execute(_LOOK, (key,)).fetchone()[1] + 1
        database.execute(_COUNT, (version,))
        database.execute(_WRITE, (key, status, version))
        database.execute("COMMIT")

    def tick() -> None:
        read(keys["status"])
        write(keys["status"])
        read(keys["evidence"])
        read(keys["evidence"])
        read(keys["ledger"])
        write(keys["status"])

    return tick


def plain(path: Path) -> sqlite3.Connection:
    """The file as SQLite opens it, as durable as the store's own connection."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA synchronous = FULL")
    return database
