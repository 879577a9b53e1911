"""One round of `run_fleet` over so many new tenants, and whether its memory grows with them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console

from evidence_kernel import TickResult
from evidence_runtime import Store, StoreError, open_store, run_fleet
from evidence_runtime.operate import forget
from evidence_sim.bench.kernel import never
from evidence_sim.bench.timing import TICKS, Figure, Timing, timing
from evidence_sim.stored_cells import new_prefix
from evidence_sim.usage import peak_memory

_PARTS = 10  # of a round, after each of which the memory is read
_WORKERS = 8
_CHUNK = 1000  # tenants that are forgotten between two lines of progress


def run_on(url: str, tenants: int, now: Callable[[str], None]) -> list[Timing]:
    """Ticks a second of the round, each a backfill, and the process's peak memory in MB after each tenth of it.

    The tenants' ids begin as no other's do; their records are deleted afterwards. Raises StoreError where the store
    cannot be opened, or a tick did not end well.
    """
    prefix = new_prefix()
    with open_store(url) as store:
        try:
            return _round(store, (f"{prefix}{number}" for number in range(tenants)), tenants, now)
        finally:
            _forget(store, prefix, tenants, now)


def _round(store: Store, ids: Iterator[str], tenants: int, now: Callable[[str], None]) -> list[Timing]:
    part = -(-tenants // _PARTS)
    done, peaks = 0, dict[int, float]()

    def ended(_: TickResult) -> None:
        nonlocal done
        done += 1
        if done % part == 0 or done == tenants:
            peaks[done] = peak_memory() / 1e6
            now(f"tick {done} of {tenants}: peak memory {peaks[done]:.0f} MB")

    done_round = run_fleet(store, ids, never, workers=_WORKERS, ended=ended)
    if not done_round.all_well or done_round.backfilled != tenants:
        raise StoreError(f"the round over {tenants} tenants did not end well: {done_round.described()}")
    rate = timing(Figure(f"ticks of {tenants} tenants, {_WORKERS} threads", TICKS), [tenants / done_round.seconds])
    return [rate, *(timing(Figure(f"peak memory after {at} tenants", "MB"), [mb]) for at, mb in peaks.items())]


def show(out: Console, results: list[Timing]) -> None:
    """A line for each figure."""
    for result in results:
        out.print(f"{result.figure.name}: {result.median:,.0f} {result.figure.unit}")


def _forget(store: Store, prefix: str, tenants: int, now: Callable[[str], None]) -> None:
    with ThreadPoolExecutor(_WORKERS) as threads:
        for first in range(0, tenants, _CHUNK):
            numbers = range(first, min(first + _CHUNK, tenants))
            list(threads.map(lambda number: list(forget(store, f"{prefix}{number}")), numbers))
            if numbers[-1] + 1 == tenants or not first % (_CHUNK * _PARTS):
                now(f"no more, forgetting tenant {numbers[-1] + 1} of {tenants}")
