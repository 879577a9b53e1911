"""Fault-free timelines: the releases and the kernel agree, save where a hazard says not; and rollbacks."""

from itertools import combinations

import pytest

from evidence_sim import oracle
from evidence_sim.config import EVIDENCE, Config, Initial, records
from evidence_sim.facts import Fact
from evidence_sim.invariants import INVARIANTS
from evidence_sim.labels import Action, Clock, Reply, Start
from evidence_sim.values import World
from evidence_sim.world import apply, initial

FIVE_MINUTES, HOUR = 300_000, 3_600_000
TICKS = 72 * 12  # every five minutes for three days
# Where v2.20 and the kernel differ in a timeline without faults: the hazard, and the evidence that begins it.
HAZARDS = {"D4": "empty"}

# Evidence's instant, or whether it is there at all; and the triggers that were published.
Shown = tuple[int | bool, tuple[bool, bool]]


def tick(world: World, n: int, host: int = 0) -> tuple[World, list[Fact]]:
    """One tick, each effect answered `ok`."""
    facts = []
    action: Action = Start(0, n, host)
    while True:
        world, fact = apply(world, action)
        facts.append(fact)
        if fact.run_after is None:
            return world, facts
        action = Reply(fact.run_after.phase, 0, n)


def shown(world: World) -> Shown:
    """What all machines share: the evidence, and which reports there are under either's keys."""
    keys = records(0)
    value = world.cells.at(keys.evidence).value
    installed_at = oracle.installed_at(value)
    published = []
    for trigger in ("AUTO_12H", "AUTO_24H"):
        theirs = f"phase5:scheduler:cloudId:{keys.tenant}:{trigger}:DONE"
        both = (keys.by_name[f"publication:{trigger}"], theirs)
        published.append(any(world.cells.at(key).value is not None for key in both))
    return (value is not None if installed_at is None else installed_at), (published[0], published[1])


def timeline(machine: str, evidence: str) -> list[Shown]:
    """What is shown after every tick."""
    world = initial(Config(machines=(machine,), initial=(Initial(evidence),)))
    found = []
    for n in range(1, TICKS + 1):
        world, _ = tick(world, n)
        found.append(shown(world))
        world, _ = apply(world, Clock(0, FIVE_MINUTES))
    return found


@pytest.mark.parametrize("evidence", EVIDENCE)
def test_the_releases_and_the_kernel_agree(evidence: str) -> None:
    new, old, older = (timeline(machine, evidence) for machine in ("kernel", "v2.20", "v2.19"))
    if evidence == HAZARDS["D4"]:  # v2.20 replaces a record that is no evidence; the kernel leaves it
        assert isinstance(old[0][0], int) and old[0][0] > 1
        assert set(new) == {(True, (False, False))}
    else:
        assert new == old
    if evidence == "absent":
        assert set(older) == {(False, (False, False))}  # the release without a backfill
    else:
        assert older == new
    if evidence in ("absent", "valid", "valid-12h"):
        assert new[-1][1] == (True, True)


# Ticks an hour or hours apart, over both windows.
_STEPS = (FIVE_MINUTES, 2 * HOUR, 12 * HOUR, FIVE_MINUTES, 2 * HOUR, 12 * HOUR, FIVE_MINUTES, 2 * HOUR)


@pytest.mark.parametrize("other", ["v2.19", "v2.20"])
@pytest.mark.parametrize("evidence", ["absent", "valid", "valid-12h", "valid-24h"])
def test_rollback_and_roll_forward_at_every_tick(other: str, evidence: str) -> None:
    ticks = len(_STEPS)
    for back, forward in combinations(range(ticks + 1), 2):
        config = Config(hosts=2, machines=("kernel", other), profile="rollout", initial=(Initial(evidence),))
        world = initial(config)
        for n, ms in enumerate(_STEPS):
            world, facts = tick(world, n + 1, host=1 if back <= n < forward else 0)
            wrong = [verdict for fact in facts for judge in INVARIANTS if (verdict := judge.judge(fact))]
            assert wrong == [], (back, forward, n)
            for host in (0, 1):
                world, _ = apply(world, Clock(host, ms))
        world, facts = tick(world, ticks + 1)
        assert facts[-1].result.success
        assert world.cells.at(records(0).evidence).value is not None
