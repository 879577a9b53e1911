"""Timings of the driver on a store, beside the same operations without kernel and driver."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Barrier, Thread
from time import perf_counter

from attrs import frozen
from rich.console import Console

from evidence_kernel import Applied, Expect, Expectation, Found, Invocation, ReadAnswer, WriteAnswer
from evidence_runtime import Store, run_tick
from evidence_sim.bench import Timing, show_timings, timing
from evidence_sim.config import EPOCH, Initial, contents, records
from evidence_sim.stored_cells import Place, emptied

IN_FLIGHT = (1, 8, 64)
ROUNDS = 15
_SECONDS = 0.2  # of each measurement
_READ = "SELECT value, version FROM record WHERE key = ?"
_LOOK = "SELECT (SELECT version FROM record WHERE key = ?), version FROM counter"
_COUNT = "UPDATE counter SET version = ?"
_WRITE = "INSERT OR REPLACE INTO record VALUES (?, ?, ?)"


@frozen
class Prefixed:
    """A store each of whose keys stands behind a prefix."""

    store: Store
    prefix: str

    def get(self, key: str) -> ReadAnswer:
        """As the store's."""
        return self.store.get(self.prefix + key)

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As the store's."""
        return self.store.put(self.prefix + key, value, expect)

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """As the store's."""
        return self.store.delete(self.prefix + key, expect)

    def scan(self, prefix: str) -> Iterator[str]:
        """As the store's."""
        return (key.removeprefix(self.prefix) for key in self.store.scan(self.prefix + prefix))


def driven(store: Store, tenant: int = 0) -> Callable[[], object]:
    """A NOT_DUE tick of the driver on a store that holds valid evidence; each tick has an id of its own."""
    for key, value in contents(tenant, Initial("valid")).items():
        store.put(key, value, Expect.ABSENT)
    context, ticks = {"cloudId": records(tenant).tenant}, iter(range(10**9))
    return lambda: run_tick(store, Invocation(f"a-{next(ticks)}", context), _never, clock=lambda: EPOCH)


def _never(*_: object) -> None:
    raise AssertionError("nothing is due")


def operations(store: Store, tenant: int) -> Callable[[], object]:
    """The calls of the store port of that tick, in its order, once the tick has run."""
    keys = records(tenant).by_name

    def tick() -> None:
        status = store.get(keys["status"])
        assert isinstance(status, Found)
        opened = store.put(keys["status"], status.value, status.version)
        for name in ("evidence", "evidence", "ledger"):
            store.get(keys[name])
        assert isinstance(opened, Applied)
        store.put(keys["status"], status.value, opened.version)

    return tick


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


def run_on(url: str, now: Callable[[str], None]) -> list[Timing]:
    """Ticks a second on a store, and as many times the same operations, with 1, 8 and 64 in flight.

    What is written is deleted; a file `sqlite:PATH` is made and removed. Raises StoreError where there can be no
    such store.
    """
    place = Place.new(url)
    with _made(url), place.open() as store:
        try:
            return _timed(Prefixed(store, place.prefix), now)
        finally:
            emptied(store, place.prefix)


@contextmanager
def _made(url: str) -> Iterator[None]:
    try:
        yield
    finally:
        for suffix in ("", "-wal", "-shm") if url.startswith("sqlite:") else ():
            Path(f"{url.removeprefix('sqlite:')}{suffix}").unlink(missing_ok=True)


def _timed(store: Store, now: Callable[[str], None]) -> list[Timing]:
    ticks = [driven(store, tenant) for tenant in range(max(IN_FLIGHT))]
    for tick in ticks:
        tick()
    bare = [operations(store, tenant) for tenant in range(max(IN_FLIGHT))]
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(ROUNDS):
        now(f"round {number + 1} of {ROUNDS}")
        for flight in IN_FLIGHT:
            driver, alone = in_flight(ticks[:flight]), in_flight(bare[:flight])
            for (name, unit), value in {
                ("driver ticks", "ticks/s"): driver,
                ("bare operations", "ticks/s"): alone,
                ("driver / bare", "%"): 100 * driver / alone,
            }.items():
                found.setdefault((f"{name}, {flight} in flight", unit), []).append(value)
    return [timing(name, unit, values) for (name, unit), values in found.items()]


def in_flight(calls: list[Callable[[], object]]) -> float:
    """How many calls a second end, while each is made again and again in a thread of its own."""
    ready, counts = Barrier(len(calls) + 1), [0] * len(calls)
    until: list[float] = []

    def work(number: int, call: Callable[[], object]) -> None:
        ready.wait()
        while not counts[number] or perf_counter() < until[0]:
            call()
            counts[number] += 1

    threads = [Thread(target=partial(work, *pair), daemon=True) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    began = perf_counter()
    until.append(began + _SECONDS)
    ready.wait()
    for thread in threads:
        thread.join()
    return sum(counts) / (perf_counter() - began)


def plain(path: Path) -> sqlite3.Connection:
    """The file as SQLite opens it, as durable as the store's own connection."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA synchronous = FULL")
    return database


def show(out: Console, results: list[Timing]) -> None:
    """The timings, and the share of the bare operations that the driver reaches, round by round."""
    show_timings(out, results, ROUNDS)
