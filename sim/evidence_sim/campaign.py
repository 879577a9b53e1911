"""Many seeds of one plan, in this process or in several; the result does not depend on how many."""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from itertools import islice
from multiprocessing import active_children, get_context
from typing import Self

from attrs import frozen

from evidence_sim.cells import Cells, MemoryCells
from evidence_sim.sample import Plan, sample
from evidence_sim.stored_cells import Place, emptied
from evidence_sim.tally import Counting, Tally

_CHUNK = 8  # seeds a process takes at a time
_AHEAD = 64  # chunks that wait for a process


class NoTwin(Exception):
    """The compiled twin cannot run this; the message says what can."""


class Unconfirmed(Exception):
    """An engine found what the reference world does not; the message names the seed."""


@frozen
class Seeds:
    """`count` seeds from `first` on, as `FIRST:COUNT` says; a bare number is a count from 0."""

    first: int = 0
    count: int = 100

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError, naming what is allowed."""
        first, colon, count = text.rpartition(":")
        if not (count.isdecimal() and int(count) >= 1 and (not colon or first.isdecimal())):
            raise ValueError(f"{text!r} is no seeds; give a count (100) or the first and a count (500:20)")
        seeds = cls(int(first or 0), int(count))
        if seeds.first + seeds.count > 2**64:
            raise ValueError(f"{text!r} goes beyond the last seed, {2**64 - 1}")
        return seeds


def one_seed(plan: Plan, seed: int, cells: Cells | None = None) -> Tally:
    """The tally of one seed, over empty cells: in memory, where no others are given."""
    counting = Counting(seed, plan.tenants)
    for fact in sample(plan, seed, MemoryCells() if cells is None else cells):
        counting.count(fact)
    return counting.done()


@contextmanager
def placed(url: str | None) -> Iterator[Place | None]:
    """Where a campaign keeps its records; None for memory. At the end nothing is left there, whatever ended it.

    Raises StoreError where there is no such store, or what was written cannot be deleted.
    """
    if url is None:
        yield None
        return
    place = Place.new(url)
    with place.open() as store:
        try:
            yield place
        finally:
            emptied(store, place.prefix)


class Workers:
    """Runs campaigns in `jobs` processes, or in this one for 1; leave it to stop them."""

    def __init__(self, jobs: int) -> None:
        self._pool = None
        if jobs > 1:
            context = get_context("spawn")
            self._pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_ignore_interrupt)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is None:
            return
        self._pool.shutdown(wait=False, cancel_futures=True)
        for worker in active_children():  # whoever leaves early does not wait for the seeds that are running
            worker.terminate()
            worker.join()  # what it wrote is about to be deleted

    def tallies(self, plan: Plan, seeds: Seeds, place: Place | None = None) -> Iterator[Tally]:
        """The tallies of the seeds, in order, a chunk at a time: who stops early keeps what was found.

        With several processes the work begins at once, without them as it is asked for.
        """
        end = seeds.first + seeds.count
        chunks = ((start, min(_CHUNK, end - start)) for start in range(seeds.first, end, _CHUNK))
        pool = self._pool
        if pool is None:
            return (_chunk(plan, start, size, place) for start, size in chunks)
        ahead = deque(pool.submit(_chunk, plan, *chunk, place) for chunk in islice(chunks, _AHEAD))
        return self._in_order(ahead, (pool.submit(_chunk, plan, *chunk, place) for chunk in chunks))

    @staticmethod
    def _in_order(ahead: deque[Future[Tally]], later: Iterator[Future[Tally]]) -> Iterator[Tally]:
        """The results in order; as one is taken the next is begun."""
        while ahead:
            tally = ahead.popleft().result()
            ahead.extend(islice(later, 1))
            yield tally


def processors() -> int:
    """How many processes can work at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _ignore_interrupt() -> None:
    """Ctrl-C is the parent's to handle; a worker that dies of it would say so at length."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _worlds(place: Place | None) -> Iterator[Callable[[int], AbstractContextManager[Cells]]]:
    """What gives the empty cells of a seed."""
    if place is None:
        yield lambda _: nullcontext(MemoryCells())
        return
    with place.open() as store:
        yield partial(place.world, store)


def _chunk(plan: Plan, first: int, count: int, place: Place | None) -> Tally:
    whole = Tally()
    with _worlds(place) as world:
        for seed in range(first, first + count):
            with world(seed) as cells:
                whole.add(one_seed(plan, seed, cells))
    return whole
