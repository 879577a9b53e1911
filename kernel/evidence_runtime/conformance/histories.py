"""Rules about histories: what several connections did to one key at once must be explained by some order."""

from collections.abc import Callable
from functools import partial
from itertools import count
from threading import Lock

from attrs import define, field

from evidence_kernel import Expect, Expectation, Found, ReadAnswer, Unknown, WriteAnswer
from evidence_runtime.conformance.linear import Read, Write, fault_of
from evidence_runtime.conformance.rule import Rule, Trial, at_once, must
from evidence_runtime.store import Store

_HANDS = 3  # connections that write at once, and as many that read
_KEYS = 4  # histories of each kind
_TURNS = 8  # of each writer on a key
_READS = 20_000  # of each reader at most
_FORGETS = 5  # of so many answers to writes one is lost on its way


@define
class Record:
    """A history of one key while it is made: calls and answers are counted in the order in which they happen."""

    key: str
    operations: list[Read | Write] = field(factory=list)
    _instants: "count[int]" = field(factory=count)
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


RULES: tuple[Rule, ...] = (
    Rule(a_write_once_register_is_linearizable),
    Rule(a_versioned_register_is_linearizable),
)
