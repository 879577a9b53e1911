"""Every action that a profile offers in a world, for engines that go through all of them."""

from collections.abc import Iterator

from evidence_kernel import Get, Put
from evidence_sim.codes import AnswerCode
from evidence_sim.config import CLOCK_STEPS
from evidence_sim.faults import PROFILES, Profile
from evidence_sim.labels import RECORDS, Action, Clock, Crash, Land, Outside, Reply, Start
from evidence_sim.values import Run
from evidence_sim.world import NotEnabled, World, apply

_ARGUMENTS = {AnswerCode.STALE: (1, 2), AnswerCode.CORRUPT: (0, 1), AnswerCode.TORN: (0, 1)}


def actions(world: World) -> list[Action]:
    """The enabled actions of the world's profile, in a fixed order; stale, corrupt and torn to k = 2, 1, 1."""
    return [action for action in _offered(world, PROFILES[world.config.profile]) if _is_enabled(world, action)]


def _is_enabled(world: World, action: Action) -> bool:
    try:
        apply(world, action)
    except NotEnabled:
        return False
    return True


def _offered(world: World, profile: Profile) -> Iterator[Action]:
    for index, tenant in enumerate(world.tenants):
        for host in range(world.config.hosts):
            yield Start(index, tenant.started + 1, host)
        for run in tenant.runs:
            yield from _replies(world, index, run, profile)
            yield Crash(index, run.n)
        for pending in tenant.pending:
            yield Land(index, pending.n, pending.phase)
        for what in profile.outside:
            for record in RECORDS:
                for arg in _ARGUMENTS.get(what, (0,)):
                    yield Outside(index, record, what, arg)
        yield Outside(index, None, AnswerCode.REPAIR)
        yield Outside(index, None, AnswerCode.FORGET)
    for host in range(world.config.hosts):
        for ms in CLOCK_STEPS:
            yield Clock(host, ms)


def _replies(world: World, index: int, run: Run, profile: Profile) -> Iterator[Action]:
    answers = profile.reads if isinstance(run.effect, Get) else profile.writes
    if not isinstance(run.effect, Get | Put):
        answers = profile.generates
    for what in (AnswerCode.OK, *answers):
        others = range(len(world.tenants)) if what is AnswerCode.ELSEWHERE else _ARGUMENTS.get(what, (0,))
        for arg in others:
            yield Reply(run.phase, index, run.n, what, arg)
