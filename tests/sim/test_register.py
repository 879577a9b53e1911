"""One key's history: what ticks may have written and read there in one order, and what they cannot have."""

import pytest

from evidence_kernel import Applied, Conflict, Event, Expect, Expectation, Failed, Found, Get, Put, Unknown, WriteAnswer
from evidence_kernel.schedule import CLOCK_TOLERANCE
from evidence_runtime.recording import Recorded, Taken
from evidence_sim.validation.files import Place
from evidence_sim.validation.register import KEPT, Conflicting, Register

NEW, UNKNOWN, FAILED, CONFLICT = Expect.ABSENT, Unknown(), Failed(), Conflict()
Step = tuple[Taken, int]
AT = 10**12


def put(value: str, expect: Expectation, answer: WriteAnswer | int | None, asked: int = AT) -> Step:
    """A put that was answered, by a version if it was applied, or not answered at all."""
    answer = Applied(answer) if isinstance(answer, int) else answer
    return Taken("", Put("k", value.encode(), expect), None if answer is None else Event(answer, asked)), asked


def get(value: str, version: int, at: int = AT) -> Step:
    """A read that found a value."""
    return Taken("", Get("k"), Event(Found(value.encode(), version), at)), at


def first(ticks: list[list[Step]], publication: bool = False) -> Conflicting | None:
    """The first contradiction; a tick whose last put has no answer is one without a result."""
    register = Register(publication)
    for number, steps in enumerate(ticks, 1):
        result: dict[str, object] | None = None if any(taken.event is None for taken, _ in steps) else {}
        tick = Recorded("w", number, None, 0, f"t{number}", "a", False, tuple(taken for taken, _ in steps), result)
        found = register.take(tick, steps, Place("f", number))
        if found is not None:
            return found
    return None


POSSIBLE: dict[str, list[list[Step]]] = {
    "a chain": [[put("a", NEW, 1)], [get("a", 1), put("b", 1, 2)], [get("b", 2), put("c", 2, 3)]],
    "what was there before": [[get("x", 7), put("a", 7, 8)], [get("x", 7), put("b", 7, CONFLICT)]],
    "a reader whose line is first": [[get("a", 1)], [put("a", NEW, 1), get("a", 1)]],
    "a stale read": [[put("a", NEW, 1), put("b", 1, 2)], [get("a", 1), put("c", 1, CONFLICT)], [get("b", 2)]],
    "a lost answer, applied": [[put("a", NEW, UNKNOWN)], [get("a", 1)], [put("b", NEW, CONFLICT)]],
    "a lost answer, applied, seen before its line": [[get("a", 1)], [put("a", NEW, UNKNOWN)]],
    "a lost answer, not applied": [[put("a", NEW, UNKNOWN)], [put("b", NEW, 1)], [get("b", 1)]],
    "one of two alike was lost": [[get("a", 2)], [put("a", NEW, UNKNOWN), get("a", 1), put("a", 1, 2)]],
    "both of two alike were lost": [[put("a", NEW, UNKNOWN), put("a", 1, UNKNOWN)], [get("a", 1)], [get("a", 2)]],
    "an answer that never came": [[put("a", NEW, None)], [get("a", 1)]],
    "a put after the line was written": [[put("a", NEW, None)], [get("a", 1), get("a", 2)]],
    "a put of a tick without a line": [[get("a", 1), put("b", 1, 2)], [get("c", 9)]],
    "clocks within the tolerance": [[put("a", NEW, 1, AT)], [get("a", 1, AT - CLOCK_TOLERANCE)]],
    "forgotten": [
        [put("0", NEW, 0)],
        *([put(str(n), n - 1, n)] for n in range(1, KEPT + 9)),
        [get("0", 0), put("x", 0, CONFLICT)],
        [get("1", 1)],
    ],
}
IMPOSSIBLE: dict[str, tuple[list[list[Step]], str, int, int]] = {
    "two creations": ([[put("a", NEW, 1)], [put("b", NEW, 2)]], "created a second time", 2, 1),
    "two replacements": (
        [[get("x", 7), put("a", 7, 8)], [get("x", 7), put("b", 7, 9)]],
        "version 7 was replaced a second time",
        2,
        1,
    ),
    "a replacement whose answer was lost": (
        [[get("x", 7), put("a", 7, UNKNOWN)], [get("a", 8)], [get("x", 7), put("b", 7, 9)]],
        "version 7 was replaced a second time",
        3,
        1,
    ),
    "a creation whose answer was lost": (
        [[get("a", 1)], [put("b", NEW, 2)], [put("a", NEW, UNKNOWN)]],
        "created a second time",
        3,
        2,
    ),
    "two writers": ([[put("a", NEW, 1)], [get("x", 7), put("b", 7, 1)]], "version 1 was written a second time", 2, 1),
    "two values": ([[get("a", 1)], [get("b", 1)]], "version 1 has two values", 2, 1),
    "two values, one written": ([[get("a", 1)], [put("b", NEW, 1)]], "version 1 has two values", 2, 1),
    "a failed put": ([[put("a", NEW, FAILED)], [get("a", 1)]], "did not write", 2, 1),
    "a failed put, seen before its line": ([[get("a", 1)], [put("a", NEW, CONFLICT)]], "did not write", 1, 2),
    "another version": ([[put("a", NEW, 1)], [get("a", 2)]], "version 2 holds a value that its tick", 2, 1),
    "more versions than puts": (
        [[get("a", 1)], [get("a", 2)], [put("a", NEW, UNKNOWN)]],
        "version 2 holds a value that its tick",
        2,
        3,
    ),
    "read before it was asked for": (
        [[get("a", 1, AT - CLOCK_TOLERANCE - 1)], [put("a", NEW, 1, AT)]],
        "version 1 was read at",
        1,
        2,
    ),
    "read before it was asked for, its answer lost": (
        [[put("a", NEW, UNKNOWN, AT)], [get("a", 1, AT - CLOCK_TOLERANCE - 1)]],
        "version 1 was read at",
        2,
        1,
    ),
}


@pytest.mark.parametrize("name", POSSIBLE)
def test_what_may_have_happened(name: str) -> None:
    assert first(POSSIBLE[name]) is None


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_cannot_have_happened(name: str) -> None:
    ticks, says, place, other = IMPOSSIBLE[name]
    found = first(ticks)
    assert found is not None and says in found.says
    assert (found.place.line, found.other.line) == (place, other)


def test_publications_are_compared_by_what_is_recorded_of_them() -> None:
    """One recorder may keep payloads, and another digests of them."""
    whole, stand_in = (
        '{"report":1}',
        '{"report":{"sha256":"6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"}}',
    )
    ticks = [[put(whole, NEW, 1)], [get(stand_in, 1)]]
    assert first(ticks, publication=True) is None
    assert first(ticks) is not None
