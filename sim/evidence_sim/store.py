"""The world's simulated store behind the store port, so that the port's contract can be held against it."""

from collections.abc import Iterator
from threading import Lock

from evidence_kernel import Absent, Applied, Conflict, Expectation, Found, ReadAnswer, WriteAnswer
from evidence_sim.cells import MemoryCells


class SimulatedStore:
    """A store over a value of cells: each write replaces it."""

    def __init__(self) -> None:
        self._cells = MemoryCells()
        self._lock = Lock()

    def get(self, key: str) -> ReadAnswer:
        """What the key holds."""
        cell = self._cells.at(key)
        return Absent() if cell.value is None else Found(cell.value, cell.version)

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """Write where the expectation holds."""
        return self._write(key, value, expect)

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """Delete where the expectation holds; an absent key is deleted already."""
        if self._cells.at(key).value is None:
            return Applied(self._cells.at(key).version)
        return self._write(key, None, expect)

    def _write(self, key: str, value: bytes | None, expect: Expectation) -> WriteAnswer:
        with self._lock:
            after = self._cells.write(key, value, expect)
            if after is None:
                return Conflict()
            self._cells = after
            return Applied(after.at(key).version)

    def scan(self, prefix: str) -> Iterator[str]:
        """The keys with that prefix."""
        held = self._cells.cells
        return iter([key for key in sorted(held) if key.startswith(prefix) and held[key].value is not None])
