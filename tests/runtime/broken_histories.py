"""Stores that break one rule about histories, and nothing else."""

import time
from multiprocessing import parent_process
from pathlib import Path
from typing import ClassVar

from evidence_kernel import Applied, Expect, Expectation, Found, ReadAnswer, WriteAnswer
from evidence_runtime import MemoryStore, SqliteStore


class ShowsAndHides(MemoryStore):
    """What is put at a version is shown, taken back and shown again, before it is acknowledged; keys never deleted."""

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
        shows = isinstance(answer, Applied) and expect is not Expect.ANY and "gone" not in key
        if shows and isinstance(before, Found) is self._old:
            for hidden in (False, True):
                if hidden:
                    self._hidden[key] = before
                time.sleep(0.001)
            self._hidden.pop(key)
        return answer


class ShowsAndHidesTheFirst(ShowsAndHides):
    """The same of what is put where nothing was."""

    _old = False


class HidesAndShows(ShowsAndHides):
    """What is deleted at a version is gone, there again and gone, before that is acknowledged."""

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As the store's."""
        return MemoryStore.put(self, key, value, expect)

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """As described."""
        before = self.get(key)
        answer = super().delete(key, expect)
        if isinstance(answer, Applied) and isinstance(before, Found) and expect is not Expect.ANY:
            time.sleep(0.001)
            self._hidden[key] = before
            time.sleep(0.001)
            self._hidden.pop(key, None)
        return answer


class RemembersInAProcess(SqliteStore):
    """A process reads a key that it has read once more from its own memory."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._read: dict[str, ReadAnswer] = {}

    def get(self, key: str) -> ReadAnswer:
        """As described."""
        if parent_process() is None:
            return super().get(key)
        remembered = self._read.pop(key, None)
        return remembered or self._read.setdefault(key, super().get(key))
