"""S19 at every moment: a fault-free fleet, ticked every five minutes, shows nothing worse than RUNNING."""

from itertools import product

import pytest

from evidence_kernel import TrustStatus, read_status, trust_status
from evidence_sim.config import Config, Initial, records
from evidence_sim.labels import Action, Clock, Crash, Reply, Start
from evidence_sim.values import World
from evidence_sim.world import apply, initial

MINUTE = 60_000
FLEET = tuple(
    Initial(evidence, publication=publication)
    for evidence, publication in product(("absent", "valid", "valid-12h", "valid-24h"), ("absent", "AUTO_12H"))
)
WELL = {TrustStatus.INITIALIZING, TrustStatus.RUNNING}


class Fleet:
    """A world whose every tenant has a tick every five minutes, of at most so many answers a minute."""

    def __init__(self, answers: int, offsets: tuple[int, ...]) -> None:
        self.world: World = initial(
            Config(len(FLEET), len(offsets), initial=FLEET, offsets=offsets, profile="crash-stop")
        )
        self.answers, self.hosts, self.shown = answers, len(offsets), set[TrustStatus]()

    def do(self, action: Action) -> None:
        self.world, _ = apply(self.world, action)
        for tenant in range(len(FLEET)):
            value = self.world.cells.at(records(tenant).by_name["status"]).value
            if value is not None:
                status = read_status(value)
                self.shown |= {trust_status(status, clock) for clock in self.world.clocks}

    def period(self, n: int) -> None:
        for tenant in range(len(FLEET)):
            self.do(Start(tenant, n, (tenant + n) % self.hosts))
        for _ in range(5):
            for _, tenant in product(range(self.answers), range(len(FLEET))):
                for run in self.world.tenants[tenant].runs:
                    self.do(Reply(run.phase, tenant, n))
            for host in range(self.hosts):
                self.do(Clock(host, MINUTE))
        assert not any(tenant.runs for tenant in self.world.tenants), "a tick ends within the period"


@pytest.mark.parametrize(
    ("answers", "offsets"), [(16, (0,)), (3, (0,)), (3, (0, 5 * MINUTE))], ids=["quick", "slow", "two clocks"]
)
def test_a_fleet_without_faults_shows_that_it_is_well(answers: int, offsets: tuple[int, ...]) -> None:
    fleet = Fleet(answers, offsets)
    for n in range(1, 30):
        fleet.period(n)
    for host in range(len(offsets)):  # the next tick may take its whole period
        fleet.do(Clock(host, 5 * MINUTE))
    assert fleet.shown == WELL


def test_a_fleet_that_is_not_ticked_shows_it() -> None:
    fleet = Fleet(16, (0,))
    fleet.period(1)
    for _ in range(4):
        fleet.do(Clock(0, 5 * MINUTE))
    assert fleet.shown == WELL | {TrustStatus.DEGRADED}


def test_a_fleet_whose_ticks_are_cut_shows_it() -> None:
    fleet = Fleet(16, (0,))
    fleet.period(1)
    for n in range(2, 6):
        fleet.do(Start(0, n, 0))
        fleet.do(Crash(0, n))
        fleet.do(Clock(0, 5 * MINUTE))
    assert TrustStatus.DEGRADED in fleet.shown
