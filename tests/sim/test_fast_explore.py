"""The compiled search beside the reference's: the same graph by its counts, and violations that the world tells."""

import re
from pathlib import Path

import pytest

from evidence_sim.campaign import NoTwin, Unconfirmed
from evidence_sim.cli import main
from evidence_sim.config import Config
from evidence_sim.contract_far import FAR, RECORD, record, recorded
from evidence_sim.explore.bounds import Bounds, Scope
from evidence_sim.explore.canonical import canonical
from evidence_sim.explore.search import Explored, Search, beginnings
from evidence_sim.fast import explore, known
from evidence_sim.fast import layout as at
from evidence_sim.fast.compiled import COMPILED, Words, more
from evidence_sim.fast.explore import FastSearch
from evidence_sim.fast.states import load, save, show, shown
from evidence_sim.trace import verdicts

SMALL = [
    (Config(), Bounds(1, 1, 1)),
    (Config(profile="lying-disk"), Bounds(1, 1, 0, 2)),
    (Config(profile="byzantine"), Bounds(1, 1, 0)),
    (Config(2, profile="byzantine"), Bounds(1, 0, 0)),
    (Config(1, 2, profile="crash-stop"), Bounds(1, 1, 1)),
    (Config(profile="cloud-kv"), Bounds(2, 1, 0)),
]
LARGE = [
    (Config(profile="byzantine"), Bounds(1, 2, 0)),
    (Config(profile="cloud-kv"), Bounds(2, 1, 1)),
    (Config(profile="byzantine"), Bounds(2, 1, 0, 1)),
    (Config(2, profile="byzantine"), Bounds(1, 1, 0)),
    (Config(profile="crash-stop"), Bounds(3, 0, 0)),
]

AGAIN = 2_000_000  # states


def both(config: Config, bounds: Bounds) -> tuple[Explored, FastSearch]:
    roots = beginnings(config)
    slow, fast = Search(roots, bounds, canonical), FastSearch(roots, bounds)
    assert list(slow.levels()) == list(fast.levels())
    return slow.found, fast


@pytest.mark.parametrize(("config", "bounds"), SMALL + (LARGE if COMPILED else []))
def test_the_compiled_search_finds_the_same(config: Config, bounds: Bounds) -> None:
    slow, fast = both(config, bounds)
    for name in ("complete", "states", "edges", "levels", "premises", "faults", "outcomes", "answers", "rows", "said"):
        assert getattr(slow, name) == getattr(fast.found, name), name
    assert slow.violations.keys() == fast.found.violations.keys()
    for name, violation in fast.found.violations.items():
        assert len(violation.trace.actions) == len(slow.violations[name].trace.actions)
        assert verdicts(violation.trace)[name] == (len(violation.trace.actions), violation.says)


@pytest.mark.skipif(not COMPILED, reason="needs numba, the extra fast")
def test_what_the_contract_keeps_of_large_searches_is_found_again() -> None:
    kept = recorded(Path(__file__).parents[2] / "spec" / RECORD)
    again = 0
    for profile, searches in FAR.items():
        for (tenants, bounds), found in zip(searches, kept[profile], strict=True):
            if found.states < AGAIN:
                search = FastSearch(beginnings(Config(tenants, profile=profile)), bounds)
                assert sum(1 for _ in search.levels()) == len(found.levels)
                assert record({profile: (search.found,)}) == record({profile: (found,)})
                again += 1
    assert again > 4


@pytest.mark.skipif(not COMPILED, reason="needs numba, the extra fast")
def test_the_page_says_how_many_states_there_are() -> None:
    page = (Path(__file__).parents[2] / "sim" / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"([\d,]+) states with ([\d.]+) moves each\s\(`(?:evidence-sim explore --fast )?([^`]+)`", page)
    assert len(told) == 2
    for states, moves, options in told:
        asked = {name: int(number) for name, number in re.findall(r"--(\w+) (\d)", options)}
        search = FastSearch(beginnings(Config()), Bounds(asked.get("ticks", 2), asked["faults"], asked.get("steps", 1)))
        for _ in search.levels():
            pass
        assert (f"{search.found.states:,}", f"{search.found.edges / search.found.states:.1f}") == (states, moves)


@pytest.mark.parametrize("jobs", [2, 3])
def test_states_have_the_same_numbers_in_any_number_of_threads(jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explore, "PART", 5)
    monkeypatch.setattr(explore, "PARTS", 3)
    monkeypatch.setattr(known, "ROOM", 16)
    roots, bounds = beginnings(Config(profile="lying-disk")), Bounds(1, 1, 0)
    one, several = FastSearch(roots, bounds, jobs=1), FastSearch(roots, bounds, jobs=jobs)
    assert list(one.levels()) == list(several.levels())
    ours, theirs = one.known, several.known
    words = ours.count * (ours.width + 1)
    assert list(ours.states[:words]) == list(theirs.states[:words])
    assert list(ours.ways[: ours.count]) == list(theirs.ways[: ours.count])
    assert one.found.violations == several.found.violations


@pytest.mark.skipif(COMPILED, reason="not run: it needs the functions as Python, NUMBA_DISABLE_JIT=1")
def test_a_state_that_is_loaded_is_saved_again_as_it_was() -> None:
    search = FastSearch(beginnings(Config(2, profile="byzantine")), Bounds(1, 1, 0, 1), limit=200)
    list(search.levels())
    w, t, width, states = search._threads[0].world, search._table, search.known.width, search.known.states
    for state in range(search.known.count):
        first = state * (width + 1)
        key = states[first : first + width]
        w[at.X_KEY : at.X_KEY + width] = key
        load(w, t)
        show(w, states[first + width])
        copy = [*w]
        save(w, t, 0)
        assert w[at.X_KEY : at.X_KEY + width] == key
        assert shown(w) == states[first + width]
        w[at.X_SORTED : at.X_CODES] = copy[at.X_SORTED : at.X_CODES]
        assert w == copy, "saving changes the world"


def test_what_the_world_does_not_find_is_an_error() -> None:
    _, fast = both(Config(profile="lying-disk"), Bounds(1, 1, 0))
    counts = fast._threads[0].counts
    counts[at.O_BROKEN] = 1  # S1, by a start that comes first
    counts[at.O_PARENT], counts[at.O_MOVE] = 0, 1
    with pytest.raises(Unconfirmed, match="the twin says that S1 is violated"):
        fast.stop()


def test_a_search_that_was_stopped_says_what_it_met(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explore", "--fast", "--faults", "0", "--steps", "0", "--limit", "100"]) == 1
    assert "PARTIAL(" in capsys.readouterr().out


def test_out_of_memory_is_a_message(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def none(array: Words, size: int) -> Words:
        if len(array):
            raise MemoryError(size)
        return more(array, size)

    monkeypatch.setattr(known, "more", none)
    monkeypatch.setattr(known, "ROOM", 16)
    assert main(["explore", "--fast", "--ticks", "1"]) == 1
    said = capsys.readouterr()
    assert "out of memory" in said.err and "nothing is said of what it did not reach" in said.out


def test_what_is_not_compiled_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NoTwin, match="kernel in the scope all"):
        FastSearch(beginnings(Config()), Bounds(scope=Scope.ALL))
    assert main(["explore", "--fast", "--machine", "plain-put"]) == 2
    assert "no compiled search of plain-put" in capsys.readouterr().err
    assert main(["explore", "--fast", "--symmetry"]) == 2
    assert "leave out --symmetry" in capsys.readouterr().err


def test_the_command_keeps_the_shortest_ways(tmp_path: Path) -> None:
    bounds = ["--ticks", "1", "--steps", "0", "--out", str(tmp_path)]
    assert main(["explore", "--fast", "--profile", "lying-disk", *bounds]) == 0
    assert main(["replay", str(tmp_path / "kernel-lying-disk-S9.json")]) == 1
