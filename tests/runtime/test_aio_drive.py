"""Both forms of the driver see, ask, say and leave the same; a store of the sync form serves the other."""

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from threading import Event as Told
from threading import get_ident
from typing import Any

import pytest
from attrs import define
from hypothesis import given

from evidence_kernel import (
    Applied,
    Effect,
    Event,
    Expect,
    Expectation,
    Found,
    Get,
    Invocation,
    Put,
    ReadAnswer,
    State,
    TickResult,
    WriteAnswer,
)
from evidence_runtime import FailClosed, MemoryStore, SqliteStore, aio
from tests.kernel.scenarios import SCENARIOS
from tests.kernel.walk import Cells, Scenario, answer
from tests.runtime.forms import ENSURES, TICKS

KEYS = 2500


@define
class World(MemoryStore):
    """A store that does to one tick what its scenario says, and all that its driver is seen to do."""

    scenario: Scenario
    cells: Cells
    seen: list[tuple[State, Event | None, Effect | None]]
    said: list[str]
    phase: str = ""

    def observe(self, state: State, event: Event | None, effect: Effect | None) -> None:
        """Take the phase whose effect comes next."""
        self.phase = state.phase.value
        self.seen.append((state, event, effect))
        if self.phase in self.scenario.races:
            self.cells.write(*self.scenario.races[self.phase])

    def clock(self) -> int:
        """The scenario's clock, answer by answer."""
        return self.scenario.at + self.scenario.clock[(len(self.seen) - 1) % len(self.scenario.clock)]

    def get(self, key: str) -> ReadAnswer:
        """As the scenario says."""
        met: ReadAnswer = self._meet(Get(key))
        return met

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As the scenario says."""
        met: WriteAnswer = self._meet(Put(key, value, expect))
        return met

    def generate(self, *_: object) -> Any:
        """As the scenario says."""
        if self.scenario.faults.get(self.phase) == "failed":
            raise ValueError
        return json.loads(self.scenario.report)

    def _meet(self, effect: Effect) -> Any:
        return answer(self.cells, effect, self.scenario.faults.get(self.phase, ""), b"")


class Ear(logging.Handler):
    """Keeps what is said."""

    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.INFO)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self._said.append(f"{record.levelname} {record.getMessage()}")


def run(scenario: Scenario, form: Callable[..., object], *, alone: bool) -> tuple[object, ...]:
    """All that can be observed of a tick, or of the backfill alone."""
    world = World(scenario, Cells(scenario.records), [], [])
    logger, ear = logging.getLogger("evidence"), Ear(world.said)
    before = logger.level
    logger.addHandler(ear)
    logger.setLevel(logging.INFO)
    call = Invocation(scenario.tick_id, scenario.context)
    try:
        result = form(world, call, *([] if alone else [world.generate]), clock=world.clock, observe=world.observe)
    except FailClosed as refused:
        result = str(refused)
    finally:
        logger.removeHandler(ear)
        logger.setLevel(before)
    return result, world.seen, world.said, world.cells.contents()


@given(SCENARIOS)
def test_a_tick_is_the_same_in_both_forms(scenario: Scenario) -> None:
    sync, other = (run(scenario, form, alone=False) for form in TICKS.values())
    assert sync == other
    assert sync[1] and sync[2]


@given(SCENARIOS)
def test_a_backfill_is_the_same_in_both_forms(scenario: Scenario) -> None:
    sync, other = (run(scenario, form, alone=True) for form in ENSURES.values())
    assert sync == other


@pytest.mark.parametrize("adapter", [aio.Direct, aio.Threaded])
def test_a_store_of_the_sync_form_serves(adapter: Callable[[MemoryStore], aio.AsyncStore]) -> None:
    async def use() -> None:
        store = adapter(MemoryStore())
        first = await store.put("k", b"v", Expect.ABSENT)
        assert isinstance(first, Applied)
        assert await store.get("k") == Found(b"v", first.version)
        for n in range(KEYS):
            await store.put(f"s{n}", b"", Expect.ABSENT)
        assert sorted([key async for key in store.scan("s")]) == sorted(f"s{n}" for n in range(KEYS))
        assert isinstance(await store.delete("k", first.version), Applied)

    asyncio.run(use())


def test_a_threaded_store_leaves_the_loop_alone_and_is_waited_for() -> None:
    go, at = Told(), list[int]()

    class Slow(MemoryStore):
        """A store whose puts wait."""

        def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
            """Late."""
            at.append(get_ident())
            assert go.wait(10)
            return super().put(key, value, expect)

    async def use(store: Slow) -> None:
        async with aio.Threaded(store, threads=2) as threaded:
            puts = [asyncio.create_task(threaded.put(f"k{n}", b"", Expect.ABSENT)) for n in range(3)]
            while len(at) < 2:
                await asyncio.sleep(0.001)
            puts[0].cancel()
            assert len(at) == 2, "only two threads"
            asyncio.get_running_loop().call_later(0.05, go.set)
        assert sorted(store.scan("k")) == ["k0", "k1", "k2"]  # the cancelled one as well
        assert puts[0].cancelled()
        await asyncio.wait(puts)

    store = Slow()
    asyncio.run(use(store))
    assert get_ident() not in at


def test_a_tick_on_sqlite(tmp_path: Path) -> None:
    async def use() -> list[TickResult]:
        with SqliteStore(tmp_path / "store.sqlite") as file:
            async with aio.Threaded(file) as store:
                return [await aio.run_tick(store, aio.invocation("acme"), nothing) for _ in range(2)]

    async def nothing(*_: object) -> Any:
        return None

    first, second = asyncio.run(use())
    assert (first.did_backfill, first.http_status) == (True, 200)
    assert (second.did_backfill, second.http_status) == (False, 200)
