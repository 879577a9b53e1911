"""One round over many tenants: bounded concurrency, each tenant's failure its own, a stop that loses nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from secrets import randbelow
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

from attrs import Factory, define, frozen

from evidence_kernel import Expectation, Outcome, ReadAnswer, TickResult, Trigger, WriteAnswer
from evidence_kernel.messages import fault
from evidence_runtime.drive import Clock, Generator, Observer, invocation, run_tick, system_clock
from evidence_runtime.store import Store, logger

_LOOK, _CUT = 0.1, 1.0  # seconds between looks at `stop`, and for a tick that is cut to notice
_FINE = 4  # bits: a latency is known to a sixteenth


@define
class Latencies:
    """How long ticks took, counted in buckets that grow with them: as large after 10 ticks as after 10^9."""

    counts: Counter[int] = Factory(Counter)

    def add(self, microseconds: int) -> None:
        """One tick more."""
        coarse = max(microseconds.bit_length() - _FINE - 1, 0)
        self.counts[(microseconds >> coarse) << coarse] += 1

    def percentile(self, percent: int) -> float:
        """The ms that so many of a hundred ticks did not exceed, cut to a sixteenth; 0 without ticks."""
        due, seen = -(-sum(self.counts.values()) * percent // 100), 0
        for microseconds in sorted(self.counts):
            seen += self.counts[microseconds]
            if seen >= due:
                return microseconds / 1000
        return 0.0


@define
class Round:
    """The figures of one round. `died`: ticks that a BaseException or a caller's mistake ended, as a crash."""

    outcomes: Counter[Outcome] = Factory(Counter)
    http: Counter[int] = Factory(Counter)
    died: int = 0
    backfilled: int = 0
    degraded: int = 0
    seconds: float = 0.0
    stopped: bool = False
    latencies: Latencies = Factory(Latencies)

    @property
    def ticks(self) -> int:
        """How many ended with an outcome."""
        return sum(self.outcomes.values())

    @property
    def all_well(self) -> bool:
        """Whether every tick ended with an HTTP status of 200."""
        return not self.died and set(self.http) <= {200}

    def described(self) -> dict[str, object]:
        """For JSON; latencies in ms."""
        return {
            "ticks": self.ticks,
            "outcomes": {outcome.value: self.outcomes[outcome] for outcome in Outcome if self.outcomes[outcome]},
            "died": self.died,
            "backfilled": self.backfilled,
            "degraded": self.degraded,
            "stopped": self.stopped,
            "seconds": round(self.seconds, 3),
            "latency_ms": {f"p{percent}": self.latencies.percentile(percent) for percent in (50, 90, 99, 100)},
        }


class _Cut(BaseException):
    """A tick is cut between two effects: to the store it is a crash, which every tick survives."""


@frozen
class _Gate:
    """A store and a generator that may be shut."""

    store: Store
    generate: Generator
    shut: Event

    def get(self, key: str) -> ReadAnswer:
        self._pass()
        return self.store.get(key)

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        self._pass()
        return self.store.put(key, value, expect)

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        return self.store.delete(key, expect)

    def scan(self, prefix: str) -> Iterator[str]:
        return self.store.scan(prefix)

    def make(self, tenant: str, trigger: Trigger, installed_at: int, attempt: int, tick_id: str) -> Any:
        self._pass()
        return self.generate(tenant, trigger, installed_at, attempt, tick_id)

    def _pass(self) -> None:
        if self.shut.is_set():
            raise _Cut


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
                if not self._waits():
                    self._one(tenant)
        except BaseException as error:  # a thread has nobody else to tell
            self.failed, self.halted = error, True

    def _waits(self) -> bool:
        """Stand aside for a moment; True where the round was stopped meanwhile."""
        delay = randbelow(int(self.jitter * 1000) + 1) / 1000
        return bool(delay) and self.stop.wait(delay)

    def _one(self, tenant: object) -> None:
        began = monotonic()
        try:
            result = self.tick(tenant)
        except BaseException as error:  # one tenant's crash must not reach another's tick
            if not isinstance(error, _Cut):
                line = fault("tick", "", type(error).__name__)
                logger.log(line.level, "%s", line.text)
                logger.debug("%s", line.text, exc_info=error)
            with self._lock:
                self.round.died += 1
            return
        with self._lock:
            self.round.latencies.add(int((monotonic() - began) * 1_000_000))
            self.round.outcomes[result.outcome] += 1
            self.round.http[result.http_status] += 1
            self.round.backfilled += result.did_backfill
            self.round.degraded += result.degraded
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
) -> Round:
    """One tick for each of `tenants` (ids, or contexts as `invocation` takes them), at most `workers` at once.

    `tenants` is read as ticks begin, so a round over any number takes the same memory. Each tick waits up to
    `jitter` seconds first. `ended` is called with each result, one at a time. When `stop` is set, or at
    Ctrl-C, no tick begins any more; those in flight have `grace` seconds to end, and are then cut between two
    effects, which to the store is a crash: their tenants' next ticks go on. Raises ValueError for fewer workers
    than one; and what `tenants` or `ended` raise, once the ticks in flight have ended.
    """
    if workers < 1:
        raise ValueError(f"workers={workers}: at least one is needed")
    stop, gate = stop or Event(), _Gate(store, generate, Event())

    def tick(tenant: object) -> TickResult:
        return run_tick(
            gate,
            invocation(tenant),
            gate.make,
            clock=clock,
            observe=observe,
            store_timeout=store_timeout,
            generate_timeout=generate_timeout,
        )

    crew, began = _Crew(iter(tenants), tick, ended, jitter, stop), monotonic()
    threads = [Thread(target=crew.work, name=f"evidence-{n}", daemon=True) for n in range(workers)]
    for thread in threads:
        thread.start()
    try:
        while (alive := [thread for thread in threads if thread.is_alive()]) and not stop.is_set():
            alive[0].join(_LOOK)
    finally:
        whole = crew.exhausted and not any(thread.is_alive() for thread in threads)
        crew.halted = True
        _wind_up(threads, gate.shut, grace)
        crew.round.stopped, crew.round.seconds = not whole, monotonic() - began
    if crew.failed is not None:
        raise crew.failed
    return crew.round


def _wind_up(threads: list[Thread], shut: Event, grace: float) -> None:
    """Give the ticks in flight their time, then cut them; what hangs in the store even so is left behind."""
    for seconds in (grace, _CUT):
        deadline = monotonic() + seconds
        for thread in threads:
            thread.join(max(deadline - monotonic(), 0.0))
        shut.set()
