"""How cost grows: with processors, tenants, overlap, faults and ticks, and with the bounds of a search.

Random campaigns are the twin's, in one thread but where it says otherwise. How many ticks of a tenant may
overlap and how many answers are faulty is drawn by each seed: a point is a campaign of the seeds that drew it.
"""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import cycle

from evidence_kernel import Expect, Invocation, Outcome
from evidence_kernel.records.keys import evidence_key
from evidence_runtime import MemoryStore, run_tick
from evidence_sim.bench import engines, twin
from evidence_sim.bench.kernel import never
from evidence_sim.bench.timing import ACTIONS, TICKS, Axis, Figure, Once, Subject, rate, times
from evidence_sim.campaign import processors
from evidence_sim.config import EPOCH, MOST_TENANTS, Initial, contents
from evidence_sim.explore.bounds import Bounds
from evidence_sim.faults import PROFILES
from evidence_sim.sample import RATES, Plan, swarm

CORES = Axis("cores", "processes of the world, threads of the twin")
TENANTS = Axis("tenants", "of a store (driver), in worlds of their own, a tick each (fleet), of one world (bulk)", True)
OVERLAP = Axis("overlap", "ticks of a tenant that may overlap")
FAULTS = Axis("faults", "faulty answers in 64, of the kinds that a seed grants")
LENGTH = Axis("ticks", "ticks of a tenant in a campaign", True)
BOUNDS = Axis("bounds", "faults in a search")
AXES = (CORES, TENANTS, OVERLAP, FAULTS, LENGTH, BOUNDS)

_SECONDS = 0.06  # of a point in a round
_CORES = (1, 2)
_FLEETS = tuple(10**n for n in range(7))
_TICKED = 2000  # tenants of a store that are ticked, at most
_WORLDS = (1, 10, 100, MOST_TENANTS)
_OVERLAPS = (1, 2, 3)
_FAULTS = (0, *(64 // rate for rate in sorted(RATES, reverse=True)))
_LENGTHS = (1, 3, 12, 48, 192, 768)
_SEEDS = 3000  # that are looked at for what they draw


def points() -> list[Subject]:
    """Every point of every series."""
    jobs, drawn = processors(), [_drawn(seed) for seed in range(_SEEDS)]
    overlaps = {n: [seed for seed, (overlap, _) in enumerate(drawn) if overlap == n] for n in _OVERLAPS}
    faults = {n: [seed for seed, (_, faulty) in enumerate(drawn) if faulty == n] for n in _FAULTS}
    return [
        *(_point(CORES, n, partial(engines.in_processes, jobs=n), "reference-actions", ACTIONS) for n in _CORES),
        *(_point(CORES, n, _bulk(Plan(), n), "bulk-ticks", TICKS) for n in _CORES),
        *(_point(TENANTS, n, partial(_driven, tenants=n), "driver-ticks", TICKS) for n in _FLEETS),
        *(_point(TENANTS, n, partial(twin.fleet, tenants=n, jobs=jobs), "fleet-ticks", TICKS) for n in _FLEETS),
        *(_point(TENANTS, n, _bulk(Plan(tenants=n)), "bulk-ticks", TICKS) for n in _WORLDS),
        *(_point(OVERLAP, n, _those(those), "bulk-ticks", TICKS) for n, those in overlaps.items()),
        *(_point(FAULTS, n, _those(those), "bulk-ticks", TICKS) for n, those in faults.items()),
        *(_point(LENGTH, n, _bulk(Plan(ticks=n)), "bulk-ticks", TICKS) for n in _LENGTHS),
        *(_point(BOUNDS, n, partial(_searched, ticks=1, faults=n), "states-of-1-tick", "states") for n in range(4)),
        *(_point(BOUNDS, n, partial(_searched, ticks=2, faults=n), "states-of-2-ticks", "states") for n in range(3)),
    ]


def _point(axis: Axis, at: int, prepare: Callable[[ExitStack], Once], name: str, unit: str) -> Subject:
    return Subject((Figure(name, unit, axis, at),), prepare)


def _bulk(plan: Plan, jobs: int = 1) -> Callable[[ExitStack], Once]:
    def prepare(stack: ExitStack) -> Once:
        once = twin.bulk(stack, jobs, _SECONDS, plan)
        return lambda: once()[:1]

    return prepare


def _driven(_: ExitStack, tenants: int) -> Once:
    """The driver on a store in memory with so many tenants, some of which are ticked in turn: nothing is due."""
    store, evidence = MemoryStore(), next(iter(contents(0, Initial("valid")).values()))
    for number in range(tenants):
        store.put(evidence_key(str(number)), evidence, Expect.ABSENT)
    ticked = [str(number) for number in range(0, tenants, -(-tenants // _TICKED))]

    def tick(tenant: str) -> None:
        result = run_tick(store, Invocation("bench", {"cloudId": tenant}), never, clock=lambda: EPOCH)
        assert result.outcome is Outcome.NOT_DUE

    for tenant in ticked:
        tick(tenant)  # from now on it has a status
    turns = cycle(ticked)
    return lambda: (rate(times(lambda: tick(next(turns)), 20), _SECONDS),)


def _drawn(seed: int) -> tuple[int, int]:
    """How many ticks may overlap, and how many answers in 64 are faulty, of the kinds that the seed grants."""
    granted = swarm(PROFILES[Plan().profile], seed)
    return granted.overlap, 64 // granted.rate if granted.reads or granted.writes else 0


def _those(seeds: list[int]) -> Callable[[ExitStack], Once]:
    return partial(twin.chosen, seeds=seeds, seconds=_SECONDS)


def _searched(_: ExitStack, ticks: int, faults: int) -> Once:
    """The states within bounds, which are the same each time."""
    states = twin.explored(Bounds(ticks, faults))
    return lambda: (states,)
