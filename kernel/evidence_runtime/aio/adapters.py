"""Stores of the sync form as stores of this one."""

from asyncio import get_running_loop, to_thread
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice
from types import TracebackType
from typing import Self, TypeVar

from evidence_kernel import Expectation, ReadAnswer, WriteAnswer
from evidence_runtime.store import Store

_T = TypeVar("_T")
_KEYS = 1000  # of a scan, fetched by one call


class Direct:
    """A store whose calls the event loop waits for: for one that answers at once, as MemoryStore does."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, key: str) -> ReadAnswer:
        """As the store's."""
        return await self._call(lambda: self._store.get(key))

    async def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As the store's."""
        return await self._call(lambda: self._store.put(key, value, expect))

    async def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """As the store's."""
        return await self._call(lambda: self._store.delete(key, expect))

    async def scan(self, prefix: str) -> AsyncIterator[str]:
        """As the store's."""
        keys = await self._call(lambda: iter(self._store.scan(prefix)))
        while some := await self._call(lambda: list(islice(keys, _KEYS))):
            for key in some:
                yield key

    async def _call(self, call: Callable[[], _T]) -> _T:
        return call()


class Threaded(Direct):
    """A store that is safe among threads, called in at most `threads` of them, so that the event loop never waits.

    A call that is cancelled goes on in its thread and may still take effect, and one that hangs keeps its thread.
    Leaving `async with` waits for the calls that were begun: leave it before the store is closed.
    """

    def __init__(self, store: Store, threads: int = 8) -> None:
        super().__init__(store)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="evidence-store")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await to_thread(self._threads.shutdown)

    async def _call(self, call: Callable[[], _T]) -> _T:
        return await get_running_loop().run_in_executor(self._threads, copy_context().run, call)
