"""A crew on a cluster of dask.distributed: one that is there, or a local one with a process for each processor."""

import logging
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from attrs import define
from distributed import Client, LocalCluster, get_worker
from distributed.client import ClosedClientError
from distributed.scheduler import KilledWorker

from evidence_sim.campaign import processors
from evidence_sim.crew import Crew, NoWorkers
from evidence_sim.sources import sources

LOCAL = "local"
_SECONDS = 10  # for the scheduler to answer, and for a first worker
_AHEAD = 64  # chunks that are with a cluster, or more where it has many threads
R = TypeVar("R")


@contextmanager
def workers(address: str, jobs: int | None = None) -> Iterator[Crew]:
    """The workers of the cluster at an address, or of one of our own, in so many processes, for `local`.

    Raises NoWorkers where there are none, where one has other sources than ours, and where the cluster goes away.
    """
    if jobs is not None and address != LOCAL:
        raise NoWorkers(f"the cluster at {address} has its workers; leave out --jobs {jobs}")
    with ExitStack() as stack:
        logging.disable(logging.CRITICAL)  # what matters is raised
        stack.callback(logging.disable, logging.NOTSET)
        if address == LOCAL:
            address = stack.enter_context(_local(jobs or processors())).scheduler_address
        client = stack.enter_context(_client(address))
        _compare(client)
        ahead = max(_AHEAD, 4 * sum(client.nthreads().values()))
        try:
            with Crew(lambda: _Comparing(client.get_executor(pure=False)), ahead=ahead, died=(KilledWorker,)) as crew:
                yield crew
        except (CancelledError, ClosedClientError):
            raise NoWorkers(f"the scheduler at {address} is gone") from None


def _local(jobs: int) -> LocalCluster:
    return LocalCluster(
        n_workers=jobs,
        threads_per_worker=1,
        memory_limit=None,
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
        preload=["evidence_sim.cluster"],
    )


def dask_setup(_: object) -> None:
    """As a preload of a local worker: Ctrl-C is for the command alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _client(address: str) -> Client:
    try:
        client = Client(address, timeout=_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        said = f"no scheduler answers at {address}: {error}"
        raise NoWorkers(f"{said}; start one with dask scheduler, or take --cluster {LOCAL}") from None
    try:
        client.wait_for_workers(1, timeout=_SECONDS)
    except TimeoutError:
        client.close()
        raise NoWorkers(f"the scheduler at {address} has no workers; start some: dask worker {address}") from None
    return client


def _compare(client: Client) -> None:
    """Raises NoWorkers where a worker that is there has other sources than ours, or none."""
    for worker, theirs in sorted(client.run(sources, on_error="return").items()):
        if theirs != sources():
            raise NoWorkers(_other(worker, theirs))


def _other(worker: str, theirs: object) -> str:
    has = "has no such evidence_sim" if isinstance(theirs, Exception) else "has another evidence_sim"
    return f"the worker at {worker} {has}: {theirs}, not {sources()}; install there what is installed here"


@define
class _Comparing(Executor):
    """Has workers that came later compare their sources as well."""

    _client: Executor

    def submit(self, function: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """By a worker that is found to be ours."""
        return self._client.submit(_compared, sources(), function, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take back what no worker has begun, without waiting for the rest."""
        self._client.shutdown(wait=False)


def _compared(expected: str, function: Callable[..., R], *args: Any) -> R:
    if sources() != expected:
        raise NoWorkers(f"the worker at {get_worker().address} has another evidence_sim: {sources()}, not {expected}")
    return function(*args)
