"""Time limits: a call that takes too long is left to end by itself, and what it may still do is Unknown."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any

from attrs import frozen

from evidence_kernel import Expectation, Failed, ReadAnswer, Unknown, WriteAnswer
from evidence_runtime.store import Store

_Job = tuple[Callable[[], Any], "Future[Any]"]


class _Hand:
    """A thread that does one call at a time. It is a daemon: a call that hangs holds up no process's end."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        Thread(target=self._work, name="evidence-limit", daemon=True).start()

    def do(self, call: Callable[[], Any]) -> "Future[Any]":
        """Begin the call."""
        future: Future[Any] = Future()
        self._jobs.put((call, future))
        return future

    def _work(self) -> None:
        while True:
            call, future = self._jobs.get()
            try:
                value = call()
            except BaseException as error:  # whatever it is, it is the caller's
                _idle.append(self)
                future.set_exception(error)
            else:
                _idle.append(self)
                future.set_result(value)
            del call, future  # an idle thread keeps nothing alive


_idle: list[_Hand] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # no thread lives on in a forked process


def within(seconds: float, call: Callable[[], Any]) -> Any:
    """What `call` returns or raises, in this context. Raises TimeoutError after `seconds`; the call then goes on."""
    try:
        hand = _idle.pop()
    except IndexError:
        hand = _Hand()
    return hand.do(partial(copy_context().run, call)).result(timeout=seconds)


def limited(call: Callable[..., Any], seconds: float) -> Callable[..., Any]:
    """`call`, raising TimeoutError after `seconds`."""
    return lambda *arguments: within(seconds, lambda: call(*arguments))


@frozen
class Limited:
    """A store whose gets, puts and deletes are answered within `seconds`: Failed, or Unknown for a write."""

    store: Store
    seconds: float

    def get(self, key: str) -> ReadAnswer:
        """As the store's; Failed where it took too long."""
        try:
            answer: ReadAnswer = within(self.seconds, lambda: self.store.get(key))
        except TimeoutError:
            return Failed()
        return answer

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As the store's; Unknown where it took too long."""
        return self._write(lambda: self.store.put(key, value, expect))

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """As the store's; Unknown where it took too long."""
        return self._write(lambda: self.store.delete(key, expect))

    def scan(self, prefix: str) -> Iterator[str]:
        """As the store's, without a limit: no tick scans."""
        return self.store.scan(prefix)

    def _write(self, call: Callable[[], WriteAnswer]) -> WriteAnswer:
        try:
            answer: WriteAnswer = within(self.seconds, call)
        except TimeoutError:
            return Unknown()
        return answer
