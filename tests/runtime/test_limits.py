"""Time limits: what takes too long is Failed or Unknown, and what was begun may still take effect."""

import os
from threading import Event
from time import perf_counter
from typing import Any

import pytest

from evidence_kernel import Absent, Applied, Expect, Failed, Found, Outcome, ReadAnswer, Unknown, WriteAnswer
from evidence_kernel.records.keys import evidence_key
from evidence_runtime import MemoryStore, invocation, run_tick
from evidence_runtime.limits import Limited, within

TENANT = "acme"
NOW = 1_767_456_000_000
HALF_A_DAY = b'{"installed_at":"2026-01-03T04:00:00Z"}'
SOON = 0.05


class Slow(MemoryStore):
    """A store that waits before it does what it was asked for, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = False
        self.go, self.done = Event(), Event()

    def get(self, key: str) -> ReadAnswer:
        """Late."""
        self._wait()
        return super().get(key)

    def put(self, key: str, value: bytes, expect: Any) -> WriteAnswer:
        """Late, and for real."""
        self._wait()
        answer = super().put(key, value, expect)
        self.done.set()
        return answer

    def _wait(self) -> None:
        if self.slow:
            assert self.go.wait(10)


def test_a_late_put_is_unknown_and_still_lands() -> None:
    store = Slow()
    limited = Limited(store, SOON)
    store.slow = True
    assert limited.put("k", b"v", Expect.ABSENT) == Unknown()
    assert limited.get("k") == Failed()
    store.slow = False
    store.done.clear()
    store.go.set()
    assert store.done.wait(10)
    assert isinstance(limited.get("k"), Found)


def test_in_time_it_is_the_store() -> None:
    limited = Limited(MemoryStore(), 10)
    applied = limited.put("k", b"v", Expect.ABSENT)
    assert isinstance(applied, Applied)
    assert limited.get("k") == Found(b"v", applied.version)
    assert list(limited.scan("k")) == ["k"]
    assert isinstance(limited.delete("k", applied.version), Applied)
    assert limited.get("k") == Absent()


def test_a_late_generator_is_a_failed_generation() -> None:
    store, go = MemoryStore(), Event()
    store.put(evidence_key(TENANT), HALF_A_DAY, Expect.ABSENT)
    began = perf_counter()
    result = run_tick(
        store, invocation(TENANT), lambda *_: go.wait(10), clock=lambda: NOW, generate_timeout=SOON, store_timeout=10
    )
    assert result.outcome is Outcome.GENERATION_FAILED
    assert perf_counter() - began < 5
    go.set()


def test_a_store_that_hangs_ends_the_tick_without_success() -> None:
    store = Slow()
    store.slow = True
    result = run_tick(store, invocation(TENANT), lambda *_: {}, clock=lambda: NOW, store_timeout=SOON)
    assert (result.outcome, result.success) == (Outcome.SKIPPED, False)
    store.go.set()


def test_a_forked_process_has_hands_of_its_own() -> None:
    assert within(10, lambda: 7) == 7
    child = os.fork()
    if child == 0:
        os._exit(0 if within(2, lambda: 7) == 7 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_what_the_call_raises_comes_back() -> None:
    def interrupts() -> None:
        raise KeyboardInterrupt

    for _ in range(3):  # a thread that saw it is used again
        with pytest.raises(KeyboardInterrupt):
            within(10, interrupts)
    assert within(10, lambda: 7) == 7
