"""Tables and stories for people; plain text where there is no terminal."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from evidence_sim.goals import goals
from evidence_sim.invariants import INVARIANTS
from evidence_sim.tally import ROWS
from evidence_sim.verdict import Run

_WIDTH = 120  # of plain text
_COLOURS = {
    "holds": "green",
    "violated": "red",
    "not-promised": "yellow",
    "vacuous": "yellow",
    "ok": "green",
    "FAILED": "red",
}


def console(stderr: bool = False) -> Console:
    """Where to print: as wide as the terminal, or plain."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else _WIDTH, highlight=False, soft_wrap=False)


@contextmanager
def progress(what: str, total: int) -> Iterator["Advance"]:
    """A bar on standard error while there is a terminal, else a line a tenth."""
    out = console(stderr=True)
    if not out.is_terminal or out.is_dumb_terminal:
        yield Lines(what, total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out, transient=True) as bar:
        yield Bar(bar, what, total)


class Advance:
    """Something that is told how far the work is."""

    def to(self, done: int, now: str = "") -> None:
        """`done` of the total are; `now` names what is being done."""


class Bar(Advance):
    """A bar."""

    def __init__(self, bar: Progress, what: str, total: int) -> None:
        self._bar, self._what, self._task = bar, what, bar.add_task(what, total=total)

    def to(self, done: int, now: str = "") -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=done, description=f"{self._what} {now}".rstrip())


class Lines(Advance):
    """A line for every tenth, for logs."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total, self._said = what, total, 0

    def to(self, done: int, now: str = "") -> None:
        """Print where a tenth is full."""
        tenth = done * 10 // max(self._total, 1)
        if tenth > self._said:
            self._said = tenth
            print(f"{self._what}: {done}/{self._total} {now}".rstrip(), file=sys.stderr, flush=True)


@contextmanager
def spinner(what: str) -> Iterator[Callable[[str], None]]:
    """A line that changes while there is a terminal, else one line for each time the work has doubled."""
    out = console(stderr=True)
    if out.is_terminal and not out.is_dumb_terminal:
        with out.status(what) as status:
            yield lambda text: status.update(text)
        return
    calls = 0

    def line(text: str) -> None:
        nonlocal calls
        calls += 1
        if calls & (calls - 1) == 0:
            print(f"{what}: {text}", file=sys.stderr, flush=True)

    yield line


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table; a cell that is a verdict has its colour, a number stands right."""
    made = Table(title=title, title_justify="left", title_style="bold")
    kept = [tuple(str(cell) for cell in row) for row in rows]
    for at, name in enumerate(columns):
        numbers = bool(kept) and all(row[at].replace(",", "").isdecimal() for row in kept)
        made.add_column(name, justify="right" if numbers else "left", overflow="fold", no_wrap=at == 0)
    for row in kept:
        made.add_row(*(_coloured(cell) for cell in row))
    return made


def _coloured(cell: str) -> str:
    colour = _COLOURS.get(cell)
    return f"[{colour}]{cell}[/{colour}]" if colour else escape(cell)


def show_run(out: Console, run: Run) -> None:
    """The verdicts and the coverage of one campaign."""
    if not run.seeds.count:
        out.print("not one seed was done")
        return
    plan, last = run.plan, run.seeds.first + run.seeds.count - 1
    of = f"seeds {run.seeds.first} to {last}, {plan.tenants} tenants, {plan.ticks} ticks each"
    out.print(f"{run.machine} under {plan.profile}, {of}, store {run.store}")
    out.print(f"{run.tally.actions:,} actions in {run.seconds:.1f} s, digest {run.digest}\n")
    rows = []
    for invariant in INVARIANTS:
        first = run.tally.violations.get(invariant.id)
        found = f"{run.tally.violated[invariant.id]} seeds, first {first.seed}" if first else ""
        premise = f"{run.tally.premises[invariant.id]:,}"
        rows.append((invariant.id, invariant.name, run.verdict(invariant), premise, found))
    strength = f"SAMPLED({run.seeds.count})"
    out.print(table(f"Invariants, {strength}", ("id", "name", "verdict", "premise held", "violated in"), rows))
    _show_coverage(out, run)


def _show_coverage(out: Console, run: Run) -> None:
    tally, missed = run.tally, run.missed()
    faults = [(name, f"{tally.fired[name]:,}", f"{tally.survived[name]:,}") for name in sorted(tally.fired)]
    out.print(table("Faults", ("fault", "fired", "survived"), faults))
    outcomes = [(name, f"{count:,}") for name, count in sorted(tally.outcomes.items())]
    out.print(table("Outcomes", ("outcome", "ticks"), outcomes))
    if run.is_kernel:
        out.print(f"Rows of SCHEDULER taken: {len(tally.rows)} of {ROWS}")
    total = len(goals("kernel" if run.is_kernel else run.machine, run.plan.profile))
    out.print(f"Goals reached: {total - len(missed)} of {total}")
    for goal in missed:
        out.print(f"  not reached: {goal}")
    for invariant in run.vacuous():
        out.print(f"  premise never held: {invariant.id} {invariant.name}")


def show_list(out: Console, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """One table."""
    out.print(table(title, columns, rows))
