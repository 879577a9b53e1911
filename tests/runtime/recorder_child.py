"""Ticks of a few tenants on a store that fails as `cloud-kv` allows, recorded; a process of its own as a command."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Any

from evidence_kernel import (
    Absent,
    Expect,
    Expectation,
    Failed,
    ReadAnswer,
    Trigger,
    Unknown,
    WriteAnswer,
)
from evidence_kernel.records.instants import format_instant
from evidence_kernel.records.keys import evidence_key
from evidence_runtime import SqliteStore, Store, invocation, run_tick, system_clock
from evidence_runtime.drive import Observer
from evidence_runtime.recorder import Recorder
from evidence_sim.choice import Stream

NOW = 1_767_456_000_000  # 2026-01-03T16:00:00.000Z
MINUTE = 60_000
FACTOR = 1000  # of the hurry
TENANTS = ("new", "half a day", "old", "broken", "future")
_BEGINS = {
    "half a day": {"installed_at": 13 * 60},
    "old": {"installed_at": 30 * 60},
    "future": {"installed_at": -60},
}


def prepare(store: Store) -> None:
    """What is there before the first tick."""
    for tenant, ago in _BEGINS.items():
        text = format_instant(NOW - ago["installed_at"] * MINUTE)
        store.put(evidence_key(tenant), f'{{"installed_at":"{text}"}}'.encode(), Expect.ABSENT)
    store.put(evidence_key("broken"), b"\xff", Expect.ABSENT)


class Cloudy:
    """Reads that fail or are stale; writes that fail, or whose answer is lost, done, not done, or done later."""

    def __init__(self, store: Store, stream: Stream, odds: int = 10) -> None:
        self._store, self._stream, self._odds = store, stream, odds
        self._lock = Lock()
        self._late: list[Callable[[], object]] = []
        self._old: dict[str, list[ReadAnswer]] = {}

    def get(self, key: str) -> ReadAnswer:
        with self._lock:
            fault = self._stream.draw(self._odds)
            self._land()
            answer = self._store.get(key)
            old = self._old.setdefault(key, [Absent()])
            old.append(answer)
            if fault == 0:
                return Failed()
            return old[max(len(old) - 4, 0)] if fault == 1 else answer

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        with self._lock:
            fault = self._stream.draw(self._odds)
            self._land()
            if fault == 0:
                return Failed()
            if fault == 1:
                self._late.append(lambda: self._store.put(key, value, expect))
                return Unknown()
            answer = self._store.put(key, value, expect)
            return Unknown() if fault == 2 else answer

    def _land(self) -> None:
        if self._late and self._stream.draw(4) == 0:
            self._late.pop(0)()

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        return self._store.delete(key, expect)

    def scan(self, prefix: str) -> Iterator[str]:
        return self._store.scan(prefix)


def generate(tenant: str, trigger: Trigger, installed_at: int, attempt: int, tick_id: str) -> Any:
    """A report with a secret; none for the old."""
    if tenant == "old":
        raise ValueError("no data")
    return {"secret": f"the report of {tenant}", "trigger": trigger.value}


def ticking(store: Store, observe: Observer, stream: Stream, ticks: int, clock: Callable[[], int]) -> None:
    """So many ticks, each of a tenant that is drawn."""
    for _ in range(ticks):
        tenant = TENANTS[stream.draw(len(TENANTS))]
        run_tick(store, invocation(tenant), generate, clock=clock, observe=observe)


def main(path: Path, recording: Path, number: int, ticks: int, begun: int) -> None:
    """One process's ticks; all take the same hurried clock, each a minute ahead of the one before."""
    stream = Stream(5, number)

    def clock() -> int:
        return NOW + (system_clock() - begun) * FACTOR + number * MINUTE

    with SqliteStore(path) as store, Recorder(recording, max_bytes=150_000, files=50) as recorder:
        ticking(Cloudy(store, stream), recorder, stream, ticks, clock)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *(int(argument) for argument in sys.argv[3:]))
