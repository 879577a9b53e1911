"""A campaign as CI systems show it: JUnit XML, and Markdown for a workflow's step summary."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from evidence_sim.faults import PROFILES
from evidence_sim.invariants import INVARIANTS, Invariant
from evidence_sim.trace import Trace
from evidence_sim.verdict import Run

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(run: Run, traces: Mapping[str, Trace], files: Mapping[str, Path]) -> str:
    """A test case an invariant; `traces` and the `files` they were written to are by invariant."""
    skipped = sum(_skipped(run, invariant) is not None for invariant in INVARIANTS)
    counts = {"tests": str(len(INVARIANTS)), "failures": str(len(run.broken())), "errors": "0", "skipped": str(skipped)}
    name = f"{run.machine} under {run.plan.profile}"
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(suites, "testsuite", {"name": name, **counts, "time": f"{run.seconds:.3f}"})
    for invariant in INVARIANTS:
        about = {"name": f"{invariant.id} {invariant.name}", "classname": f"{run.machine}.{run.plan.profile}"}
        case = ElementTree.SubElement(suite, "testcase", {**about, "time": "0"})
        if (why := _skipped(run, invariant)) is not None:
            ElementTree.SubElement(case, "skipped", {"message": why})
        elif run.verdict(invariant) == "violated":
            says = _NO_XML.sub("?", run.tally.violations[invariant.id].says)
            failure = ElementTree.SubElement(case, "failure", {"message": says, "type": invariant.id})
            labels = [str(action) for action in traces[invariant.id].actions]
            failure.text = "\n".join([*labels, *_command(files.get(invariant.id))])
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def step_summary(run: Run, files: Mapping[str, Path]) -> str:
    """The campaign's verdicts as a Markdown section."""
    lines = [f"### {run.machine} under {run.plan.profile}, invariants violated: {len(run.broken())}", ""]
    lines += [f"SAMPLED({run.seeds.count}), {run.tally.actions:,} actions, digest `{run.digest}`", ""]
    lines += ["| invariant | verdict | premise held |", "|---|---|---:|"]
    for invariant in INVARIANTS:
        verdict = _skipped(run, invariant) or run.verdict(invariant)
        lines.append(f"| {invariant.id} {invariant.name} | {verdict} | {run.tally.premises[invariant.id]:,} |")
    for path in files.values():
        lines += ["", *(f"    {line}" for line in _command(path))]
    return "\n".join(lines) + "\n\n"


def _skipped(run: Run, invariant: Invariant) -> str | None:
    """Why an invariant was not put to the test."""
    if not run.promised(invariant):
        return "not promised"
    if invariant.id in PROFILES[run.plan.profile].moot and invariant not in run.broken():
        return "moot: nothing can fail that would put it to the test"
    return "the premise never held" if invariant in run.vacuous() and invariant not in run.broken() else None


def _command(path: Path | None) -> list[str]:
    return [] if path is None else [f"evidence-sim replay {shlex.quote(str(path))}"]
