"""A campaign, or the suite, as CI systems show it: JUnit XML, and Markdown for a workflow's step summary."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

from evidence_sim.invariants import INVARIANTS, Invariant
from evidence_sim.suite import Report, unshown
from evidence_sim.trace import Trace
from evidence_sim.usage import replaying
from evidence_sim.verdict import MOOT, Run

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(
    run: Run, traces: Mapping[str, Trace], files: Mapping[str, Path], lacks: Sequence[str] | None, cut: bool
) -> str:
    """A test case an invariant; `traces` and the `files` they were written to are by invariant.

    `lacks` is what should have been shown and was not, where that is asked for; `cut`: something ended it early.
    """
    return _written([_campaign(run, traces, files, lacks)], cut)


def suite_junit(suite: Report) -> str:
    """A test suite a campaign of the kernel, one of the specimens, one of the checks."""
    specimens = [(caught.specimen.name, caught.faults(), caught.run.seconds) for caught in suite.caught]
    checks = [(f"{check.name}, {check.detail}", check.wrong, 0.0) for check in suite.checks]
    campaigns = [_campaign(run, {}, {}, None if suite.interrupted else unshown(run)) for run in suite.runs]
    return _written([*campaigns, _listed("specimens", specimens), _listed("checks", checks)], suite.interrupted)


def step_summary(run: Run, files: Mapping[str, Path], cut: bool) -> str:
    """The campaign's verdicts as a Markdown section; `cut`: something ended it early."""
    short = ", interrupted" if cut else ""
    lines = [f"### {run.machine} under {run.plan.profile}, invariants violated: {len(run.broken())}{short}", ""]
    lines += [f"SAMPLED({run.seeds.count}), {run.tally.actions:,} actions, digest `{run.digest}`", ""]
    lines += ["| invariant | verdict | premise held |", "|---|---|---:|"]
    for invariant in INVARIANTS:
        verdict = _skipped(run, invariant) or run.verdict(invariant)
        lines.append(f"| {invariant.id} {invariant.name} | {verdict} | {run.tally.premises[invariant.id]:,} |")
    for path in files.values():
        lines += ["", *(f"    {line}" for line in _command(run, path))]
    return "\n".join(lines) + "\n\n"


def suite_summary(suite: Report) -> str:
    """The suite's verdicts as a Markdown section."""
    cut = ", and it was interrupted" if suite.interrupted else ""
    lines = [f"### The suite: {len(suite.wrong())} failed{cut}", ""]
    lines += [f"{suite.actions:,} actions, digest `{suite.digest}`", ""]
    lines += ["| machine | profile | strength | invariants violated |", "|---|---|---|---:|"]
    for run in suite.runs:
        lines.append(f"| {run.machine} | {run.plan.profile} | SAMPLED({run.seeds.count}) | {len(run.broken())} |")
    caught = sum(not caught.faults() for caught in suite.caught)
    passed = sum(not check.wrong for check in suite.checks)
    lines += ["", f"{caught} of {len(suite.caught)} specimens caught, {passed} of {len(suite.checks)} checks passed"]
    lines += ["", *(f"    {text}" for text in suite.wrong())]
    return "\n".join(lines) + "\n\n"


def _written(suites: Iterable[ElementTree.Element], cut: bool) -> str:
    root = ElementTree.Element("testsuites")
    root.extend(suites)
    if cut:
        whole = _suite("whole", 1, 0, 0, 0.0, errors=1)
        case = _case(whole, "everything was run", "whole", 0)
        ElementTree.SubElement(case, "error", {"message": "it was interrupted", "type": "interrupted"})
        root.append(whole)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _campaign(
    run: Run, traces: Mapping[str, Trace], files: Mapping[str, Path], lacks: Sequence[str] | None
) -> ElementTree.Element:
    skipped = sum(_skipped(run, invariant) is not None for invariant in INVARIANTS)
    name, classname = f"{run.machine} under {run.plan.profile}", f"{run.machine}.{run.plan.profile}"
    tests, failures = len(INVARIANTS) + (lacks is not None), len(run.broken()) + bool(lacks)
    suite = _suite(name, tests, failures, skipped, run.seconds)
    for invariant in INVARIANTS:
        case = _case(suite, f"{invariant.id} {invariant.name}", classname, 0)
        if (why := _skipped(run, invariant)) is not None:
            ElementTree.SubElement(case, "skipped", {"message": why})
        elif run.verdict(invariant) == "violated":
            labels = [str(action) for action in traces[invariant.id].actions] if invariant.id in traces else []
            about = [*labels, *_command(run, files.get(invariant.id))]
            _failed(case, invariant.id, run.tally.violations[invariant.id].says, about)
    if lacks is not None:
        case = _case(suite, "coverage", classname, 0)
        if lacks:
            _failed(case, "coverage", f"{len(lacks)} not shown", lacks)
    return suite


def _listed(name: str, found: Sequence[tuple[str, Sequence[str], float]]) -> ElementTree.Element:
    suite = _suite(name, len(found), sum(bool(wrong) for _, wrong, _ in found), 0, sum(s for _, _, s in found))
    for what, wrong, seconds in found:
        case = _case(suite, what, name, seconds)
        if wrong:
            _failed(case, name, wrong[0], wrong)
    return suite


def _suite(name: str, tests: int, failures: int, skipped: int, seconds: float, errors: int = 0) -> ElementTree.Element:
    counts = {"tests": tests, "failures": failures, "errors": errors, "skipped": skipped}
    about = {"name": name, **{what: str(count) for what, count in counts.items()}, "time": f"{seconds:.3f}"}
    return ElementTree.Element("testsuite", about)


def _case(suite: ElementTree.Element, name: str, classname: str, seconds: float) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite, "testcase", {"name": _NO_XML.sub("?", name), "classname": classname, "time": f"{seconds:.3f}"}
    )


def _failed(case: ElementTree.Element, kind: str, says: str, lines: Sequence[str]) -> None:
    failure = ElementTree.SubElement(case, "failure", {"message": _NO_XML.sub("?", says), "type": kind})
    failure.text = _NO_XML.sub("?", "\n".join(lines))


def _skipped(run: Run, invariant: Invariant) -> str | None:
    """Why an invariant was not put to the test."""
    verdict = run.verdict(invariant)
    if verdict == "not-promised":
        return "not promised"
    if verdict == "violated":
        return None
    if run.is_moot(invariant):
        return MOOT
    return "the premise never held" if verdict == "vacuous" else None


def _command(run: Run, path: Path | None) -> list[str]:
    return [] if path is None else [replaying(path, run.machine)]
