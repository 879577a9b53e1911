"""The specification's configurations answer as pinned; without the checker that is said in one line."""

from pathlib import Path

import pytest

from evidence_sim.formal import tlc
from evidence_sim.formal.cases import CASES, Case
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
    for case in CASES:
        if case.module == "Promises" and case.violated is None:
            assert f"| {case.states:,} |" in README
        elif case.steps and case.module != "Calm":
            assert f"{case.steps}" in README


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
