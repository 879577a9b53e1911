"""Model-check the specification: each configuration must answer as pinned, those that must fail included.

    python spec/check.py [--all] [--json PATH]

`--all` adds the large configurations and graphs (five minutes on two cores). Exit 0: all as pinned; 1: something is
not; 2: there is no checker, or it is not the one whose verdict we know.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import asdict, field, frozen
from rich.markup import escape
from rich.table import Table

from evidence_sim.explore.bounds import Bounds
from evidence_sim.faults import PROFILES
from evidence_sim.formal import tlc
from evidence_sim.formal.cases import CASES, GRAPHS, Case, GraphCase
from evidence_sim.formal.graph import compared
from evidence_sim.formal.labels import named
from evidence_sim.formal.text import written
from evidence_sim.report import console, progress
from evidence_sim.usage import Unusable, write_json

HERE = Path(__file__).parent
_LONG = 10_000  # states


@frozen
class Verdict:
    """What one configuration answered, and how that differs from what is pinned."""

    name: str
    kind: str
    bounds: str
    states: int
    seconds: float
    violated: str | None = None
    trace: tuple[str, ...] = ()
    differs: tuple[str, ...] = field(default=())
    why: str = ""


def modules() -> dict[str, str]:
    """The specification's modules, by name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(HERE.glob("*.tla"))}


def judged(case: Case) -> Verdict:
    """Ask the checker."""
    begun = time.perf_counter()
    answer = tlc.run(case.model(modules()), workers=case.workers, seconds=3600, long=case.states > _LONG)
    labels = {name: label for name, (label, _) in named(case.bounds, PROFILES[case.profile]).items()}
    trace = tuple(labels.get(name, name) for name in answer.trace)
    # Of what never comes to pass the checker gives no name; so each of these cases asks for one thing.
    violated = case.violated if answer.violated == tlc.BEHAVIOUR and len(case.asks) == 1 else answer.violated
    found: dict[str, object] = {"exit code": answer.exit_code, "states": answer.states, "violated": violated}
    pinned: dict[str, object] = {"exit code": case.exit_code, "states": case.states, "violated": case.violated}
    if case.steps:
        found["steps"], pinned["steps"] = len(trace), case.steps
    differs = tuple(f"{what} {found[what]}, not {pinned[what]}" for what in pinned if found[what] != pinned[what])
    if differs and answer.exit_code not in (tlc.HOLDS, tlc.VIOLATED, tlc.WEDGED):
        differs = (*differs, answer.said[-2000:])
    kind = "holds" if case.violated is None else "must fail"
    seconds = time.perf_counter() - begun
    return Verdict(
        case.name,
        kind,
        said(case.bounds, case.profile),
        answer.states,
        seconds,
        violated,
        trace,
        differs,
        case.why,
    )


def same(case: GraphCase) -> Verdict:
    """Hold the code's graph against the specification's."""
    begun = time.perf_counter()
    both = compared(case.bounds, case.profile, case.begins, modules())
    apart = both.difference
    found = (len(both.spec.states), len(both.spec.edges))
    differs: tuple[str, ...] = () if apart is None else (apart.said(),)
    if found != (case.states, case.edges):
        differs = (*differs, f"{found[0]} states and {found[1]} edges, not {case.states} and {case.edges}")
    for state in both.code.loose[:1]:
        differs = (*differs, f"a state stands for worlds with unlike edges: {written(both.space.state(state))}")
    seconds = time.perf_counter() - begun
    name = f"same graph, {case.profile}"
    return Verdict(name, "same graph", said(case.bounds, case.profile), found[0], seconds, differs=differs)


def said(bounds: Bounds, profile: str) -> str:
    """Bounds in few words."""
    counts = ((bounds.ticks, "tick"), (bounds.faults, "fault"), (bounds.steps, "clock step"))
    return ", ".join([f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts] + [profile])


def verdicts(cases: Sequence[Case | GraphCase]) -> Iterator[Verdict]:
    """Each case's, as it comes, with a line of progress."""
    with progress("check", len(cases)) as bar:
        for number, case in enumerate(cases):
            bar.to(number, case.name)
            yield same(case) if isinstance(case, GraphCase) else judged(case)


def table(found: Sequence[Verdict]) -> Table:
    """What was found, a row a configuration."""
    shown = Table(title="The specification, machine-checked")
    for column in ("", "bounds", "states", "s", "answer"):
        shown.add_column(column, justify="right" if column in ("states", "s") else "left")
    for verdict in found:
        fine = "holds" if verdict.kind == "holds" else verdict.kind
        if verdict.violated is not None:
            fine = f"{verdict.violated} fails in {len(verdict.trace)} steps: {verdict.why}"
        answer = f"[red]{escape('; '.join(verdict.differs))}[/]" if verdict.differs else fine
        shown.add_row(verdict.name, verdict.bounds, f"{verdict.states:,}", f"{verdict.seconds:.1f}", answer)
    return shown


def main(arguments: Sequence[str]) -> int:
    """Check, show, and say how it went."""
    parser = argparse.ArgumentParser(prog="spec/check.py", description="Model-check the specification.")
    parser.add_argument("--all", action="store_true", help="the large configurations and graphs too")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the verdicts there")
    options = parser.parse_args(arguments)
    chosen = [case for case in (*CASES, *GRAPHS) if options.all or not case.large]
    try:
        found = list(verdicts(chosen))
    except tlc.NoChecker as missing:
        print(missing, file=sys.stderr)
        return 2
    console().print(table(found))
    try:
        if options.json is not None:
            write_json(options.json, [asdict(verdict) for verdict in found])
    except Unusable as error:
        print(error, file=sys.stderr)
        return 2
    return 1 if any(verdict.differs for verdict in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
