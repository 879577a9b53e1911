"""The contract is tight: what is promised holds, what is not is broken by a trace that is kept."""

import re
from pathlib import Path

import pytest

from evidence_kernel import Finding, Phase
from evidence_kernel.tables import ROUTES
from evidence_sim import contract_cli
from evidence_sim.cli import main
from evidence_sim.config import Config
from evidence_sim.contract import PROVED, ROWS, Row, alone, decide
from evidence_sim.contract_far import FAR, RECORD, Far, record, recorded
from evidence_sim.contract_page import PAGE, files
from evidence_sim.explore.bounds import Bounds
from evidence_sim.explore.canonical import canonical
from evidence_sim.explore.search import Search, beginnings
from evidence_sim.faults import EVERY, PROFILES
from evidence_sim.invariants import BY_ID
from evidence_sim.labels import index
from evidence_sim.trace import Trace, TraceError, load, replay, verdicts
from evidence_sim.usage import Unusable

SPEC = Path(__file__).parents[2] / "spec"
KEPT = sorted((SPEC / "counterexamples").glob("*.json"))
SMALL = Row(("kernel",), "lying-disk", ((1, Bounds(1, 1, 0)),))


def kept(path: Path) -> Trace:
    return load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", [path for path in KEPT if not path.stem.endswith("-S10")], ids=lambda path: path.stem)
def test_each_counterexample_violates_with_its_last_action(path: Path) -> None:
    trace = kept(path)
    assert f"{trace.config.profile}-{trace.violates}" == path.stem
    number, _ = verdicts(trace)[str(trace.violates)]
    assert number == len(trace.actions)


def test_what_a_tick_does_may_depend_on_another_tenant_in_byzantine() -> None:
    trace = kept(SPEC / "counterexamples" / "byzantine-S10.json")
    assert len(list(replay(trace))) == len(trace.actions)
    with pytest.raises(TraceError, match="holds the same"):
        list(replay(alone(trace, index("a"))))


def test_every_cell_that_is_not_promised_has_one() -> None:
    unpromised = {f"{row.profile}-{invariant}" for row in ROWS for invariant in EVERY - PROFILES[row.profile].promised}
    assert {path.stem for path in KEPT} == unpromised


def test_the_page_has_a_verdict_in_each_cell() -> None:
    page = (SPEC / PAGE).read_text(encoding="utf-8")
    for row in ROWS:
        line = re.findall(rf"^\| {re.escape(row.name)} \| (.*) \|$", page, re.M)[0]
        cells = dict(zip(BY_ID, line.split(" | "), strict=True))
        promised = {name for name, cell in cells.items() if cell in ("**E**", "**P**", "-")}
        assert promised == PROFILES[row.profile].promised & set(cells)
        assert {name for name, cell in cells.items() if cell == "-"} == PROFILES[row.profile].moot


def test_what_is_called_proved_is_what_is_proved() -> None:
    from evidence_sim.proof.invariant import PROMISED

    said = {conjunct.name.split()[0] for conjunct in PROMISED} & set(BY_ID)
    assert dict.fromkeys(("crash-stop", "cloud-kv"), said) == PROVED


def test_a_broken_promise_and_an_idle_one_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Row(("kernel",), "lying-disk", ((1, Bounds(1, 1, 0)),))
    wrong = decide(row, {}).wrong()
    assert "lying-disk, S15 StatusMonotone: neither promised nor violated" in wrong
    assert "lying-disk, S19 StatusHonest: promised, and its premise never held" in wrong
    monkeypatch.setattr("evidence_sim.contract.PROFILES", {"lying-disk": PROFILES["crash-stop"]})
    assert "lying-disk, S9 AttemptsCounted: promised and violated" in decide(row, {}).wrong()


def test_what_is_stale_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(contract_cli, "ROWS", (SMALL,))
    monkeypatch.setattr("evidence_sim.contract.BEFORE", Bounds(1, 0, 0))
    monkeypatch.setattr("evidence_sim.contract_far.FAR", {})
    assert main(["contract", "--jobs", "1", "--write", str(tmp_path)]) == 2
    assert f"cannot read {tmp_path / RECORD}" in capsys.readouterr().err
    (tmp_path / RECORD).write_text(record({}))
    main(["contract", "--jobs", "1", "--write", str(tmp_path)])
    found = sorted(path.name for path in tmp_path.rglob("*.*"))
    assert found == [PAGE, "lying-disk-S7.json", "lying-disk-S9.json", RECORD]
    capsys.readouterr()
    main(["contract", "--jobs", "1", "--check", str(tmp_path)])
    assert "stale" not in capsys.readouterr().err
    spoilt, more = tmp_path / "counterexamples" / "lying-disk-S9.json", tmp_path / "counterexamples" / "old.json"
    spoilt.write_text(spoilt.read_text().replace("StatusOpen(a,1):ok", "StatusOpen(a,1):failed"))
    more.write_text("{}")
    assert main(["contract", "--jobs", "1", "--check", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert f"{spoilt} is stale" in said and f"{more} is stale" in said and "lying-disk-S7.json is stale" not in said


def test_the_files_are_the_same_twice() -> None:
    first, second = (files([decide(SMALL, {})], [], SPEC) for _ in range(2))
    assert first == second


def far() -> Far:
    """A search as a large one of `lying-disk`."""
    search = Search(beginnings(Config(profile="lying-disk")), Bounds(1, 1, 0), canonical)
    assert list(search.levels())
    return {"lying-disk": (search.found,)}


def test_what_large_searches_found_is_kept_and_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evidence_sim.contract_far.FAR", {"lying-disk": ((1, Bounds(1, 1, 0)),)})
    path, found = tmp_path / RECORD, far()
    path.write_text(record(found))
    again = recorded(path)
    assert record(again) == record(found)
    idle = Row(("kernel",), "lying-disk", ())
    assert decide(idle, again).cells == decide(idle, found).cells != decide(idle, {}).cells
    path.write_text(record(found).replace("(1 tick, 1 fault,", "(1 tick, 9 faults,"))
    with pytest.raises(Unusable, match=r"does not say what was searched: 'EXHAUSTIVE.1 tick, 1 fault,.*--all --write"):
        recorded(path)
    path.write_text(record(found).replace("searched/1", "searched/2"))
    with pytest.raises(Unusable, match="has the format 'evidence-searched/2'; run"):
        recorded(path)
    path.write_text(record(found))
    monkeypatch.setitem(ROUTES[Phase.CLAIM], Finding.CONFLICT, ROUTES[Phase.CLAIM][Finding.FAILED])
    with pytest.raises(Unusable, match="is of other tables than the kernel's; run"):
        recorded(path)


def test_what_large_searches_found_stands_in_the_page() -> None:
    page, kept_of = (SPEC / PAGE).read_text(encoding="utf-8"), recorded(SPEC / RECORD)
    assert kept_of.keys() == FAR.keys()
    for profile, searches in kept_of.items():
        for found in searches:
            assert f"- by the twin, {found.said}: {found.states:,} states" in page
            assert not found.violations.keys() & PROFILES[profile].promised


def test_large_searches_need_the_twin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("evidence_sim.contract_far.find_spec", lambda _: None)
    assert main(["contract", "--all"]) == 2
    assert "--all needs the compiled twin: pip install 'evidence-sim[fast]'" in capsys.readouterr().err
