"""For each rule of the store's contract, a store that breaks it and nothing else."""

import time
from collections.abc import Callable, Iterator, Mapping
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


class AppliesTwice(MemoryStore):
    """Says Conflict to a second put-if-absent, and writes it."""

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        answer = super().put(key, value, expect)
        if value == b"second" and answer == Conflict():
            super().put(key, value, Expect.ANY)
        return answer


class IgnoresVersions(MemoryStore):
    """Puts at any version where there is a value; letters only."""

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        there = isinstance(self.get(key), Found) and value.isalpha()
        return super().put(key, value, Expect.ANY if there and not isinstance(expect, Expect) else expect)


class PutsAtAGoneVersion(MemoryStore):
    """Puts at a version where the key was deleted."""

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        gone = isinstance(self.get(key), Absent) and not isinstance(expect, Expect)
        return super().put(key, value, Expect.ANY if gone else expect)


class AnyIsAbsent(MemoryStore):
    """Takes ANY for ABSENT, unless the value stays; letters only."""

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        now = self.get(key)
        changes = isinstance(now, Found) and now.value != value and value.isalpha()
        return Conflict() if expect is Expect.ANY and changes else super().put(key, value, expect)


class StripsZeros(MemoryStore):
    """Reads values as text that ends at a zero."""

    def get(self, key: str) -> ReadAnswer:
        """As described."""
        answer = super().get(key)
        return Found(answer.value.split(b"\0")[0], answer.version) if isinstance(answer, Found) else answer


class CountsAgain(MemoryStore):
    """Counts the versions of a key from 1 after it was deleted whatever was there."""

    def __init__(self) -> None:
        super().__init__()
        self._base: dict[str, int] = {}

    def get(self, key: str) -> ReadAnswer:
        """As described."""
        answer = super().get(key)
        return Found(answer.value, self._of(key, answer.version)) if isinstance(answer, Found) else answer

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        base = self._base.setdefault(key, self._writes)
        answer = super().put(key, value, expect + base if isinstance(expect, int) else expect)
        return Applied(self._of(key, answer.version)) if isinstance(answer, Applied) else answer

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """As described."""
        real = expect if not isinstance(expect, int) else expect + self._base.get(key, 0)
        answer = super().delete(key, real)
        if isinstance(answer, Applied) and isinstance(answer.version, int) and expect is Expect.ANY:
            self._base[key] = answer.version
        return answer

    def _of(self, key: str, version: object) -> int:
        assert isinstance(version, int)
        return version - self._base.get(key, 0)


class DeletesAnyVersion(MemoryStore):
    """Deletes whatever version is there."""

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """As described."""
        return super().delete(key, Expect.ANY)


class MissesTheAbsent(MemoryStore):
    """Conflicts where an absent key is deleted."""

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """As described."""
        return Conflict() if isinstance(self.get(key), Absent) else super().delete(key, expect)


class ScansByPattern(MemoryStore):
    """Takes `_` in a prefix for any character."""

    def scan(self, prefix: str) -> Iterator[str]:
        """As described."""
        for key in super().scan(""):
            if len(key) >= len(prefix) and all(p in ("_", k) for p, k in zip(prefix, key, strict=False)):
                yield key


class ScansAPage(MemoryStore):
    """Yields no more than the first nine hundred."""

    def scan(self, prefix: str) -> Iterator[str]:
        """As described."""
        return iter(list(super().scan(prefix))[:900])


class CutsKeys(MemoryStore):
    """A column that is 238 characters wide: a trial's prefix has 38."""

    def get(self, key: str) -> ReadAnswer:
        """As described."""
        return super().get(key[:238])

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        return super().put(key[:238], value, Expect.ANY if len(key) > 238 else expect)


class LooksThenLeaps(MemoryStore):
    """Looks whether a key is absent, and a moment later puts whatever is there; keys of races between threads."""

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        if expect is not Expect.ABSENT:
            return super().put(key, value, expect)
        if isinstance(self.get(key), Found):
            return Conflict()
        if "rule:key" in key:
            time.sleep(0.02)
        return super().put(key, value, Expect.ANY)


class ScansByPosition(MemoryStore):
    """Scans a hundred keys at a time, by their position: what is deleted meanwhile moves the rest."""

    def scan(self, prefix: str) -> Iterator[str]:
        """As described."""
        at = 0
        while page := sorted(key for key in self._held if key.startswith(prefix))[at : at + 100]:
            yield from page
            at += 100


class ComparesThenPuts(MemoryStore):
    """Looks at the version, and puts a moment later whatever is there; keys of races between threads."""

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        if isinstance(expect, Expect) or "rule:key" not in key:
            return super().put(key, value, expect)
        now = self.get(key)
        time.sleep(0.02)
        meets = isinstance(now, Found) and now.version == expect
        return super().put(key, value, Expect.ANY) if meets else Conflict()


class CountsLate(MemoryStore):
    """Takes the next version a moment before it writes."""

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        if expect is not Expect.ANY:
            return super().put(key, value, expect)
        version = self._writes + 1
        time.sleep(0.02)
        with self._lock:
            self._held[key], self._writes = (value, version), max(self._writes, version)
        return Applied(version)


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
    """Locks its process, looks whether a key is absent, and puts."""

    _here: ClassVar[Lock] = Lock()

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        if expect is not Expect.ABSENT or parent_process() is None:
            return super().put(key, value, expect)
        with self._here:
            if isinstance(self.get(key), Found):
                return Conflict()
            time.sleep(0.05)
            return super().put(key, value, Expect.ANY)


class ComparesInAProcess(SqliteStore):
    """Locks its process, compares the version, and puts."""

    _here: ClassVar[Lock] = Lock()

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        if isinstance(expect, Expect) or parent_process() is None:
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


class ShowsAndHides(MemoryStore):
    """What is put at a version is shown, taken back and shown again, before it is acknowledged."""

    _old: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self._hidden: dict[str, ReadAnswer] = {}

    def get(self, key: str) -> ReadAnswer:
        """As described."""
        return self._hidden.get(key) or super().get(key)

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        before = super().get(key)
        answer = super().put(key, value, expect)
        if isinstance(answer, Applied) and expect is not Expect.ANY and isinstance(before, Found) is self._old:
            for hidden in (False, True):
                if hidden:
                    self._hidden[key] = before
                time.sleep(0.001)
            self._hidden.pop(key)
        return answer


class ShowsAndHidesTheFirst(ShowsAndHides):
    """What is put where nothing was is shown, taken back and shown again, before it is acknowledged."""

    _old = False


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


def _here(store: type[MemoryStore], connection: type[Connection] = Connection) -> Callable[[Path], Subject]:
    return lambda _: Served(store(), connection)


def _in_file(kind: type[SqliteStore]) -> Callable[[Path], Subject]:
    return lambda folder: InFile(folder / "store.sqlite", kind)


BROKEN: Mapping[str, Callable[[Path], Subject]] = {
    "put_if_absent_applies_once": _here(AppliesTwice),
    "put_at_a_version": _here(IgnoresVersions),
    "a_version_needs_a_value": _here(PutsAtAGoneVersion),
    "put_whatever_is_there": _here(AnyIsAbsent),
    "values_are_bytes": _here(StripsZeros),
    "no_version_twice": _here(CountsAgain),
    "delete_at_a_version": _here(DeletesAnyVersion),
    "delete_what_is_absent": _here(MissesTheAbsent),
    "scan_by_prefix": _here(ScansByPattern),
    "scan_many": _here(ScansAPage),
    "scan_beside_a_deletion": _here(ScansByPosition),
    "keys_differ_by_every_character": _here(CutsKeys),
    "one_of_many_applies": _here(LooksThenLeaps),
    "one_of_many_replaces": _here(ComparesThenPuts),
    "racing_versions_differ": _here(CountsLate),
    "one_connection_of_many_applies": _here(MemoryStore, LocksAConnection),
    "one_connection_of_many_replaces": _here(MemoryStore, ComparesAlone),
    "one_process_of_many_applies": _in_file(LocksAProcess),
    "one_process_of_many_replaces": _in_file(ComparesInAProcess),
    "every_connection_sees_a_write": _here(MemoryStore, RemembersWhatItRead),
    "a_write_once_register_is_linearizable": _here(ShowsAndHidesTheFirst),
    "a_versioned_register_is_linearizable": _here(ShowsAndHides),
    "no_version_twice_after_reopening": lambda _: CountsFromWhatIsThere(MemoryStore()),
    "no_value_is_half_written": _here(WritesByHalves),
    "a_write_that_timed_out_is_there_or_not": _here(BeginsByHalves),
    "who_is_away_answers_nothing": _here(MemoryStore, IsEmptyWhenAway),
    "it_comes_back": _here(MemoryStore, GivesUp),
    "what_was_acknowledged_survives_a_crash": lambda _: WritesBehind(MemoryStore()),
    "what_a_killed_process_was_told_is_there": _in_file(AcknowledgesFirst),
}
