"""The compiled twin: campaigns with and without invariants and coverage, its search, and campaigns of chosen seeds.

It is measured where numba is: as plain Python the twin is slower than the world that it is the twin of.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING

from evidence_sim.bench.engines import BOUNDS
from evidence_sim.bench.timing import Once, rate
from evidence_sim.campaign import Unconfirmed, one_seed
from evidence_sim.codes import OutcomeCode
from evidence_sim.config import Config
from evidence_sim.explore.bounds import Bounds
from evidence_sim.explore.search import beginnings
from evidence_sim.sample import Plan
from evidence_sim.tally import Tally

if TYPE_CHECKING:
    from evidence_sim.fast.campaign import Twin

PLAN = Plan()  # as `engines.reference`
_CHUNK = 12_000  # ticks that the twin runs between two looks at the clock


def bulk(stack: ExitStack, jobs: int, seconds: float, plan: Plan = PLAN) -> Once:
    """Complete ticks and actions a second of a campaign, everything on, in so many threads."""
    return _campaign(stack, [_twin(plan) for _ in range(jobs)], seconds)


def limit(stack: ExitStack, jobs: int, seconds: float) -> Once:
    """Actions a second of the same loop without invariants and coverage, which counts no ticks."""
    once = _campaign(stack, [_twin(PLAN, judged=False) for _ in range(jobs)], seconds)
    return lambda: once()[1:]


def fleet(stack: ExitStack, tenants: int, jobs: int) -> Once:
    """Complete ticks a second where each of so many tenants has one tick, each in a world of its own."""
    twins = [_twin(Plan(tenants=1, ticks=1)) for _ in range(jobs)]
    threads = stack.enter_context(ThreadPoolExecutor(jobs))

    def work(at: int) -> int:
        first, end = at * tenants // jobs, (at + 1) * tenants // jobs
        chunks = range(first, end, _CHUNK)
        return sum(_complete(twins[at].run(seed, min(_CHUNK, end - seed))) for seed in chunks)

    def once() -> Sequence[float]:
        began = perf_counter()
        ticks = sum(threads.map(work, range(jobs)))
        return (ticks / (perf_counter() - began),)

    return once


def chosen(_: ExitStack, seeds: Sequence[int], seconds: float) -> Once:
    """Complete ticks a second of a campaign of these seeds, again and again, but those that outgrow the twin."""
    one, kept = _twin(PLAN), list(seeds)

    from evidence_sim.fast import layout as at
    from evidence_sim.fast.bulk import run_seeds
    from evidence_sim.fast.compiled import hashes, words

    def run() -> tuple[int, int]:
        counted, listed = words([0] * at.COUNTED), hashes(len(kept))
        listed[:] = kept
        done = run_seeds(one.world, one.streams, one.table, counted, listed, len(kept))
        ended = at.COUNTS + at.O_OUTCOMES
        return int(done), int(sum(counted[ended + code] for code in OutcomeCode))

    while (done := run()[0]) < len(kept):
        del kept[done]
    return lambda: (rate(lambda: run()[1], seconds),)


def search(_: ExitStack) -> Once:
    """States a second of the compiled search, of all that `engines.search` begins."""
    explored(BOUNDS)

    def once() -> Sequence[float]:
        began = perf_counter()
        return (explored(BOUNDS) / (perf_counter() - began),)

    return once


def explored(bounds: Bounds) -> int:
    """The states of the kernel within bounds. Raises ModuleNotFoundError without numba."""
    _must_be_compiled()
    from evidence_sim.fast.explore import FastSearch

    searching = FastSearch(beginnings(Config()), bounds)
    for _ in searching.levels():
        pass
    return searching.found.states


def _campaign(stack: ExitStack, twins: Sequence["Twin"], seconds: float) -> Once:
    threads, plan = stack.enter_context(ThreadPoolExecutor(len(twins))), twins[0].plan
    size = max(1, _CHUNK // (plan.tenants * plan.ticks))
    firsts = count(step=size)

    def work(twin: "Twin") -> tuple[float, float]:
        ticks, actions, began = 0, 0, perf_counter()
        while (spent := perf_counter() - began) < seconds:
            tally = twin.run(next(firsts), size)
            ticks, actions = ticks + _complete(tally), actions + tally.actions
        return ticks / spent, actions / spent

    def once() -> Sequence[float]:
        return [sum(rates) for rates in zip(*threads.map(work, twins), strict=True)]

    return once


def _complete(tally: Tally) -> int:
    """The ticks that came to an outcome."""
    return sum(tally.outcomes.values())


def _twin(plan: Plan, judged: bool = True) -> "Twin":
    """A compiled twin that begins as the world does. Raises ModuleNotFoundError, and Unconfirmed where it does not."""
    _must_be_compiled()
    from evidence_sim.fast.campaign import Twin

    twin = Twin.of(plan, judged)
    if twin.run(0, 1).digests != one_seed(plan, 0).digests:
        raise Unconfirmed(f"the twin and the world disagree about seed 0 of {plan}")
    return twin


def _must_be_compiled() -> None:
    from evidence_sim.fast.compiled import COMPILED

    if not COMPILED:
        raise ModuleNotFoundError("numba is not installed, or is switched off", name="numba")
