"""The report of what was run: tables and drawings in a page that opens from disk.

A report is data until it is rendered: every cell of its tables has a text, and a mark that its colour repeats.
"""

from collections.abc import Iterable, Mapping, Sequence

from attrs import field, frozen

from evidence_runtime.pages import render
from evidence_sim.codes import SPELLING, ActionCode
from evidence_sim.faults import Profile
from evidence_sim.goals import faults
from evidence_sim.pages.explorer import explored
from evidence_sim.pages.tables import drawn
from evidence_sim.tally import CUT, ROWS
from evidence_sim.trace import Trace

_WHOLE = 1000  # of which shares are reckoned
GOOD, BAD, OPEN, QUIET = "good", "bad", "open", "quiet"  # marks
MARKS: Mapping[str, str] = {"holds": GOOD, "violated": BAD, "not-promised": QUIET, "vacuous": OPEN}


@frozen
class Cell:
    """What stands in a table; `share`, 0 to 100, is also shown as a bar behind it."""

    text: str
    mark: str = ""
    share: int | None = None


@frozen
class Table:
    """Columns whose names end in `>` are of numbers; the first cell of a row is its head."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    folded: bool = False


@frozen
class Part:
    """A section of the page: what it says, then its tables, then a drawing (SVG of our own, a text beside it)."""

    title: str
    says: str = ""
    tables: Sequence[Table] = ()
    drawing: str = ""


@frozen
class Report:
    """A page: the verdict in a sentence and its mark, what was run, the parts, traces to explore."""

    title: str
    verdict: Cell
    facts: Mapping[str, str]
    parts: Sequence[Part]
    traces: Sequence[Trace] = field(default=())

    def page(self) -> str:
        """The page. Raises TraceError where a trace does not apply."""
        shown = [explored(trace) for trace in self.traces]
        return render(__package__, "report.html", title=self.title, report=self, traces=shown)


def number(count: float) -> str:
    """A number as a reader wants it."""
    return f"{count:,.0f}"


def verdicts(rows: Iterable[tuple[str, str, str, str, int, str]]) -> Table:
    """Of each invariant: id, name, verdict, strength, how often its premise held, what is to be said of it."""
    made = [
        (f"{name} {title}", Cell(verdict, MARKS.get(verdict, "")), strength, number(premise), says)
        for name, title, verdict, strength, premise, says in rows
    ]
    return Table("Invariants", ("invariant", "verdict", "strength", "premise held>", ""), made)


def heat(profile: Profile, met: Mapping[str, int]) -> Part:
    """Faults by effects: of so many effects of a phase, how many met a fault that the profile grants there."""
    phases = [code.name for code in ActionCode if any(key.startswith(f"{code.name} ") for key in met)]
    asked = {phase: sum(n for key, n in met.items() if key.startswith(f"{phase} ")) for phase in phases}
    faulty = {key: n for key, n in met.items() if not key.endswith(" ok")}
    most = max((n * _WHOLE // asked[key.partition(" ")[0]] for key, n in faulty.items()), default=0)
    kinds = {"read": profile.reads, "write": profile.writes, "generate": profile.generates}
    names = [CUT, *dict.fromkeys(SPELLING[what] for granted in kinds.values() for what in granted)]
    granted = {CUT: frozenset(kinds)}
    for kind, codes in kinds.items():
        for what in codes:
            granted[SPELLING[what]] = granted.get(SPELLING[what], frozenset()) | {kind}
    rows: list[list[Cell | str]] = [["asked", *(number(asked[phase]) for phase in phases)]]
    for name in names:
        cells = [_met(met[f"{phase} {name}"], asked[phase], kind_of(phase) in granted[name], most) for phase in phases]
        rows.append([name, *cells])
    says = (
        "Of so many effects that a tick asked for (the first line), how many were answered by which fault. "
        "“never” is a cell that the profile grants and nothing met; a dash is one that it does not grant."
    )
    table = Table(f"Faults met under {profile.name}", ("fault", *(f"{phase}>" for phase in phases)), rows)
    return Part("Faults and effects", says, [table])


def kind_of(phase: str) -> str:
    """Which faults an effect can meet: those of a read, a write, the generator."""
    if phase == "GENERATE":
        return "generate"
    return "read" if phase.endswith(("READ", "VERIFY")) else "write"


def _met(count: int, asked: int, granted: bool, most: int) -> Cell:
    if count:
        return Cell(number(count), share=count * _WHOLE * 100 // (asked * max(most, 1)))
    return Cell("never", OPEN) if granted else Cell("\N{EN DASH}", QUIET)


def fired(profile: Profile, count_of: Mapping[str, int], survived: Mapping[str, int] | None) -> Part:
    """Every fault of a profile: how often it fired, and whether later ticks succeeded in spite of it."""
    rows = []
    for name in faults(profile):
        count = Cell(number(count_of[name])) if count_of.get(name) else Cell("never", OPEN)
        then = () if survived is None else (number(survived.get(name, 0)),)
        rows.append((name, count, *then))
    columns = ("fault", "fired>", *(() if survived is None else ("survived>",)))
    says = "" if survived is None else "Survived: a tick that started after it succeeded."
    return Part("Faults", says, [Table(f"Faults of {profile.name}", columns, rows)])


def outcomes(found: Mapping[str, int]) -> Part:
    """How ticks ended."""
    most = max(found.values(), default=1)
    rows = [(name, Cell(number(count), share=count * 100 // most)) for name, count in sorted(found.items())]
    return Part("Outcomes", "How ticks ended.", [Table("Outcomes", ("outcome", "ticks>"), rows)])


def table_rows(hit: Iterable[tuple[str, str]]) -> Part:
    """The rows of the kernel's two tables that were taken, drawn and listed."""
    taken = set(hit)
    says = (
        f"{len(taken)} of {ROWS} rows of SCHEDULER were taken. A solid line was, a dashed one was not; a number beside "
        "it says how many of the rows between two phases were. Of EVIDENCE only those rows are solid that a row of "
        "SCHEDULER names beyond doubt."
    )
    missing, drawing = drawn(taken)
    listed = [Table("Rows of SCHEDULER that were not taken", ("phase", "finding"), missing)] if missing else []
    return Part("The two tables", says, listed, drawing)
