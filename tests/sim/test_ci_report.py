"""Campaigns in what CI systems show: JUnit XML is read by junitparser; no schema of it is vendored."""

from pathlib import Path

from junitparser import JUnitXml

from evidence_sim.cli import main


def test_junit_has_failures_with_their_replay_and_skips_with_their_reason(tmp_path: Path) -> None:
    path, out = tmp_path / "junit.xml", tmp_path / "out"
    assert main(["run", "--machine", "plain-put", "--seeds", "4", "--out", str(out), "--junit", str(path)]) == 1
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
    assert main(["run", "--seeds", "1", "--summary", str(tmp_path / "none" / "file")]) == 2
