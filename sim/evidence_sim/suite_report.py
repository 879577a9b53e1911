"""The suite as tables and as JSON."""

from typing import Any

from rich.console import Console

from evidence_sim.invariants import INVARIANTS, Invariant
from evidence_sim.report import table
from evidence_sim.suite import Caught, Report
from evidence_sim.verdict import Run
from evidence_sim.verdict import described as run_described


def show_suite(out: Console, report: Report) -> None:
    """The kernel under every profile, the specimens, the checks, and the end."""
    columns = ("invariant", *(run.plan.profile for run in report.runs))
    rows = [(f"{i.id} {i.name}", *(cell(run, i) for run in report.runs)) for i in INVARIANTS]
    out.print(table("The kernel: how often each premise held", columns, rows))
    out.print("(n): not promised under this profile, and violated in n seeds; -: not promised, not violated;")
    out.print("moot: promised, and nothing can fail that would put it to the test\n")
    specimens = [_row(caught) for caught in report.caught]
    columns = ("specimen", "profile", "violates", "shortest", "longest", "", "what is wrong with it")
    if specimens:
        out.print(table("Specimens, each with what it violates and its traces' actions", columns, specimens))
    for run in report.unshrunk:
        found = " ".join(sorted(run.tally.violations)) or "nothing"
        out.print(f"{run.machine} violates {found} in {run.seeds.count} seeds; not shrunk")
    checks = [(c.name, c.detail, "FAILED" if c.wrong else "ok") for c in report.checks]
    if checks:
        out.print(table("Checks", ("check", "of", ""), checks))
    for run in report.runs:
        faults, survived = len(run.tally.fired), len(run.tally.survived)
        out.print(f"{run.plan.profile}: {run.tally.actions:,} actions, {faults} faults fired, {survived} survived")
    for text in report.wrong():
        out.print(f"FAILED {text}", markup=False, soft_wrap=True)
    out.print(f"{report.actions:,} actions in {report.seconds:.1f} s, digest {report.digest}")
    out.print(_end(report))


def _end(report: Report) -> str:
    if wrong := report.wrong():
        return f"{len(wrong)} failed."
    if report.interrupted:
        return f"Interrupted: no promise was broken in {len(report.runs)} campaigns, {len(report.caught)} specimens."
    return "Every promise was kept, every specimen caught."


def cell(run: Run, invariant: Invariant) -> str:
    """How often the premise of an invariant held in a run of the kernel, or what is to be said instead."""
    verdict, violated = run.verdict(invariant), run.tally.violated[invariant.id]
    if verdict == "not-promised":
        return f"({violated})" if violated else "-"
    if verdict == "violated":
        return f"VIOLATED in {violated}"
    return "moot" if run.is_moot(invariant) else f"{run.tally.premises[invariant.id]:,}"


def _row(caught: Caught) -> tuple[object, ...]:
    lengths = sorted(len(trace.actions) for trace in caught.traces.values()) or [0]
    found = " ".join(caught.traces)
    verdict = "FAILED" if caught.faults() else "ok"
    specimen = caught.specimen
    return specimen.name, specimen.profile, found, lengths[0], lengths[-1], verdict, specimen.says


def described(report: Report) -> dict[str, Any]:
    """Machine-readable: each run as evidence-run/1, and what is wrong."""
    return {
        "format": "evidence-suite/1",
        "actions": report.actions,
        "seconds": round(report.seconds, 3),
        "digest": report.digest,
        "interrupted": report.interrupted,
        "runs": [{"run": run_described(run, {}), "wrong": report.judged(run)} for run in report.runs],
        "specimens": [{"run": run_described(c.run, c.traces), "wrong": c.faults()} for c in report.caught],
        "unshrunk": [run_described(run, {}) for run in report.unshrunk],
        "checks": [{"name": c.name, "of": c.detail, "wrong": list(c.wrong)} for c in report.checks],
        "wrong": report.wrong(),
    }
