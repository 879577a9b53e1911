"""Time limits: a call that takes too long is cancelled, and what it may still do is Unknown.

Only the limit's own cancellation becomes an answer; one from outside passes through. A call that does not heed its
cancellation is waited for.
"""

from asyncio import timeout
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from attrs import frozen

from evidence_kernel import Expectation, Failed, ReadAnswer, Unknown, WriteAnswer
from evidence_runtime.aio.store import AsyncStore


def limited(call: Callable[..., Awaitable[Any]], seconds: float) -> Callable[..., Awaitable[Any]]:
    """`call`, raising TimeoutError after `seconds`."""

    async def within(*arguments: Any) -> Any:
        async with timeout(seconds):
            return await call(*arguments)

    return within


@frozen
class Limited:
    """A store whose gets, puts and deletes are answered within `seconds`: Failed, or Unknown for a write."""

    store: AsyncStore
    seconds: float

    async def get(self, key: str) -> ReadAnswer:
        """As the store's; Failed where it took too long."""
        try:
            async with timeout(self.seconds):
                return await self.store.get(key)
        except TimeoutError:
            return Failed()

    async def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As the store's; Unknown where it took too long."""
        return await self._write(self.store.put(key, value, expect))

    async def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """As the store's; Unknown where it took too long."""
        return await self._write(self.store.delete(key, expect))

    def scan(self, prefix: str) -> AsyncIterator[str]:
        """As the store's, without a limit: no tick scans."""
        return self.store.scan(prefix)

    async def _write(self, call: Awaitable[WriteAnswer]) -> WriteAnswer:
        try:
            async with timeout(self.seconds):
                return await call
        except TimeoutError:
            return Unknown()
