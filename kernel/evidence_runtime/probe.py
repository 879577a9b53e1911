# Generated from aio/probe.py by kernel/make_sync.py: change it there.
"""Whether a store keeps its conditions, tried on a key of its own, and whether its clock agrees with ours."""

import secrets
from typing import Protocol

from evidence_kernel import Absent, Applied, Conflict, Expect, Expectation, Found, Version
from evidence_kernel.schedule import CLOCK_TOLERANCE
from evidence_runtime.shell import say, system_clock
from evidence_runtime.store import Store, StoreError

SCRATCH = "evidence:probe:"


class Clocked(Protocol):
    """What tells its time."""

    def server_time(self) -> int | None:
        """Ms since 1970; None where it has no clock but this host's. Raises StoreError where it does not say."""
        ...


def probe(store: Store) -> str:
    """Create twice, replace at an old version, delete and create again, on a key that nobody else has; the key.

    Raises StoreError that names what the store cannot do, or that it did not answer. Deletes what it wrote.
    """
    key = SCRATCH + secrets.token_hex(16)
    try:
        _try(store, key)
    finally:
        store.delete(key, Expect.ANY)
    return key


def _try(store: Store, key: str) -> None:
    if not isinstance(store.get(key), Absent):
        raise StoreError("the store does not say that a key is absent; may it be read?")
    first = _applies(store, key, b"1", Expect.ABSENT)
    _conflicts(store, key, Expect.ABSENT, "a put-if-absent writes over a value")
    second = _applies(store, key, b"1", first)
    _conflicts(store, key, first, "a put at a version that is gone writes")
    if store.get(key) != Found(b"1", second):
        raise StoreError("the store cannot be used: it does not read back what it has acknowledged")
    if not isinstance(store.delete(key, second), Applied):
        raise StoreError("the store does not delete; may it?")
    _applies(store, key, b"1", Expect.ABSENT)
    for version in (first, second):
        _conflicts(store, key, version, "a version comes again after a deletion")


def _applies(store: Store, key: str, value: bytes, expect: Expectation) -> Version:
    answer = store.put(key, value, expect)
    if isinstance(answer, Applied):
        return answer.version
    how = "replace a value at its version" if expect is not Expect.ABSENT else "create a key that is absent"
    raise StoreError(f"the store does not {how}: it answers {type(answer).__name__}")


def _conflicts(store: Store, key: str, expect: Expectation, otherwise: str) -> None:
    answer = store.put(key, b"2", expect)
    if isinstance(answer, Applied):
        raise StoreError(f"the store cannot be used: {otherwise}")
    if answer != Conflict():
        raise StoreError(f"the store does not say that a condition failed: it answers {type(answer).__name__}")


def warn_of_skew(store: Clocked, name: str) -> None:
    """Log a line where the server's clock and this host's differ by more than CLOCK_TOLERANCE, whatever the way took.

    Raises StoreError where the server does not say.
    """
    before = system_clock()
    there = store.server_time()
    after = system_clock()
    if there is not None and not before - CLOCK_TOLERANCE <= there <= after + CLOCK_TOLERANCE:
        say("clock", name, None, f"{there - after:+}ms")
