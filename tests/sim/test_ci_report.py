"""Campaigns and the suite in what CI systems show: JUnit XML keeps Jenkins' schema and is read by junitparser."""

from pathlib import Path

import pytest
import xmlschema
from attrs import evolve
from junitparser import JUnitXml

from evidence_sim.campaign import Seeds, one_seed
from evidence_sim.ci_report import step_summary, suite_junit, suite_summary
from evidence_sim.cli import main
from evidence_sim.machines.specimens import SPECIMENS
from evidence_sim.sample import Plan
from evidence_sim.suite import Caught, Check, Report
from evidence_sim.verdict import Run

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[1] / "vendor" / "junit-10.xsd")


@pytest.fixture
def suite() -> Report:
    """A suite of one campaign, in which a specimen is not caught and a check fails."""
    run = Run(Plan(), Seeds(0, 1), one_seed(Plan(), 0), 1.0)
    return Report((run,), (Caught(SPECIMENS[2], run, {}),), (Check("a check", "of \x00 <&>", ("it fails",)),), 2.0)


def test_junit_has_failures_with_their_replay_and_skips_with_their_reason(tmp_path: Path) -> None:
    path, out = tmp_path / "junit.xml", tmp_path / "out"
    assert main(["run", "--machine", "plain-put", "--seeds", "4", "--out", str(out), "--junit", str(path)]) == 1
    SCHEMA.validate(path)
    suite = next(iter(JUnitXml.fromfile(str(path))))
    assert suite.name == "plain-put under cloud-kv"
    results = {case.name.split()[0]: case.result for case in suite}
    failed = [name for name, found in results.items() if found and type(found[0]).__name__ == "Failure"]
    assert suite.failures == len(failed) and "S2" in failed
    assert results["S2"][0].text.splitlines()[0] == "Start(a,1,h0)"
    assert f"evidence-sim replay {out}/plain-put-cloud-kv-S2.json" in results["S2"][0].text
    assert results["S3"] == []


def test_what_is_not_promised_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    main(["run", "--profile", "lying-disk", "--seeds", "2", "--out", str(tmp_path), "--junit", str(path)])
    suite = next(iter(JUnitXml.fromfile(str(path))))
    results = {case.name.split()[0]: case.result for case in suite}
    assert results["S7"][0].message == "not promised"


def test_a_summary_is_appended(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    assert main(["run", "--machine", "plain-put", "--seeds", "4", "--out", str(tmp_path), "--summary", str(path)]) == 1
    text = path.read_text()
    assert text.startswith("before\n### plain-put under cloud-kv, invariants violated: ")
    assert "| S2 NoClobber | violated |" in text
    assert main(["run", "--seeds", "1", "--summary", str(path / "file")]) == 2


def test_the_suite_is_campaigns_specimens_and_checks(suite: Report, tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_text(suite_junit(suite), encoding="utf-8")
    SCHEMA.validate(path)
    kernel, specimens, checks = JUnitXml.fromfile(str(path))
    assert (kernel.name, kernel.failures, kernel.time) == ("kernel under cloud-kv", 1, 1.0)
    [coverage] = [case for case in kernel if case.name == "coverage"]
    assert coverage.result[0].text.splitlines() == suite.judged(suite.runs[0])
    assert (specimens.tests, specimens.failures, checks.tests, checks.failures) == (1, 1, 1, 1)
    [check] = checks
    assert check.name == "a check, of ? <&>" and check.result[0].message == "it fails"


def test_the_suites_summary_says_what_failed(suite: Report) -> None:
    text = suite_summary(suite)
    assert text.startswith(f"### The suite: {len(suite.wrong())} failed\n")
    assert "| kernel | cloud-kv | SAMPLED(1) | 0 |" in text and "0 of 1 specimens caught, 0 of 1 checks passed" in text
    assert all(f"    {wrong}\n" in text for wrong in suite.wrong())


def test_coverage_that_is_required_and_lacks_is_a_failure(tmp_path: Path) -> None:
    path, asked = tmp_path / "junit.xml", ["run", "--seeds", "1", "--ticks", "1", "--junit"]
    for extra, failures in (([], 0), (["--require-coverage"], 1)):
        assert main([*asked, str(path), *extra]) == failures
        SCHEMA.validate(path)
        assert next(iter(JUnitXml.fromfile(str(path)))).failures == failures


def test_what_was_interrupted_is_an_error(suite: Report, tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_text(suite_junit(evolve(suite, interrupted=True, caught=(), checks=())), encoding="utf-8")
    SCHEMA.validate(path)
    assert [one.errors for one in JUnitXml.fromfile(str(path))] == [0, 0, 0, 1]
    assert "interrupted" in step_summary(suite.runs[0], {}, cut=True)
