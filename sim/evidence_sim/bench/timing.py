"""How timings are taken: subjects in turn, round by round, so that a slow moment meets all alike."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from statistics import median
from time import perf_counter
from typing import Any

from attrs import define, field, frozen

from evidence_sim.report import Advance

TICKS, ACTIONS, STATES, FLUSHES = "ticks/s", "actions/s", "states/s", "flushes/s"
# The module that is imported, and the extra of evidence-sim that brings it.
EXTRAS = {"transitions": "bench", "statemachine": "bench", "automat": "bench", "hypothesis": "bench", "numba": "fast"}


@frozen
class Axis:
    """What grows: the name that it is asked for by, what its numbers count, and whether each is many times the last."""

    name: str
    counts: str
    by_factors: bool = False


@frozen
class Figure:
    """What is measured, and its unit; of a series also what grows, and where it is."""

    name: str
    unit: str
    axis: Axis | None = None
    at: int = 0


@frozen
class Timing:
    """So many of the figure's unit: the median of the rounds, and the middle half of them."""

    figure: Figure
    median: float
    low: float
    high: float

    def described(self) -> dict[str, Any]:
        """For JSON."""
        numbers = {"median": self.median, "low": self.low, "high": self.high}
        return {**_named(self.figure), **{name: round(n, 1) for name, n in numbers.items()}}


@frozen
class Missing:
    """A figure that cannot be measured here, and the extra that it needs."""

    figure: Figure
    extra: str

    @property
    def way_out(self) -> str:
        """How to install it."""
        return f"pip install 'evidence-sim[{self.extra}]'"

    def described(self) -> dict[str, Any]:
        """For JSON."""
        return {**_named(self.figure), "median": None, "missing": self.way_out}


def _named(figure: Figure) -> dict[str, Any]:
    series = {"by": figure.axis.name, "at": figure.at} if figure.axis else {}
    return {"name": figure.name, "unit": figure.unit, **series}


Once = Callable[[], Sequence[float]]  # one round: what is measured of each figure


@frozen
class Subject:
    """What yields its figures together.

    `prepare` is called once, before the rounds, and may leave to the stack what is to be closed after them. It
    raises ModuleNotFoundError where it needs what is not installed.
    """

    figures: tuple[Figure, ...]
    prepare: Callable[[ExitStack], Once]

    @property
    def names(self) -> set[str]:
        """What it is asked for by: a series by what grows, all else by its figures."""
        return {figure.axis.name if figure.axis else figure.name for figure in self.figures}


@define
class Session:
    """What was measured so far: a session that is interrupted keeps it."""

    rates: dict[Figure, list[float]] = field(factory=dict)
    missing: dict[Figure, Missing] = field(factory=dict)
    _done: int = 0

    def run(self, subjects: Sequence[Subject], rounds: int, bar: Advance) -> None:
        """Prepare them all, then measure them in turn."""
        with ExitStack() as stack:
            ready: list[tuple[Subject, Once]] = []
            for subject in subjects:
                self._now(bar, f"preparing {subject.figures[0].name}")
                once = self._prepared(subject, stack)
                if once is not None:
                    ready.append((subject, once))
            for number in range(rounds):
                for subject, once in ready:
                    self._now(bar, f"round {number + 1} of {rounds}: {subject.figures[0].name}")
                    for figure, rate in zip(subject.figures, once(), strict=True):
                        self.rates.setdefault(figure, []).append(rate)

    def results(self, subjects: Iterable[Subject]) -> list[Timing | Missing]:
        """What is known of their figures, in order."""
        found: list[Timing | Missing] = []
        for figure in (figure for subject in subjects for figure in subject.figures):
            if figure in self.missing:
                found.append(self.missing[figure])
            elif figure in self.rates:
                found.append(timing(figure, self.rates[figure]))
        return found

    def _prepared(self, subject: Subject, stack: ExitStack) -> Once | None:
        try:
            return subject.prepare(stack)
        except ModuleNotFoundError as missing:
            if missing.name not in EXTRAS:
                raise
            for figure in subject.figures:
                self.missing[figure] = Missing(figure, EXTRAS[missing.name])
            return None

    def _now(self, bar: Advance, what: str) -> None:
        bar.to(self._done, what)
        self._done += 1


def rate(work: Callable[[], int], seconds: float) -> float:
    """How many a second: `work` says how many it did, and is called until the time is over."""
    done, began = 0, perf_counter()
    while (spent := perf_counter() - began) < seconds:
        done += work()
    return done / spent


def times(call: Callable[[], object], count: int) -> Callable[[], int]:
    """The work of so many calls."""

    def work() -> int:
        for _ in range(count):
            call()
        return count

    return work


def timing(figure: Figure, found: Sequence[float]) -> Timing:
    """The median of the rounds, and their middle half."""
    ordered = sorted(found)
    quarter = len(ordered) // 4
    return Timing(figure, median(ordered), ordered[quarter], ordered[-1 - quarter])
