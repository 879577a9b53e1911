"""Stores that break one rule that a single connection can try, and nothing else."""

import time
from collections.abc import Iterator

from evidence_kernel import (
    Absent,
    Applied,
    Conflict,
    Expect,
    Expectation,
    Found,
    ReadAnswer,
    WriteAnswer,
)
from evidence_runtime import MemoryStore


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
    """Puts at a version where the key was deleted; keys of no history."""

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        gone = key.endswith(":key") and isinstance(self.get(key), Absent) and not isinstance(expect, Expect)
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
    """Deletes whatever version is there; keys of no history."""

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """As described."""
        return super().delete(key, Expect.ANY if key.endswith(":key") else expect)


class MissesTheAbsent(MemoryStore):
    """Conflicts where an absent key is deleted; keys of no history."""

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """As described."""
        misses = key.endswith(":key") and isinstance(self.get(key), Absent)
        return Conflict() if misses else super().delete(key, expect)


class ScansByPattern(MemoryStore):
    """Takes `_` in a prefix for any character."""

    def scan(self, prefix: str) -> Iterator[str]:
        """As described."""
        for key in super().scan(""):
            if len(key) >= len(prefix) and all(p in ("_", k) for p, k in zip(prefix, key, strict=False)):
                yield key


class ScansAPage(MemoryStore):
    """Yields no more than the first nine hundred; prefixes under which nothing is deleted."""

    def scan(self, prefix: str) -> Iterator[str]:
        """As described."""
        return iter(list(super().scan(prefix))[: 900 if prefix.endswith("m:") else None])


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
