"""Stores that break one rule among connections, processes and outages, and nothing else."""

import time
from collections.abc import Iterator
from multiprocessing import parent_process
from pathlib import Path
from threading import Event, Lock, Thread
from typing import ClassVar

from evidence_kernel import (
    Absent,
    Applied,
    Conflict,
    Expect,
    Expectation,
    Failed,
    Found,
    ReadAnswer,
    Unknown,
    WriteAnswer,
)
from evidence_runtime import MemoryStore, SqliteStore, StoreError
from evidence_runtime.conformance import Subject


class Connection:
    """A connection to a store that may be away."""

    def __init__(self, served: "Served") -> None:
        self._served, self._store = served, served.store

    def get(self, key: str) -> ReadAnswer:
        """As the store's, or Failed."""
        return self._store.get(key) if self._served.is_up else Failed()

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As the store's, or Unknown."""
        return self._store.put(key, value, expect) if self._served.is_up else Unknown()

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """As the store's, or Unknown."""
        return self._store.delete(key, expect) if self._served.is_up else Unknown()

    def scan(self, prefix: str) -> Iterator[str]:
        """As the store's."""
        if not self._served.is_up:
            raise StoreError("the store is away")
        return self._store.scan(prefix)


class Served(Subject):
    """A store in this process's memory that can go away and come back."""

    processes = False
    patience = 0.5

    def __init__(self, store: MemoryStore, connection: type[Connection] = Connection) -> None:
        self.store, self.is_up, self._connection = store, True, connection

    def open(self) -> Connection:
        """A connection."""
        return self._connection(self)

    def stop(self) -> None:
        """It is away."""
        self.is_up = False

    def start(self) -> None:
        """It is back."""
        self.is_up = True

    def crash(self) -> None:
        """It is killed."""
        self.stop()


class InFile(Subject):
    """A store in a file, of a class that takes the path."""

    def __init__(self, path: Path, kind: type[SqliteStore] = SqliteStore) -> None:
        self._path, self._kind = path, kind

    def open(self) -> SqliteStore:
        """A connection."""
        return self._kind(self._path)


class LocksAConnection(Connection):
    """Locks its connection, looks whether a key is absent, and puts; keys of races between connections."""

    def __init__(self, served: Served) -> None:
        super().__init__(served)
        self._lock = Lock()

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        if expect is not Expect.ABSENT or "connection" not in key:
            return super().put(key, value, expect)
        with self._lock:
            if isinstance(self.get(key), Found):
                return Conflict()
            time.sleep(0.01)
            return super().put(key, value, Expect.ANY)


class ComparesAlone(LocksAConnection):
    """Locks its connection, compares the version, and puts; keys of races between connections."""

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        if isinstance(expect, Expect) or "connection" not in key:
            return Connection.put(self, key, value, expect)
        with self._lock:
            now = self.get(key)
            if not isinstance(now, Found) or now.version != expect:
                return Conflict()
            time.sleep(0.01)
            return Connection.put(self, key, value, Expect.ANY)


class LocksAProcess(SqliteStore):
    """Locks its process, looks whether a key is absent, and puts; keys of races between processes."""

    _here: ClassVar[Lock] = Lock()

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        if expect is not Expect.ABSENT or parent_process() is None or "process" not in key:
            return super().put(key, value, expect)
        with self._here:
            if isinstance(self.get(key), Found):
                return Conflict()
            time.sleep(0.05)
            return super().put(key, value, Expect.ANY)


class ComparesInAProcess(SqliteStore):
    """Locks its process, compares the version, and puts; keys of races between processes."""

    _here: ClassVar[Lock] = Lock()

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        if isinstance(expect, Expect) or parent_process() is None or "process" not in key:
            return super().put(key, value, expect)
        with self._here:
            now = self.get(key)
            if not isinstance(now, Found) or now.version != expect:
                return Conflict()
            time.sleep(0.05)
            return super().put(key, value, Expect.ANY)


class RemembersWhatItRead(Connection):
    """Reads a key that it has read for a moment from its own memory; keys that are looked at for it."""

    def __init__(self, served: Served) -> None:
        super().__init__(served)
        self._read: dict[str, ReadAnswer] = {}

    def get(self, key: str) -> ReadAnswer:
        """As described."""
        if "seen" not in key:
            return super().get(key)
        remembered = self._read.pop(key, None)
        return remembered or self._read.setdefault(key, super().get(key))


class CountsFromWhatIsThere(Served):
    """A connection that finds nothing counts versions from 1."""

    def open(self) -> Connection:
        """As described."""
        if not self.store._held:
            self.store._writes = 0
        return super().open()


class WritesByHalves(MemoryStore):
    """Writes over a long value in two steps."""

    _over: ClassVar[bool] = True

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        if len(value) < 1 << 20 or value[0] != value[-1] or isinstance(self.get(key), Found) is not self._over:
            return super().put(key, value, expect)
        answer = super().put(key, value[: len(value) // 2], expect)
        if isinstance(answer, Applied):
            time.sleep(0.01)
            super().put(key, value, answer.version)
        return answer


class BeginsByHalves(WritesByHalves):
    """Writes a new long value in two steps."""

    _over = False


class IsEmptyWhenAway(Connection):
    """Shows nothing while the server is away."""

    def get(self, key: str) -> ReadAnswer:
        """As described."""
        return self._store.get(key) if self._served.is_up else Absent()


class GivesUp(Connection):
    """Never writes again once its server was away."""

    _gave_up = False

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        self._gave_up = self._gave_up or not self._served.is_up
        return Failed() if self._gave_up and b"after" in value else super().put(key, value, expect)

    def get(self, key: str) -> ReadAnswer:
        """As described."""
        self._gave_up = self._gave_up or not self._served.is_up
        return super().get(key)


class WritesBehind(Served):
    """Loses what it acknowledged last when it is killed."""

    def crash(self) -> None:
        """As described."""
        super().crash()
        self.store._held.popitem()


class AcknowledgesFirst(SqliteStore):
    """Acknowledges what a process puts unconditionally, and writes it a moment later."""

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        if expect is not Expect.ANY or parent_process() is None:
            return super().put(key, value, expect)
        later = Thread(target=lambda: (Event().wait(0.5), SqliteStore.put(self, key, value, expect)), daemon=True)
        later.start()
        return Applied(0)
