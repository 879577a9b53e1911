"""The engines that judge the kernel, with every invariant on: the world, Hypothesis, both searches."""

from collections.abc import Sequence
from contextlib import ExitStack
from itertools import count
from tempfile import TemporaryDirectory
from time import perf_counter

from evidence_sim.bench.timing import Once, rate
from evidence_sim.campaign import Seeds, chunks, one_seed, processes, tallied
from evidence_sim.config import Config
from evidence_sim.explore.bounds import Bounds
from evidence_sim.explore.search import Search, beginnings, identity
from evidence_sim.sample import Plan

SECONDS = 0.3  # of one round
BOUNDS = Bounds(2, 2, 1)  # of both searches: 2 ticks, 2 faults, 1 clock step
REFERENCE_STATES = 2000  # where the reference's is stopped
_EXAMPLES = 20  # of Hypothesis in a round, as long as a round of the world
_SEEDS = 32  # of a round in two processes


def reference(_: ExitStack) -> Once:
    """Seeds of the kernel in the world, two tenants of 12 ticks under cloud-kv, with what they cover."""
    seeds = count()
    return lambda: (rate(lambda: one_seed(Plan(), next(seeds)).actions, SECONDS),)


def hypothesis(stack: ExitStack) -> Once:
    """A Hypothesis state machine over the same world, one tenant under cloud-kv.

    Its rules draw from the enabled actions, which are found by trying each; it judges all that is promised, and
    counts no coverage. What Hypothesis keeps of the sources goes to a folder of its own.
    """
    from hypothesis.configuration import set_hypothesis_home_dir

    from evidence_sim.rules import walk

    set_hypothesis_home_dir(stack.enter_context(TemporaryDirectory()))
    stack.callback(set_hypothesis_home_dir, None)
    walk("kernel", 2)

    def once() -> Sequence[float]:
        began = perf_counter()
        return (walk("kernel", _EXAMPLES) / (perf_counter() - began),)

    return once


def search(_: ExitStack) -> Once:
    """The reference's search, of its first states."""

    def once() -> Sequence[float]:
        began = perf_counter()
        return (searched(BOUNDS, REFERENCE_STATES) / (perf_counter() - began),)

    return once


def searched(bounds: Bounds, limit: int) -> int:
    """The states of the kernel within bounds, but few more than the limit."""
    roots = beginnings(Config())
    searching = Search(roots, bounds, identity(roots[0], False), limit=limit)
    for _ in searching.levels():
        pass
    return searching.found.states


def in_processes(stack: ExitStack, jobs: int) -> Once:
    """As `reference`, in so many processes."""
    crew = stack.enter_context(processes(jobs))
    seeds = count(step=_SEEDS)

    def once() -> Sequence[float]:
        began = perf_counter()
        pieces = chunks(Plan(), Seeds(next(seeds), _SEEDS))
        done = sum(tally.actions for tally in crew.results(tallied, pieces))
        return (done / (perf_counter() - began),)

    once()  # the processes begin
    return once
