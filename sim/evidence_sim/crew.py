"""Work on any executor: its results in order, only so much of it at once, and again where a worker died of it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, wait
from itertools import islice
from typing import Any, Generic, Self, TypeVar

from attrs import define, field

AGAIN = 2  # how often a piece at which a worker died is run again, alone
P = TypeVar("P")
R = TypeVar("R")


class NoWorkers(Exception):
    """Nobody can do the work, or nobody any more; the message says why, and names the way out."""


class Here(Executor):
    """Does what it is given at once, in this thread."""

    def submit(self, function: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """The result, in a future that is done; what the function raises is raised here."""
        done: Future[R] = Future()
        done.set_result(function(*args, **kwargs))
        return done


@define
class _Piece(Generic[P, R]):
    """A piece of work, and its future once an executor has it."""

    given: P
    future: Future[R] | None = None

    def is_done(self) -> bool:
        """Whether it has a result."""
        future = self.future
        return future is not None and future.done() and not future.cancelled() and future.exception() is None


@define
class Crew:
    """Who does the work; leave it to stop them.

    `hire` gives an executor, another one where the workers of the last one died, and `dismiss` ends one. An executor
    has at most `ahead` pieces at a time. `died` are the errors that say that a worker died of a piece, or beside it.
    """

    _hire: Callable[[], Executor] = Here
    _dismiss: Callable[[Executor], None] = lambda executor: executor.shutdown(wait=False, cancel_futures=True)
    ahead: int = 1
    died: tuple[type[Exception], ...] = (BrokenExecutor,)
    _executor: Executor | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        self._executor = self._hire()
        return self

    def __exit__(self, *_: object) -> None:
        if self._executor is not None:
            self._dismiss(self._executor)

    def results(
        self, work: Callable[[P], R], pieces: Iterable[P], left: Callable[[], float | None] = lambda: None
    ) -> Iterator[R]:
        """What `work` makes of each piece, in order, as long as `left` gives None or the seconds that are left.

        Raises what `work` raises, and NoWorkers, naming the piece, where workers die of it again and again.
        """
        given, flying, deaths = iter(pieces), deque[_Piece[P, R]](), 0
        while (seconds := left()) is None or seconds > 0:
            flying.extend(_Piece(piece) for piece in islice(given, self.ahead - len(flying)))
            if not flying:
                return
            try:
                front = self._submitted(work, islice(flying, 1 if deaths else None))
                if not wait((front,), seconds).done:
                    return
                result = front.result()
            except self.died:
                deaths += 1
                if deaths > AGAIN:
                    said = f"{flying[0].given}: workers died of it {deaths} times, at last with nothing beside it"
                    raise NoWorkers(f"{said}; run it with --jobs 1 to see why") from None
                self._again(flying)
                continue
            flying.popleft()
            deaths = 0
            yield result

    def _submitted(self, work: Callable[[P], R], pieces: Iterable[_Piece[P, R]]) -> Future[R]:
        """Hand out those pieces that no executor has; the future of the first."""
        assert self._executor is not None, "enter it first"
        futures = []
        for piece in pieces:
            if piece.future is None:
                piece.future = self._executor.submit(work, piece.given)
            futures.append(piece.future)
        return futures[0]

    def _again(self, flying: Iterable[_Piece[P, R]]) -> None:
        """Take another executor for all that is not done."""
        assert self._executor is not None
        self._dismiss(self._executor)
        self._executor = self._hire()
        for piece in flying:
            if not piece.is_done():
                piece.future = None
