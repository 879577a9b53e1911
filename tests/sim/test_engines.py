"""The engines: determinism, promises, specimens, shrinking, isolation, and the store under them."""

import json
import os
import subprocess
import sys

import pytest

from evidence_sim.campaign import Seeds, chunks, one_seed, processes, tallied
from evidence_sim.faults import PROFILES
from evidence_sim.invariants import BY_ID, INVARIANTS
from evidence_sim.isolation import interference
from evidence_sim.machines import ROLLOUT
from evidence_sim.machines.specimens import SPECIMENS, Specimen
from evidence_sim.sample import Plan
from evidence_sim.suite import SPECIMEN_SEEDS
from evidence_sim.tally import Tally
from evidence_sim.trace import Trace, TraceError, dump, load, verdicts
from evidence_sim.verdict import Run, shrunk

_MANY = 500
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
        "52f5813544cb8f3f",
        "03d660c2ec9b687d",
        "d3481b818a17c5e6",
        "adb3c977fcdeaf5a",
        "565a4b627be75d7f",
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
    with processes(jobs) as crew:
        for tally in crew.results(tallied, chunks(plan, seeds)):
            whole.add(tally)
    return whole


@pytest.mark.parametrize("profile", list(PROFILES))
def test_digests_are_pinned(profile: str) -> None:
    plan = Plan(ROLLOUT if profile == "rollout" else ("kernel",), profile)
    assert [f"{one_seed(plan, seed).digests[0]:016x}" for seed in range(5)] == PINNED[profile]


def test_the_tally_is_the_same_through_processes() -> None:
    assert total(Plan(), Seeds(0, 24), jobs=2) == total(Plan(), Seeds(0, 24))


def hashing(seed: str, program: str) -> str:
    """What a program prints in a new process with that hash seed."""
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_the_digest_is_the_same_under_another_hash_seed() -> None:
    program = (
        "import sys; from evidence_sim.cli import main\n"
        f"sys.exit(main(['run', '--seeds', '{_MANY}', '--jobs', '2', '--json', '-']))"
    )
    one, other = (json.loads(hashing(seed, program)) for seed in ("1", "4242"))
    assert one["actions"] >= 100_000
    assert one["digest"] == other["digest"]


def test_an_iteration_over_a_set_is_seen() -> None:
    program = (
        "from evidence_sim import sample; from evidence_sim.campaign import one_seed\n"
        "{}\nprint([one_seed(sample.Plan(), seed).digests for seed in range(4)])"
    )
    planted = program.format("sample.EVIDENCE = tuple(set(sample.EVIDENCE))")
    assert hashing("1", planted) != hashing("4242", planted)
    sound = program.format("")
    assert hashing("1", sound) == hashing("4242", sound)


@pytest.mark.parametrize("profile", list(PROFILES))
def test_the_kernel_keeps_what_is_promised(profile: str) -> None:
    plan = Plan(ROLLOUT if profile == "rollout" else ("kernel",), profile)
    run = Run(plan, Seeds(5000, 40), total(plan, Seeds(5000, 40)))
    assert [invariant.id for invariant in run.broken()] == []


def test_every_safety_invariant_is_violated_by_a_specimen() -> None:
    violated = {name for specimen in SPECIMENS for name in specimen.violates}
    assert {f"S{n}" for n in range(1, 20)} <= violated


@pytest.mark.parametrize("specimen", SPECIMENS[::3], ids=lambda specimen: specimen.name)
def test_no_action_of_a_shrunk_trace_can_be_left_out(specimen: Specimen) -> None:
    plan = Plan((specimen.name,), specimen.profile)
    run = Run(plan, SPECIMEN_SEEDS, total(plan, SPECIMEN_SEEDS))
    assert {invariant.id for invariant, _ in run.violated()} == specimen.violates
    for invariant, first in run.violated():
        trace = shrunk(plan, invariant.id, first)
        assert verdicts(trace)[invariant.id][0] == len(trace.actions)
        for at in range(len(trace.actions)):
            fewer = trace.actions[:at] + trace.actions[at + 1 :]
            assert not _violates(Trace(trace.config, fewer, invariant.id))
        assert load(dump(trace)) == trace


def _violates(trace: Trace) -> bool:
    try:
        return trace.violates in verdicts(trace)
    except TraceError:
        return False


@pytest.mark.parametrize("profile", ["crash-stop", "cloud-kv", "lying-disk"])
def test_a_tenant_is_the_same_alone_and_in_a_fleet(profile: str) -> None:
    assert [interference(Plan(("kernel",), profile, 3, 6), seed) for seed in range(3)] == [None] * 3


def test_shared_keys_are_seen() -> None:
    assert any(interference(Plan(("truncated-key",), "crash-stop", 3, 6), seed) for seed in range(3))


def test_judges_have_a_sentence_each_and_ids_of_their_own() -> None:
    assert len(BY_ID) == len(INVARIANTS) == 20
    assert all(invariant.says.endswith(".") for invariant in INVARIANTS)
