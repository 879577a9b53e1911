"""Rules about histories: what several connections did to one key at once must be explained by some order."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import count
from multiprocessing.connection import Connection
from threading import Lock

from attrs import define, field

from evidence_kernel import Absent, Expect, Expectation, Found, ReadAnswer, Unknown, Version, WriteAnswer
from evidence_runtime.conformance.linear import Deletion, Operation, Read, Write, fault_of
from evidence_runtime.conformance.racing import spawned
from evidence_runtime.conformance.rule import Rule, Trial, at_once, must
from evidence_runtime.store import Store

_HANDS = 3  # connections that write at once, and as many that read
_KEYS = 4  # histories of each kind
_TURNS = 8  # of each writer on a key
_READS = 20_000  # of each reader at most
_FORGETS = 5  # of so many answers to writes one is lost on its way
_DELETES = 3  # of so many writes to what is there one is a deletion
_PROCESSES = 2
_PROCESS_TURNS = 40


@define
class Record:
    """A history of one key while it is made; unless told otherwise, instants count calls and answers as they happen."""

    key: str
    operations: list[Operation] = field(factory=list)
    _instants: Iterator[int] = field(factory=count)
    _lock: Lock = field(factory=Lock)

    def instant(self) -> int:
        """The next one."""
        with self._lock:
            return next(self._instants)

    def get(self, store: Store) -> ReadAnswer:
        """As the store's."""
        called = self.instant()
        answer = store.get(self.key)
        self.operations.append(Read(answer, called, self.instant()))
        return answer

    def put(self, store: Store, value: bytes, expect: Expectation, *, forget: bool = False) -> WriteAnswer:
        """As the store's, or Unknown where its answer is to be forgotten."""
        called = self.instant()
        answer = store.put(self.key, value, expect)
        answered = self.instant()
        if forget:
            answer = Unknown()
        self.operations.append(Write(value, expect, answer, called, answered))
        return answer

    def delete(self, store: Store, expect: Version, *, forget: bool = False) -> WriteAnswer:
        """As the store's, or Unknown where its answer is to be forgotten."""
        called = self.instant()
        answer = store.delete(self.key, expect)
        answered = self.instant()
        if forget:
            answer = Unknown()
        self.operations.append(Deletion(expect, answer, called, answered))
        return answer


def _history(trial: Trial, record: Record, write: Callable[[Store, int], None]) -> None:
    """Some connections write while others read as long as they do; then it must be explained."""
    ended: list[int] = []

    def writing(store: Store, number: int) -> None:
        try:
            write(store, number)
        finally:
            ended.append(number)

    def reading(store: Store) -> None:
        for _ in range(_READS):
            record.get(store)
            if len(ended) == _HANDS:
                return

    hands: list[Callable[[], None]] = [partial(writing, trial.another(), number) for number in range(_HANDS)]
    hands += [partial(reading, trial.another()) for _ in range(_HANDS)]
    at_once(hands)
    fault = fault_of(record.operations)
    must(fault is None, f"{record.key}: {fault}")


def a_write_once_register_is_linearizable(trial: Trial) -> None:
    """Put-if-absent and reads on many connections at once, some answers lost, have an order that explains them."""
    for number in range(_KEYS):
        record = Record(trial.key(f"once{number}"))
        _history(trial, record, partial(_put_once, record))


def _put_once(record: Record, store: Store, number: int) -> None:
    for turn in range(3):
        record.get(store)
        record.put(store, b"once %d %d" % (number, turn), Expect.ABSENT, forget=number == 1)


def a_versioned_register_is_linearizable(trial: Trial) -> None:
    """Puts at versions and reads on many connections at once, some answers lost, have an order that explains them."""
    for number in range(_KEYS):
        record = Record(trial.key(f"again{number}"))
        record.put(trial.store, b"again", Expect.ABSENT)
        _history(trial, record, partial(_put_again, record))


def _put_again(record: Record, store: Store, number: int) -> None:
    for turn in range(_TURNS):
        seen = record.get(store)
        expect = seen.version if isinstance(seen, Found) else Expect.ABSENT
        forget = (turn + number) % _FORGETS == 0
        record.put(store, b"again %d %d" % (number, turn), expect, forget=forget)


def a_register_that_is_deleted_is_linearizable(trial: Trial) -> None:
    """Puts, deletions at versions and reads on many connections at once, some answers lost, have an order as well."""
    for number in range(_KEYS // 2):
        record = Record(trial.key(f"gone{number}"))
        _history(trial, record, partial(_put_or_delete, record, _TURNS))


def _put_or_delete(record: Record, turns: int, store: Store, number: int) -> None:
    for turn in range(turns):
        seen = record.get(store)
        forget = (turn + number) % _FORGETS == 0
        if isinstance(seen, Found) and (turn + number) % _DELETES == 0:
            record.delete(store, seen.version, forget=forget)
        elif isinstance(seen, Found | Absent):
            expect = seen.version if isinstance(seen, Found) else Expect.ABSENT
            record.put(store, b"gone %d %d" % (number, turn), expect, forget=forget)


def a_register_among_processes_is_linearizable(trial: Trial) -> None:
    """Puts, deletions at versions and reads in two processes at once, some answers lost, have an order."""
    key = trial.key("apart")
    with ExitStack() as stack:
        works = [partial(_keep, key, number) for number in range(_PROCESSES)]
        children = [stack.enter_context(spawned(trial.subject, work)) for work in works]
        for child in children:
            child.hear()
        for child in children:
            child.pipe.send("go")
        fault = fault_of([operation for child in children for operation in child.hear()])
    must(fault is None, f"{key}: {fault}")


def _keep(key: str, number: int, store: Store, pipe: Connection) -> None:
    record = Record(key, instants=_instants())
    pipe.send("ready")
    pipe.recv()
    _put_or_delete(record, _PROCESS_TURNS, store, number)
    pipe.send(record.operations)
    pipe.recv()  # until this process is killed


def _instants() -> Iterator[int]:
    """Instants, ns, each later than the one before, of the one clock that all processes of a machine read.

    Python's "time.monotonic" is "always system-wide"; on Linux it is CLOCK_MONOTONIC, "a nonsettable system-wide
    clock" (clock_gettime(2)). Spawned processes stay in the time namespace in which their parent starts processes.
    """
    last = 0
    while True:
        if (now := time.monotonic_ns()) > last:
            last = now
            yield now


RULES: tuple[Rule, ...] = (
    Rule(a_write_once_register_is_linearizable),
    Rule(a_versioned_register_is_linearizable),
    Rule(a_register_that_is_deleted_is_linearizable),
    Rule(a_register_among_processes_is_linearizable, ("processes",)),
)
