"""Rules about histories: what several connections did to one key at once must be explained by some order."""

from functools import partial
from itertools import count
from threading import Lock

from attrs import define, field

from evidence_kernel import Applied, Expect, Expectation, Found, ReadAnswer, Unknown, WriteAnswer
from evidence_runtime.conformance.linear import Read, Write, fault_of
from evidence_runtime.conformance.rule import Rule, Trial, at_once, must
from evidence_runtime.store import Store

_HANDS = 4  # connections at once
_KEYS = 4  # histories of each kind
_TURNS = 12  # of each hand on a key
_FORGETS = 5  # each so manieth write's answer is lost on the way: whoever made it must look


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


def a_write_once_register_is_linearizable(trial: Trial) -> None:
    """Put-if-absent and reads on four connections at once, some answers lost, have an order that explains them."""
    stores = [trial.another() for _ in range(_HANDS)]

    def hand(record: Record, number: int) -> None:
        for turn in range(_TURNS):
            record.get(stores[number])
            if turn % 4 == number:
                record.put(stores[number], b"once %d %d" % (number, turn), Expect.ABSENT, forget=number == 1)

    for number in range(_KEYS * 2):
        record = Record(trial.key(f"once{number}"))
        at_once([partial(hand, record, n) for n in range(_HANDS)])
        _explained(record)


def a_versioned_register_is_linearizable(trial: Trial) -> None:
    """Puts at versions and reads on four connections at once, some answers lost, have an order that explains them."""
    stores = [trial.another() for _ in range(_HANDS)]

    def hand(record: Record, number: int) -> None:
        for turn in range(_TURNS):
            seen = record.get(stores[number])
            expect = seen.version if isinstance(seen, Found) else Expect.ABSENT
            forget = (turn * _HANDS + number) % _FORGETS == 0
            record.put(stores[number], b"again %d %d" % (number, turn), expect, forget=forget)

    for number in range(_KEYS):
        record = Record(trial.key(f"again{number}"))
        record.put(trial.store, b"again", Expect.ABSENT)
        at_once([partial(hand, record, n) for n in range(_HANDS)])
        _explained(record)


def _explained(record: Record) -> None:
    fault = fault_of(record.operations)
    must(fault is None, f"{record.key}: {fault}")
    took_effect = any(isinstance(op, Write) and isinstance(op.answer, Applied | Unknown) for op in record.operations)
    must(took_effect, f"{record.key}: no put was applied")


RULES: tuple[Rule, ...] = (
    Rule(a_write_once_register_is_linearizable),
    Rule(a_versioned_register_is_linearizable),
)
