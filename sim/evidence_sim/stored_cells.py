"""The current cells in a real store, each world under a prefix of its own; what the world alone knows stays here."""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Self

from attrs import define, field, frozen

from evidence_kernel import Absent, Applied, Conflict, Expect, Expectation, Found, Version
from evidence_runtime import Store, StoreError, open_store
from evidence_runtime.operate import Sweeping
from evidence_sim.cells import Cell, MemoryCells, Origin

NAMESPACE = "evidence-sim:"  # of all keys of all campaigns


def new_prefix() -> str:
    """A prefix that no other campaign has."""
    return f"{NAMESPACE}{secrets.token_hex(8)}:"


@frozen
class Place:
    """A store by its URL, and the prefix of one campaign's keys in it."""

    url: str
    prefix: str

    @classmethod
    def new(cls, url: str) -> Self:
        """A prefix that no other campaign has."""
        return cls(url, new_prefix())

    @contextmanager
    def open(self) -> Iterator[Store]:
        """A connection. Raises StoreError as `open_store`."""
        with open_store(self.url) as store:
            yield store

    @contextmanager
    def world(self, store: Store, seed: int) -> Iterator["StoredCells"]:
        """Empty cells for a seed, whose keys are deleted at the end, and are its own if the seed is run again."""
        cells = StoredCells(store, f"{self.prefix}{secrets.token_hex(4)}:{seed}:")
        try:
            yield cells
        finally:
            cells.remove()


def emptied(store: Store, prefix: str) -> None:
    """Delete all keys with that prefix. Raises StoreError where the store does not say that it did."""
    for key in [*store.scan(prefix)]:
        _remove(store, key)


def _remove(store: Store, key: str) -> None:
    if not isinstance(store.delete(key, Expect.ANY), Applied):
        raise StoreError(f"{key} could not be deleted; delete all that begins as it does")
    if isinstance(store, Sweeping):
        store.sweep(key)


@define
class StoredCells:
    """Cells whose values and conditions are the store's; each answer is held against what the world knows.

    Linear: a write changes the one store, so only the newest of these values may be used. Versions count from 1
    a key, as in memory, and are mapped to the store's own. Raises StoreError where the store does not answer, or
    answers otherwise than its contract has it.
    """

    _store: Store
    _prefix: str
    _known: MemoryCells = field(factory=MemoryCells)
    _versions: Mapping[str, dict[Version, Version]] = field(factory=dict)
    _written: set[str] = field(factory=set)  # keys, also those that were deleted since

    def at(self, key: str) -> Cell:
        """What the store holds now, with the past and the writer that memory has."""
        known = self._known.at(key)
        answer = self._store.get(self._prefix + key)
        due = Absent() if known.value is None else Found(known.value, self._versions[key][known.version])
        if answer != due:
            raise StoreError(_not_due(key, answer, due))
        return known

    def write(
        self, key: str, value: bytes | None, expect: Expectation, origin: Origin | None = None
    ) -> "StoredCells | None":
        """Write or delete in the store; None where its condition fails there."""
        versions, place = self._versions.get(key, {}), self._prefix + key
        if not isinstance(expect, Expect) and expect not in versions:  # a store cannot be asked for what it never gave
            return None
        real = expect if isinstance(expect, Expect) else versions[expect]
        self._written.add(place)
        answer = self._store.delete(place, real) if value is None else self._store.put(place, value, real)
        known = self._known.write(key, value, expect, origin)
        if known is None:
            if answer != Conflict():
                raise StoreError(_not_due(key, answer, Conflict()))
            return None
        if not isinstance(answer, Applied):
            raise StoreError(_not_due(key, answer, Applied("...")))
        versions = {**versions, known.at(key).version: answer.version}
        return StoredCells(self._store, self._prefix, known, {**self._versions, key: versions}, self._written)

    def forget(self, keys: Iterable[str]) -> "StoredCells":
        """Without a past."""
        return StoredCells(self._store, self._prefix, self._known.forget(keys), self._versions, self._written)

    def remove(self) -> None:
        """Delete all that was ever written. Raises StoreError where the store does not say that it did."""
        for key in sorted(self._written):
            _remove(self._store, key)


def _not_due(key: str, answer: object, due: object) -> str:
    return f"the store answers {answer} for {key} where {due} is due; evidence_runtime.conformance tells more"
