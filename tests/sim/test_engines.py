"""The engines: determinism, promises, specimens, shrinking, isolation, and the store under them."""

import pytest

from evidence_sim.campaign import Seeds, Workers, one_seed
from evidence_sim.digest import folded
from evidence_sim.faults import PROFILES
from evidence_sim.invariants import BY_ID, INVARIANTS
from evidence_sim.isolation import interference
from evidence_sim.labels import Clock
from evidence_sim.machines.specimens import SPECIMENS
from evidence_sim.sample import Plan
from evidence_sim.suite import elsewhere
from evidence_sim.tally import Tally
from evidence_sim.trace import Trace, dump, load, verdicts
from evidence_sim.values import NotEnabled
from evidence_sim.verdict import Run, shrunk

# Digests of seeds 0 to 4. Another number is another version of traces and digests.
PINNED: dict[str, list[str]] = {
    "crash-stop": [
        "07936616270090fb",
        "16c5406c4c11f4d4",
        "441f8e99cfbba5b6",
        "b09a8c7ef4942003",
        "68b6329664491215",
    ],
    "cloud-kv": [
        "4a3e1814b05028f5",
        "1c08847ed3f18a4a",
        "e70ac5497db06ed5",
        "e4f1d1dfc6394636",
        "e964d84d50c1b3c1",
    ],
    "lying-disk": [
        "782f5911e61d79e1",
        "be592732b1460dfe",
        "24b884746949fdc6",
        "91c5290965eb21f0",
        "62fba12d758f3748",
    ],
    "rollout": [
        "07936616270090fb",
        "16c5406c4c11f4d4",
        "441f8e99cfbba5b6",
        "b09a8c7ef4942003",
        "68b6329664491215",
    ],
    "byzantine": [
        "bb6dc3d4d0ebd1b0",
        "e08435149ffe84b3",
        "20b883291f3f384a",
        "c3e00fe2198ad07a",
        "0f53759c56c8bef6",
    ],
}


def total(plan: Plan, seeds: Seeds, jobs: int = 1) -> Tally:
    """The tally of a campaign."""
    whole = Tally()
    with Workers(jobs) as workers:
        for tally in workers.tallies(plan, seeds):
            whole.add(tally)
    return whole


@pytest.mark.parametrize("profile", list(PROFILES))
def test_digests_are_pinned(profile: str) -> None:
    assert [f"{one_seed(Plan(profile=profile), seed).digests[0]:016x}" for seed in range(5)] == PINNED[profile]


def test_the_digest_is_the_same_under_another_hash_seed_and_through_processes() -> None:
    plan, seeds = Plan(), Seeds(0, 24)
    here = total(plan, seeds)
    assert total(plan, seeds, jobs=2) == here
    assert elsewhere(plan, seeds, "4242") == f"{folded(here.digests):016x}"


def test_the_digest_is_the_same_on_sqlite() -> None:
    for seed in range(2):
        assert one_seed(Plan(ticks=3), seed, "sqlite") == one_seed(Plan(ticks=3), seed)


@pytest.mark.parametrize("profile", list(PROFILES))
def test_the_kernel_keeps_what_is_promised(profile: str) -> None:
    run = Run(Plan(profile=profile), Seeds(5000, 40), total(Plan(profile=profile), Seeds(5000, 40)))
    assert [invariant.id for invariant in run.broken()] == []


def test_every_safety_invariant_is_violated_by_a_specimen() -> None:
    violated = {name for specimen in SPECIMENS for name in specimen.violates}
    assert {f"S{n}" for n in range(1, 20)} <= violated


@pytest.mark.parametrize("specimen", SPECIMENS[2:12], ids=lambda specimen: specimen.name)
def test_a_shrunk_trace_is_minimal_and_the_kernel_survives_it(specimen: object) -> None:
    chosen = next(s for s in SPECIMENS if s is specimen)
    plan = Plan((chosen.name,), chosen.profile)
    run = Run(plan, Seeds(0, 40), total(plan, Seeds(0, 40)))
    invariant, first = next(run.violated())
    trace = shrunk(run, invariant, first)
    assert verdicts(trace)[invariant.id][0] == len(trace.actions)
    for at in range(len(trace.actions)):
        fewer = trace.actions[:at] + trace.actions[at + 1 :]
        assert not _violates(Trace(trace.config, fewer, invariant.id))
    assert load(dump(trace)) == trace


def _violates(trace: Trace) -> bool:
    try:
        return trace.violates in verdicts(trace)
    except NotEnabled:
        return False


@pytest.mark.parametrize("profile", ["crash-stop", "cloud-kv", "lying-disk"])
def test_a_tenant_is_the_same_alone_and_in_a_fleet(profile: str) -> None:
    assert [interference(Plan(("kernel",), profile, 3, 6), seed) for seed in range(3)] == [None] * 3


def test_shared_keys_are_seen() -> None:
    assert any(interference(Plan(("truncated-key",), "crash-stop", 3, 6), seed) for seed in range(3))


def test_judges_have_a_sentence_each_and_ids_of_their_own() -> None:
    assert len(BY_ID) == len(INVARIANTS) == 20
    assert all(invariant.says.endswith(".") for invariant in INVARIANTS)
    assert Clock(0, 300_000) == Clock(0, 300_000)
