"""Timings of the driver on a store, beside the same calls of the store without kernel and driver.

"Bare" are the gets and puts of a tick, on the same keys, with values of the same size, on the same opened store: what
a service would pay that asked the store by itself. It is not the database driver's raw connection: what an adapter
costs on top of that is no part of the share, but for SQLite, whose statements, and whose disk's flushes, are timed too.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from itertools import count
from time import perf_counter

from attrs import Factory, frozen
from rich.console import Console

from evidence_kernel import Applied, Expect, Found, Get, Invocation, Outcome, Put, TickResult
from evidence_kernel.events import ReadAnswer, WriteAnswer
from evidence_kernel.records.keys import evidence_key, ledger_key, status_key
from evidence_runtime import SqliteStore, Store, StoreError, aio, open_store, run_tick
from evidence_runtime.operate import forget
from evidence_sim.bench.kernel import never
from evidence_sim.bench.show import show_timings
from evidence_sim.bench.sqlite import flushes, plain, statements
from evidence_sim.bench.straight import straight_tick
from evidence_sim.bench.timing import FLUSHES, TICKS, Figure, Timing, timing
from evidence_sim.config import EPOCH, Initial, contents
from evidence_sim.stored_cells import new_prefix

IN_FLIGHT = (1, 8, 64)
FORMS = ("threads", "tasks")  # who makes the calls: of the sync form, and of the asyncio form
_CALLS, _STATEMENTS = "bare calls", "bare statements"  # of the store; of SQLite itself
_STRAIGHT, _FLUSHES = "ticks in straight lines", "flushes"  # without a machine; of the disk under SQLite
_ALONE = (_STATEMENTS, _STRAIGHT, _FLUSHES)  # timed of a SQLite file, and one at a time
_SHARES = (("ticks", _CALLS), ("ticks", _STATEMENTS), (_STRAIGHT, _STATEMENTS))
ROUNDS = 45
_SECONDS = 0.08  # of one of a round's timings: short, so that a busy moment of the machine meets both of a pair
_Calls = Generator[Get | Put, ReadAnswer | WriteAnswer, None]
_Rate = Callable[[int], float]  # how many a second, so many of them in flight


def calls(tenant: str, status: bytes) -> _Calls:
    """The calls of a NOT_DUE tick, in its order."""
    found = yield Get(status_key(tenant))
    opened = yield Put(status_key(tenant), status, _version(found))
    yield Get(evidence_key(tenant))
    yield Get(evidence_key(tenant))
    yield Get(ledger_key(tenant))
    _version((yield Put(status_key(tenant), status, _version(opened))))


def _version(answer: ReadAnswer | WriteAnswer) -> int | str | bytes:
    if not isinstance(answer, Found | Applied):
        raise StoreError(f"the store answered {answer}: what does not answer cannot be timed")
    return answer.version


def bare(store: Store, tenant: str, status: bytes) -> None:
    """The calls, made."""
    asking = calls(tenant, status)
    effect = next(asking, None)
    while effect is not None:
        answer = (
            store.get(effect.key) if isinstance(effect, Get) else store.put(effect.key, effect.value, effect.expect)
        )
        effect = _next(asking, answer)


async def bare_async(store: aio.AsyncStore, tenant: str, status: bytes) -> None:
    """The calls, awaited."""
    asking = calls(tenant, status)
    effect = next(asking, None)
    while effect is not None:
        if isinstance(effect, Get):
            answer: ReadAnswer | WriteAnswer = await store.get(effect.key)
        else:
            answer = await store.put(effect.key, effect.value, effect.expect)
        effect = _next(asking, answer)


def _next(asking: _Calls, answer: ReadAnswer | WriteAnswer) -> Get | Put | None:
    try:
        return asking.send(answer)
    except StopIteration:
        return None


async def _never_async(*_: object) -> None:
    raise AssertionError("nothing is due")


@frozen
class Bench:
    """The tenants that are ticked, one for each tick in flight, and what their statuses hold."""

    tenants: Sequence[str]
    statuses: Sequence[bytes]
    _numbers: Iterator[int] = Factory(count)

    def tick(self, store: Store, at: int) -> None:
        """A tick of the driver."""
        _must_be_not_due(run_tick(store, self._invocation(at), never, clock=lambda: EPOCH))

    def straight(self, store: Store, at: int) -> None:
        """The same without a machine."""
        _must_be_not_due(straight_tick(store, self._invocation(at), lambda: EPOCH))

    def bare(self, store: Store, at: int) -> None:
        """Its calls alone."""
        bare(store, self.tenants[at], self.statuses[at])

    async def tick_async(self, store: aio.AsyncStore, at: int) -> None:
        """A tick of the driver in asyncio form."""
        _must_be_not_due(await aio.run_tick(store, self._invocation(at), _never_async, clock=lambda: EPOCH))

    async def bare_async(self, store: aio.AsyncStore, at: int) -> None:
        """Its calls alone."""
        await bare_async(store, self.tenants[at], self.statuses[at])

    def _invocation(self, at: int) -> Invocation:
        return Invocation(f"bench-{next(self._numbers)}", {"cloudId": self.tenants[at]})


def _must_be_not_due(result: TickResult) -> None:
    if result.outcome is not Outcome.NOT_DUE or result.degraded:
        raise StoreError(f"a tick ended with {result.outcome.value}: a store that does not answer cannot be timed")


@contextmanager
def prepared(store: Store) -> Iterator[Bench]:
    """Tenants with valid evidence and a status, all of whose records are deleted afterwards."""
    tenants = [f"{new_prefix()}{number}" for number in range(max(IN_FLIGHT))]
    evidence = contents(0, Initial("valid")).values()
    try:
        for tenant in tenants:
            for value in evidence:
                store.put(evidence_key(tenant), value, Expect.ABSENT)
        bench = Bench(tenants, [b""] * len(tenants))
        for at in range(len(tenants)):
            bench.tick(store, at)
        found = [store.get(status_key(tenant)) for tenant in tenants]
        yield Bench(tenants, [status.value for status in found if isinstance(status, Found)])
    finally:
        for tenant in tenants:
            list(forget(store, tenant))


def by_threads(call: Callable[[int], None]) -> _Rate:
    """Each in flight is a thread."""

    def rate(flying: int) -> float:
        began = perf_counter()

        def work(at: int) -> int:
            done = 0
            while not done or perf_counter() - began < _SECONDS:
                call(at)
                done += 1
            return done

        with ThreadPoolExecutor(flying) as threads:
            return sum(threads.map(work, range(flying))) / (perf_counter() - began)

    return rate


def by_tasks(runner: asyncio.Runner, call: Callable[[int], Awaitable[None]]) -> _Rate:
    """Each in flight is a task of one event loop."""

    async def rate(flying: int) -> float:
        began = perf_counter()

        async def work(at: int) -> int:
            done = 0
            while not done or perf_counter() - began < _SECONDS:
                await call(at)
                done += 1
            return done

        return sum(await asyncio.gather(*map(work, range(flying)))) / (perf_counter() - began)

    return lambda flying: runner.run(rate(flying))


def run_on(url: str, now: Callable[[str], None]) -> list[Timing]:
    """Ticks a second and the bare calls of as many, for each form and number in flight, round by round in turn.

    Of a SQLite file also the statements, without the store and its checks, ticks without a machine, the disk's flushes.
    Raises StoreError where the store cannot be opened or does not answer. Its other records are left alone.
    """
    with open_store(url) as store, prepared(store) as bench, asyncio.Runner() as runner, ExitStack() as opened:
        opening = _awaited(url, store)
        awaited = runner.run(opening.__aenter__())
        try:
            # In the order in which they are taken: what is compared, side by side.
            rates: dict[tuple[str, str], _Rate] = {}
            if isinstance(store, SqliteStore):
                database = opened.enter_context(closing(plain(store.path)))
                tick = statements(database, bench.tenants[0])
                flush = opened.enter_context(flushes(store.path.resolve().parent))
                rates[_FLUSHES, "threads"] = by_threads(lambda _: flush())
                rates[_STRAIGHT, "threads"] = by_threads(lambda at: bench.straight(store, at))
                rates[_STATEMENTS, "threads"] = by_threads(lambda _: tick())
            rates["ticks", "threads"] = by_threads(lambda at: bench.tick(store, at))
            rates[_CALLS, "threads"] = by_threads(lambda at: bench.bare(store, at))
            rates[_CALLS, "tasks"] = by_tasks(runner, lambda at: bench.bare_async(awaited, at))
            rates["ticks", "tasks"] = by_tasks(runner, lambda at: bench.tick_async(awaited, at))
            return _timed(rates, now)
        finally:
            runner.run(opening.__aexit__(None, None, None))


@asynccontextmanager
async def _awaited(url: str, store: Store) -> AsyncIterator[aio.AsyncStore]:
    """The same store in asyncio form; a URL of one in memory names another one each time."""
    if url == "memory:":
        yield aio.Direct(store)
    else:
        async with aio.open_store(url) as opened:
            yield opened


def _timed(rates: dict[tuple[str, str], _Rate], now: Callable[[str], None]) -> list[Timing]:
    found: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    for number in range(ROUNDS):
        now(f"round {number + 1} of {ROUNDS}")
        for flying in IN_FLIGHT:
            for what, form in reversed(rates) if number % 2 else rates:  # neither of a pair is always the first
                if flying == 1 or what not in _ALONE:
                    found[what, form, flying].append(rates[what, form](flying))
    measured = [
        timing(Figure(_name(*key), FLUSHES if key[0] == _FLUSHES else TICKS), those) for key, those in found.items()
    ]
    for (what, form, flying), those in found.items():
        for whole in (whole for share, whole in _SHARES if share == what and (whole, form, flying) in found):
            shares = [100 * one / other for one, other in zip(those, found[whole, form, flying], strict=True)]
            measured.append(timing(Figure(_name(f"{what} of {whole}", form, flying), "%"), shares))
    return measured


def _name(what: str, form: str, flying: int) -> str:
    return f"{what}, {flying} {form if flying > 1 else form.removesuffix('s')}"


def show(out: Console, results: list[Timing]) -> None:
    """The timings; each share is of two timings side by side, so that a slow moment meets both."""
    show_timings(out, results, ROUNDS)
