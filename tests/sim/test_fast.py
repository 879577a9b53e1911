"""The compiled twin beside the world that it is the twin of: label by label, seed by seed, and at the command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve

from evidence_sim.campaign import Chunk, NoTwin, Seeds, Unconfirmed, chunks, one_seed, tallied, told
from evidence_sim.choice import Stream
from evidence_sim.cli import main
from evidence_sim.config import CLOCK_STEPS, EVIDENCE, LEDGER, PUBLICATION, Config
from evidence_sim.digest import folded, word
from evidence_sim.fast import bulk, campaign, store, ticks
from evidence_sim.fast import layout as at
from evidence_sim.fast.campaign import LOWERED, Twin
from evidence_sim.fast.compiled import COMPILED, Words
from evidence_sim.fast.lower import lowered
from evidence_sim.labels import RECORDS, Action, Clock, Crash, Land, Outside, Reply, Start
from evidence_sim.machines import KERNEL
from evidence_sim.sample import Plan, configuration, sample
from evidence_sim.tally import ROWS, Tally
from evidence_sim.values import NotEnabled, World
from evidence_sim.world import apply, initial, offered
from tests.sim.fast_decoded import told_reference, told_twin

PROFILES = ("crash-stop", "cloud-kv", "lying-disk", "byzantine")
SEEDS = 400 if COMPILED else 8
plain = pytest.mark.skipif(COMPILED, reason="not run: it needs the functions as Python, NUMBA_DISABLE_JIT=1")


def plan_of(profile: str) -> Plan:
    return Plan(("kernel",), profile)


def reference(plan: Plan, seed: int) -> Tally:
    return campaign.untold(one_seed(plan, seed))


@pytest.mark.parametrize("profile", PROFILES)
def test_a_seed_is_the_same_in_the_twin(profile: str) -> None:
    plan = plan_of(profile)
    twin = Twin.of(plan)
    for seed in range(1000, 1000 + SEEDS):
        assert twin.run(seed, 1) == reference(plan, seed), f"seed {seed}; test_actions_are_the_same names the action"


@pytest.mark.parametrize("machine", LOWERED[1:])
def test_specimens_that_a_table_tells_from_the_kernel_are_the_same(machine: str) -> None:
    for profile in PROFILES if COMPILED else ("cloud-kv", "byzantine"):
        plan = Plan((machine,), profile)
        twin = Twin.of(plan)
        for seed in range(max(SEEDS // 8, 2)):
            assert twin.run(seed, 1) == reference(plan, seed), f"seed {seed} under {profile}"


def test_what_is_not_judged_is_the_same_run() -> None:
    plan = plan_of("cloud-kv")
    judged, unjudged = (Twin.of(plan, judged).run(0, 5) for judged in (True, False))
    assert judged.digests == unjudged.digests and judged.premises and not unjudged.premises


@plain
@pytest.mark.parametrize("profile", PROFILES)
def test_actions_are_the_same(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, said = plan_of(profile), []
    twin, told = Twin.of(plan), bulk.told

    def telling(w: Words, u: Words, t: Words, out: Words) -> None:
        told(w, u, t, out)
        said.append(tuple(int(w[place]) for place in range(at.A_OUTCOME + 1)))

    monkeypatch.setattr(bulk, "told", telling)
    for seed in range(3):
        said.clear()
        twin.run(seed, 1)
        for number, (fact, (tenant, n, code, what, arg, after, outcome)) in enumerate(
            zip(sample(plan, seed), [(f[1], f[2], f[0], *f[3:]) for f in said], strict=True), 1
        ):
            mine = ((tenant << 24 | n << 8 | code) << 32) | what << 24 | arg << 16 | after << 8 | outcome
            assert mine == word(fact.action, fact.phase_after, fact.outcome), f"action {number}: {fact.action}"


def begun(plan: Plan, config: Config) -> Twin:
    """The twin where that configuration begins."""
    twin = Twin.of(plan)
    w = twin.world
    w[at.X_HOSTS] = config.hosts
    w[at.X_CLOCK : at.X_CLOCK + config.hosts] = initial(config).clocks
    for index, begins in enumerate(config.initial):
        store.clear(w, index)
        base = at.X_TENANT + index * at.TENANT
        w[base + at.T_EVIDENCE] = EVIDENCE.index(begins.evidence)
        w[base + at.T_LEDGER] = LEDGER.index(begins.ledger)
        w[base + at.T_PUBLICATION] = PUBLICATION.index(begins.publication)
        w[base + at.T_IDENTITY] = begins.identity == "none"
        store.fill(w, twin.table, index)
    return twin


def done(w: Words, t: Words, world: World, action: Action) -> bool:
    """The action in the twin; whether it can happen there."""
    match action:
        case Clock():
            ticks.clock(w, action.host, CLOCK_STEPS.index(action.ms), action.ms)
        case Start():
            return ticks.start(w, t, action.tenant, action.host)
        case Reply():
            place = [run.n for run in world.tenants[action.tenant].runs].index(action.n)
            return ticks.reply(w, t, action.tenant, place, action.what, action.arg)
        case Land():
            under_way = [(late.n, late.phase) for late in world.tenants[action.tenant].pending]
            ticks.land(w, action.tenant, under_way.index((action.n, action.phase)))
        case Crash():
            ticks.crash(w, action.tenant, [run.n for run in world.tenants[action.tenant].runs].index(action.n))
        case Outside(what=at.REPAIR):
            ticks.repair(w, t, action.tenant)
        case Outside(what=at.FORGET):
            return ticks.forget(w, action.tenant)
        case Outside(record=record):
            assert record is not None
            return ticks.outside(w, action.tenant, RECORDS.index(record), action.what, action.arg)
    return True


@plain
@pytest.mark.parametrize("profile", PROFILES)
def test_every_label_does_the_same(profile: str) -> None:
    """Each label that a profile offers, in worlds on a random way; then one of them is taken."""
    plan = plan_of(profile)
    for seed in range(3):
        config, stream = configuration(plan, seed), Stream(seed, 9)
        twin, world = begun(plan, config), initial(config)
        t, w = twin.table, twin.world
        assert told_twin(w) == told_reference(world)
        for _ in range(25):
            ways = []
            for action in offered(world):
                mine = list(w)
                try:
                    after, _fact = apply(world, action)
                except NotEnabled:
                    assert not done(mine, t, world, action), f"{action} can happen in the twin alone"
                    assert told_twin(mine) == told_reference(world), f"{action} cannot happen, and does"
                    continue
                assert done(mine, t, world, action), f"{action} cannot happen in the twin"
                assert told_twin(mine) == told_reference(after), str(action)
                crowded = isinstance(action, Start) and len(world.tenants[action.tenant].runs) > 2
                ways += [] if crowded else [(after, mine)] * (8 if isinstance(action, Reply) else 1)
            world, w = ways[stream.draw(len(ways))]


def test_the_rows_of_the_twin_are_the_kernels() -> None:
    table = lowered(KERNEL)
    taken = {table[place + at.ROW] for place in range(at.K_STEP, at.K_RUNNING, at.COLUMNS) if table[place] >= 0}
    assert taken == set(range(ROWS))


def test_a_seed_that_outgrows_the_twin_is_left_to_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    seed = 2008  # two ledgers that were torn, alike in length and in all that is left of them but by their text
    plan, left = plan_of("lying-disk"), []

    def noted(given: Plan, which: int) -> Tally:
        left.append(which)
        return one_seed(given, which)

    monkeypatch.setattr(campaign, "one_seed", noted)
    twin = Twin.of(plan)
    both = reference(plan, seed - 1)
    both.add(reference(plan, seed))
    assert twin.run(seed - 1, 2) == both and seed in left
    assert twin.run(seed - 1, 1) == reference(plan, seed - 1)


@plain
def test_what_the_world_does_not_confirm_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = plan_of("byzantine")
    found = campaign.tallied(Chunk(plan, Seeds(3, 4))).violations["S5"]
    assert told(plan, "S5", found).says and found.seed == 3
    with pytest.raises(Unconfirmed, match="S5 is violated after 1 actions of seed 3"):
        told(plan, "S5", evolve(found, actions=1))
    monkeypatch.setattr(ticks, "FAILED", at.OK)
    with pytest.raises(Unconfirmed, match="disagree about seed 0"):
        campaign.checked(plan_of("cloud-kv"), 0)
    assert main(["run", "--fast", "--seeds", "1"]) == 3
    assert "the twin and the world disagree about seed 0 of Plan" in capsys.readouterr().err


def test_without_a_twin_the_command_says_what_to_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--fast", "--machine", "v2.20"]) == 2
    assert "no compiled twin of v2.20: run it without --fast" in capsys.readouterr().err
    assert main(["run", "--fast", "--store", "sqlite"]) == 2
    assert "leave out --store sqlite" in capsys.readouterr().err
    with pytest.raises(NoTwin, match="rollout"):
        Twin.of(Plan(("kernel", "rollout"), "rollout"))


def test_the_command_reports_what_run_reports(tmp_path: Path) -> None:
    said = []
    for fast in ([], ["--fast"]):
        command = [sys.executable, "-m", "evidence_sim", "run", "--seeds", "20", "--profile", "byzantine", *fast]
        ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        said.append([line for line in ended.stdout.splitlines() if " actions in " not in line])
    assert said[0] == said[1]


@pytest.mark.parametrize("size", [1, 5, 16])
def test_a_campaign_is_the_same_in_any_pieces(size: int) -> None:
    plan, seeds, whole = Plan(("plain-put",), ticks=2), Seeds(7, 16), Tally()
    with campaign.threads(2) as crew:
        for tally in crew.results(campaign.tallied, chunks(plan, seeds, size)):
            whole.add(tally)
    assert whole == campaign.untold(tallied(Chunk(plan, seeds)))


def test_the_twin_and_the_world_go_on_from_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = ["run", "--machine", "plain-put", "--ticks", "2", "--resume", str(tmp_path / "file"), "--out", str(tmp_path)]
    for seeds, engine in (("8", ["--fast"]), ("16", []), ("24", ["--fast"])):
        assert main([*run, "--json", "-", "--seeds", seeds, *engine]) == 1
        found = json.loads(capsys.readouterr().out)
    once = tallied(Chunk(Plan(("plain-put",), ticks=2), Seeds(0, 24)))
    assert found["digest"] == f"{folded(once.digests):016x}"
    assert found["verdicts"][1]["trace"]


def test_the_simulator_is_imported_without_numba() -> None:
    code = "import sys, evidence_sim.cli; assert not {'numba', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(not COMPILED, reason="needs numba, the extra fast")
def test_it_works_where_no_folder_is_writable(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "from evidence_sim.fast import compiled\n"
        f"compiled._PLACES = (Path('/proc/none'), Path({str(tmp_path)!r}, 'a file', 'x'))\n"
        "assert compiled._cache() is None\n"
        "print(compiled.entry(lambda n: n + 1)(1))\n"
    )
    Path(tmp_path, "a file").write_text("")
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ))
    assert ended.stdout == "2\n", ended.stderr
