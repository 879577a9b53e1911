"""What a rule of the contract is, what it is tried on, and what is asked of answers; also under `python -O`."""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, suppress
from threading import Barrier
from typing import ClassVar, TypeVar
from unittest import SkipTest

from attrs import frozen

from evidence_kernel import Applied, Expect, Found, ReadAnswer, Version, WriteAnswer
from evidence_runtime.store import Store, StoreError

RACERS = 8
_T = TypeVar("_T")


class Subject(ABC):
    """A store to be tried: how it is connected to, and what else it offers."""

    processes: ClassVar[bool] = True  # other processes can open it too; then this object is pickled for them
    page: ClassVar[int] = 1000  # keys that a scan is told of at once, at most: it is tried with more
    patience: ClassVar[float] = 30.0  # seconds for it to be good again after `start`, or for a late write to land

    @abstractmethod
    def open(self) -> Store | AbstractContextManager[Store]:
        """A new connection to the one store; it is left or closed where it can be."""

    def stop(self) -> None:
        """The server goes away, and nobody can connect."""
        raise NotImplementedError

    def start(self) -> None:
        """It is there again after `stop` or `crash`, and can be connected to."""
        raise NotImplementedError

    def crash(self) -> None:
        """The server is killed (SIGKILL). Who gives this claims that what was acknowledged survives it."""
        raise NotImplementedError

    def offers(self, need: str) -> bool:
        """Whether it has what a rule needs: "processes", or the name of one of the methods above."""
        if need == "processes":
            return self.processes
        return getattr(type(self), need) is not getattr(Subject, need)


@frozen
class Trial:
    """One rule's turn: keys of its own, a first connection, and more of them."""

    subject: Subject
    prefix: str
    store: Store
    _open: ExitStack

    def key(self, name: str = "key") -> str:
        """A key that no other trial has."""
        return self.prefix + name

    def another(self) -> Store:
        """One more connection, open until the trial ends."""
        return connected(self.subject, self._open)


def connected(subject: Subject, stack: ExitStack) -> Store:
    """A connection that is left with the stack."""
    opened = subject.open()
    if isinstance(opened, AbstractContextManager):
        store: Store = stack.enter_context(opened)
        return store
    if hasattr(opened, "close"):
        stack.callback(opened.close)
    return opened


@frozen
class Rule:
    """One rule of the contract. `needs` names what a subject must offer for it to be tried."""

    check: Callable[[Trial], None]
    needs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As its function is called."""
        return self.check.__name__

    @property
    def says(self) -> str:
        """The rule in a sentence."""
        return (self.check.__doc__ or "").strip()

    def lacks(self, subject: Subject) -> str:
        """Why it cannot be tried on that subject; empty where it can."""
        missing = [need for need in self.needs if not subject.offers(need)]
        return f"not run: it needs {' and '.join(missing)}" if missing else ""

    def hold(self, subject: Subject) -> None:
        """Try it under keys of its own, which are deleted afterwards; the store may hold others.

        Raises AssertionError with what was seen where the store breaks it, and unittest.SkipTest, which pytest
        reports as skipped, where the subject does not offer what it needs.
        """
        if lacks := self.lacks(subject):
            raise SkipTest(lacks)
        with ExitStack() as stack:
            prefix = f"evidence:conformance:{secrets.token_hex(8)}:"
            trial = Trial(subject, prefix, connected(subject, stack), stack)
            try:
                self.check(trial)
            finally:
                with suppress(StoreError):
                    _remove(trial.store, prefix)


def _remove(store: Store, prefix: str) -> None:
    with ThreadPoolExecutor(RACERS) as pool:
        list(pool.map(lambda key: store.delete(key, Expect.ANY), list(store.scan(prefix))))


def fill(store: Store, keys: Iterable[str], value: bytes = b"") -> None:
    """Put them where they are absent, some at a time."""
    with ThreadPoolExecutor(RACERS) as pool:
        for answer in pool.map(lambda key: store.put(key, value, Expect.ABSENT), keys):
            applied(answer)


def at_once(calls: Iterable[Callable[[], _T]]) -> list[_T]:
    """What the calls return, in order; a thread each, and none begins before all are ready."""
    waiting = list(calls)
    ready = Barrier(len(waiting))

    def one(call: Callable[[], _T]) -> _T:
        ready.wait()
        return call()

    with ThreadPoolExecutor(len(waiting)) as threads:
        return list(threads.map(one, waiting))


def must(holds: bool, says: str) -> None:
    """Raises AssertionError where it does not hold."""
    if not holds:
        raise AssertionError(says)


def applied(answer: WriteAnswer) -> Version:
    """The version that a write gave."""
    if not isinstance(answer, Applied):
        raise AssertionError(f"{answer} where Applied was due")
    return answer.version


def holds(answer: ReadAnswer, value: bytes, version: Version) -> None:
    """A read shows that value at that version."""
    if answer != Found(value, version):
        raise AssertionError(f"{shown(answer)} where {shown(Found(value, version))} was due")


def shown(answer: object) -> str:
    """An answer, whose value may have 1 MiB, in a line."""
    text = repr(answer)
    return text if len(text) <= 200 else f"{text[:150]} ... {text[-40:]} ({len(text)} characters)"
