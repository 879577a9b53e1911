"""The recorder: an observer that writes each finished tick as one line, for `evidence-sim validate`."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

from attrs import define, field

from evidence_kernel import Effect, Event, Found, Generate, Phase, Put, Report, State
from evidence_kernel.messages import fault
from evidence_kernel.step import ended
from evidence_runtime.drive import invocation
from evidence_runtime.recording import HEAD, Recorded, Taken, digest, redacted, redacted_report, write
from evidence_runtime.rolling import RollingFile
from evidence_runtime.store import logger

MIB = 2**20
_STEP = 500  # bytes that a step takes besides its values, about


@define
class _Flight:
    """A tick in flight: what it has taken, and what its phase asks for now; with a result once it has none."""

    tick_id: str
    tenant: str | None
    alone: bool
    phase: Phase
    effect: Effect | None
    taken: list[Taken] = field(factory=list)
    size: int = _STEP
    result: dict[str, Any] | None = None


class Recorder:
    """Pass it as `observe`; one serves any number of ticks at once, in threads and in tasks.

    Lines go to `path`, which other processes may write to as well; at `max_bytes` it is put aside as PATH.1,
    and so on up to `files` in all. A report is recorded as its digest, or whole with `payloads`; evidence,
    ledger and status always stand whole, for the kernel decides on them. A tick that was cut is written at
    `close`, without a result; so is the one longest in flight where all in flight hold more than
    `max_pending` bytes. What cannot be written is counted in `lost` and logged, once for each sort of error;
    no tick fails of it. Close it, or use it as a context manager. Raises ValueError for bounds that hold nothing.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        payloads: bool = False,
        max_bytes: int = 64 * MIB,
        files: int = 8,
        max_pending: int = 64 * MIB,
    ) -> None:
        if files < 2 or max_bytes < 1 or max_pending < 1:
            raise ValueError(f"files={files}, max_bytes={max_bytes}, max_pending={max_pending}: at least 2, 1 and 1")
        self._file = RollingFile(Path(path).absolute(), HEAD, max_bytes, files)
        self._payloads, self._max_pending = payloads, max_pending
        self._begin()
        _recorders.add(self)

    def _begin(self) -> None:
        """As a writer of its own: new, or in a forked process."""
        self._writer = invocation(None).tick_id
        self._number, self.lost = 0, 0
        self._previous: str | None = None
        self._said: set[str] = set()
        self._flights: dict[str, _Flight] = {}
        self._pending = 0
        self._flying, self._writing = Lock(), Lock()

    def __call__(self, state: State, event: Event | None, effect: Effect | None) -> None:
        """Take one step of a tick; as `evidence_runtime.drive.Observer`."""
        with self._flying:
            done = list(self._observed(state, event, effect))
        for flight in done:
            self._record(flight)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Write the ticks that have not ended; it can go on recording others."""
        with self._flying:
            flights, self._flights, self._pending = list(self._flights.values()), {}, 0
        for flight in flights:
            self._record(flight)

    def _observed(self, state: State, event: Event | None, effect: Effect | None) -> Iterator[_Flight]:
        """Remember the step; the flights that are to be written for it."""
        flight = self._flights.get(state.tick_id)
        if event is None:
            if flight is not None:  # never ended, or its id was not fresh
                yield self._landed(state.tick_id)
            flight = _Flight(state.tick_id, state.tenant or None, state.alone, state.phase, effect)
            self._flights[state.tick_id] = flight
            self._pending += flight.size
        elif flight is None:
            return  # put down before, because too much was in flight
        else:
            taken = self._taken(flight, event)
            flight.taken.append(taken)
            flight.phase, flight.effect = state.phase, effect
            flight.size += _size(taken)
            self._pending += _size(taken)
        if effect is None:
            fields = ended(state)._asdict()
            flight.result = {name: fields[name] for name in fields if name not in ("tick_id", "tenant")}
            yield self._landed(state.tick_id)
        while self._pending > self._max_pending:
            yield self._landed(next(iter(self._flights)))

    def _landed(self, tick_id: str) -> _Flight:
        flight = self._flights.pop(tick_id)
        self._pending -= flight.size
        return flight

    def _taken(self, flight: _Flight, event: Event | None) -> Taken:
        effect, answer, phase = flight.effect, None if event is None else event.answer, flight.phase.value
        assert effect is not None
        if self._payloads:
            return Taken(phase, effect, event)
        if phase == "PUBLISH" and isinstance(effect, Put):
            effect = effect._replace(value=redacted(effect.value))
        if event is not None:
            if isinstance(answer, Found) and phase in ("DONE_READ", "PUBLISH_VERIFY"):
                event = Event(Found(redacted(answer.value), answer.version), event.at)
            if isinstance(answer, Report) and isinstance(effect, Generate):
                event = Event(Report(redacted_report(answer.body, effect, event.at)), event.at)
        return Taken(phase, effect, event)

    def _record(self, flight: _Flight) -> None:
        asking = [] if flight.effect is None else [self._taken(flight, None)]
        with self._writing:
            tick = Recorded(
                writer=self._writer,
                number=self._number + 1,
                previous=self._previous,
                lost=self.lost,
                tick_id=flight.tick_id,
                tenant=flight.tenant,
                alone=flight.alone,
                steps=(*flight.taken, *asking),
                result=flight.result,
            )
            line = write(tick)
            try:
                self._file.append(line)
            except OSError as error:
                self.lost += 1
                self._say(error)
            else:
                self._number, self._previous = self._number + 1, digest(line)

    def _say(self, error: OSError) -> None:
        name = errno.errorcode.get(error.errno or 0, type(error).__name__)
        if name not in self._said:
            self._said.add(name)
            line = fault("record", os.fspath(self._file.path), name)
            logger.log(line.level, "%s", line.text)
            logger.debug("%s", line.text, exc_info=error)


def _size(taken: Taken) -> int:
    event = taken.event
    values: list[Any] = [taken.effect] if event is None else [taken.effect, event.answer]
    held = (getattr(value, name, b"") for value in values for name in ("value", "body"))
    return _STEP + sum(len(value) for value in held)


_recorders: WeakSet[Recorder] = WeakSet()


def _forked() -> None:
    for recorder in list(_recorders):
        recorder._begin()


os.register_at_fork(after_in_child=_forked)
