"""Empty stores on real servers, in both forms, by the URL of the server."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from itertools import count
from typing import Any

import obstore.store
import psycopg
import redis

from evidence_kernel import Applied, Found, ReadAnswer, Version, WriteAnswer
from evidence_runtime import Store, aio, open_store
from evidence_runtime.aio.objects import ObjectStore as AsyncObjectStore
from evidence_runtime.conformance import Bridge
from evidence_runtime.objects import ObjectStore
from tests.servers import Server

FORMS = ("sync", "asyncio")
S3_URL = os.environ.get("EVIDENCE_S3_URL")  # s3://BUCKET/FOLDER?..., of a bucket that may be written
KINDS = ("postgres", "redis", "s3", "objects", *(["s3-given"] if S3_URL else []))
_folders = count(1)


def emptied(kind: str, given: Callable[[str], Any]) -> str:
    """The URL of an empty store of a kind; `given` is pytest's `getfixturevalue`."""
    if kind == "s3-given":
        assert S3_URL is not None
        return _in_a_folder(S3_URL)
    server: Server = given(kind)
    if kind == "postgres":
        with psycopg.connect(server.url) as connection:
            connection.execute("DROP TABLE IF EXISTS evidence_record; DROP SEQUENCE IF EXISTS evidence_version")
    elif kind == "redis":
        with redis.Redis.from_url(server.url) as client:
            client.flushall()
    else:
        return _in_a_folder(server.url)
    return server.url


def _in_a_folder(url: str) -> str:
    place, _, settings = url.partition("?")
    return f"{place.rstrip('/')}/test-{os.getpid()}-{next(_folders)}?{settings}"


@contextmanager
def empty_store(kind: str, form: str, given: Callable[[str], Any]) -> Iterator[Store]:
    """An empty store of a kind in a form; `objects` is a bucket in this process's memory."""
    opened: AbstractContextManager[Store]
    opening: AbstractAsyncContextManager[aio.AsyncStore]
    if kind == "objects":
        bucket = obstore.store.MemoryStore()
        opened, opening = ObjectStore(bucket), AsyncObjectStore(bucket)
    else:
        url = emptied(kind, given)
        opened, opening = open_store(url), aio.open_store(url)
    with opened if form == "sync" else Bridge(opening) as store:
        yield store


def applied(answer: WriteAnswer) -> Version:
    """Its version."""
    assert isinstance(answer, Applied)
    return answer.version


def value(answer: ReadAnswer) -> bytes:
    """What was found."""
    assert isinstance(answer, Found)
    return answer.value
