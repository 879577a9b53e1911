"""The search: exact counts, shortest ways, bounds in the verdict, the same in every process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evidence_kernel import SCHEDULER
from evidence_sim.cli import main
from evidence_sim.config import HOUR, Config, Initial
from evidence_sim.explore.bounds import Bounds, Scope
from evidence_sim.explore.canonical import exact
from evidence_sim.explore.search import Explored, Search, beginnings, identity
from evidence_sim.faults import PROFILES
from evidence_sim.goals import faults, goals
from evidence_sim.invariants import BY_ID
from evidence_sim.shrink import shrink
from evidence_sim.trace import replay, verdicts


def searched(config: Config, bounds: Bounds, symmetry: bool = False, roots: tuple[Config, ...] = ()) -> Explored:
    search = Search(roots or beginnings(config), bounds, identity(config, symmetry))
    for _ in search.levels():
        pass
    return search.found


# (profile, tenants, bounds) -> states, moves, depth; then the states up to names.
COUNTS: list[tuple[str, int, Bounds, tuple[int, int, int], int]] = [
    ("crash-stop", 1, Bounds(2, 1, 0), (601, 1431, 15), 460),
    ("cloud-kv", 1, Bounds(2, 1, 0), (2049, 5319, 17), 1712),
    ("cloud-kv", 2, Bounds(1, 1, 0), (2345, 5990, 20), 1201),
    ("cloud-kv", 1, Bounds(1, 1, 0, operators=2), (393, 617, 12), 393),
    ("cloud-kv", 1, Bounds(2, 1, 0, scope=Scope.STATUS), (1605, 3493, 8), 1594),
]


@pytest.mark.parametrize(("profile", "tenants", "bounds", "counts", "reduced"), COUNTS)
def test_counts(profile: str, tenants: int, bounds: Bounds, counts: tuple[int, int, int], reduced: int) -> None:
    config = Config(tenants, profile=profile)
    found, up_to_names = searched(config, bounds), searched(config, bounds, symmetry=True)
    assert (found.states, found.edges, found.depth) == counts
    assert up_to_names.states == reduced <= found.states == sum(found.levels)
    assert set(found.violations) == set(up_to_names.violations) <= set(BY_ID) - PROFILES[profile].promised


@pytest.fixture(scope="module")
def cloud() -> Explored:
    return searched(Config(), Bounds(2, 1, 1, clock=(-24 * HOUR,)))


def test_the_kernel_keeps_its_promises(cloud: Explored) -> None:
    assert cloud.complete
    assert not cloud.violations
    vacuous = {name for name in BY_ID if not cloud.premises[name]}
    assert vacuous == {"S15", "S19"}  # what a status says is searched apart


def test_what_is_reachable_are_the_goals(cloud: Explored) -> None:
    wanted = {goal.removeprefix("outcome ") for goal in goals("kernel", "cloud-kv") if goal.startswith("outcome ")}
    assert set(cloud.outcomes) == wanted
    assert set(faults(PROFILES["cloud-kv"])) == set(cloud.faults)


def test_every_row_is_taken_within_small_bounds(cloud: Explored) -> None:
    """A claim that is Unknown and then cannot be read back is two faults; the status is searched apart."""
    rows = {(str(phase), str(finding)) for phase, finding in SCHEDULER}
    status = {row for row in rows if row[0].startswith("STATUS")}
    assert cloud.rows <= rows
    assert sorted(rows - cloud.rows - status) == [("CLAIM_VERIFY", "FAILED")]


def test_a_specimen_breaks_by_the_shortest_way() -> None:
    config = Config(machines=("plain-put",))
    found = searched(config, Bounds(2, 0, 0))
    trace = found.violations["S1"].trace
    assert verdicts(trace)["S1"][0] == len(trace.actions)
    assert len(shrink(trace).actions) == len(trace.actions)
    assert sum(1 for _ in replay(trace)) == 10


def test_a_search_that_was_stopped_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explore", "--faults", "0", "--steps", "0", "--limit", "100"]) == 1
    out = capsys.readouterr().out
    assert "PARTIAL(" in out
    assert "nothing is said of what it did not reach" in out


def test_a_specimen_makes_the_command_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["explore", "--machine", "plain-put", "--faults", "0", "--steps", "0", "--out", str(tmp_path / "new")]
    assert main(given) == 1
    assert "S1: " in capsys.readouterr().out
    path = tmp_path / "new" / "plain-put-cloud-kv-S1.json"
    assert main(["replay", str(path)]) == 1


def test_old_machines_need_every_phase(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explore", "--machine", "v2.20", "--ticks", "1"]) == 2
    assert "--scope all" in capsys.readouterr().err
    rollout = ["explore", "--profile", "rollout", "--ticks", "1", "--faults", "0", "--steps", "0"]
    assert main([*rollout, "--scope", "tick"]) == 2
    assert "--scope all" in capsys.readouterr().err
    assert main(rollout) == 0
    assert "kernel,v2.20 under rollout" in capsys.readouterr().out


def test_specimens_are_searched_as_whole_worlds() -> None:
    assert identity(Config(machines=("plain-put",))) is exact


def _json(seed: str) -> dict[str, Any]:
    within = ["--ticks", "1", "--faults", "1", "--steps", "0"]
    command = [sys.executable, "-m", "evidence_sim", "explore", *within, "--json", "-"]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
    )
    result: dict[str, Any] = json.loads(done.stdout)
    del result["seconds"], result["memory_mib"]
    return result


def test_two_processes_find_the_same() -> None:
    assert _json("1") == _json("2")


def test_one_beginning_is_a_part_of_all() -> None:
    config = Config(initial=(Initial("absent"),))
    assert searched(config, Bounds(1, 1, 0), roots=(config,)).states < searched(config, Bounds(1, 1, 0)).states
