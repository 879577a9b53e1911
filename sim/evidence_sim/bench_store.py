"""Timings of the driver on a store, beside the same statements without kernel and driver."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from rich.console import Console

from evidence_kernel import Expect, Invocation
from evidence_runtime import MemoryStore, SqliteStore, Store, run_tick
from evidence_sim.bench import ROUNDS, Timing, rate, show_timings, timing
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


def run_on(path: Path, now: Callable[[str], None]) -> list[Timing]:
    """Ticks a second on memory and on SQLite, and of the bare statements; `path` is a file to make and remove.

    Raises StoreError where there can be no such file.
    """
    try:
        return _timed(path, now)
    finally:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)


def _timed(path: Path, now: Callable[[str], None]) -> list[Timing]:
    with SqliteStore(path) as store, closing(plain(path)) as database:
        ticks = {"driver-tick-memory": driven(MemoryStore()), "driver-tick-sqlite": driven(store)}
        ticks["driver-tick-sqlite"]()
        ticks["bare-statements-sqlite"] = bare(database)
        rates: dict[str, list[float]] = {name: [] for name in ticks}
        for number in range(ROUNDS):
            now(f"round {number + 1} of {ROUNDS}")
            for name, tick in ticks.items():
                rates[name].append(rate(tick))
    return [timing(name, "ticks/s", found) for name, found in rates.items()]


def plain(path: Path) -> sqlite3.Connection:
    """The file as SQLite opens it, as durable as the store's own connection."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA synchronous = FULL")
    return database


def show(out: Console, results: list[Timing]) -> None:
    """The timings, and the share of the bare statements that the driver reaches."""
    show_timings(out, results)
    by_name = {result.name: result.median for result in results}
    share = by_name["driver-tick-sqlite"] / by_name["bare-statements-sqlite"]
    out.print(f"driver-tick-sqlite / bare-statements-sqlite: {share:.2f}")
    out.print(f"a tick on memory: {1_000_000 / by_name['driver-tick-memory']:.0f} us")
