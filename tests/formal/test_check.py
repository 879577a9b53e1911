"""The specification's configurations answer as pinned; without the checker that is said in one line."""

import re
from pathlib import Path

import pytest

from evidence_sim.formal import tlc
from evidence_sim.formal.cases import CASES, FAIL, GRAPHS, Case
from spec import check

README = (check.HERE / "README.md").read_text(encoding="utf-8")
QUICK = ("plain put", "no expiry")


def named(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


@pytest.mark.parametrize("name", QUICK)
def test_a_configuration_answers_as_pinned(name: str) -> None:
    assert check.judged(named(name)).differs == ()


def test_a_trace_is_in_the_simulators_labels() -> None:
    verdict = check.judged(named("any record verifies"))
    assert verdict.violated == "S3" and verdict.trace[-1] == "EvidenceVerify(a,2):ok"


def test_another_answer_is_seen() -> None:
    """A flaw that no longer breaks anything, or another number of states."""
    wrong = Case("plain put", "Promises", "crash-stop", named("plain put").bounds, 1, violated="S1", steps=6)
    verdict = check.judged(wrong)
    assert {what.split()[0] for what in verdict.differs} == {"exit", "states", "violated", "steps"}


def test_the_page_says_what_is_pinned() -> None:
    held = [case for case in CASES if case.module == "Promises" and case.violated is None]
    rows = re.findall(r"^\| ([a-z-]+)(, `--all`)? \| (\d), (\d), (\d) \| ([\d,]+) \|$", README, re.M)
    pinned = [(case.profile, ", `--all`" if case.large else "", *bounds(case), f"{case.states:,}") for case in held]
    assert sorted(rows) == sorted(pinned)
    [graph] = [case for case in GRAPHS if f"{case.states:,} states, {case.edges:,} edges" in README]
    assert graph.profile == "lying-disk"
    [forever] = [case for case in CASES if f"({case.states:,} states)" in README]
    assert forever.module == "Forever" and forever.large


def test_the_page_says_what_breaks_in_how_many_steps() -> None:
    told = re.findall(r"^\| [^|]+ \| ([^|]+) \| (for ever|[\d, ]+) \| [^|]+ \|$", README, re.M)
    ids = [name for breaks, _ in told for name in re.findall(r"[SL]\d+", breaks)]
    assert ids == [name for case in FAIL for name in re.findall(r"[SL]\d+", case.violated or "")]
    steps = [said for _, number in told for said in number.split(", ")]
    assert steps == [str(case.steps or "for ever") for case in FAIL]


def bounds(case: Case) -> tuple[str, ...]:
    """Ticks, faults, clock steps."""
    return tuple(str(number) for number in (case.bounds.ticks, case.bounds.faults, case.bounds.steps))


@pytest.mark.parametrize("lacks", ["jar", "sum"])
def test_without_the_checker_it_says_so_in_a_line(
    lacks: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    if lacks == "jar":
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    else:
        monkeypatch.setattr(tlc, "JAR_SHA256", "0" * 64)
    assert check.main(["--json", str(tmp_path / "verdicts.json")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and ("is missing" in said or "not to be trusted" in said)
