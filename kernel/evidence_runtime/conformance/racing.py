"""Rules that threads, connections and processes try against each other."""

import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from attrs import frozen

from evidence_kernel import Applied, Conflict, Expect, Expectation, Found, ReadAnswer, Unknown, Version, WriteAnswer
from evidence_runtime.conformance.rule import (
    RACERS,
    Rule,
    Subject,
    Trial,
    applied,
    at_once,
    connected,
    holds,
    must,
    shown,
)
from evidence_runtime.store import Store

_ROUNDS = 8  # of a race, each for a key of its own
_PROCESSES = 3
_PATIENCE = 60  # seconds for a process to answer
_Race = Callable[[str, Expectation], Sequence[WriteAnswer]]


def _one_wins(trial: Trial, name: str, race: _Race, *, replaces: bool) -> None:
    for number in range(_ROUNDS):
        key = trial.key(f"{name}{number}")
        expect = applied(trial.store.put(key, b"before", Expect.ABSENT)) if replaces else Expect.ABSENT
        _has_one_winner(race(key, expect), trial.store.get(key))


def _has_one_winner(answers: Sequence[WriteAnswer], now: ReadAnswer) -> None:
    """One value is there, whose put applied; the others conflicted; Unknown, S3's 409 to a race, may be either."""
    told = f"{answers}, then {shown(now)}"
    values = [b"%d" % number for number in range(len(answers))]
    if not isinstance(now, Found) or now.value not in values:
        raise AssertionError(told)
    for value, answer in zip(values, answers, strict=True):
        due = Applied(now.version) if value == now.value else Conflict()
        must(answer in (due, Unknown()), told)


def _racing(stores: Sequence[Store]) -> _Race:
    def race(key: str, expect: Expectation) -> Sequence[WriteAnswer]:
        return at_once([partial(store.put, key, b"%d" % n, expect) for n, store in enumerate(stores)])

    return race


def one_of_many_applies(trial: Trial) -> None:
    """Of eight put-if-absent at once, one applies and seven conflict."""
    _one_wins(trial, "rule:key", _racing([trial.store] * RACERS), replaces=False)


def one_of_many_replaces(trial: Trial) -> None:
    """Of eight puts at one version at once, one applies and seven conflict."""
    _one_wins(trial, "rule:key", _racing([trial.store] * RACERS), replaces=True)


def racing_versions_differ(trial: Trial) -> None:
    """Of eight puts that expect anything at once, no two have one version."""
    put = partial(trial.store.put, trial.key(), expect=Expect.ANY)
    answers = at_once([partial(put, value=b"%d" % n) for n in range(RACERS)])
    versions = [answer.version for answer in answers if isinstance(answer, Applied)]
    must(0 < len(set(versions)) == len(versions), f"{answers}")


def one_connection_of_many_applies(trial: Trial) -> None:
    """Of put-if-absent at once on eight connections, one applies."""
    _one_wins(trial, "connection", _racing([trial.another() for _ in range(RACERS)]), replaces=False)


def one_connection_of_many_replaces(trial: Trial) -> None:
    """Of puts at one version at once on eight connections, one applies."""
    _one_wins(trial, "connection", _racing([trial.another() for _ in range(RACERS)]), replaces=True)


def one_process_of_many_applies(trial: Trial) -> None:
    """Of put-if-absent at once in three processes, one applies."""
    with _crew(trial.subject) as race:
        _one_wins(trial, "process", race, replaces=False)


def one_process_of_many_replaces(trial: Trial) -> None:
    """Of puts at one version at once in three processes, one applies."""
    with _crew(trial.subject) as race:
        _one_wins(trial, "process", race, replaces=True)


def every_connection_sees_a_write(trial: Trial) -> None:
    """What was acknowledged on one connection is what another, which had looked before, reads next."""
    writer, reader, key = trial.store, trial.another(), trial.key("seen")
    version: Version | None = None
    for number in range(20):
        reader.get(key)
        version = applied(writer.put(key, b"%d" % number, Expect.ABSENT if version is None else version))
        holds(reader.get(key), b"%d" % number, version)
    applied(writer.delete(key, Expect.ANY))
    must(not isinstance(reader.get(key), Found), "another connection reads what was deleted")


@frozen
class Child:
    """A spawned process at work on a subject, and the way to talk to it."""

    process: Any
    pipe: Connection

    def hear(self) -> Any:
        """What it says next. Raises AssertionError where it says nothing for a minute, EOFError where it is gone."""
        must(self.pipe.poll(_PATIENCE), f"a process said nothing for {_PATIENCE} s")
        return self.pipe.recv()


@contextmanager
def spawned(subject: Subject, work: Callable[[Store, Connection], None]) -> Iterator[Child]:
    """A process that opens the subject and does `work`; killed (SIGKILL) when the context is left.

    Raises TypeError where the subject cannot be sent to it.
    """
    try:
        pickle.dumps((subject, work))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        way_out = "let it hold only what can be pickled, or say `processes = False`"
        raise TypeError(f"{type(subject).__name__} cannot be sent to another process: {error}; {way_out}") from None
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_live, args=(subject, work, there), daemon=True)
    process.start()
    there.close()
    try:
        yield Child(process, here)
    finally:
        process.kill()
        process.join()
        here.close()


def _live(subject: Subject, work: Callable[[Store, Connection], None], pipe: Connection) -> None:
    with ExitStack() as stack:
        work(connected(subject, stack), pipe)


@contextmanager
def _crew(subject: Subject) -> Iterator[_Race]:
    with ExitStack() as stack:
        children = [stack.enter_context(spawned(subject, _race)) for _ in range(_PROCESSES)]
        for child in children:
            child.hear()

        def race(key: str, expect: Expectation) -> Sequence[WriteAnswer]:
            for number, child in enumerate(children):
                child.pipe.send((key, b"%d" % number, expect))
            return [child.hear() for child in children]

        yield race


def _race(store: Store, pipe: Connection) -> None:
    pipe.send("ready")
    while True:
        key, value, expect = pipe.recv()
        pipe.send(store.put(key, value, expect))


RULES: tuple[Rule, ...] = (
    Rule(one_of_many_applies),
    Rule(one_of_many_replaces),
    Rule(racing_versions_differ),
    Rule(one_connection_of_many_applies),
    Rule(one_connection_of_many_replaces),
    Rule(one_process_of_many_applies, ("processes",)),
    Rule(one_process_of_many_replaces, ("processes",)),
    Rule(every_connection_sees_a_write),
)
