"""Whether a recorded history of one register is linearizable, in time linear in its length.

In general that is NP-complete. It is linear here because the history itself tells in which order the writes took
effect and which write each read saw (Gibbons & Korach, "Testing Shared Memories", SIAM J. Comput. 26(4), 1997: what
makes the problem hard is to find those two). Every value is put once and no version comes twice, so a read names its
write; and a write that expects a version, or absence, and applied, names the write right before it. So there is one
candidate order w1, w2, ..., and what is left is to find instants p1 < p2 < ... for them. Each operation bounds them:

- a write lies between its call and its answer; one whose answer is unknown may lie at any time after its call;
- a read of what wi wrote overlaps [pi, pi+1): pi is before its answer, pi+1 after its call;
- a conflict where wi's version was expected has its instant after pi+1, for that version was known when it was called.

So each pi has a lower and an upper bound, and the earliest choice, pi = max(lower bounds of w1 ... wi), is the best.

A write in doubt that nobody read can only be the last: who writes after it must know its version.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

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

_START: Expectation = Expect.ABSENT  # the state before the first write
_NEVER = 1 << 62


@frozen
class Read:
    """A get: its answer, and the instants of its call and its answer, which no other call or answer has."""

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


@define
class _State:
    """What the register holds: the bounds of the instant at which it began, and of the one at which it ends."""

    name: str
    began_after: int
    began_before: int
    ended_after: int = -1
    ended_before: int = _NEVER


def fault_of(history: Sequence[Read | Write]) -> str | None:
    """Why no order of the operations explains all answers; None where one does. The register is absent at first."""
    writes = [op for op in history if isinstance(op, Write)]
    reads = [op for op in history if isinstance(op, Read)]
    versions: dict[Version, Write] = {}
    for write in writes:
        if isinstance(write.answer, Applied) and versions.setdefault(write.answer.version, write) is not write:
            return f"version {write.answer.version!r} was given twice"
    by_value = {write.value: write for write in writes}
    for read in reads:
        if isinstance(read.answer, Found) and (fault := _learn(read.answer, by_value, versions)):
            return fault
    chain = _ordered(versions)
    if isinstance(chain, str):
        return chain
    states: dict[Expectation, _State] = {_START: _State("absence", -1, _NEVER)}
    for version, write in chain.items():
        before = write.answered if isinstance(write.answer, Applied) else _NEVER
        states[version] = _State(f"version {version!r}", write.called, before)
    return _bound(states, reads, writes) or _unplaced(states, [w for w in writes if w not in set(chain.values())])


def _learn(seen: Found, writes: Mapping[bytes, Write], versions: dict[Version, Write]) -> str | None:
    """A read tells the version of a write in doubt."""
    write = writes.get(seen.value)
    if write is None:
        return f"{seen} was read, which nobody put"
    if not isinstance(write.answer, Applied | Unknown):
        return f"{seen} was read, whose put was answered {write.answer}"
    if versions.setdefault(seen.version, write) is not write:
        return f"version {seen.version!r} was given to two values"
    return None


def _ordered(versions: Mapping[Version, Write]) -> dict[Version, Write] | str:
    """The writes that took effect, first to last, by their versions; or why there is no such order."""
    if len({write.value for write in versions.values()}) < len(versions):
        return "one put has two versions"
    after: dict[Expectation, Version] = {}
    for version, write in versions.items():
        if after.setdefault(write.expect, version) != version:
            return f"two puts that expect {write.expect!r} applied, as {after[write.expect]!r} and {version!r}"
    chain: dict[Version, Write] = {}
    at = _START
    while at in after and after[at] not in chain:
        at = after[at]
        chain[at] = versions[at]
    lost = [version for version in versions if version not in chain]
    return f"version {lost[0]!r} follows on none that was there" if lost else chain


def _bound(states: Mapping[Expectation, _State], reads: Iterable[Read], writes: Iterable[Write]) -> str | None:
    for read in reads:
        if isinstance(read.answer, Absent | Found):
            state = states[read.answer.version if isinstance(read.answer, Found) else _START]
            state.began_before = min(state.began_before, read.answered)
            state.ended_after = max(state.ended_after, read.called)
    for write in writes:
        if isinstance(write.answer, Conflict):
            if write.expect not in states:
                return f"a put expects version {write.expect!r}, which nobody can have known"
            states[write.expect].ended_before = min(states[write.expect].ended_before, write.answered)
    return None


def _unplaced(states: Mapping[Expectation, _State], others: Iterable[Write]) -> str | None:
    """Which state there is no instant for; `others` are the writes that nobody saw take effect."""
    at, order = list(states)[-1], list(states.values())
    if order[-1].ended_before < _NEVER:  # a put met something else: what one in doubt wrote, and nobody read
        doubtful = [write.called for write in others if isinstance(write.answer, Unknown) and write.expect == at]
        if not doubtful:
            return f"a put conflicts that expects {order[-1].name}, and nothing came after that"
        order.append(_State("what nobody read", min(doubtful), _NEVER))
    reached = -1
    for before, state in pairwise(order):
        reached = max(reached, state.began_after, before.ended_after)
        latest = min(state.began_before, before.ended_before)
        if reached >= latest:
            return f"{state.name} began after instant {reached} and before {latest}"
    return None
