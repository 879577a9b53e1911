"""The current cells in a real SQLite file; what the world alone knows of them stays in memory."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from attrs import define, field

from evidence_kernel import Absent, Applied, Conflict, Expect, Expectation, Found
from evidence_runtime import SqliteStore
from evidence_sim.cells import Cell, MemoryCells, Origin

_NEVER = -1  # a version that the file never gives


@define
class SqliteCells:
    """Cells whose values and conditions are the database's.

    Linear: a write changes the one file, so only the newest of these values may be used. Versions count
    from 1 a key, as in memory, and are mapped to the file's own.
    """

    _store: SqliteStore
    _known: MemoryCells = field(factory=MemoryCells)
    _versions: Mapping[str, dict[int, int | str | bytes]] = field(factory=dict)

    @classmethod
    def create(cls, path: Path) -> "SqliteCells":
        """Over a new file. Raises StoreError where there can be none."""
        return cls(SqliteStore(path))

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def at(self, key: str) -> Cell:
        """What the file holds now, with the past and the writer that memory has."""
        known = self._known.at(key)
        match self._store.get(key):
            case Found(value=value):
                assert value == known.value, f"{key}: the file and the world disagree"
            case Absent():
                assert known.value is None, f"{key}: the file and the world disagree"
            case failed:
                raise RuntimeError(f"{key}: the database answered {failed}")
        return known

    def write(
        self, key: str, value: bytes | None, expect: Expectation, origin: Origin | None = None
    ) -> "SqliteCells | None":
        """Write or delete in the file; None where its condition fails there."""
        versions = self._versions.get(key, {})
        real = versions.get(expect, _NEVER) if isinstance(expect, int) else expect
        answer = self._store.delete(key, real) if value is None else self._store.put(key, value, real)
        if isinstance(answer, Conflict):
            return None
        assert isinstance(answer, Applied), f"{key}: the database answered {answer}"
        known = self._known.write(key, value, Expect.ANY, origin)
        assert known is not None
        versions = {**versions, known.at(key).version: answer.version}
        return SqliteCells(self._store, known, {**self._versions, key: versions})

    def forget(self, keys: Iterable[str]) -> "SqliteCells":
        """Without a past."""
        return SqliteCells(self._store, self._known.forget(keys), self._versions)
