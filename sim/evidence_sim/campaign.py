"""Many seeds of one plan, by whatever crew; the result does not depend on which."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from multiprocessing import active_children, get_context, parent_process
from typing import Self

from attrs import frozen

from evidence_sim.cells import Cells, MemoryCells
from evidence_sim.crew import Crew
from evidence_sim.sample import Plan, sample
from evidence_sim.stored_cells import Place, emptied
from evidence_sim.tally import Counting, Tally, Violation

CHUNK = 8  # seeds that a worker takes at a time
_AHEAD = 64  # chunks that wait for a process
_MANY = 2**64  # seeds


class NoTwin(Exception):
    """The compiled twin cannot run this; the message says what can."""


class Unconfirmed(Exception):
    """An engine found what the reference world does not; the message names the seed."""


@frozen
class Seeds:
    """`count` seeds from `first` on, as `FIRST:COUNT` says; a bare number is a count from 0, and `FIRST:` means all."""

    first: int = 0
    count: int = 100

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError, naming what is allowed."""
        first, colon, count = text.rpartition(":")
        if colon and not count and first.isdecimal() and int(first) < _MANY:
            return cls(int(first), _MANY - int(first))
        if not (count.isdecimal() and int(count) >= 1 and (not colon or first.isdecimal())):
            raise ValueError(f"{text!r} is no seeds; give a count (100) or the first and a count (500:20)")
        seeds = cls(int(first or 0), int(count))
        if seeds.first + seeds.count > _MANY:
            raise ValueError(f"{text!r} goes beyond the last seed, {_MANY - 1}")
        return seeds

    def after(self, done: int) -> Self:
        """Without the first so many."""
        return type(self)(self.first + done, self.count - done)


@frozen
class Chunk:
    """Seeds of a plan that one worker runs in one go, in a place or in memory."""

    plan: Plan
    seeds: Seeds
    place: Place | None = None

    def __str__(self) -> str:
        of = f"{','.join(self.plan.machines)} under {self.plan.profile}"
        return f"seeds {self.seeds.first}:{self.seeds.count} of {of}"


def chunks(plan: Plan, seeds: Seeds, size: int = CHUNK, place: Place | None = None) -> Iterator[Chunk]:
    """The seeds in order, so many at a time."""
    end = seeds.first + seeds.count
    return (Chunk(plan, Seeds(first, min(size, end - first)), place) for first in range(seeds.first, end, size))


def one_seed(plan: Plan, seed: int, cells: Cells | None = None) -> Tally:
    """The tally of one seed, over empty cells: in memory, where no others are given."""
    counting = Counting(seed, plan.tenants)
    for fact in sample(plan, seed, MemoryCells() if cells is None else cells):
        counting.count(fact)
    return counting.done()


def told(plan: Plan, invariant: str, found: Violation) -> Violation:
    """A violation that an engine found, as the world tells it. Raises Unconfirmed where the world has none there."""
    mine = one_seed(plan, found.seed).violations.get(invariant)
    if mine is None or mine.actions != found.actions:
        where = f"after {found.actions} actions of seed {found.seed} of {plan}"
        raise Unconfirmed(f"the compiled twin says that {invariant} is violated {where}, and the world does not")
    return mine


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


def processes(jobs: int) -> Crew:
    """So many processes, or this one for 1."""
    if jobs == 1:
        return Crew()
    start = partial(ProcessPoolExecutor, jobs, mp_context=get_context("spawn"), initializer=_begin)
    return Crew(start, _stop, _AHEAD)


def _stop(pool: Executor) -> None:
    """Whoever leaves early does not wait for the seeds that are running."""
    pool.shutdown(wait=False, cancel_futures=True)
    for worker in active_children():
        worker.terminate()
        worker.join()  # what it wrote is about to be deleted


def processors() -> int:
    """How many processes can work at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _begin() -> None:
    """Ctrl-C is the parent's to handle: a worker that dies of it would say so at length. It ends with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


@contextmanager
def _worlds(place: Place | None) -> Iterator[Callable[[int], AbstractContextManager[Cells]]]:
    """What gives the empty cells of a seed."""
    if place is None:
        yield lambda _: nullcontext(MemoryCells())
        return
    with place.open() as store:
        yield partial(place.world, store)


def tallied(chunk: Chunk) -> Tally:
    """The tally of a chunk's seeds."""
    whole = Tally()
    with _worlds(chunk.place) as world:
        for seed in range(chunk.seeds.first, chunk.seeds.first + chunk.seeds.count):
            with world(seed) as cells:
                whole.add(one_seed(chunk.plan, seed, cells))
    return whole
