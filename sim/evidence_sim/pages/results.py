"""What the commands found, as reports: a campaign, the suite, a search, the contract, timings."""

from collections.abc import Mapping, Sequence

from evidence_sim.bench.show import Known, ratios
from evidence_sim.bench.timing import Missing, Timing
from evidence_sim.contract import Decided
from evidence_sim.explore.result import Result
from evidence_sim.explore.search import judges
from evidence_sim.faults import PROFILES
from evidence_sim.invariants import INVARIANTS, Invariant
from evidence_sim.pages.report import (
    BAD,
    GOOD,
    MARKS,
    OPEN,
    QUIET,
    SAID,
    Cell,
    Part,
    Report,
    Table,
    ended,
    fired,
    heat,
    number,
    table_rows,
    verdicts,
)
from evidence_sim.suite import Report as Suite
from evidence_sim.suite_report import cell as suite_cell
from evidence_sim.trace import Trace
from evidence_sim.trace import verdicts as violations
from evidence_sim.verdict import MOOT, Run

_SAMPLED = "SAMPLED(n): n seeds were tried, and no violation met; that is no proof."
_UNTIL = " until it was interrupted"
_SURVIVED = "Survived: a tick that started after the fault succeeded."
_EXHAUSTIVE = "EXHAUSTIVE: every world within the bounds was looked at."
_PROVED = "PROVED: for any number of ticks and faults, under the assumptions that evidence-sim prove names."


def of_run(run: Run, traces: Mapping[str, Trace], command: str, cut: bool) -> Report:
    """A campaign, with the shrunk trace of each broken promise; `cut`: something ended it early."""
    tally, plan, profile = run.tally, run.plan, PROFILES[run.plan.profile]
    strength = f"SAMPLED({run.seeds.count})"
    rows = []
    for invariant in INVARIANTS:
        first, seeds = tally.violations.get(invariant.id), tally.violated[invariant.id]
        said = f"in {seeds:,} seeds, first {first.seed}: {first.says}" if first else ""
        if run.is_moot(invariant) and not first:
            said = MOOT
        premise = tally.premises[invariant.id]
        rows.append((invariant.id, invariant.name, run.verdict(invariant), strength, premise, said))
    facts = {
        "machine": run.machine,
        "profile": f"{plan.profile}: {profile.says}",
        "seeds": f"{number(run.seeds.count)} from {run.seeds.first}",
        "worlds": f"{plan.tenants} tenants, {plan.ticks} ticks each, store {run.store}",
        "actions": _cost(tally.actions, run.seconds),
        "digest": run.digest,
        "command": command,
    }
    kept = [table_rows(run.tally.rows)] if run.is_kernel else []
    missed = [Part("Not reached", tables=[_goals(run.missed())])] if run.missed() else []
    parts = [
        Part("Verdicts", _SAMPLED, [verdicts(rows)], [*traces.values()]),
        heat(profile, tally.met),
        Part("Faults and outcomes", _SURVIVED, [fired(profile, tally.fired, tally.survived), ended(tally.outcomes)]),
        *missed,
        *kept,
    ]
    verdict = _kept(len(run.broken()), strength, cut) if run.seeds.count else Cell("Not one seed was done.", OPEN)
    return Report(f"{run.machine} under {plan.profile}", verdict, facts, parts)


def of_suite(suite: Suite, command: str) -> Report:
    """The kernel under every profile, the specimens, the checks."""
    wrong, runs = suite.wrong(), suite.runs
    heads = [f"{run.plan.profile}, SAMPLED({run.seeds.count})>" for run in runs]
    rows: list[list[Cell | str]] = [[f"{i.id} {i.name}", *(_judged(run, i) for run in runs)] for i in INVARIANTS]
    says = (
        f"How often the premise of each invariant held under each profile. {_SAMPLED} "
        "(n): not promised under this profile, and violated in n seeds. A dash: not promised, not violated. "
        "moot: promised, and nothing can fail that would put it to the test."
    )
    checks = [(c.name, c.detail, Cell("FAILED", BAD) if c.wrong else Cell("ok", GOOD)) for c in suite.checks]
    traces = [trace for caught in suite.caught for trace in list(caught.traces.values())[:1]]
    specimens = "Machines with one known defect each, and what catches it."
    parts = [
        *_wrong(wrong),
        Part("Verdicts of the kernel", says, [Table("Invariants by profiles", ("invariant", *heads), rows)]),
        Part("Specimens", specimens, [_specimens(suite)], traces, "A trace of each specimen"),
        Part("Checks", tables=[Table("Checks", ("check", "of", "verdict"), checks)]),
        *(heat(PROFILES[run.plan.profile], run.tally.met) for run in runs),
        *([table_rows({row for run in runs for row in run.tally.rows})] if runs else []),
    ]
    facts = {"actions": _cost(suite.actions, suite.seconds), "digest": suite.digest, "command": command}
    if wrong:
        verdict = Cell(f"{len(wrong)} failed{_UNTIL if suite.interrupted else ''}.", BAD)
    elif suite.interrupted:
        verdict = Cell(f"No promise was broken{_UNTIL}.", OPEN)
    else:
        verdict = Cell("Every promise was kept, every specimen caught.", GOOD)
    return Report("The kernel and its specimens", verdict, facts, parts)


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
    traces = [violation.trace for violation in found.violations.values()]
    parts = [
        Part("Verdicts", _EXHAUSTIVE if found.complete else "The search was stopped.", [verdicts(rows)], traces),
        *([Part("Not reached within these bounds", tables=[_goals(unreached)])] if unreached else []),
        Part(
            "Faults and outcomes",
            tables=[fired(PROFILES[found.profile], found.faults, None), ended(found.outcomes)],
        ),
        *([table_rows(found.rows)] if found.machines == ("kernel",) else []),
    ]
    broken = sum(result.verdict(invariant) == "violated" for invariant in judges(found.bounds.scope))
    verdict = _kept(broken, result.strength, cut=False)
    if not broken and not found.complete:
        verdict = Cell(f"No promise was broken in what was reached: {result.strength}.", OPEN)
    return Report(f"Every world of {machine} under {found.profile}", verdict, facts, parts)


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
        "not promised: so many actions violate it, which are below, but for those of which no single one does."
    )
    heads, columns = ("bounds", "states>", "moves>", "depth>"), ("invariant", *(f"{name}>" for name in names))
    traces = [cell.trace for decided in rows for cell in decided.cells if cell.trace is not None]
    violating = [trace for trace in traces if trace.violates in violations(trace)]
    parts = [
        *_wrong(wrong),
        Part("Promises", says, [Table("Invariants by profiles", ("invariant", *names), strengths)], violating),
        Part("Bounds", "What was searched.", [Table("Searches", ("profile", *heads), bounds)]),
        Part("Premises", tables=[Table("Moves at which the premise held", columns, premises)]),
    ]
    kept = Cell("Every promise holds as strongly as told.", GOOD)
    verdict = Cell(f"{len(wrong)} wrong.", BAD) if wrong else kept
    return Report("The contract", verdict, {"command": command}, parts)


def of_timings(found: Known, grown: Known, picture: bytes | None, told: Mapping[str, str]) -> Report:
    """Timings, what two of them make, how they grow, of which the picture is (SVG); `told` is of the run."""
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
    compared = [(Cell(text, SAID),) for text in ratios(found)]
    parts = [
        Part("Figures", "Medians of the rounds, and their middle half.", [Table("How fast", heads, figures)]),
        Part("Compared", tables=[Table("One figure divided by another", ("ratio",), compared)]),
        Part(
            "As the work grows", tables=[Table("Medians of the rounds", ("by", "at>", *heads), growth)], picture=picture
        ),
    ]
    verdict = Cell(f"{len(found)} figures, {len(grown)} points", "")
    return Report("How fast", verdict, told, [part for part in parts if part.tables[0].rows])


def _kept(broken: int, strength: str, cut: bool) -> Cell:
    until = _UNTIL if cut else ""
    if broken:
        return Cell(f"{broken} broken promise{'s' if broken > 1 else ''}{until}", BAD)
    if cut:
        return Cell(f"No promise was broken{until}: {strength}.", OPEN)
    return Cell(f"Every promise was kept: {strength}.", GOOD)


def _wrong(wrong: Sequence[str]) -> list[Part]:
    found = [(Cell(text, SAID),) for text in wrong]
    return [Part("What is wrong", tables=[Table("What is wrong", ("what",), found)])] if wrong else []


def _cost(count: int, seconds: float) -> str:
    return f"{number(count)} in {seconds:.1f} s, {number(count / (seconds or 1))} a second"


def _goals(missed: Sequence[str]) -> Table:
    return Table("Goals", ("goal",), [(Cell(goal, SAID),) for goal in missed])


def _judged(run: Run, invariant: Invariant) -> Cell:
    verdict, text = run.verdict(invariant), suite_cell(run, invariant).replace("-", "\N{EN DASH}")
    return Cell(text, "" if verdict == "holds" else MARKS[verdict])  # what holds is told by how often it was tried


def _specimens(suite: Suite) -> Table:
    rows: list[tuple[Cell | str, ...]] = []
    for one in suite.caught:
        lengths = sorted(len(trace.actions) for trace in one.traces.values()) or [0]
        verdict = Cell("FAILED", BAD) if one.faults() else Cell("caught", GOOD)
        names, it = " ".join(one.traces), one.specimen
        rows.append((it.name, it.profile, names, f"{lengths[0]}", f"{lengths[-1]}", verdict, Cell(it.says, SAID)))
    for run in suite.unshrunk:
        names = " ".join(sorted(run.tally.violations))
        rows.append((run.machine, run.plan.profile, names, "", "", Cell("not shrunk", OPEN), ""))
    heads = ("specimen", "profile", "violates", "shortest>", "longest>", "verdict", "what is wrong with it")
    return Table("Specimens, each with what it violates and its traces' actions", heads, rows)


def _strength(decided: Decided, at: int) -> Cell:
    cell = decided.cells[at]
    if cell.promised and cell.trace is not None:
        return Cell("violated", BAD)
    if cell.promised:
        return Cell(cell.strength, OPEN if cell.strength == "moot" else GOOD)
    length = "" if cell.trace is None else f", {len(cell.trace.actions)} actions"
    return Cell(f"not promised{length}", QUIET)


def _numbers(one: Timing | Missing, most: float) -> tuple[Cell | str, ...]:
    if isinstance(one, Missing):
        return Cell(one.way_out, OPEN), "", ""
    share = int(one.median * 100 / most) if most else None
    return Cell(number(one.median), share=share), number(one.low), number(one.high)
