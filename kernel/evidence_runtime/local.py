"""The stores that need no server."""

from collections.abc import Iterator
from contextlib import contextmanager

from evidence_runtime.memory import MemoryStore
from evidence_runtime.sqlite import SqliteStore
from evidence_runtime.store import Store


@contextmanager
def memory() -> Iterator[Store]:
    """A new, empty one."""
    yield MemoryStore()


@contextmanager
def sqlite(path: str, read_only: bool) -> Iterator[Store]:
    """The one in a file. Raises StoreError as SqliteStore."""
    with SqliteStore(path, read_only=read_only) as store:
        yield store
