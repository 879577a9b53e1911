"""Campaigns by any crew: what is counted does not depend on who works, in which pieces, or on who dies."""

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from itertools import count
from multiprocessing import active_children
from typing import Any, TypeVar

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from evidence_sim.campaign import Chunk, Seeds, chunks, one_seed, processes, tallied
from evidence_sim.choice import Stream
from evidence_sim.crew import AGAIN, Crew, Here, NoWorkers
from evidence_sim.sample import Plan
from evidence_sim.tally import Tally

R = TypeVar("R")
PLAN, SEEDS = Plan(("plain-put",), ticks=2), Seeds(7, 16)


class AnyOrder(ThreadPoolExecutor):
    """Takes what waits in an order that a seed draws."""

    def __init__(self, seed: int, jobs: int) -> None:
        super().__init__(jobs)
        self._stream, self._waiting, self._lock = Stream(seed, 0), list[Callable[[], None]](), threading.Lock()

    def submit(self, function: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """The result, when its turn has come."""
        future: Future[R] = Future()
        with self._lock:
            self._waiting.append(lambda: future.set_result(function(*args, **kwargs)))
        super().submit(self._one)
        return future

    def _one(self) -> None:
        with self._lock:
            work = self._waiting.pop(self._stream.draw(len(self._waiting)))
        work()


def total(crew: Crew, size: int) -> Tally:
    """The tally of all seeds."""
    whole = Tally()
    with crew:
        for tally in crew.results(tallied, chunks(PLAN, SEEDS, size)):
            whole = whole.then(tally)
    return whole


def seed_by_seed() -> Tally:
    """The tally of all seeds, by no crew."""
    whole = Tally()
    for seed in range(SEEDS.first, SEEDS.first + SEEDS.count):
        whole.add(one_seed(PLAN, seed))
    whole.settle()
    return whole


EXPECTED = seed_by_seed()


@settings(max_examples=20, phases=[Phase.generate])
@given(st.integers(1, 20), st.integers(1, 9), st.integers(0, 2**32), st.integers(1, 4))
def test_size_number_and_order_change_nothing(size: int, ahead: int, seed: int, jobs: int) -> None:
    assert EXPECTED.violations
    assert total(Crew(partial(AnyOrder, seed, jobs), ahead=ahead), size) == EXPECTED


@pytest.mark.parametrize("crew", [Crew(), Crew(partial(ThreadPoolExecutor, 2), ahead=5)], ids=["here", "threads"])
def test_only_so_much_is_under_way(crew: Crew) -> None:
    taken = count()
    with crew:
        results = crew.results(str, taken)
        assert [next(results) for _ in range(100)] == [str(n) for n in range(100)]
    assert next(taken) <= 100 + crew.ahead


def test_a_killed_worker_changes_nothing() -> None:
    plan, seeds, killed = Plan(ticks=4), Seeds(0, 96), 0
    whole = Tally()
    with processes(2) as crew:
        for tally in crew.results(tallied, chunks(plan, seeds)):
            if len(whole.digests) == 16:
                victim = active_children()[0]
                os.kill(victim.pid or 0, signal.SIGKILL)
                victim.join()
                killed += 1
            whole.add(tally)
    assert (whole, killed) == (tallied(Chunk(plan, seeds)), 1)


def test_what_kills_each_worker_is_named() -> None:
    got = []
    says = rf"_exit\(3\): workers died of it {AGAIN + 1} times, at last with nothing beside it"
    with processes(2) as crew, pytest.raises(NoWorkers, match=says):
        for number in crew.results(eval, ["__import__('time').sleep(1) or 0", "__import__('os')._exit(3)", "2"]):
            got.append(number)
    assert got == [0]  # though each time the one that is to be named died beside it


def test_what_work_raises_is_raised() -> None:
    for hire in (Here, partial(ThreadPoolExecutor, 2)):
        with Crew(hire, ahead=1) as crew, pytest.raises(ValueError, match="invalid literal"):
            list(crew.results(int, ["1", "x"]))


def test_the_time_is_over_also_where_nobody_answers() -> None:
    class Nobody(Executor):
        def submit(self, function: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
            return Future()

    seconds = iter([0.01])
    with Crew(Nobody, ahead=4) as crew:
        assert list(crew.results(str, range(9), lambda: next(seconds))) == []
    seconds = iter([1.0, 1.0, 0.0])
    with Crew() as crew:
        assert list(crew.results(str, range(9), lambda: next(seconds))) == ["0", "1"]
