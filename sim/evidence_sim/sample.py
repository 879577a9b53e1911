"""The random engine: draws labels one by one, by keyed choice, and never lists all that could happen.

Slot by slot: each host's clock may step, then each tenant makes a few moves, interleaved. A tenant's
moves come from its own stream, clocks, hosts and faults from streams that no tenant reads: so what one
tenant does is the same alone and in any fleet. A move draws its kind, then the tick, then the answer.
Each seed leaves out a random part of its profile's faults and varies rate, overlap and pace: with every
fault at every turn no tick would ever get far.
"""

from collections.abc import Iterator

from attrs import frozen

from evidence_kernel import Get, Put
from evidence_sim.cells import Cells
from evidence_sim.choice import CLOCKS, HOSTS, ORDER, SWARM, Stream
from evidence_sim.codes import AnswerCode
from evidence_sim.config import CLOCK_STEPS, EVIDENCE, LEDGER, MINUTE, PUBLICATION, Config, Initial
from evidence_sim.facts import Fact
from evidence_sim.faults import PROFILES, Profile
from evidence_sim.labels import RECORDS, Action, Clock, Crash, Land, Outside, Reply, Start
from evidence_sim.values import NotEnabled, Run, Tenant, World
from evidence_sim.world import apply, initial

_A = AnswerCode
RATES = (4, 8, 16, 64)  # one answer in so many is faulty
OFFSETS = (0, 0, 0, 0, MINUTE, -MINUTE, 5 * MINUTE, -10 * MINUTE, 14 * MINUTE, 2 * 60 * MINUTE)
STILL = len(CLOCK_STEPS)
# Weights of the clock's steps, and last of none, for three paces.
PACES = (
    (16, 8, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 16),
    (12, 4, 3, 4, 4, 3, 2, 1, 1, 1, 1, 1, 24),
    (6, 2, 4, 8, 8, 8, 6, 1, 1, 1, 1, 1, 16),
)
OF_EVIDENCE = (12, 3, 6, 6, 1, 1, 1)
OF_LEDGER = (24, 1)
OF_PUBLICATION = (22, 1, 1)
_KINDS = ("step", "start", "land", "crash", "repair", "forget", "outside")


@frozen
class Plan:
    """What a campaign runs: `ticks` starts for each of `tenants` tenants, a seed at a time."""

    machines: tuple[str, ...] = ("kernel",)
    profile: str = "cloud-kv"
    tenants: int = 2
    ticks: int = 12


@frozen
class Swarm:
    """What one seed grants of its profile, and how much of it."""

    reads: tuple[AnswerCode, ...]
    writes: tuple[AnswerCode, ...]
    generates: tuple[AnswerCode, ...]
    outside: tuple[AnswerCode, ...]
    crashes: bool
    backward: bool
    rate: int
    overlap: int
    pace: tuple[int, ...]


def swarm(profile: Profile, seed: int) -> Swarm:
    """The part of a profile's faults that a seed grants."""
    stream = Stream(seed, SWARM)
    quiet = stream.draw(8) == 0

    def some(faults: tuple[AnswerCode, ...]) -> tuple[AnswerCode, ...]:
        kept = tuple(fault for fault in faults if stream.draw(2))
        return () if quiet else kept

    return Swarm(
        some(profile.reads),
        some(profile.writes),
        some(profile.generates),
        some(profile.outside),
        bool(stream.draw(2)) and not quiet,
        bool(stream.draw(4) == 0) and not quiet,
        RATES[stream.draw(len(RATES))],
        1 + stream.draw(3),
        PACES[stream.draw(len(PACES))],
    )


def configuration(plan: Plan, seed: int) -> Config:
    """The world in which a seed begins."""
    stream = Stream(seed, HOSTS)
    hosts = max(len(plan.machines), 1 + stream.draw(3))
    offsets = tuple(OFFSETS[stream.draw(len(OFFSETS))] for _ in range(hosts))
    begins = tuple(_begin(Stream(seed, tenant)) for tenant in range(plan.tenants))
    return Config(plan.tenants, hosts, plan.machines, plan.profile, begins, offsets)


def _begin(stream: Stream) -> Initial:
    return Initial(
        EVIDENCE[stream.weighted(OF_EVIDENCE)],
        LEDGER[stream.weighted(OF_LEDGER)],
        PUBLICATION[stream.weighted(OF_PUBLICATION)],
        "none" if stream.draw(16) == 0 else "cloudId",
    )


_BEGUN = 4  # choices of a tenant's stream that `_begin` has read


def sample(plan: Plan, seed: int, cells: Cells | None = None, alone: int | None = None) -> Iterator[Fact]:
    """The facts of one seed's run, in order; `alone` lets only that tenant of the fleet move."""
    granted = swarm(PROFILES[plan.profile], seed)
    world = initial(configuration(plan, seed), cells)
    moving = [index for index in range(plan.tenants) if alone is None or index == alone]
    players = {index: Player(index, plan, granted, Stream(seed, index)) for index in moving}
    clocks, order = Stream(seed, CLOCKS), Stream(seed, ORDER)
    while moving:
        for host in range(world.config.hosts):
            ms = _clock_step(clocks, granted)
            if ms is not None:
                world, fact = apply(world, Clock(host, ms))
                yield fact
        left = {index: 1 + players[index].stream.draw(8) for index in moving}
        while left:
            index = list(left)[order.weighted(list(left.values()))]
            left[index] -= 1
            if not left[index]:
                del left[index]
            moved = players[index].move(world)
            if moved is None:
                moving.remove(index)
                left.pop(index, None)
                continue
            world, fact = moved
            yield fact


def _clock_step(stream: Stream, granted: Swarm) -> int | None:
    step = stream.weighted(granted.pace)
    if step == STILL or (CLOCK_STEPS[step] < 0 and not granted.backward):
        return None
    return CLOCK_STEPS[step]


class Player:
    """Makes one tenant's moves, each choice from the tenant's own stream."""

    def __init__(self, index: int, plan: Plan, granted: Swarm, stream: Stream) -> None:
        self.index, self.plan, self.granted, self.stream = index, plan, granted, stream
        for _ in range(_BEGUN):
            stream.draw(1)

    def move(self, world: World) -> tuple[World, Fact] | None:
        """The next world and fact; None where the tenant has done all its ticks."""
        tenant = world.tenants[self.index]
        weights = self._weights(tenant)
        if not any(weights[:3]) and not tenant.forgetting:
            return None
        kind = _KINDS[self.stream.weighted(weights)]
        action = self._action(world, tenant, kind)
        try:
            return apply(world, action)
        except NotEnabled:  # a fault that would have been no fault, or a record that is not there
            return apply(world, self._instead(tenant, action))

    def _weights(self, tenant: Tenant) -> tuple[int, ...]:
        granted, flying = self.granted, len(tenant.runs)
        starts = tenant.started < self.plan.ticks and flying < granted.overlap and not tenant.forgetting
        idle = not flying and not tenant.pending
        return (
            768 if flying else 0,
            (64 if flying else 512) if starts else 0,
            64 if tenant.pending else 0,
            192 // granted.rate if flying and granted.crashes else 0,
            4,
            (512 if tenant.forgetting else 6) if idle else 0,
            96 // granted.rate if granted.outside else 0,
        )

    def _action(self, world: World, tenant: Tenant, kind: str) -> Action:
        draw, index = self.stream.draw, self.index
        match kind:
            case "step":
                return self._reply(world, tenant.runs[draw(len(tenant.runs))])
            case "start":
                return Start(index, tenant.started + 1, draw(world.config.hosts))
            case "land":
                late = tenant.pending[draw(len(tenant.pending))]
                return Land(index, late.n, late.phase)
            case "crash":
                return Crash(index, tenant.runs[draw(len(tenant.runs))].n)
            case "repair":
                return Outside(index, None, _A.REPAIR)
            case "forget":
                return Outside(index, None, _A.FORGET)
            case _:
                what = self.granted.outside[draw(len(self.granted.outside))]
                arg = draw(2) if what is _A.CORRUPT else 0
                return Outside(index, RECORDS[draw(len(RECORDS))], what, arg)

    def _reply(self, world: World, run: Run) -> Reply:
        draw, granted = self.stream.draw, self.granted
        effect = run.effect
        if isinstance(effect, Get):
            faults = granted.reads
        else:
            faults = granted.writes if isinstance(effect, Put) else granted.generates
        rate = granted.rate if isinstance(effect, Get | Put) else 2
        if not faults or draw(rate):
            return Reply(run.phase, self.index, run.n)
        what = faults[draw(len(faults))]
        arg = 0
        if what is _A.STALE:
            arg = 1 + draw(2)
        elif what in (_A.CORRUPT, _A.TORN):
            arg = draw(2)
        elif what is _A.ELSEWHERE:
            arg = draw(len(world.tenants))
        return Reply(run.phase, self.index, run.n, what, arg)

    def _instead(self, tenant: Tenant, action: Action) -> Action:
        """What is always possible."""
        if isinstance(action, Reply):
            return Reply(action.phase, action.tenant, action.n)
        return Outside(self.index, None, _A.REPAIR)
