"""A round over many tenants: everyone's turn, nobody's failure another's, a stop that loses nothing."""

import logging
import tracemalloc
from collections.abc import Iterator
from threading import Event, Lock, Timer
from time import sleep
from typing import Any

import pytest

from evidence_kernel import Expect, Found, Outcome, TickResult
from evidence_kernel.records.keys import evidence_key, publication_key
from evidence_kernel.schedule import HOUR
from evidence_runtime import MemoryStore, run_fleet
from evidence_runtime.rounds import Latencies
from tests.runtime.forms import FLEETS, Fleet

NOW = 1_767_456_000_000
HALF_A_DAY = b'{"installed_at":"2026-01-03T04:00:00Z"}'


@pytest.fixture(name="run_fleet", params=[*FLEETS.values()], ids=[*FLEETS])
def either_form(request: pytest.FixtureRequest) -> Fleet:
    """Either form of a round."""
    form: Fleet = request.param
    return form


def nothing(*_: object) -> Any:
    """A report."""
    return None


def due(*tenants: str) -> MemoryStore:
    """A store in which AUTO_12H is due for each."""
    store = MemoryStore()
    for tenant in tenants:
        store.put(evidence_key(tenant), HALF_A_DAY, Expect.ABSENT)
    return store


def test_each_tenant_has_one_tick(run_fleet: Fleet) -> None:
    tenants = [f"t{n}" for n in range(200)]
    ended: list[TickResult] = []
    done = run_fleet(MemoryStore(), tenants, nothing, workers=4, ended=ended.append, clock=lambda: NOW)
    assert sorted(result.tenant or "" for result in ended) == sorted(tenants)
    assert (done.ticks, done.backfilled, done.died, done.stopped, done.all_well) == (200, 200, 0, False, True)
    assert done.described()["outcomes"] == {"NOT_DUE": 200}


def test_no_more_than_so_many_at_once() -> None:
    lock, now, most = Lock(), [0], [0]

    def generate(*_: object) -> Any:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        sleep(0.01)
        with lock:
            now[0] -= 1

    tenants = [f"t{n}" for n in range(12)]
    done = run_fleet(due(*tenants), tenants, generate, workers=3, clock=lambda: NOW)
    assert done.outcomes == {Outcome.GENERATED: 12}
    assert 1 < most[0] <= 3


def test_a_tick_that_dies_is_its_tenant_s_alone(run_fleet: Fleet, caplog: pytest.LogCaptureFixture) -> None:
    def generate(tenant: str, *_: object) -> Any:
        if tenant == "b":
            raise SystemExit(3)
        if tenant == "c":
            raise ValueError

    with caplog.at_level(logging.CRITICAL, "evidence"):
        done = run_fleet(due("a", "b", "c"), ["a", "b", "c"], generate, workers=1, clock=lambda: NOW)
    assert done.outcomes == {Outcome.GENERATED: 1, Outcome.GENERATION_FAILED: 1}
    assert (done.died, done.all_well) == (1, False)


def test_a_tenant_without_an_id_is_refused_and_counted(run_fleet: Fleet) -> None:
    done = run_fleet(MemoryStore(), ["", {"cloudId": "a"}, None], nothing, clock=lambda: NOW)
    assert done.outcomes == {Outcome.REFUSED: 2, Outcome.NOT_DUE: 1}
    assert not done.all_well


def test_a_stop_lets_ticks_in_flight_end() -> None:
    stop, begun, go = Event(), Event(), Event()

    def generate(*_: object) -> Any:
        begun.set()
        stop.set()
        assert go.wait(10)

    def ended(_: TickResult) -> None:
        assert stop.is_set()

    tenants = [f"t{n}" for n in range(50)]
    store = due(*tenants)
    go.set()
    done = run_fleet(store, tenants, generate, workers=1, stop=stop, ended=ended, clock=lambda: NOW)
    assert (done.ticks, done.outcomes, done.stopped) == (1, {Outcome.GENERATED: 1}, True)


def test_what_does_not_end_in_time_is_cut_and_the_next_tick_goes_on() -> None:
    stop, go = Event(), Event()

    def generate(*_: object) -> Any:
        stop.set()
        go.wait(0.3)

    store = due("a")
    done = run_fleet(store, ["a"], generate, workers=1, stop=stop, grace=0.05, clock=lambda: NOW)
    assert (done.ticks, done.died, done.stopped) == (0, 1, True)
    assert not isinstance(store.get(publication_key("a", "AUTO_12H")), Found)  # type: ignore[arg-type]  # its text
    again = run_fleet(store, ["a"], nothing, clock=lambda: NOW + HOUR)
    assert again.outcomes == {Outcome.GENERATED: 1}


def test_what_the_iterable_raises_comes_back_after_the_ticks_in_flight(run_fleet: Fleet) -> None:
    def tenants() -> Iterator[str]:
        yield "a"
        raise LookupError("no more")

    store = MemoryStore()
    with pytest.raises(LookupError, match="no more"):
        run_fleet(store, tenants(), nothing, workers=1)
    assert isinstance(store.get(evidence_key("a")), Found)
    with pytest.raises(ValueError, match="workers=0"):
        run_fleet(store, [], nothing, workers=0)


def test_what_the_listener_raises_comes_back(run_fleet: Fleet) -> None:
    def ended(_: TickResult) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run_fleet(MemoryStore(), (f"t{n}" for n in range(1000)), nothing, workers=2, ended=ended)


def test_jitter_is_waited_and_ends_with_a_stop() -> None:
    stop = Event()
    stop.set()
    done = run_fleet(MemoryStore(), ["a"], nothing, jitter=60.0, stop=stop)
    assert (done.ticks, done.stopped) == (0, True)
    assert run_fleet(MemoryStore(), ["a", "b"], nothing, jitter=0.002, workers=1).ticks == 2


def test_who_is_skipped_by_a_stop_is_missed() -> None:
    stop = Event()
    Timer(0.05, stop.set).start()
    done = run_fleet(MemoryStore(), ["a"], nothing, jitter=1e6, workers=2, stop=stop)
    assert (done.ticks, done.stopped) == (0, True)


def test_memory_does_not_grow_with_the_ticks(run_fleet: Fleet) -> None:
    store = MemoryStore()

    def peak(count: int) -> int:
        tracemalloc.start()
        run_fleet(store, ("a" for _ in range(count)), nothing, workers=1, clock=lambda: NOW)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(200)
    assert peak(1000) < peak(200) + 20_000


def test_latencies_are_counted_in_buckets() -> None:
    latencies = Latencies()
    assert latencies.percentile(50) == 0
    for microseconds in range(1, 1001):
        latencies.add(microseconds)
    for percent in (50, 90, 99, 100):
        assert 0.93 * percent / 100 <= latencies.percentile(percent) <= percent / 100
    assert len(latencies.counts) < 130
