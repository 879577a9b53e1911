"""The world's store as a value: per key what it holds, who wrote that, and what it held before."""

from collections.abc import Iterable, Mapping
from typing import Protocol, Self

from attrs import field, frozen

from evidence_kernel import Expect, Expectation

PAST = 4  # how many earlier values a stale read can bring


@frozen
class Origin:
    """Which put of which tick wrote a value, and what the tick knew then.

    `machine` is an index into the configuration's machines. `earned`: the trigger and the body of the
    report that the tick's generator returned; `looked_at`: the clock at its last answered DONE_READ.
    """

    machine: int
    tenant: int
    n: int
    phase: str
    earned: tuple[str, bytes] | None = None
    looked_at: int | None = None


@frozen
class Cell:
    """One key: its value (None where absent), version, writer, and earlier (value, version), newest first.

    Versions of one key count up, over deletions too. `origin` is None for what no tick put.
    """

    value: bytes | None = None
    version: int = 0
    origin: Origin | None = None
    past: tuple[tuple[bytes | None, int], ...] = ()

    def meets(self, expect: Expectation) -> bool:
        """Whether a conditional write applies."""
        if expect is Expect.ABSENT:
            return self.value is None
        return expect is Expect.ANY or (self.value is not None and self.version == expect)

    def next(self, value: bytes | None, origin: Origin | None) -> "Cell":
        """The cell after a write, or a deletion for None."""
        past = ((self.value, self.version), *self.past[: PAST - 1])
        return Cell(value, self.version + 1, origin, past)


NOTHING = Cell()


class Cells(Protocol):
    """What the world asks of its store. A write gives the store after it; conditions are the store's."""

    def at(self, key: str) -> Cell:
        """What the key holds now."""
        ...

    def write(self, key: str, value: bytes | None, expect: Expectation, origin: Origin | None = None) -> "Cells | None":
        """The store after the write, or after a deletion for None; None where the condition fails."""
        ...

    def forget(self, keys: Iterable[str]) -> "Cells":
        """The store without a past: no stale read reaches behind this moment."""
        ...


@frozen
class MemoryCells:
    """Cells in a dictionary that is copied on write."""

    cells: Mapping[str, Cell] = field(factory=dict)

    def at(self, key: str) -> Cell:
        """What the key holds now."""
        return self.cells.get(key, NOTHING)

    def write(
        self, key: str, value: bytes | None, expect: Expectation, origin: Origin | None = None
    ) -> "MemoryCells | None":
        """The store after the write, or None where the condition fails."""
        before = self.cells.get(key, NOTHING)
        if not before.meets(expect):
            return None
        return MemoryCells({**self.cells, key: before.next(value, origin)})

    def forget(self, keys: Iterable[str]) -> Self:
        """The store without the keys' past."""
        known = [(key, self.cells[key]) for key in keys if key in self.cells]
        cut = {key: Cell(cell.value, cell.version, cell.origin) for key, cell in known}
        return type(self)({**self.cells, **cut})
