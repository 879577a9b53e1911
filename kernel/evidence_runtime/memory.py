"""A store in this process's memory, for tests and trials."""

from collections.abc import Iterator
from threading import Lock

from evidence_kernel import Absent, Applied, Conflict, Expect, Expectation, Found, ReadAnswer, WriteAnswer


class MemoryStore:
    """Safe among threads; versions are one count over all keys, so none is given twice."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[bytes, int]] = {}
        self._writes = 0
        self._lock = Lock()

    def get(self, key: str) -> ReadAnswer:
        """What the key holds."""
        held = self._held.get(key)
        return Absent() if held is None else Found(*held)

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """Write where the expectation holds."""
        with self._lock:
            if not _holds(self._held.get(key), expect):
                return Conflict()
            self._writes += 1
            self._held[key] = (bytes(value), self._writes)
            return Applied(self._writes)

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """Delete where the expectation holds, or where there is nothing."""
        with self._lock:
            if key in self._held and not _holds(self._held[key], expect):
                return Conflict()
            self._writes += 1
            self._held.pop(key, None)
            return Applied(self._writes)

    def scan(self, prefix: str) -> Iterator[str]:
        """The keys with that prefix, as they are now."""
        with self._lock:
            return iter([key for key in self._held if key.startswith(prefix)])


def _holds(held: tuple[bytes, int] | None, expect: Expectation) -> bool:
    if held is None:
        return expect is Expect.ABSENT or expect is Expect.ANY
    return held[1] == expect or expect is Expect.ANY
