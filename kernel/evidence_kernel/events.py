"""Answers of the store and the generator, and the event that carries one to the kernel."""

from typing import NamedTuple

from attrs import frozen

from evidence_kernel.codes import Version


@frozen
class Found:
    """A read: the key held `value` at `version`."""

    value: bytes
    version: Version


@frozen
class Absent:
    """A read: the key held nothing."""


@frozen
class Failed:
    """A read that brought nothing, or a write that certainly was not applied."""


@frozen
class Applied:
    """A write took effect; the key's value now has `version`."""

    version: Version


@frozen
class Conflict:
    """A conditional write whose condition did not hold; nothing changed."""


@frozen
class Unknown:
    """A write that was applied, was not applied, or will be applied later."""


@frozen
class Report:
    """The generator returned; `body` is its JSON value, encoded."""

    body: bytes


@frozen
class GeneratorError:
    """The generator raised, ran out of time, or returned what has no encoding."""


ReadAnswer = Found | Absent | Failed
WriteAnswer = Applied | Conflict | Failed | Unknown
GenerateAnswer = Report | GeneratorError
Answer = ReadAnswer | WriteAnswer | GenerateAnswer


class Event(NamedTuple):
    """An answer and `at`, the clock when it arrived: ms since 1970-01-01T00:00:00Z."""

    answer: Answer
    at: int
