"""Whether a recorded history of one register is linearizable, in time linear in its length but for a sort by call.

In general that is NP-complete. It is linear here because the history itself tells in which order the writes took
effect and which write each read saw that found a value (Gibbons & Korach, "Testing Shared Memories", SIAM J. Comput.
26(4), 1997: what makes the problem hard is to find those two). Every value is put once and no version comes twice, so
such a read names its write; and a write that expects a version, and applied, names the write right before it. So the
writes fall into lives: a put that expected absence, puts that name one another, and perhaps a deletion that names the
last. Lives follow each other in the order in which their deletions were called: who deletes a version was told it
before, so when the first of two deletions was called its life had begun, and the other life had not ended. A life
without a deletion is the last.

So there is one candidate order of states, absence, life, absence, life, ..., and what is left is to find instants
x1 <= x2 <= ... at which they begin. Each operation bounds them:

- a write lies between its call and its answer; one whose answer is unknown may lie at any time after its call;
- of several deletions at one version one ended it, so that end is after the first call;
- a read of what was put at xi overlaps [xi, xi+1]: xi is before its answer, xi+1 after its call;
- a conflict where a version was expected lies after its end, for that version was known when it was called; where
  it is a deletion's, and a deletion was that end, it lies in a later life, for it met a value;
- a read that found nothing, and a deletion that applied, overlap some absence, so no life holds them: of each life
  [x, y] x is after their call or y before their answer. Likewise for each absence and what met some value unknown: a
  put that expected absence, or a deletion, that conflicts.

The bounds of the last kind tie y to x: where x is not after a call, y is before its answer. That leaves the earliest
instants as they are, for each answer is after its call; and the later x is, the later y may be. So the instants at
which a state can begin, those before it having theirs, have no gaps: they reach from the greatest lower bound so far to
the least of the upper bounds of it and of what follows, and of what the latest x leaves to it where it is a y. There
is an order where none of these intervals is empty.

A write in doubt that nobody read can only be the last: who writes after it must know its version.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from operator import attrgetter

from attrs import define, frozen

from evidence_kernel import (
    Absent,
    Applied,
    Conflict,
    Expect,
    Expectation,
    Found,
    ReadAnswer,
    Unknown,
    Version,
    WriteAnswer,
)

_NEVER = 1 << 62


@frozen
class Read:
    """A get: its answer, and the instants of its call and its answer.

    Instants are of one clock. A client's differ, and its answer comes before its next call; where two clients have
    the same, neither was first.
    """

    answer: ReadAnswer
    called: int
    answered: int


@frozen
class Write:
    """A put of a value that no other put has, which expects absence or a version that its caller was told before."""

    value: bytes
    expect: Expectation
    answer: WriteAnswer
    called: int
    answered: int


@frozen
class Deletion:
    """A deletion at a version that its caller was told before."""

    expect: Version
    answer: WriteAnswer
    called: int
    answered: int


Operation = Read | Write | Deletion


@define
class _State:
    """What the register holds: the bounds of the instant at which it began, and of the one at which it ends."""

    holds: Version | Expect | None  # the version; ABSENT; None where nobody was told the version
    began_after: int
    began_before: int = _NEVER
    ended_after: int = -1
    ended_before: int = _NEVER

    @property
    def is_absence(self) -> bool:
        return self.holds is Expect.ABSENT

    def __str__(self) -> str:
        return "absence" if self.is_absence else "what nobody read" if self.holds is None else f"version {self.holds!r}"


def fault_of(history: Iterable[Operation]) -> str | None:
    """Why no order of the operations explains all answers; None where one does. The register is absent at first."""
    operations = sorted(history, key=attrgetter("called"))
    writes = [op for op in operations if isinstance(op, Write)]
    versions = _versions(writes, [op.answer for op in operations if isinstance(op, Read)])
    if isinstance(versions, str):
        return versions
    ends: dict[Version, int] = {}  # what may have been deleted, and when the first of its deletions was called
    for op in operations:
        if isinstance(op, Deletion) and isinstance(op.answer, Applied | Unknown):
            ends.setdefault(op.expect, op.called)
    lives = _lives(versions, ends)
    if isinstance(lives, str):
        return lives
    order = _states(lives, versions, ends)
    if fault := _bound(order, operations):
        return fault
    unread: dict[Expectation | None, int] = {}  # what puts in doubt expected, and when the first was called
    seen = {write.value for write in versions.values()}
    for write in writes:
        if isinstance(write.answer, Unknown) and write.value not in seen:
            unread.setdefault(write.expect, write.called)
    faults = [_misplaced(ending, operations) for ending in _endings(order, unread)]
    return None if None in faults else faults[0]


def _versions(writes: Iterable[Write], answers: Iterable[ReadAnswer]) -> dict[Version, Write] | str:
    """The writes that took effect, by version: those that applied, and those in doubt that were read."""
    by_value: dict[bytes, Write] = {}
    versions: dict[Version, Write] = {}
    for write in writes:
        by_value[write.value] = write
        if isinstance(write.answer, Applied) and versions.setdefault(write.answer.version, write) is not write:
            return f"version {write.answer.version!r} was given twice"
    for answer in answers:
        if isinstance(answer, Found):
            read = by_value.get(answer.value)
            if read is None:
                return f"{answer} was read, which nobody put"
            if not isinstance(read.answer, Applied | Unknown):
                return f"{answer} was read, whose put was answered {read.answer}"
            if versions.setdefault(answer.version, read) is not read:
                return f"version {answer.version!r} was given to two values"
    if len({write.value for write in versions.values()}) < len(versions):
        return "one put has two versions"
    return versions


def _lives(versions: Mapping[Version, Write], ends: Mapping[Version, int]) -> list[list[Version]] | str:
    """The versions of each life, in their order, or why there is none; `ends` are what was deleted, as called first."""
    after: dict[Expectation, Version] = {}
    for version, write in versions.items():
        if write.expect is not Expect.ABSENT and after.setdefault(write.expect, version) != version:
            return f"two puts that expect {write.expect!r} applied, as {after[write.expect]!r} and {version!r}"
    lives: dict[Version, list[Version]] = {}  # by the last version
    for version, write in versions.items():
        if write.expect is Expect.ABSENT:
            life = [version]
            while life[-1] in after:
                life.append(after[life[-1]])
            lives[life[-1]] = life
    placed = {version for life in lives.values() for version in life}
    if lost := [version for version in versions if version not in placed]:
        return f"version {lost[0]!r} follows on none that was there"
    ended = [version for version in ends if version in lives]
    stay = [version for version in lives if version not in ends]
    if len(stay) > 1:
        return f"versions {stay[0]!r} and {stay[1]!r} both were put where nothing was, and neither was deleted"
    return [lives[version] for version in ended + stay]


def _states(
    lives: Iterable[Sequence[Version]], versions: Mapping[Version, Write], ends: Mapping[Version, int]
) -> list[_State]:
    """All that the register held and that is known of, first to last."""
    order = [_State(Expect.ABSENT, -1)]
    for life in lives:
        for version in life:
            write = versions[version]
            answered = write.answered if isinstance(write.answer, Applied) else _NEVER
            order.append(_State(version, write.called, answered))
        if life[-1] in ends:
            order.append(_State(Expect.ABSENT, ends[life[-1]]))
    return order


def _bound(order: Sequence[_State], operations: Iterable[Operation]) -> str | None:
    """The bounds by operations that name a version, besides those of its own write."""
    following = {state.holds: (state, after) for state, after in pairwise([*order, _State(None, -1)])}
    for op in operations:
        if isinstance(op, Read):
            if isinstance(op.answer, Found):
                state, _ = following[op.answer.version]
                state.began_before = min(state.began_before, op.answered)
                state.ended_after = max(state.ended_after, op.called)
        elif op.expect is not Expect.ABSENT and isinstance(op.answer, Applied | Conflict):
            if op.expect not in following:
                return f"a write expects version {op.expect!r}, which nobody can have known"
            if isinstance(op.answer, Conflict):
                state, after = following[op.expect]
                state.ended_before = min(state.ended_before, op.answered)
                if isinstance(op, Deletion) and after.is_absence:
                    after.ended_before = min(after.ended_before, op.answered)
    return None


def _endings(order: list[_State], unread: Mapping[Expectation | None, int]) -> Iterator[list[_State]]:
    """The order with what nobody read; two where it ended either by a deletion in doubt or by a put in doubt."""
    yield order + [_State(None, unread[state.holds]) for state in order[-1:] if state.holds in unread]
    if order[-1].is_absence and len(order) > 1 and order[-2].holds in unread:
        yield [*order[:-1], _State(None, unread[order[-2].holds])]


def _misplaced(order: Sequence[_State], operations: Sequence[Operation]) -> str | None:
    """Which state there is no instant for."""
    end = _State(None if order[-1].is_absence else Expect.ABSENT, _NEVER - 1)
    steps = list(pairwise([*order, end]))
    highs = [min(state.began_before, before.ended_before) for before, state in steps]
    least = list(accumulate(reversed(highs), min))[::-1]
    not_in_absence, not_in_life = _spans(operations, _met_a_value), _spans(operations, _met_nothing)
    reached = latest = -1
    for (before, state), high, low_after in zip(steps, highs, least, strict=True):
        reached = max(reached, state.began_after, before.ended_after)
        if before.is_absence is not state.is_absence:
            spans = not_in_absence if before.is_absence else not_in_life
            while spans and spans[-1][0] <= latest:
                spans.pop()
            latest = high = min(low_after, spans[-1][1] if spans else _NEVER)
        if reached > high and state is end:
            return f"{before} ended before instant {high}, and nothing came after it"
        if reached > high:
            return f"{state} began after instant {reached} and before {high}"
    return None


def _met_nothing(op: Operation) -> bool:
    return isinstance(op, Read | Deletion) and isinstance(op.answer, Absent | Applied)


def _met_a_value(op: Operation) -> bool:
    """And it is not told which."""
    return isinstance(op.answer, Conflict) and (isinstance(op, Deletion) or op.expect is Expect.ABSENT)


def _spans(operations: Sequence[Operation], which: Callable[[Operation], bool]) -> list[tuple[int, int]]:
    """Of each, last to first, its call and the first answer to those called then or later."""
    spans, first = list[tuple[int, int]](), _NEVER
    for op in reversed(operations):
        if which(op):
            first = min(first, op.answered)
            spans.append((op.called, first))
    return spans
