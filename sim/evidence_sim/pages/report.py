"""The report of what was run: tables and drawings in a page that opens from disk.

A report is data until it is rendered: every cell of its tables has a text, and a mark that its colour repeats.
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from evidence_runtime.pages import render
from evidence_sim.codes import SPELLING, ActionCode
from evidence_sim.faults import Profile
from evidence_sim.goals import faults
from evidence_sim.pages.explorer import explored
from evidence_sim.pages.tables import drawn
from evidence_sim.tally import CUT, ROWS
from evidence_sim.trace import Trace

GOOD, BAD, OPEN, QUIET, HEAT, SAID = "good", "bad", "open", "quiet", "heat", "said"  # marks
MARKS: Mapping[str, str] = {"holds": GOOD, "violated": BAD, "not-promised": QUIET, "vacuous": OPEN}


@frozen
class Cell:
    """What stands in a table.

    `share`, 0 to 100, is also shown behind it: as a bar, or where the mark is HEAT as a shade.
    """

    text: str
    mark: str = ""
    share: int | None = None


@frozen
class Table:
    """Columns whose names end in `>` are of numbers; `tall` turns these names. A row's first cell is its head."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    tall: bool = False


@frozen
class Part:
    """A section: what it says, its tables, traces to explore, a drawing (SVG of our own), a picture (an SVG file).

    One part of a report may have traces; `explorer` is what they are called.
    """

    title: str
    says: str = ""
    tables: Sequence[Table] = ()
    traces: Sequence[Trace] = ()
    explorer: str = "Counterexamples"
    drawing: str = ""
    picture: bytes | None = None

    @property
    def image(self) -> str:
        """The picture as an address that holds it."""
        return f"data:image/svg+xml;base64,{b64encode(self.picture or b'').decode()}"


@frozen
class Report:
    """A page: the verdict in a sentence and its mark, what was run, the parts."""

    title: str
    verdict: Cell
    facts: Mapping[str, str]
    parts: Sequence[Part]

    def page(self) -> str:
        """The page. Raises TraceError where a trace does not apply."""
        shown = [explored(trace) for part in self.parts for trace in part.traces]
        return render(__package__, "report.html", title=self.title, report=self, traces=shown)


def number(count: float) -> str:
    """A number as a reader wants it."""
    return f"{count:,.0f}"


def verdicts(rows: Iterable[tuple[str, str, str, str, int, str]]) -> Table:
    """Of each invariant: id, name, verdict, strength, how often its premise held, what is to be said of it."""
    made, found = [], list(rows)
    told = any(says for *_, says in found)
    for name, title, verdict, strength, premise, says in found:
        then = (Cell(says, SAID),) if told else ()
        made.append((f"{name} {title}", Cell(verdict, MARKS.get(verdict, "")), strength, number(premise), *then))
    columns = ("invariant", "verdict", "strength", "premise held>", *(["what is said of it"] if told else []))
    return Table("Invariants", columns, made)


def heat(profile: Profile, met: Mapping[str, int]) -> Part:
    """Faults by effects: of so many effects of a phase, how many met a fault that the profile grants there."""
    phases = [code.name for code in ActionCode if any(key.startswith(f"{code.name} ") for key in met)]
    asked = {phase: sum(n for key, n in met.items() if key.startswith(f"{phase} ")) for phase in phases}
    shares = {key: n / asked[key.partition(" ")[0]] for key, n in met.items() if not key.endswith(" ok")}
    most = max(shares.values(), default=1)
    rows: list[list[Cell | str]] = [["asked", *(number(asked[phase]) for phase in phases)]]
    for name, kinds in _granted(profile).items():
        row: list[Cell | str] = [name]
        for phase in phases:
            key = f"{phase} {name}"
            if count := met.get(key, 0):
                text = f"{number(count)}\n{100 * shares[key]:.1f}\N{NO-BREAK SPACE}%"
                row.append(Cell(text, HEAT, round(100 * shares[key] / most)))
            else:
                row.append(Cell("never", OPEN) if _kind(phase) in kinds else Cell("\N{EN DASH}", QUIET))
        rows.append(row)
    says = (
        "Of so many effects that ticks asked for (the first line), how many met which fault, and their share; the "
        "darker, the larger. “never” is a fault that the profile grants there and nothing met; a dash is one that it "
        "does not grant."
    )
    table = Table("Faults met by effects", ("fault", *(f"{phase}>" for phase in phases)), rows, tall=True)
    return Part(f"Faults and effects under {profile.name}", says, [table])


def _granted(profile: Profile) -> Mapping[str, set[str]]:
    """Which kinds of effects may meet each fault; a tick can be cut off at any."""
    kinds = {"read": profile.reads, "write": profile.writes, "generate": profile.generates}
    granted = {CUT: set(kinds)}
    for kind, codes in kinds.items():
        for what in codes:
            granted.setdefault(SPELLING[what], set()).add(kind)
    return granted


def _kind(phase: str) -> str:
    if phase == "GENERATE":
        return "generate"
    return "read" if phase.endswith(("READ", "VERIFY")) else "write"


def fired(profile: Profile, count_of: Mapping[str, int], survived: Mapping[str, int] | None) -> Table:
    """Every fault of a profile: how often it fired, and whether later ticks succeeded in spite of it."""
    rows = []
    for name in faults(profile):
        count = Cell(number(count_of[name])) if count_of.get(name) else Cell("never", OPEN)
        then = () if survived is None else (number(survived.get(name, 0)),)
        rows.append((name, count, *then))
    columns = ("fault", "fired>", *(() if survived is None else ("survived>",)))
    return Table(f"Faults of {profile.name}", columns, rows)


def ended(found: Mapping[str, int]) -> Table:
    """How ticks ended."""
    most = max(found.values(), default=1)
    rows = [(name, Cell(number(count), share=count * 100 // most)) for name, count in sorted(found.items())]
    return Table("How ticks ended", ("outcome", "ticks>"), rows)


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
    return Part("The two tables", says, listed, drawing=drawing)
