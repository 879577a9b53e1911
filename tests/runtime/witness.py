"""The journal: what a process asks of a store and a generator, and is told, line by line as it happens."""

import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import local
from typing import Any

from attrs import frozen

from evidence_kernel import (
    Applied,
    EnsureResult,
    Expect,
    Expectation,
    Found,
    ReadAnswer,
    TickResult,
    Trigger,
    WriteAnswer,
)
from evidence_runtime import Store, ensure_evidence, invocation, run_tick
from evidence_runtime.drive import Clock, FailClosed, Generator, Observer
from tests.runtime.judge import GIVEN

Gate = Callable[[str], None]  # told "entry" before and "exit" after each call of a store or a generator


def as_text(value: bytes) -> str:
    """Bytes as a text of as many characters, so that JSON keeps each of them."""
    return value.decode("latin-1")


class Journal:
    """One process's own file of JSON lines, written before and after what it does.

    A kill may tear a line, since a write that crosses a page ends between two pages: with a file of its
    own a process tears its last line only, and what was to follow that line has not been done.
    """

    def __init__(self, folder: Path) -> None:
        self._file, _ = tempfile.mkstemp(suffix=".jsonl", dir=folder)

    def note(self, tick: str, what: str, **fields: Any) -> None:
        """Write one line."""
        line = json.dumps({"tick": tick, "what": what, **fields}).encode() + b"\n"
        assert os.write(self._file, line) == len(line)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def give(self, store: Store, key: str, value: bytes) -> None:
        """Let the store hold a record, from nobody's tick."""
        self.note(GIVEN, "put", key=key, value=as_text(value), expect="ABSENT")
        answer = store.put(key, value, Expect.ABSENT)
        assert isinstance(answer, Applied)
        self.note(GIVEN, "said", said="Applied", version=answer.version)


class _Ear(logging.Handler):
    """Writes each line of the logger into the journal of the tick that its thread runs."""

    def __init__(self) -> None:
        super().__init__()
        self.here = local()

    def emit(self, record: logging.LogRecord) -> None:
        """Write it down."""
        for journal, tick in getattr(self.here, "ticks", [])[-1:]:
            journal.note(tick, "log", text=record.getMessage())

    @contextmanager
    def hearing(self, journal: Journal, tick: str) -> Iterator[None]:
        """This thread now runs that tick."""
        before = getattr(self.here, "ticks", [])
        self.here.ticks = [*before, (journal, tick)]
        try:
            yield
        finally:
            self.here.ticks = before


_EAR = _Ear()


@contextmanager
def listening() -> Iterator[None]:
    """Log lines go into journals."""
    logger = logging.getLogger("evidence")
    before = logger.level
    logger.addHandler(_EAR)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(_EAR)
        logger.setLevel(before)


def _nothing(_: str) -> None:
    pass


@frozen
class Witness:
    """A store for one tick, whose calls and answers are written down."""

    store: Store
    journal: Journal
    tick: str
    gate: Gate

    def get(self, key: str) -> ReadAnswer:
        """As the store's."""
        self.gate("entry")
        answer = self.store.get(key)
        value = as_text(answer.value) if isinstance(answer, Found) else None
        self.journal.note(self.tick, "got", key=key, said=type(answer).__name__, value=value)
        self.gate("exit")
        return answer

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As the store's."""
        self.journal.note(self.tick, "put", key=key, value=as_text(value), expect=_expected(expect))
        self.gate("entry")
        answer = self.store.put(key, value, expect)
        version = answer.version if isinstance(answer, Applied) else None
        self.journal.note(self.tick, "said", said=type(answer).__name__, version=version)
        self.gate("exit")
        return answer

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """No tick deletes."""
        raise AssertionError(f"a tick deletes {key} at {expect!r}")

    def scan(self, prefix: str) -> Iterator[str]:
        """No tick scans."""
        raise AssertionError(f"a tick scans {prefix}")


def _expected(expect: Expectation) -> str:
    return expect.value if isinstance(expect, Expect) else "version"


def tick(
    store: Store,
    journal: Journal,
    tenant: str,
    generate: Generator,
    clock: Clock,
    *,
    gate: Gate = _nothing,
    observe: Observer | None = None,
    run: Callable[..., TickResult] = run_tick,
) -> TickResult:
    """Run a tick and write down all that it does."""
    call = invocation(tenant)
    name = call.tick_id

    def generating(tenant: str, trigger: Trigger, installed_at: int, attempt: int, tick_id: str) -> Any:
        asked = {"tenant": tenant, "trigger": trigger.value, "attempt": attempt, "by": tick_id}
        journal.note(name, "asked", installed_at=installed_at, **asked)
        gate("entry")
        report = generate(tenant, trigger, installed_at, attempt, tick_id)
        journal.note(name, "returned", report=report, **asked)
        gate("exit")
        return report

    witness = Witness(store, journal, name, gate)
    journal.note(name, "start", tenant=tenant, alone=False)
    with _EAR.hearing(journal, name):
        result = run(witness, call, generating, clock=_noted(journal, name, clock), observe=observe)
    ended = {"outcome": result.outcome.value, "did_backfill": result.did_backfill}
    journal.note(name, "result", reason=result.reason.value, **ended)
    return result


def backfill(
    store: Store,
    journal: Journal,
    tenant: str,
    clock: Clock,
    *,
    gate: Gate = _nothing,
    observe: Observer | None = None,
    run: Callable[..., EnsureResult] = ensure_evidence,
) -> None:
    """Run the backfill alone and write down all that it does."""
    call = invocation(tenant)
    name = call.tick_id
    witness = Witness(store, journal, name, gate)
    journal.note(name, "start", tenant=tenant, alone=True)
    try:
        result = run(witness, call, clock=_noted(journal, name, clock), observe=observe)
    except FailClosed as refusal:
        journal.note(name, "result", outcome="FAIL_CLOSED", reason=refusal.reason.value, did_backfill=False)
    else:
        journal.note(name, "result", outcome="EXISTS", reason=result.reason.value, did_backfill=result.did_backfill)


def _noted(journal: Journal, tick: str, clock: Clock) -> Clock:
    """The clock, each of whose readings is written down: it is the instant of the answer before it."""

    def read() -> int:
        at = clock()
        journal.note(tick, "clock", at=at)
        return at

    return read
