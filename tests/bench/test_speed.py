"""Timings by pytest-benchmark, and the ratios between them in one run."""

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import perf_counter

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from evidence_runtime import MemoryStore, SqliteStore
from evidence_sim.bench import engines, peers
from evidence_sim.bench.kernel import bare_tick, records_tick
from evidence_sim.bench.sqlite import plain, statements
from evidence_sim.bench.store import prepared
from evidence_sim.campaign import one_seed
from evidence_sim.explore.bounds import Bounds
from evidence_sim.rules import walk
from evidence_sim.sample import Plan

alone = pytest.mark.skipif(
    "PYTEST_XDIST_WORKER" in os.environ, reason="measured where nothing runs beside it: pytest -n 0 tests/bench"
)
BARE_OVER_PEERS = 4
ACTIONS_A_SECOND = 10_000
ON_MEMORY = 120e-6  # seconds of a tick
SHARE_OF_BARE = 0.6  # on a disk, whose flushes are most of a tick; in memory, where they cost nothing, it is 0.5


def fastest(*ticks: Callable[[], object], rounds: int = 7, times: int = 300) -> list[float]:
    """The seconds of one tick of each in the best of some rounds, in turn: a slow moment meets all alike."""
    best = [float("inf")] * len(ticks)
    for _ in range(rounds):
        for at, tick in enumerate(ticks):
            began = perf_counter()
            for _ in range(times):
                tick()
            best[at] = min(best[at], (perf_counter() - began) / times)
    return best


TICKS: dict[str, Callable[[], Callable[[], object]]] = {
    "kernel": lambda: bare_tick,
    "kernel with records": records_tick,
    "transitions": lambda: peers.tick_in(peers.transitions),
    "statemachine": lambda: peers.tick_in(peers.statemachine),
    "automat": lambda: peers.tick_in(peers.automat),
}


def tick_of(name: str) -> Callable[[], object]:
    """A NOT_DUE tick; skipped where its library is not installed."""
    if not name.startswith("kernel"):
        pytest.importorskip(name)
    return TICKS[name]()


@pytest.mark.benchmark(group="tick")
@pytest.mark.parametrize("name", TICKS)
def test_a_tick(name: str, benchmark: BenchmarkFixture) -> None:
    assert benchmark(tick_of(name)) == "END"


@pytest.mark.benchmark(group="actions")
def test_a_seed_of_the_world(benchmark: BenchmarkFixture) -> None:
    assert benchmark(lambda: one_seed(Plan(), 0)).actions > 0


@pytest.mark.benchmark(group="actions")
def test_walks_of_hypothesis(benchmark: BenchmarkFixture) -> None:
    assert benchmark(lambda: walk("kernel", 2)) > 0


@pytest.mark.benchmark(group="search")
def test_the_search_of_the_world(benchmark: BenchmarkFixture) -> None:
    assert benchmark(lambda: engines.searched(Bounds(1, 1), 10**6)) == 1114


@alone
@pytest.mark.parametrize("library", ["transitions", "statemachine", "automat"])
def test_the_bare_machine_is_faster_than_a_library(library: str) -> None:
    peer, kernel = fastest(tick_of(library), bare_tick)
    assert peer >= BARE_OVER_PEERS * kernel


@alone
def test_a_tick_with_its_records_is_no_slower_than_transitions() -> None:
    transitions, kernel = fastest(tick_of("transitions"), records_tick())
    assert transitions >= kernel


@pytest.mark.benchmark(group="driver")
def test_a_driven_tick(benchmark: BenchmarkFixture) -> None:
    with prepared(store := MemoryStore()) as bench:
        benchmark(lambda: bench.tick(store, 0))


@alone
def test_the_driver_on_memory() -> None:
    with prepared(store := MemoryStore()) as bench:
        assert fastest(lambda: bench.tick(store, 0))[0] <= ON_MEMORY


@contextmanager
def on_sqlite(path: Path) -> Iterator[tuple[SqliteStore, Callable[[], object], sqlite3.Connection, str]]:
    """A store, a tick of a tenant on it, a connection to its file, the tenant."""
    with SqliteStore(path) as store, prepared(store) as bench, closing(plain(path)) as database:
        yield store, lambda: bench.tick(store, 0), database, bench.tenants[0]


@alone
def test_the_driver_on_sqlite_beside_bare_statements(tmp_path: Path) -> None:
    with on_sqlite(tmp_path / "store.sqlite") as (_, tick, database, tenant):
        bare, driver = fastest(statements(database, tenant), tick)
    assert bare >= SHARE_OF_BARE * driver


def _said(connection: sqlite3.Connection, tick: Callable[[], object]) -> list[str]:
    said: list[str] = []
    connection.set_trace_callback(said.append)
    tick()
    connection.set_trace_callback(None)
    return [re.sub(r"X?'[^']*'|\b\d+\b", "?", text) for text in said]


def test_the_bare_statements_are_the_driver_s(tmp_path: Path) -> None:
    with on_sqlite(tmp_path / "store.sqlite") as (store, tick, database, tenant):
        assert _said(database, statements(database, tenant)) == _said(store._database, tick) != []


@alone
def test_the_world_with_all_invariants() -> None:
    rates = []
    for first in range(0, 30, 10):
        began = perf_counter()
        actions = sum(one_seed(Plan(), seed).actions for seed in range(first, first + 10))
        rates.append(actions / (perf_counter() - began))
    assert max(rates) >= ACTIONS_A_SECOND
