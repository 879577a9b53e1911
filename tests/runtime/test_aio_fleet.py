"""A round in asyncio form: bounded, isolated, limited, stopped, cut; what it shares with the other is in test_fleet."""

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any

import pytest

from evidence_kernel import Found, Outcome, TickResult, Trigger
from evidence_kernel.records.keys import evidence_key, publication_key
from evidence_kernel.schedule import HOUR
from evidence_runtime import MemoryStore, Round, aio
from evidence_runtime.aio import Direct, run_fleet
from tests.runtime.test_fleet import NOW, due

SOON = 0.05


async def nothing(*_: object) -> Any:
    """A report."""
    return None


async def for_ever() -> None:
    """Wait for what never comes."""
    await asyncio.Event().wait()


def again(store: MemoryStore, tenant: str) -> Round:
    """The next round, an hour later."""
    return asyncio.run(run_fleet(Direct(store), [tenant], nothing, clock=lambda: NOW + HOUR))


def test_no_more_than_so_many_at_once() -> None:
    now, most = 0, 0

    async def generate(*_: object) -> Any:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1

    tenants = [f"t{n}" for n in range(12)]
    done = asyncio.run(run_fleet(Direct(due(*tenants)), tenants, generate, workers=3, clock=lambda: NOW))
    assert done.outcomes == {Outcome.GENERATED: 12}
    assert most == 3


def test_tenants_may_come_from_an_async_iterator() -> None:
    async def tenants() -> AsyncIterator[str]:
        for n in range(20):
            await asyncio.sleep(0)
            yield f"t{n}"

    ended: list[TickResult] = []
    done = asyncio.run(run_fleet(Direct(MemoryStore()), tenants(), nothing, workers=4, ended=ended.append))
    assert sorted(result.tenant or "" for result in ended) == sorted(f"t{n}" for n in range(20))
    assert (done.ticks, done.stopped) == (20, False)


def test_a_tick_that_takes_too_long_is_cut_and_only_it(caplog: pytest.LogCaptureFixture) -> None:
    async def generate(tenant: str, *_: object) -> Any:
        if tenant == "b":
            await for_ever()

    store = due("a", "b", "c")
    done = asyncio.run(
        run_fleet(Direct(store), ["a", "b", "c"], generate, workers=2, tick_timeout=SOON, clock=lambda: NOW)
    )
    assert (done.outcomes, done.died, done.stopped) == ({Outcome.GENERATED: 2}, 1, False)
    assert any("fault=tick" in line and "TimeoutError" in line for line in caplog.messages)
    assert again(store, "b").outcomes == {Outcome.GENERATED: 1}


def test_what_a_tick_awaits_in_vain_is_its_tenant_s_alone() -> None:
    async def generate(tenant: str, *_: object) -> Any:
        if tenant == "b":
            raise asyncio.CancelledError

    done = asyncio.run(run_fleet(Direct(due("a", "b", "c")), ["a", "b", "c"], generate, workers=1, clock=lambda: NOW))
    assert (done.outcomes, done.died, done.stopped) == ({Outcome.GENERATED: 2}, 1, False)


def test_a_stop_lets_ticks_in_flight_end() -> None:
    async def use() -> Round:
        stop = asyncio.Event()

        async def generate(*_: object) -> Any:
            stop.set()
            await asyncio.sleep(SOON)

        tenants = [f"t{n}" for n in range(50)]
        return await run_fleet(Direct(due(*tenants)), tenants, generate, workers=2, stop=stop, clock=lambda: NOW)

    done = asyncio.run(use())
    assert (done.outcomes, done.died, done.stopped) == ({Outcome.GENERATED: 2}, 0, True)


def test_what_does_not_end_in_time_is_cut_between_two_effects() -> None:
    store = due("a")

    async def use() -> Round:
        stop = asyncio.Event()

        async def generate(*_: object) -> Any:
            stop.set()
            await asyncio.sleep(4 * SOON)

        return await run_fleet(Direct(store), ["a"], generate, stop=stop, grace=SOON, clock=lambda: NOW)

    done = asyncio.run(use())
    assert (done.ticks, done.died, done.stopped) == (0, 1, True)
    assert not isinstance(store.get(publication_key("a", Trigger.AUTO_12H)), Found)
    assert again(store, "a").outcomes == {Outcome.GENERATED: 1}


def test_what_hangs_even_so_is_cancelled() -> None:
    store, cancelled = due("a"), []

    async def use() -> Round:
        stop = asyncio.Event()

        async def generate(*_: object) -> Any:
            stop.set()
            try:
                await for_ever()
            except asyncio.CancelledError:
                cancelled.append(True)
                raise

        return await run_fleet(Direct(store), ["a"], generate, stop=stop, grace=SOON, clock=lambda: NOW)

    done = asyncio.run(use())
    assert (done.ticks, done.died, done.stopped, cancelled) == (0, 1, True, [True])
    assert again(store, "a").outcomes == {Outcome.GENERATED: 1}


@pytest.mark.parametrize(("takes", "grace", "cancels", "published"), [
    (SOON, 10.0, 1, True),
    (10.0, SOON, 1, False),
    (10.0, 10.0, 2, False),
], ids=["in time", "late", "cancelled again"])  # fmt: skip
def test_a_cancelled_round_gives_ticks_in_flight_their_time(
    takes: float, grace: float, cancels: int, published: bool
) -> None:
    store = due("a", "b")

    async def use() -> None:
        begun = asyncio.Event()

        async def generate(*_: object) -> Any:
            begun.set()
            await asyncio.sleep(takes)

        fleet = asyncio.create_task(
            run_fleet(Direct(store), ["a", "b"], generate, workers=1, grace=grace, clock=lambda: NOW)
        )
        await begun.wait()
        for _ in range(cancels):
            fleet.cancel()
            await asyncio.sleep(SOON / 2)
        await asyncio.wait([fleet])
        assert fleet.cancelled()
        assert len(asyncio.all_tasks()) == 1, "a tick is left behind"

    began = perf_counter()
    asyncio.run(use())
    assert perf_counter() - began < 5
    assert isinstance(store.get(publication_key("a", Trigger.AUTO_12H)), Found) is published
    assert not isinstance(store.get(publication_key("b", Trigger.AUTO_12H)), Found)
    for tenant in ("a", "b"):
        again(store, tenant)
        assert isinstance(store.get(publication_key(tenant, Trigger.AUTO_12H)), Found)


def test_jitter_is_waited_and_ends_with_a_stop() -> None:
    async def use() -> Round:
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(SOON, stop.set)
        return await run_fleet(Direct(MemoryStore()), ["a", "b"], nothing, jitter=1e6, stop=stop)

    done = asyncio.run(use())
    assert (done.ticks, done.stopped) == (0, True)


def test_what_tenants_raise_comes_back_after_the_ticks_in_flight() -> None:
    async def tenants() -> AsyncIterator[str]:
        yield "a"
        raise asyncio.CancelledError

    store = MemoryStore()
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run_fleet(Direct(store), tenants(), nothing, workers=1))
    assert isinstance(store.get(evidence_key("a")), Found)
    with pytest.raises(ValueError, match="workers=0"):
        asyncio.run(run_fleet(Direct(store), [], nothing, workers=0))


def test_a_stop_ends_the_wait_for_a_tenant_too() -> None:
    async def use() -> Round:
        stop = asyncio.Event()

        async def tenants() -> AsyncIterator[str]:
            yield "a"
            stop.set()
            await for_ever()

        return await run_fleet(Direct(MemoryStore()), tenants(), nothing, workers=2, stop=stop, grace=SOON)

    done = asyncio.run(use())
    assert (done.ticks, done.died, done.stopped) == (1, 0, True)


def test_one_task_s_hanging_tick_holds_nobody_up() -> None:
    async def use() -> Round:
        others = asyncio.Event()

        async def generate(tenant: str, *_: object) -> Any:
            if tenant == "a":
                await others.wait()

        def ended(result: TickResult) -> None:
            if result.tenant == "z":
                others.set()

        tenants = ["a", *(f"t{n}" for n in range(20)), "z"]
        return await run_fleet(Direct(due("a")), tenants, generate, workers=2, ended=ended, clock=lambda: NOW)

    assert asyncio.run(use()).ticks == 22


def test_a_round_over_threads_backfills_everyone() -> None:
    async def use() -> Round:
        async with aio.Threaded(MemoryStore()) as store:
            return await run_fleet(store, (f"t{n}" for n in range(100)), nothing, workers=16)

    done = asyncio.run(use())
    assert (done.outcomes, done.backfilled) == ({Outcome.NOT_DUE: 100}, 100)
