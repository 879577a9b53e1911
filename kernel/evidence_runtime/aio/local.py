"""The stores that need no server, in asyncio form."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from evidence_runtime.aio.adapters import Direct, Threaded
from evidence_runtime.aio.store import AsyncStore
from evidence_runtime.memory import MemoryStore
from evidence_runtime.sqlite import SqliteStore


@asynccontextmanager
async def memory() -> AsyncIterator[AsyncStore]:
    """A new, empty one."""
    yield Direct(MemoryStore())


@asynccontextmanager
async def sqlite(path: str, read_only: bool) -> AsyncIterator[AsyncStore]:
    """The one in a file. Raises StoreError as SqliteStore."""
    with SqliteStore(path, read_only=read_only) as store:
        async with Threaded(store) as threaded:
            yield threaded
