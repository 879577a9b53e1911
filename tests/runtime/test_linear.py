"""The checker of histories against one that tries every order, and histories with one thing wrong."""

import time
from collections import Counter
from collections.abc import Sequence

import pytest
from attrs import evolve

from evidence_kernel import (
    Absent,
    Applied,
    Conflict,
    Expect,
    Expectation,
    Failed,
    Found,
    ReadAnswer,
    Unknown,
    Version,
    WriteAnswer,
)
from evidence_runtime.conformance.linear import Deletion, Operation, Read, Write, fault_of
from evidence_sim.choice import Stream

_State = tuple[bytes, Version | None] | None  # the version of a write in doubt is not known until it is read
INFINITE = 1 << 30


def explained(history: Sequence[Operation]) -> bool:
    """Whether some order of all operations that keeps who ended before whom explains each answer."""
    pairs = {(op.answer.value, op.answer.version) for op in history if isinstance(op.answer, Found)}
    put = [(op.value, op.answer.version) for op in history if isinstance(op, Write) and isinstance(op.answer, Applied)]
    told = {version for _, version in put}
    pairs |= set(put)
    once = len({value for value, _ in pairs}) == len(pairs) == len({version for _, version in pairs})
    return once and len(told) == len(put) and _goes_on(list(history), None)


def _goes_on(left: list[Operation], state: _State) -> bool:
    if all(_end(op) == INFINITE for op in left):
        return True
    first_end = min(_end(op) for op in left)
    return any(
        _goes_on([one for one in left if one is not op], after)
        for op in left
        if op.called <= first_end
        for after in _after(op, state)
    )


def _end(op: Operation) -> int:
    return INFINITE if op.answer in (Unknown(), Failed()) else op.answered


def _after(op: Operation, state: _State) -> list[_State]:
    """The states that the operation may leave, or none where it cannot come next."""
    if isinstance(op, Read):
        if isinstance(op.answer, Found):
            fits = state is not None and state[0] == op.answer.value and state[1] in (None, op.answer.version)
            return [(op.answer.value, op.answer.version)] if fits else []
        return [state] if isinstance(op.answer, Failed) or state is None else []
    if isinstance(op, Deletion) and state is None:
        return [None] if isinstance(op.answer, Applied) else []
    meets = state is None if op.expect is Expect.ABSENT else state is not None and state[1] == op.expect
    match op.answer:
        case Applied(version=version):
            return [None if isinstance(op, Deletion) else (op.value, version)] if meets else []
        case Conflict():
            return [] if meets else [state]
        case Unknown():
            return [None if isinstance(op, Deletion) else (op.value, None)] if meets else []
        case _:
            return []


class Drawn:
    """A history that a register made: three hands call, take effect and are answered as the stream has it."""

    def __init__(self, seed: int) -> None:
        self.stream, self.at = Stream(seed, 7), 0
        self.state: tuple[bytes, int] | None = None
        self.told: list[Expectation] = [Expect.ABSENT]
        self.late: list[Write | Deletion] = []  # in doubt; each may take effect at any time
        self.history: list[Operation] = []
        calls: dict[int, tuple[int, int, Expectation]] = {}
        while len(self.history) + len(calls) < 8 or calls:
            self.at += 10
            hand = self.stream.draw(3)
            if hand in calls:
                self.history.append(self.answer(*calls.pop(hand)))
            elif len(self.history) + len(calls) < 8:
                expect = self.told[-1 - self.stream.draw(min(2, len(self.told)))]
                calls[hand] = self.stream.draw(3), self.at, expect

    def answer(self, kind: int, called: int, expect: Expectation) -> Operation:
        """The operation takes effect now and is answered now, or is in doubt."""
        if self.late and self.stream.draw(2):
            self.apply(self.late.pop())
        if kind == 0:
            answer: ReadAnswer = Absent() if self.state is None else Found(*self.state)
            self.told.append(answer.version if isinstance(answer, Found) else Expect.ABSENT)
            return Read(answer, called, self.at)
        op: Write | Deletion = Write(b"%d" % self.at, expect, Unknown(), called, self.at)
        if kind == 1 and not isinstance(expect, Expect):
            op = Deletion(expect, Unknown(), called, self.at)
        if not self.stream.draw(3):
            self.late.append(op)
            return op
        said = self.apply(op)
        if isinstance(said, Applied):
            self.told.append(Expect.ABSENT if isinstance(op, Deletion) else said.version)
        return evolve(op, answer=said)

    def apply(self, op: Write | Deletion) -> WriteAnswer:
        """It takes effect now, where it applies."""
        if isinstance(op, Deletion):
            if self.state is not None and self.state[1] != op.expect:
                return Conflict()
            self.state = None
        elif op.expect != (Expect.ABSENT if self.state is None else self.state[1]):
            return Conflict()
        else:
            self.state = (op.value, self.at)
        return Applied(self.at)

    def spoilt(self) -> list[Operation]:
        """With one operation that took less time, or was answered otherwise, or told by a clock that is coarse."""
        history = list(self.history)
        n = self.stream.draw(len(history))
        op, other = history[n], history[self.stream.draw(len(history))]
        how = self.stream.draw(5)
        if how == 0:
            history[n] = evolve(op, answered=op.called + 1)
        elif how == 1:
            history[n] = evolve(op, called=op.answered - 1)
        elif how == 2:
            history = [evolve(op, called=op.called // 20, answered=op.answered // 20) for op in history]
        elif isinstance(op, Read):
            history[n] = evolve(op, answer=other.answer if isinstance(other, Read) else Absent())
        else:
            answers = (Conflict(), Unknown(), Applied(self.at + 1), Failed())
            history[n] = evolve(op, answer=answers[self.stream.draw(4)])
        return history


def is_sound(history: Sequence[Operation]) -> bool:
    """Whether who expects a version was told it before."""
    return all(
        isinstance(op, Read)
        or op.expect is Expect.ABSENT
        or any(
            isinstance(one, Read | Write)
            and isinstance(one.answer, Applied | Found)
            and one.answer.version == op.expect
            and one.answered < op.called
            for one in history
        )
        for op in history
    )


def test_the_checker_says_what_trying_every_order_says() -> None:
    verdicts = Counter[tuple[bool, bool]]()
    for seed in range(6000):
        drawn = Drawn(seed)
        assert fault_of(drawn.history) is None, (seed, drawn.history)
        spoilt = drawn.spoilt()
        if is_sound(spoilt):
            verdicts[fault_of(spoilt) is None, explained(spoilt)] += 1
            assert (fault_of(spoilt) is None) == explained(spoilt), (seed, fault_of(spoilt), spoilt)
    assert min(verdicts.values()) > 500 and verdicts.keys() == {(True, True), (False, False)}, verdicts


def _put(value: bytes, expect: Expectation, answer: WriteAnswer, called: int, answered: int) -> Write:
    return Write(value, expect, answer, called, answered)


FIRST = _put(b"1", Expect.ABSENT, Applied(1), 0, 1)
GONE = Deletion(1, Applied(0), 2, 3)
SECOND = _put(b"2", Expect.ABSENT, Applied(2), 4, 5)
GONE_AGAIN = Deletion(2, Applied(0), 6, 7)


@pytest.mark.parametrize(
    ("then", "fault"),
    [
        ([Read(Absent(), 2, 3)], "version 1 ended before instant 3, and nothing came"),
        ([Read(Found(b"2", 2), 2, 3)], "which nobody put"),
        ([_put(b"2", 1, Failed(), 2, 3), Read(Found(b"2", 2), 4, 5)], "whose put was answered Failed"),
        ([_put(b"2", 1, Unknown(), 2, 3), Read(Found(b"2", 1), 4, 5)], "given to two values"),
        ([Read(Found(b"1", 2), 2, 3)], "one put has two versions"),
        ([_put(b"2", Expect.ABSENT, Applied(2), 2, 3)], "neither was deleted"),
        ([_put(b"2", 1, Applied(1), 2, 3)], "version 1 was given twice"),
        ([_put(b"2", 9, Applied(2), 2, 3)], "follows on none"),
        ([_put(b"2", 9, Conflict(), 2, 3)], "nobody can have known"),
        ([_put(b"2", 1, Conflict(), 2, 3)], "version 1 ended before instant 3, and nothing came"),
        ([_put(b"2", 1, Applied(2), 2, 3), Read(Found(b"1", 1), 4, 5)], "version 2 began after instant 4 and before 3"),
        ([_put(b"2", 1, Conflict(), 2, 3), _put(b"3", 1, Unknown(), 4, 5)], "what nobody read began after instant 4"),
        ([GONE, Read(Found(b"1", 1), 4, 5)], "absence began after instant 4 and before 3"),
        ([GONE, SECOND, Read(Absent(), 6, 7)], "version 2 ended before instant 7, and nothing came"),
        ([GONE, SECOND, Read(Absent(), 6, 9), Deletion(2, Applied(0), 10, 11)], "absence began after instant 10 and"),
        ([GONE, _put(b"2", Expect.ABSENT, Conflict(), 4, 5)], "absence ended before instant 5, and nothing came"),
        ([GONE, _put(b"2", 1, Applied(2), 4, 5)], "version 2 ended before instant 3, and nothing came"),
        ([GONE, Deletion(1, Conflict(), 4, 5)], "absence ended before instant 5, and nothing came after it"),
        ([GONE, SECOND, GONE_AGAIN, Deletion(1, Conflict(), 8, 9)], "absence ended before instant 9, and nothing came"),
        ([_put(b"2", 1, Applied(2), 2, 3), Deletion(1, Applied(0), 4, 5)], "version 2 ended before instant 5"),
        ([Deletion(9, Applied(0), 2, 3)], "nobody can have known"),
        (  # the deletions in doubt ended both before instant 9
            [
                Deletion(1, Unknown(), 2, 3),
                SECOND,
                Deletion(2, Unknown(), 6, 7),
                _put(b"3", 2, Conflict(), 8, 9),
                _put(b"4", Expect.ABSENT, Conflict(), 10, 11),
            ],
            "absence ended before instant 11, and nothing came after it",
        ),
    ],
)
def test_a_history_with_one_thing_wrong(then: Sequence[Operation], fault: str) -> None:
    assert fault in (fault_of([FIRST, *then]) or "")


def test_a_put_in_doubt_may_explain_a_conflict() -> None:
    doubt = _put(b"2", 1, Unknown(), 2, 3)
    assert fault_of([FIRST, doubt, _put(b"3", 1, Conflict(), 4, 5)]) is None
    assert fault_of([FIRST, doubt, Read(Found(b"1", 1), 4, 5), Read(Found(b"2", 6), 6, 7)]) is None
    assert fault_of([FIRST, doubt, Read(Found(b"2", 6), 4, 5), Read(Found(b"1", 1), 6, 7)]) is not None


def test_what_may_have_happened_at_one_instant_has_any_order() -> None:
    assert fault_of([FIRST, Read(Absent(), 1, 5), Read(Found(b"1", 1), 6, 7)]) is None


def test_a_deletion_in_doubt_may_explain_absence_or_never_happen() -> None:
    doubt = Deletion(1, Unknown(), 2, 3)
    assert fault_of([FIRST, doubt, Read(Absent(), 4, 5), Read(Found(b"1", 1), 6, 7)]) is not None
    assert fault_of([FIRST, doubt, Read(Found(b"1", 1), 4, 5), Read(Absent(), 6, 7)]) is None
    assert fault_of([FIRST, doubt, _put(b"2", 1, Applied(2), 4, 5), Read(Found(b"2", 2), 6, 7)]) is None
    assert fault_of([FIRST, doubt, _put(b"2", 1, Unknown(), 4, 5), Deletion(1, Conflict(), 6, 7)]) is None


def _one_client_s(turns: int) -> list[Operation]:
    """Puts, each read, every third deleted and read again."""
    history: list[Operation] = []
    expect: Expectation = Expect.ABSENT
    for at in range(0, turns * 10, 10):
        history += [_put(b"%d" % at, expect, Applied(at), at, at + 1), Read(Found(b"%d" % at, at), at + 2, at + 3)]
        expect = at
        if at % 30 == 0:
            history += [Deletion(at, Applied(0), at + 4, at + 5), Read(Absent(), at + 6, at + 7)]
            expect = Expect.ABSENT
    return history


def test_eight_times_the_history_takes_no_twenty_times_as_long() -> None:
    seconds = []
    for turns in (2000, 16_000):
        history, took = _one_client_s(turns), list[float]()
        for _ in range(3):
            began = time.process_time()
            assert fault_of(history) is None
            took.append(time.process_time() - began)
        seconds.append(min(took))
    assert seconds[1] < 20 * seconds[0], seconds
