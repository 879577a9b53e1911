"""Timings by pytest-benchmark, and the ratios between them in one run."""

from collections.abc import Callable
from time import perf_counter

from pytest_benchmark.fixture import BenchmarkFixture

from evidence_sim.bench import bare_tick, records_tick, transitions_tick
from evidence_sim.campaign import one_seed
from evidence_sim.sample import Plan

BARE_OVER_TRANSITIONS = 4
ACTIONS_A_SECOND = 10_000


def fastest(tick: Callable[[], object], rounds: int = 7, times: int = 300) -> float:
    """The seconds of one tick in the best of some rounds."""
    best = float("inf")
    for _ in range(rounds):
        began = perf_counter()
        for _ in range(times):
            tick()
        best = min(best, perf_counter() - began)
    return best / times


def test_a_bare_tick(benchmark: BenchmarkFixture) -> None:
    assert benchmark(bare_tick) == "END"


def test_a_tick_with_its_records(benchmark: BenchmarkFixture) -> None:
    assert benchmark(records_tick()) == "END"


def test_the_walk_in_transitions(benchmark: BenchmarkFixture) -> None:
    assert benchmark(transitions_tick()) == "END"


def test_the_bare_machine_is_faster_than_transitions() -> None:
    assert fastest(transitions_tick()) >= BARE_OVER_TRANSITIONS * fastest(bare_tick)


def test_a_tick_with_its_records_is_no_slower_than_transitions() -> None:
    assert fastest(transitions_tick()) >= fastest(records_tick())


def test_the_world_with_all_invariants() -> None:
    rates = []
    for first in range(0, 30, 10):
        began = perf_counter()
        actions = sum(one_seed(Plan(), seed).actions for seed in range(first, first + 10))
        rates.append(actions / (perf_counter() - began))
    assert max(rates) >= ACTIONS_A_SECOND
