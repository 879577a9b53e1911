"""The timings for people: tables whose bars read well without colour and without a terminal."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.bar import Bar
from rich.console import Console, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from evidence_sim.bench.timing import Missing, Timing
from evidence_sim.campaign import processors
from evidence_sim.report import table

Known = Sequence[Timing | Missing]
# What is told of two figures of one run; the twin works on all processors, what it is compared with on one.
_RATIOS = (
    ("kernel-tick", "transitions-tick", False),
    ("kernel-tick", "statemachine-tick", False),
    ("kernel-tick", "automat-tick", False),
    ("kernel-tick-records", "transitions-tick", False),
    ("reference-actions", "hypothesis-actions", False),
    ("bulk-actions", "reference-actions", True),
    ("bulk-actions", "limit-actions", False),
    ("explore-fast-states", "explore-states", False),
)


def show_timings(out: Console, results: Sequence[Timing], rounds: int) -> None:
    """The table of timings."""
    rows = [(r.figure.name, r.figure.unit, f"{r.median:,.0f}", f"{r.low:,.0f}", f"{r.high:,.0f}") for r in results]
    out.print(table(f"Medians of {rounds} rounds, and their middle half", ("", "unit", "median", "low", "high"), rows))


def show_rows(out: Console, results: Known) -> None:
    """The figures, with bars among those of one unit, and what is to be told of two of them."""
    made = _table("How fast: medians of the rounds, and their middle half", "", "unit", ">median", ">low", ">high")
    units = list(dict.fromkeys(result.figure.unit for result in results))
    ordered = sorted(results, key=lambda result: units.index(result.figure.unit))
    for unit, those in groupby(ordered, key=lambda result: result.figure.unit):
        for result, bar in _bars(out, list(those)):
            numbers = (result.median, result.low, result.high) if isinstance(result, Timing) else ()
            made.add_row(result.figure.name, unit, *_columns(numbers, 3), bar)
        made.add_section()
    out.print(made)
    for text in ratios(results):
        out.print(text)


def ratios(results: Known) -> Iterator[str]:
    """What is to be told of two figures of one run."""
    known = {result.figure.name: result.median for result in results if isinstance(result, Timing)}
    for one, other, per_core in _RATIOS:
        if one in known and other in known:
            cores = processors() if per_core else 1
            where = f" for each of {cores} processors" if per_core else ""
            yield f"{one} / {other}: {known[one] / known[other] / cores:,.2f}{where}"


def show_growth(out: Console, results: Known) -> None:
    """How each series goes on, with bars within it."""
    made, axes = _table("As the work grows: medians of the rounds", "by", ">at", "", ">median"), []
    for (axis, name), those in groupby(results, key=lambda result: (result.figure.axis, result.figure.name)):
        assert axis is not None
        for result, bar in _bars(out, list(those)):
            numbers = (result.median,) if isinstance(result, Timing) else ()
            made.add_row(axis.name, f"{result.figure.at:,}", name, *_columns(numbers, 1), bar)
        made.add_section()
        axes.append(axis)
    out.print(made)
    for axis in dict.fromkeys(axes):
        out.print(f"{axis.name}: {axis.counts}", soft_wrap=True)


def _table(title: str, *names: str) -> Table:
    """One whose columns with `>` stand right; the last is of bars."""
    columns = (Column(name.strip(">"), justify="right" if ">" in name else "left", no_wrap=True) for name in names)
    bars = Column(min_width=8, max_width=33)
    return Table(*columns, bars, title=title, title_justify="left", title_style="bold")


def _columns(numbers: Sequence[float], count: int) -> list[str]:
    return [f"{number:,.0f}" for number in numbers] or ["-"] * count


def _bars(out: Console, those: Known) -> Iterator[tuple[Timing | Missing, RenderableType]]:
    """Each with a bar as long as it is of the greatest, or with what it lacks."""
    most = max((round(one.median) for one in those if isinstance(one, Timing)), default=0)
    for one in those:
        if isinstance(one, Missing):
            yield one, Text(one.way_out)
        elif out.options.ascii_only:
            yield one, ProgressBar(most, round(one.median))  # of dashes
        else:
            yield one, Bar(most, 0, round(one.median))  # of blocks, to an eighth
