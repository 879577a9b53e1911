# The sync form is generated from this file: run kernel/make_sync.py after a change.
"""The store port: four calls, and what each answer promises."""

from collections.abc import AsyncIterator
from typing import Protocol

from evidence_kernel import Expectation, ReadAnswer, WriteAnswer
from evidence_runtime.port import StoreError, logger

__all__ = ["AsyncStore", "StoreError", "logger"]


class AsyncStore(Protocol):
    """A key-value store. `evidence_runtime.conformance` holds an adapter against this contract.

    A version is the store's name for one value of one key, and no key ever has the same version twice,
    not even after a deletion. An adapter never repeats a conditional write by itself; where its client
    library does, a Conflict on the repetition is Unknown.
    """

    async def get(self, key: str) -> ReadAnswer:
        """Found with the bytes and their version, Absent, or Failed where nothing was learnt."""
        ...

    async def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """Write where the key is absent (Expect.ABSENT), still at a version, or whatever it is (ANY).

        Applied with the new version; Conflict where the expectation did not hold; Failed where it
        certainly was not applied; Unknown where it was, was not, or will be: a time-out, a lost answer.
        """
        ...

    async def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """Delete at a version, or whatever is there (ANY). Where nothing is there it is Applied, in both cases."""
        ...

    def scan(self, prefix: str) -> AsyncIterator[str]:
        """The keys that begin with `prefix`; each that was there throughout exactly once.

        Raises StoreError where the store cannot say.
        """
        ...
