"""What `evidence-sim bench` measures, under names that stay."""

from collections.abc import Callable, Collection
from contextlib import ExitStack
from difflib import get_close_matches
from functools import partial

from evidence_sim.bench import engines, growth, peers, twin
from evidence_sim.bench.kernel import bare_tick, records_tick
from evidence_sim.bench.timing import ACTIONS, STATES, TICKS, Figure, Once, Subject, rate, times
from evidence_sim.campaign import processors

_SECONDS = 0.12  # of a tick in a round
_THREADS_SECONDS = 0.25


def rows() -> list[Subject]:
    """The figures that stand alone: the kernel and its peers, and the engines; the twin has all processors."""
    jobs = processors()
    both = (Figure("bulk-ticks", TICKS), Figure("bulk-actions", ACTIONS))
    return [
        _row("kernel-tick", TICKS, _ticks(lambda: bare_tick)),
        _row("kernel-tick-records", TICKS, _ticks(records_tick)),
        _row("transitions-tick", TICKS, _ticks(lambda: peers.tick_in(peers.transitions))),
        _row("statemachine-tick", TICKS, _ticks(lambda: peers.tick_in(peers.statemachine))),
        _row("automat-tick", TICKS, _ticks(lambda: peers.tick_in(peers.automat))),
        _row("reference-actions", ACTIONS, engines.reference),
        _row("hypothesis-actions", ACTIONS, engines.hypothesis),
        Subject(both, partial(twin.bulk, jobs=jobs, seconds=_THREADS_SECONDS)),
        _row("limit-actions", ACTIONS, partial(twin.limit, jobs=jobs, seconds=_THREADS_SECONDS)),
        _row("explore-states", STATES, engines.search),
        _row("explore-fast-states", STATES, twin.search),
    ]


def chosen(subjects: list[Subject], only: Collection[str]) -> list[Subject]:
    """Those that are asked for by name; all where none is."""
    return [subject for subject in subjects if not only or subject.names & set(only)]


def names(text: str) -> tuple[str, ...]:
    """Some names, with commas between them. Raises ValueError, which names the nearest, where one is unknown."""
    known = sorted({axis.name for axis in growth.AXES}.union(*(subject.names for subject in rows())))
    asked = tuple(text.split(","))
    for name in asked:
        if name not in known:
            nearest = get_close_matches(name, known, 1)
            hint = f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(known)}"
            raise ValueError(f"nothing to time is called {name!r}; {hint}")
    return asked


def _row(name: str, unit: str, prepare: Callable[[ExitStack], Once]) -> Subject:
    return Subject((Figure(name, unit),), prepare)


def _ticks(make: Callable[[], Callable[[], object]]) -> Callable[[ExitStack], Once]:
    def prepare(_: ExitStack) -> Once:
        work = times(make(), 100)
        return lambda: (rate(work, _SECONDS),)

    return prepare
