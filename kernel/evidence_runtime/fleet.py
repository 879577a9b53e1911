"""One round over many tenants: bounded concurrency, each tenant's failure its own, a stop that loses nothing."""

from collections.abc import Callable, Iterable, Iterator
from threading import Event, Lock, Thread
from time import monotonic

from attrs import Factory, define

from evidence_kernel import TickResult
from evidence_runtime.drive import Clock, Generator, Observer, invocation, run_tick, system_clock
from evidence_runtime.rounds import CUT, Round, cutting, moment
from evidence_runtime.store import Store

_LOOK = 0.1  # seconds between looks at `stop`


@define
class _Crew:
    """The threads of a round, and what they share."""

    tenants: Iterator[object]
    tick: Callable[[object], TickResult]
    ended: Callable[[TickResult], None]
    jitter: float
    stop: Event
    round: Round = Factory(Round)
    halted: bool = False
    exhausted: bool = False
    skipped: bool = False  # a tenant that was taken, by a stop while its tick stood aside
    failed: BaseException | None = None
    _lock: Lock = Factory(Lock)

    def work(self) -> None:
        """Take tenants until there is none; what the caller's `tenants` or `ended` raise is handed back to it."""
        try:
            while not (self.halted or self.stop.is_set()):
                with self._lock:
                    tenant = next(self.tenants, self)
                if tenant is self:
                    self.exhausted = True
                    return
                if self._waits():
                    self.skipped = True
                else:
                    self._one(tenant)
        except BaseException as error:  # a thread has nobody else to tell
            self.failed, self.halted = error, True

    def _waits(self) -> bool:
        """Stand aside for a moment; True where the round was stopped meanwhile."""
        delay = moment(self.jitter)
        return bool(delay) and self.stop.wait(delay)

    def _one(self, tenant: object) -> None:
        began = monotonic()
        try:
            result = self.tick(tenant)
        except BaseException as error:  # one tenant's crash must not reach another's tick
            with self._lock:
                self.round.lose(error)
            return
        with self._lock:
            self.round.add(result, monotonic() - began)
            self.ended(result)


def run_fleet(
    store: Store,
    tenants: Iterable[object],
    generate: Generator,
    *,
    workers: int = 8,
    jitter: float = 0.0,
    clock: Clock = system_clock,
    observe: Observer | None = None,
    store_timeout: float | None = None,
    generate_timeout: float | None = None,
    ended: Callable[[TickResult], None] = lambda _: None,
    stop: Event | None = None,
    grace: float = 30.0,
    tick: Callable[..., TickResult] = run_tick,
) -> Round:
    """One tick for each of `tenants` (ids, or contexts as `invocation` takes them), at most `workers` at once.

    `tenants` is read as ticks begin, so a round over any number takes the same memory. Each tick waits up to
    `jitter` seconds first. `ended` is called with each result, one at a time. When `stop` is set, or at
    Ctrl-C, no tick begins any more; those in flight have `grace` seconds to end, and are then cut between two
    effects, which to the store is a crash: their tenants' next ticks go on. `tick` is called as `run_tick` is,
    and may do more (`evidence_runtime.otel`). Raises ValueError for fewer workers than one; and what `tenants` or
    `ended` raise, once the ticks in flight have ended.
    """
    if workers < 1:
        raise ValueError(f"workers={workers}: at least one is needed")
    stop, shut = stop or Event(), Event()
    watch = cutting(shut.is_set, observe)

    def one(tenant: object) -> TickResult:
        return tick(
            store,
            invocation(tenant),
            generate,
            clock=clock,
            observe=watch,
            store_timeout=store_timeout,
            generate_timeout=generate_timeout,
        )

    crew, began = _Crew(iter(tenants), one, ended, jitter, stop), monotonic()
    threads = [Thread(target=crew.work, name=f"evidence-{n}", daemon=True) for n in range(workers)]
    for thread in threads:
        thread.start()
    try:
        while (alive := [thread for thread in threads if thread.is_alive()]) and not stop.is_set():
            alive[0].join(_LOOK)
    finally:
        whole = crew.exhausted and not crew.skipped and not any(thread.is_alive() for thread in threads)
        crew.halted = True
        _wind_up(threads, shut, grace)
        crew.round.stopped, crew.round.seconds = not whole, monotonic() - began
    if crew.failed is not None:
        raise crew.failed
    return crew.round


def _wind_up(threads: list[Thread], shut: Event, grace: float) -> None:
    """Give the ticks in flight their time, then cut them; what hangs in the store even so is left behind."""
    for seconds in (grace, CUT):
        deadline = monotonic() + seconds
        for thread in threads:
            thread.join(max(deadline - monotonic(), 0.0))
        shut.set()
