"""One round over many tenants: bounded concurrency, each tenant's failure its own, a stop that loses nothing."""

from asyncio import FIRST_COMPLETED, Event, Lock, Task, create_task, current_task, timeout, wait
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing, suppress
from time import monotonic

from attrs import Factory, define

from evidence_kernel import TickResult
from evidence_runtime.aio.drive import AsyncGenerate, Clock, Observer, invocation, run_tick, system_clock
from evidence_runtime.aio.store import AsyncStore
from evidence_runtime.rounds import CUT, Round, cutting, moment


@define
class _Crew:
    """The tasks of a round, and what they share."""

    tenants: AsyncIterator[object]
    tick: Callable[[object], Awaitable[TickResult]]
    ended: Callable[[TickResult], None]
    jitter: float
    stop: Event
    halt: Event = Factory(Event)
    round: Round = Factory(Round)
    exhausted: bool = False
    failed: BaseException | None = None
    _turn: Lock = Factory(Lock)

    async def work(self) -> None:
        """Take tenants until there is none; what the caller's `tenants` or `ended` raise is handed back to it."""
        try:
            while not (self.halt.is_set() or self.stop.is_set()):
                async with self._turn:
                    tenant = await anext(self.tenants, self)
                if tenant is self:
                    self.exhausted = True
                    return
                if not await self._waits():
                    await self._one(tenant)
        except BaseException as error:  # a task has nobody else to tell
            if _cancelled():
                raise
            self.failed = error
            self.halt.set()

    async def _waits(self) -> bool:
        """Stand aside, at least for the other tasks' turn; True where the round was stopped meanwhile."""
        with suppress(TimeoutError):
            async with timeout(moment(self.jitter)):
                await self.halt.wait()
        return self.halt.is_set()

    async def _one(self, tenant: object) -> None:
        began = monotonic()
        try:
            result = await self.tick(tenant)
        except BaseException as error:  # one tenant's crash must not reach another's tick
            self.round.lose(error)
            if _cancelled():
                raise
            return
        self.round.add(result, monotonic() - began)
        self.ended(result)


def _cancelled() -> bool:
    """Whether it is this task that is to end; a CancelledError may also come from what a tick itself awaited."""
    task = current_task()
    return task is not None and task.cancelling() > 0


async def run_fleet(
    store: AsyncStore,
    tenants: Iterable[object] | AsyncIterable[object],
    generate: AsyncGenerate,
    *,
    workers: int = 8,
    jitter: float = 0.0,
    clock: Clock = system_clock,
    observe: Observer | None = None,
    store_timeout: float | None = None,
    generate_timeout: float | None = None,
    tick_timeout: float | None = None,
    ended: Callable[[TickResult], None] = lambda _: None,
    stop: Event | None = None,
    grace: float = 30.0,
    tick: Callable[..., Awaitable[TickResult]] = run_tick,
) -> Round:
    """One tick for each of `tenants` (ids, or contexts as `invocation` takes them), at most `workers` at once.

    `tenants` is read as ticks begin, so a round over any number takes the same memory. Each tick waits up to
    `jitter` seconds first. A tick that takes longer than `tick_timeout` seconds is cancelled where it waits: to
    the store that is a crash, and it counts as died. `ended` is called with each result. When `stop` is set, or
    the caller cancelled, no tick begins any more; those in flight have `grace` seconds to end, are then cut between
    two effects, and cancelled where they do not get that far: their tenants' next ticks go on. A second
    cancellation ends them at once. `tick` is called as `run_tick` is, and may do more (`evidence_runtime.otel`).
    Raises ValueError for fewer workers than one; and what `tenants` or `ended` raise, once the ticks in flight
    have ended.
    """
    if workers < 1:
        raise ValueError(f"workers={workers}: at least one is needed")
    stop, shut = stop or Event(), Event()
    watch = cutting(shut.is_set, observe)

    async def one(tenant: object) -> TickResult:
        async with timeout(tick_timeout):
            return await tick(
                store,
                invocation(tenant),
                generate,
                clock=clock,
                observe=watch,
                store_timeout=store_timeout,
                generate_timeout=generate_timeout,
            )

    async with aclosing(_each(tenants)) as each:
        crew, began = _Crew(each, one, ended, jitter, stop), monotonic()
        tasks = {create_task(crew.work(), name=f"evidence-{n}") for n in range(workers)}
        try:
            await _until(stop, tasks)
        finally:
            whole = crew.exhausted and all(task.done() for task in tasks)
            crew.halt.set()
            await _wind_up(tasks, shut, grace)
            crew.round.stopped, crew.round.seconds = not whole, monotonic() - began
    if crew.failed is not None:
        raise crew.failed
    return crew.round


async def _each(tenants: Iterable[object] | AsyncIterable[object]) -> AsyncGenerator[object, None]:
    if isinstance(tenants, AsyncIterable):
        async for tenant in tenants:
            yield tenant
    else:
        for tenant in tenants:
            yield tenant


async def _until(stop: Event, tasks: set[Task[None]]) -> None:
    """Wait until all tasks are done, or the round is stopped."""
    stopping = create_task(stop.wait())
    try:
        pending: set[Task[None]] = tasks
        while pending and not stop.is_set():
            await wait({stopping, *pending}, return_when=FIRST_COMPLETED)
            pending = {task for task in pending if not task.done()}
    finally:
        stopping.cancel()


async def _wind_up(tasks: set[Task[None]], shut: Event, grace: float) -> None:
    """Give the ticks in flight their time, then cut them, then cancel what hangs even so."""
    try:
        await wait(tasks, timeout=grace)
        shut.set()
        await wait(tasks, timeout=CUT)
    finally:
        for task in tasks:
            task.cancel()
        await wait(tasks)
