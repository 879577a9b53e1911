"""An asyncio store as a sync one, so that what judges the one judges the other."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar

from evidence_kernel import Expectation, ReadAnswer, WriteAnswer
from evidence_runtime.aio import AsyncStore

_T = TypeVar("_T")


class Bridge:
    """Its calls are awaited by an event loop in a thread, many at once where many threads call."""

    def __init__(self, store: AsyncStore | AbstractAsyncContextManager[AsyncStore]) -> None:
        """The store, or a context that opens it on that event loop."""
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._given, self._open = store, AsyncExitStack()

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._store: AsyncStore = self._wait(self._opened())
        except BaseException:  # whatever it was, no thread stays behind
            self._end()
            raise
        return self

    async def _opened(self) -> AsyncStore:
        if isinstance(self._given, AbstractAsyncContextManager):
            return await self._open.enter_async_context(self._given)
        return self._given

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._wait(self._open.__aexit__(kind, error, at))
        self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def get(self, key: str) -> ReadAnswer:
        """As the store's."""
        return self._wait(self._store.get(key))

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As the store's."""
        return self._wait(self._store.put(key, value, expect))

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """As the store's."""
        return self._wait(self._store.delete(key, expect))

    def scan(self, prefix: str) -> Iterator[str]:
        """As the store's."""
        keys = self._store.scan(prefix)

        async def following() -> str | None:
            return await anext(keys, None)

        while (key := self._wait(following())) is not None:
            yield key

    def _wait(self, awaited: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(awaited, self._loop).result()
