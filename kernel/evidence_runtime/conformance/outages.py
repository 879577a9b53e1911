"""Rules about what a store does when it is cut off, killed, closed or overtaken by a time limit."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import count
from multiprocessing.connection import Connection
from threading import Event

from evidence_kernel import Absent, Applied, Expect, Failed, Found, Unknown, Version, WriteAnswer
from evidence_runtime.conformance.racing import spawned
from evidence_runtime.conformance.rule import Rule, Trial, applied, at_once, connected, must, shown
from evidence_runtime.limits import Limited
from evidence_runtime.store import Store, StoreError

_WHOLE = 1 << 20  # bytes of a value that a write in halves would show
_PAUSE = 0.1  # seconds between two looks
_HURRY = 0.001  # seconds that a write is waited for
_TOLD = 40  # acknowledgements, and then the kill


def no_version_twice_after_reopening(trial: Trial) -> None:
    """No key has one version twice, though it was deleted and the store closed meanwhile."""
    seen: list[Version] = []
    for _ in range(3):
        with ExitStack() as stack:
            store = connected(trial.subject, stack)
            seen.append(applied(store.put(trial.key(), b"same", Expect.ABSENT)))
            applied(store.delete(trial.key(), seen[-1]))
    must(len(set(seen)) == len(seen), f"versions {seen}")


def no_value_is_half_written(trial: Trial) -> None:
    """Who reads while 1 MiB is written over another reads the one or the other, never some of both."""
    values, key, reader = [b"%d" % n * _WHOLE for n in range(4)], trial.key("whole"), trial.another()
    applied(trial.store.put(key, values[-1], Expect.ABSENT))
    done = Event()

    def write() -> None:
        try:
            for value in values * 3:
                applied(trial.store.put(key, value, Expect.ANY))
        finally:
            done.set()

    def read() -> None:
        while not done.is_set():
            _is_whole(reader, key, values)

    at_once([write, read])


def a_write_that_timed_out_is_there_or_not(trial: Trial) -> None:
    """A put that is waited for too briefly is Unknown; then its key is absent or holds it, and not less than all."""
    hurried = Limited(trial.store, _HURRY)
    for number in range(8):
        key, value = trial.key(f"late{number}"), b"%d" % number * _WHOLE
        answer = hurried.put(key, value, Expect.ABSENT)
        for _ in range(20):
            _is_whole(trial.store, key, [value])
        if answer == Unknown():
            _await(trial, partial(_is_there, trial.store, key), f"{key} is still absent")


def _is_whole(store: Store, key: str, values: list[bytes]) -> None:
    answer = store.get(key)
    if isinstance(answer, Found) and answer.value not in values:
        raise AssertionError(f"{key} holds {len(answer.value)} bytes, {shown(answer)}")


def _is_there(store: Store, key: str) -> bool:
    return isinstance(store.get(key), Found)


def _await(trial: Trial, done: Callable[[], bool], otherwise: str) -> None:
    for _ in range(int(trial.subject.patience / _PAUSE) + 1):
        if done():
            return
        Event().wait(_PAUSE)
    raise AssertionError(otherwise)


def who_is_away_answers_nothing(trial: Trial) -> None:
    """While the server is away a get is Failed, a put and a delete Failed or Unknown, and a scan a StoreError."""
    store, key = trial.store, trial.key()
    version = applied(store.put(key, b"before", Expect.ABSENT))
    trial.subject.stop()
    try:
        for _ in range(2):
            read = store.get(key)
            must(read == Failed(), f"{read} for a get while the server is away")
            for expect in (Expect.ANY, version):
                _nothing(store.put(key, b"meanwhile", expect))
                _nothing(store.delete(key, expect))
            try:
                found = list(store.scan(trial.prefix))
            except StoreError:
                continue
            raise AssertionError(f"scan gives {found} while the server is away")
    finally:
        trial.subject.start()


def _nothing(answer: WriteAnswer) -> None:
    must(answer in (Failed(), Unknown()), f"{answer} for a write while the server is away")


def it_comes_back(trial: Trial) -> None:
    """When the server is there again, connections that were open before are soon good again."""
    stores, key = [trial.store, trial.another()], trial.key()
    applied(trial.store.put(key, b"before", Expect.ABSENT))
    trial.subject.stop()
    try:
        trial.store.get(key)  # one notices, the other does not
    finally:
        trial.subject.start()
    for number, store in enumerate(stores):
        _await(trial, partial(_writes, store, trial.key(f"after{number}")), f"connection {number} does not write again")
        _await(trial, partial(_reads, store, key), f"connection {number} does not read again")


def _writes(store: Store, key: str) -> bool:
    return isinstance(store.put(key, b"after", Expect.ANY), Applied)


def _reads(store: Store, key: str) -> bool:
    return store.get(key) != Failed()


def _value(number: int) -> bytes:
    return b"%06d" % number * 1000


def what_was_acknowledged_survives_a_crash(trial: Trial) -> None:
    """The server is killed while it writes: what was Applied is there, what was Failed is not, and nothing is half."""
    acknowledged, answers = Event(), dict[int, WriteAnswer]()
    ended = False

    def write(hand: int) -> None:
        try:
            for number in count(hand, 4):
                if ended:
                    return
                answers[number] = trial.store.put(trial.key(f"{number}"), _value(number), Expect.ABSENT)
                if number > _TOLD:
                    acknowledged.set()
        finally:
            acknowledged.set()

    def crash() -> None:
        nonlocal ended
        try:
            acknowledged.wait()
            trial.subject.crash()
        finally:
            ended = True

    hands: list[Callable[[], None]] = [crash, *(partial(write, hand) for hand in range(4))]
    try:
        at_once(hands)
    finally:
        trial.subject.start()
    _await(trial, partial(_reads, trial.store, trial.key("0")), "the store is not read again")
    for number, answer in sorted(answers.items()):
        now = trial.store.get(trial.key(f"{number}"))
        there = isinstance(now, Found) and now.value == _value(number)
        must(there or now == Absent(), f"{number} was put, answered {answer}, and is {shown(now)}")
        must(there or not isinstance(answer, Applied), f"{number} was {answer}, and is lost")
        must(not there or answer != Failed(), f"{number} was Failed, and is there")


def what_a_killed_process_was_told_is_there(trial: Trial) -> None:
    """A process is killed (SIGKILL) while it writes: all that it was told was Applied is there, and whole."""
    with spawned(trial.subject, partial(_write_on, trial.prefix)) as child:
        told: list[int] = [child.hear() for _ in range(_TOLD)]
        child.process.kill()
        child.process.join()
        try:
            while child.pipe.poll(0):
                told.append(child.pipe.recv())
        except (EOFError, OSError):  # the last message may be torn
            pass
    for number in told:
        now = trial.store.get(trial.key(f"{number}"))
        whole = isinstance(now, Found) and now.value == _value(number)
        must(whole, f"{number} was Applied, and is {shown(now)}")


def _write_on(prefix: str, store: Store, pipe: Connection) -> None:
    number = 0
    while True:
        applied(store.put(f"{prefix}{number}", _value(number), Expect.ANY))
        pipe.send(number)
        number += 1


RULES: tuple[Rule, ...] = (
    Rule(no_version_twice_after_reopening),
    Rule(no_value_is_half_written),
    Rule(a_write_that_timed_out_is_there_or_not),
    Rule(who_is_away_answers_nothing, ("stop", "start")),
    Rule(it_comes_back, ("stop", "start")),
    Rule(what_was_acknowledged_survives_a_crash, ("crash", "start")),
    Rule(what_a_killed_process_was_told_is_there, ("processes",)),
)
