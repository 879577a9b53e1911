"""What the commands found, as reports: a campaign, the suite, a search, the contract, timings."""

from collections.abc import Mapping, Sequence

from evidence_sim.bench.show import Known, ratios
from evidence_sim.bench.timing import Timing
from evidence_sim.contract import Decided
from evidence_sim.explore.result import Result
from evidence_sim.explore.search import judges
from evidence_sim.faults import PROFILES
from evidence_sim.invariants import INVARIANTS
from evidence_sim.pages import report as of
from evidence_sim.pages.report import BAD, GOOD, OPEN, QUIET, Cell, Part, Report, Table, number
from evidence_sim.suite import Caught
from evidence_sim.suite import Report as Suite
from evidence_sim.suite_report import cell as suite_cell
from evidence_sim.trace import Trace
from evidence_sim.verdict import Run

_SAMPLED = "SAMPLED(n): n seeds were tried, and no violation met; that is no proof."
_EXHAUSTIVE = "EXHAUSTIVE: every world within the bounds was looked at."
_PROVED = "PROVED: for any number of ticks and faults, under the assumptions that evidence-sim prove names."


def of_run(run: Run, traces: Mapping[str, Trace], command: str) -> Report:
    """A campaign, with the shrunk trace of each broken promise."""
    tally, plan, profile = run.tally, run.plan, PROFILES[run.plan.profile]
    strength = f"SAMPLED({run.seeds.count})"
    rows = []
    for invariant in INVARIANTS:
        first, seeds = tally.violations.get(invariant.id), tally.violated[invariant.id]
        said = f"in {seeds:,} seeds, first {first.seed}: {first.says}" if first else ""
        premise = tally.premises[invariant.id]
        rows.append((invariant.id, invariant.name, run.verdict(invariant), strength, premise, said))
    broken = run.broken()
    facts = {
        "machine": run.machine,
        "profile": f"{plan.profile}: {profile.says}",
        "seeds": f"{run.seeds.first} to {run.seeds.first + run.seeds.count - 1}",
        "worlds": f"{plan.tenants} tenants, {plan.ticks} ticks each, store {run.store}",
        "actions": _cost(tally.actions, run.seconds),
        "digest": run.digest,
        "command": command,
    }
    kept = [of.table_rows(run.tally.rows)] if run.is_kernel else []
    missed = [Part("Not reached", tables=[_goals(run.missed())])] if run.missed() else []
    parts = [
        Part("Verdicts", _SAMPLED, [of.verdicts(rows)]),
        of.heat(profile, tally.met),
        of.fired(profile, tally.fired, tally.survived),
        of.outcomes(tally.outcomes),
        *missed,
        *kept,
    ]
    return Report(f"{run.machine} under {plan.profile}", _kept(len(broken), strength), facts, parts, [*traces.values()])


def of_suite(suite: Suite, command: str) -> Report:
    """The kernel under every profile, the specimens, the checks."""
    wrong, runs = suite.wrong(), suite.runs
    heads = [f"{run.plan.profile}, SAMPLED({run.seeds.count})>" for run in runs]
    rows: list[tuple[Cell | str, ...]] = []
    for i in INVARIANTS:
        rows.append((f"{i.id} {i.name}", *(_judged(run, i.id) for run in runs)))
    says = (
        f"How often the premise of each invariant held under each profile, and nowhere was it violated. {_SAMPLED} "
        "(n): not promised under this profile, and violated in n seeds. A dash: not promised, not violated. "
        "moot: promised, and nothing can fail that would put it to the test."
    )
    checks = [(c.name, c.detail, Cell("FAILED", BAD) if c.wrong else Cell("ok", GOOD)) for c in suite.checks]
    facts = {
        "actions": _cost(suite.actions, suite.seconds),
        "digest": suite.digest,
        "command": command,
    }
    parts = [
        Part("Verdicts of the kernel", says, [Table("Invariants by profiles", ("invariant", *heads), rows)]),
        Part("Specimens", "Machines with one known defect each, and what catches it.", [_specimens(suite.caught)]),
        Part("Checks", tables=[Table("Checks", ("check", "of", ""), checks)]),
    ]
    if wrong:
        parts.insert(0, Part("What is wrong", tables=[Table("What is wrong", ("",), [(text,) for text in wrong])]))
    for run in runs:
        parts.append(of.heat(PROFILES[run.plan.profile], run.tally.met))
    if runs:
        parts.append(of.table_rows({row for run in runs for row in run.tally.rows}))
    cut = " It was interrupted." if suite.interrupted else ""
    verdict = Cell(f"{len(wrong)} failed.{cut}", BAD) if wrong else Cell(f"Every promise was kept.{cut}", GOOD)
    if suite.interrupted and not wrong:
        verdict = Cell("No promise was broken until it was interrupted.", OPEN)
    traces = [trace for caught in suite.caught for trace in list(caught.traces.values())[:1]]
    return Report("The kernel and its specimens", verdict, facts, parts, traces)


def of_search(result: Result, command: str) -> Report:
    """A search, with the shortest trace of each violation."""
    found = result.found
    rows = []
    for invariant in judges(found.bounds.scope):
        violation = found.violations.get(invariant.id)
        said = "" if violation is None else f"after {len(violation.trace.actions)} actions: {violation.says}"
        premise = found.premises[invariant.id]
        rows.append((invariant.id, invariant.name, result.verdict(invariant), result.strength, premise, said))
    machine = ",".join(found.machines)
    facts = {
        "machine": machine,
        "profile": f"{found.profile}: {PROFILES[found.profile].says}",
        "bounds": found.said,
        "found": f"{number(found.states)} states, {number(found.edges)} moves, depth {found.depth}",
        "cost": f"{_cost(found.states, result.seconds)}, {result.memory} MiB",
        "command": command,
    }
    unreached = result.unreached()
    parts = [
        Part("Verdicts", _EXHAUSTIVE if found.complete else "The search was stopped.", [of.verdicts(rows)]),
        *([Part("Not reached within these bounds", tables=[_goals(unreached)])] if unreached else []),
        of.fired(PROFILES[found.profile], found.faults, None),
        of.outcomes(found.outcomes),
        of.table_rows(found.rows),
    ]
    broken = sum(result.verdict(invariant) == "violated" for invariant in judges(found.bounds.scope))
    traces = [violation.trace for violation in found.violations.values()]
    verdict = _kept(broken, result.strength)
    if not broken and not found.complete:
        verdict = Cell(f"No promise was broken in what was reached: {result.strength}.", OPEN)
    return Report(f"Every world of {machine} under {found.profile}", verdict, facts, parts, traces)


def of_contract(rows: Sequence[Decided], wrong: Sequence[str], command: str) -> Report:
    """What is promised under each profile and how strongly, with a counterexample of what is not."""
    names = [decided.row.name for decided in rows]
    strengths: list[tuple[Cell | str, ...]] = []
    premises: list[tuple[Cell | str, ...]] = []
    for at, invariant in enumerate(INVARIANTS):
        name = f"{invariant.id} {invariant.name}"
        strengths.append((name, *(_strength(decided, at) for decided in rows)))
        premises.append((name, *(number(decided.cells[at].premise) for decided in rows)))
    bounds = [
        (decided.row.name, found.said, *map(number, (found.states, found.edges, found.depth)))
        for decided in rows
        for found in (*decided.found, *decided.far)
    ]
    says = (
        f"{_PROVED} {_EXHAUSTIVE} moot: nothing can fail that would put it to the test. "
        "not promised: violated after so many actions; the trace is below."
    )
    heads = ("bounds", "states>", "moves>", "depth>")
    parts = [
        Part("Promises", says, [Table("Invariants by profiles", ("invariant", *names), strengths)]),
        Part("Bounds", "What was searched.", [Table("Searches", ("profile", *heads), bounds)]),
        Part("Premises", tables=[Table("Moves at which the premise held", ("", *(f"{n}>" for n in names)), premises)]),
    ]
    traces = [
        cell.trace
        for decided in rows
        for cell in decided.cells
        if cell.trace is not None and not cell.promised and cell.shortest
    ]
    verdict = (
        Cell(f"{len(wrong)} wrong: {wrong[0]}", BAD)
        if wrong
        else Cell("Every promise holds as strongly as told.", GOOD)
    )
    return Report("The contract", verdict, {"command": command}, parts, traces)


def of_timings(found: Known, grown: Known, machine: Mapping[str, object], command: str) -> Report:
    """Timings, with what is told of two of them, and how they grow."""
    most: dict[str, float] = {}
    for one in found:
        if isinstance(one, Timing):
            most[one.figure.unit] = max(most.get(one.figure.unit, 0.0), one.median)
    heads = ("figure", "unit", "median>", "low>", "high>")
    figures = [(one.figure.name, one.figure.unit, *_numbers(one, most.get(one.figure.unit, 1))) for one in found]
    growth = [
        (
            one.figure.axis.name if one.figure.axis else "",
            number(one.figure.at),
            one.figure.name,
            one.figure.unit,
            *_numbers(one, 0),
        )
        for one in grown
    ]
    compared = [(text,) for text in ratios(found)]
    parts = [
        Part("Figures", "Medians of the rounds, and their middle half.", [Table("How fast", heads, figures)]),
        Part("Compared", tables=[Table("One figure divided by another", ("",), compared)]),
        Part("As the work grows", tables=[Table("Medians of the rounds", ("by", "at>", *heads), growth)]),
    ]
    told = {name: str(value) for name, value in machine.items()} | {"command": command}
    verdict = Cell(f"{len(found)} figures, {len(grown)} points", "")
    return Report("How fast", verdict, told, [part for part in parts if part.tables[0].rows], ())


def _kept(broken: int, strength: str) -> Cell:
    if broken:
        return Cell(f"{broken} broken promise{'s' if broken > 1 else ''}", BAD)
    return Cell(f"Every promise was kept: {strength}.", GOOD)


def _cost(count: int, seconds: float) -> str:
    return f"{number(count)} in {seconds:.1f} s, {number(count / (seconds or 1))} a second"


def _goals(missed: Sequence[str]) -> Table:
    return Table("Goals", ("goal",), [(goal,) for goal in missed])


def _judged(run: Run, name: str) -> Cell:
    text = suite_cell(run, name)
    mark = BAD if text.startswith("VIOLATED") else QUIET if text == "-" or text.startswith("(") else ""
    return Cell("\N{EN DASH}" if text == "-" else text, OPEN if text == "moot" else mark)


def _specimens(caught: Sequence[Caught]) -> Table:
    rows = []
    for one in caught:
        lengths = sorted(len(trace.actions) for trace in one.traces.values()) or [0]
        verdict = Cell("FAILED", BAD) if one.faults() else Cell("caught", GOOD)
        names, specimen = " ".join(one.traces), one.specimen
        rows.append((specimen.name, specimen.profile, names, f"{lengths[0]}", f"{lengths[-1]}", verdict, specimen.says))
    heads = ("specimen", "profile", "violates", "shortest>", "longest>", "", "what is wrong with it")
    return Table("Specimens, each with what it violates and its traces' actions", heads, rows)


def _strength(decided: Decided, at: int) -> Cell:
    cell = decided.cells[at]
    if cell.promised and cell.trace is not None:
        return Cell("violated", BAD)
    if cell.promised:
        return Cell(cell.strength, OPEN if cell.strength == "moot" else GOOD)
    length = "" if cell.trace is None else f", {len(cell.trace.actions)} actions"
    return Cell(f"not promised{length}", QUIET)


def _numbers(one: object, most: float) -> tuple[Cell | str, ...]:
    if not isinstance(one, Timing):
        return (Cell(getattr(one, "way_out", ""), OPEN), "", "")
    share = int(one.median * 100 / most) if most else None
    return Cell(number(one.median), share=share), number(one.low), number(one.high)
