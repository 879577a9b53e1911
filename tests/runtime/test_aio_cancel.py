"""Nothing is lost where a tick in asyncio form is cancelled: before and after each call of each shape of a tick."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import define

from evidence_kernel import Applied, Expectation, WriteAnswer
from evidence_runtime import MemoryStore, Store, aio
from evidence_sim import oracle
from tests.runtime import history
from tests.runtime.cut_shapes import BOTH, DONE, EVIDENCE, NOW, SHAPES, TENANT, Doubt, Knife, found, works
from tests.runtime.history import Change
from tests.runtime.judge import violations
from tests.runtime.test_cuts import LATER
from tests.runtime.witness import Journal, backfill, listening, tick

CUTS = 299


@pytest.fixture(scope="module", autouse=True)
def heard() -> Iterator[None]:
    """Log lines go into journals."""
    with listening():
        yield


class Kept(MemoryStore):
    """A store that keeps each change."""

    def __init__(self) -> None:
        super().__init__()
        self.history: list[Change] = []

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """Put, and keep it."""
        answer = super().put(key, value, expect)
        if isinstance(answer, Applied):
            assert isinstance(answer.version, int)
            self.history.append(Change(len(self.history) + 1, key, value, answer.version))
        return answer


@define
class Cancel:
    """Counts the places where a tick may be cancelled, and has it cancelled at one."""

    at: int
    passed: int = 0

    async def here(self) -> None:
        """A call is about to begin, or has ended."""
        self.passed += 1
        if self.passed == self.at:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        await asyncio.sleep(0)

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call, in asyncio form."""

        async def within(*arguments: Any) -> Any:
            await self.here()
            answer = call(*arguments)
            await self.here()
            return answer

        return within


class Cancelled(aio.Direct):
    """A store around whose calls a tick may be cancelled."""

    def __init__(self, store: Store, cancel: Cancel) -> None:
        super().__init__(store)
        self._cancel = cancel

    async def _call(self, call: Callable[[], Any]) -> Any:
        return await self._cancel.around(call)()


def run(name: str, store: Kept, journal: Journal, cancel: Cancel, limit: float | None) -> None:
    """Run the shape's tick, in asyncio form."""
    shape = SHAPES[name]

    def against(rival: Callable[[Store, Journal], None]) -> Callable[[], None]:
        return lambda: rival(store, journal)

    def ticks(store: Store, call: Any, generate: Callable[..., Any], **options: Any) -> Any:
        cancelled = Cancelled(store, cancel)
        options |= {"store_timeout": limit, "generate_timeout": limit}
        return asyncio.run(aio.run_tick(cancelled, call, cancel.around(generate), **options))

    def ensures(store: Store, call: Any, **options: Any) -> Any:
        return asyncio.run(aio.ensure_evidence(Cancelled(store, cancel), call, store_timeout=limit, **options))

    knife = Knife(lambda *_: None, {phase: against(rival) for phase, rival in shape.rival.items()})
    seen: Store = store if shape.doubt is None else Doubt(store, knife, shape.doubt)
    knives = {"gate": knife.gate, "observe": knife.observe}
    if shape.alone:
        backfill(seen, journal, TENANT, lambda: NOW, **knives, run=ensures)  # type: ignore[arg-type]  # by their names
    else:
        tick(seen, journal, TENANT, shape.generate, lambda: NOW, **knives, run=ticks)  # type: ignore[arg-type]  # so too


def given(name: str, journal: Journal) -> Kept:
    """A store that holds what is given."""
    store = Kept()
    for key, value in SHAPES[name].given.items():
        journal.give(store, key, value)
    return store


def survive(folder: Path, name: str, at: int, limit: float | None) -> None:
    """What later ticks make of a tick that was cancelled there."""
    shape = SHAPES[name]
    folder.mkdir()
    journal = Journal(folder)
    store = given(name, journal)
    with pytest.raises(asyncio.CancelledError):
        run(name, store, journal, Cancel(at), limit)
    landed = [change.key for change in store.history[len(shape.given) :]]
    ends = [tick(store, journal, TENANT, works, partial(int, at)).outcome.value for at in LATER]
    journal.close()
    assert ends[0] == shape.allowed(landed)
    evidence = found(store, EVIDENCE)
    late = EVIDENCE not in shape.given and EVIDENCE not in landed  # then the fresh tick installed it
    reports = BOTH[1:] if late else shape.reports
    assert evidence is not None and (not reports or oracle.installed_at(evidence) is not None)
    assert tuple(one for one in BOTH if found(store, DONE.format(one)) is not None) == reports
    assert violations(store.history, history.journal(folder)) == []


@pytest.mark.parametrize("limit", [None, 60.0], ids=["without limits", "with limits"])
def test_nothing_is_lost_wherever_a_tick_is_cancelled(tmp_path: Path, limit: float | None) -> None:
    cuts = 0
    for number, name in enumerate(SHAPES):
        whole, journal = Cancel(0), Journal(tmp_path)
        run(name, given(name, journal), journal, whole, limit)
        journal.close()
        for at in range(1, whole.passed + 1):
            print(name, at)
            survive(tmp_path / f"{number}-{at}", name, at, limit)
        cuts += whole.passed
    assert cuts == CUTS
