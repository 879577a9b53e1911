"""Time limits in asyncio form: late is Failed or Unknown, and a cancellation from outside is neither."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from evidence_kernel import (
    Absent,
    Applied,
    Expect,
    Failed,
    Found,
    Outcome,
    Unknown,
)
from evidence_kernel.records.keys import evidence_key
from evidence_runtime import MemoryStore, aio
from evidence_runtime.aio.limits import Limited, limited

TENANT = "acme"
NOW = 1_767_456_000_000
HALF_A_DAY = b'{"installed_at":"2026-01-03T04:00:00Z"}'
SOON = 0.02
Call = Callable[[aio.AsyncStore], Coroutine[Any, Any, object]]
CALLS: dict[str, tuple[Call, object]] = {
    "get": (lambda store: store.get("k"), Failed()),
    "put": (lambda store: store.put("k", b"v", Expect.ABSENT), Unknown()),
    "delete": (lambda store: store.delete("k", Expect.ANY), Unknown()),
}


class Hanging(aio.Direct):
    """A store whose calls have their effect, and no end."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.reached, self.cancelled = asyncio.Event(), 0

    async def _call(self, call: Callable[[], Any]) -> Any:
        call()
        self.reached.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


class Deaf(aio.Direct):
    """A store whose calls turn their cancellation into an answer of their own."""

    async def _call(self, call: Callable[[], Any]) -> Any:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            return call()


class Cancels(aio.Direct):
    """A store whose calls await what somebody else has cancelled."""

    async def _call(self, call: Callable[[], Any]) -> Any:
        raise asyncio.CancelledError


async def report(*_: object) -> Any:
    """A report."""
    return {}


@pytest.mark.parametrize("name", CALLS)
def test_a_late_call_is_cancelled_and_may_have_had_its_effect(name: str) -> None:
    call, due = CALLS[name]

    async def use() -> None:
        memory = MemoryStore()
        store = Hanging(memory)
        assert await call(Limited(store, SOON)) == due
        assert store.cancelled == 1
        assert isinstance(memory.get("k"), Found) is (name == "put")
        task = asyncio.current_task()
        assert task is not None and not task.cancelling()

    asyncio.run(use())


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_a_cancellation_from_outside_passes_through(name: str, seconds: float) -> None:
    call, _ = CALLS[name]

    async def use() -> None:
        store = Hanging(MemoryStore())
        task = asyncio.create_task(call(Limited(store, seconds)))
        await store.reached.wait()  # with no time at all, the limit expires in the same turn as the cancellation comes
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(use())


def test_what_a_store_makes_of_its_cancellation_is_its_answer() -> None:
    answer = asyncio.run(Limited(Deaf(MemoryStore()), SOON).put("k", b"v", Expect.ABSENT))
    assert isinstance(answer, Applied)


def test_a_cancellation_that_the_store_raises_is_a_crash() -> None:
    for seconds in (None, 60.0):
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(aio.run_tick(Cancels(MemoryStore()), aio.invocation(TENANT), report, store_timeout=seconds))


def test_in_time_it_is_the_store() -> None:
    async def use() -> None:
        store = Limited(aio.Direct(MemoryStore()), 10)
        applied = await store.put("k", b"v", Expect.ABSENT)
        assert isinstance(applied, Applied)
        assert await store.get("k") == Found(b"v", applied.version)
        assert [key async for key in store.scan("k")] == ["k"]
        assert isinstance(await store.delete("k", applied.version), Applied)
        assert await store.get("k") == Absent()

    asyncio.run(use())


def test_a_late_generator_is_a_failed_generation_and_is_cancelled() -> None:
    memory, cancelled = MemoryStore(), []
    memory.put(evidence_key(TENANT), HALF_A_DAY, Expect.ABSENT)

    async def hangs(*_: object) -> Any:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    result = asyncio.run(
        aio.run_tick(
            aio.Direct(memory),
            aio.invocation(TENANT),
            hangs,
            clock=lambda: NOW,
            generate_timeout=SOON,
            store_timeout=10,
        )
    )
    assert (result.outcome, cancelled) == (Outcome.GENERATION_FAILED, [True])
    with pytest.raises(TimeoutError):
        asyncio.run(limited(hangs, SOON)())  # type: ignore[arg-type]  # it is a coroutine


def test_a_store_that_hangs_ends_the_tick_without_success() -> None:
    async def use() -> None:
        store = Hanging(MemoryStore())
        result = await aio.run_tick(store, aio.invocation(TENANT), report, clock=lambda: NOW, store_timeout=SOON)
        assert (result.outcome, result.success) == (Outcome.SKIPPED, False)

    asyncio.run(use())
