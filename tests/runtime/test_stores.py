"""The store port's contract over every server's store, in both forms, and what the kit says of one that breaks it."""

from contextlib import AbstractContextManager
from typing import ClassVar

import obstore.store
import pytest

from evidence_runtime import Store, aio, open_store
from evidence_runtime.aio.objects import ObjectStore as AsyncObjectStore
from evidence_runtime.conformance import RULES, Bridge, Rule, Subject, Suite, verdicts
from evidence_runtime.objects import ObjectStore
from tests.runtime.served import S3_URL, emptied
from tests.servers import S3_PAGE, Server

ONE_CLIENT = [rule for rule in RULES if "_of_many_" not in rule.name and "register" not in rule.name]


class OnServer(Suite):
    """A store at a URL."""

    kind: ClassVar[str]
    server: ClassVar[Server]

    @pytest.fixture(autouse=True)
    def _empty(self, request: pytest.FixtureRequest) -> None:
        self.url = emptied(self.kind, request.getfixturevalue)
        if self.kind != "s3-given":
            type(self).server = request.getfixturevalue(self.kind)

    def open(self) -> AbstractContextManager[Store]:
        """A connection in the sync form."""
        return open_store(self.url)


class Restarted(OnServer):
    """One whose server can be stopped, started and killed."""

    def stop(self) -> None:
        """In order."""
        self.server.stop()

    def start(self) -> None:
        """Again, on the same port, with its data."""
        self.server.start()

    def crash(self) -> None:
        """At once."""
        self.server.crash()


class TestPostgres(Restarted):
    """PostgreSQL."""

    kind = "postgres"


class TestRedis(Restarted):
    """Redis that syncs each write."""

    kind = "redis"


class TestPostgresAsync(TestPostgres):
    """PostgreSQL, in asyncio form."""

    def open(self) -> AbstractContextManager[Store]:
        """A connection, on an event loop of its own."""
        return Bridge(aio.open_store(self.url))


class TestRedisAsync(TestRedis):
    """Redis, in asyncio form."""

    def open(self) -> AbstractContextManager[Store]:
        """A connection, on an event loop of its own."""
        return Bridge(aio.open_store(self.url))


class TestObjects(Suite):
    """A bucket in this process's memory."""

    processes = False

    @pytest.fixture(autouse=True)
    def _empty(self) -> None:
        self.bucket = obstore.store.MemoryStore()

    def open(self) -> AbstractContextManager[Store]:
        """A client of it."""
        return ObjectStore(self.bucket)


class TestObjectsAsync(TestObjects):
    """A bucket, in asyncio form."""

    def open(self) -> AbstractContextManager[Store]:
        """A client, on an event loop of its own."""
        return Bridge(AsyncObjectStore(self.bucket))


if S3_URL:

    class TestS3Given(OnServer):
        """The service that the tests were given."""

        kind = "s3-given"


class OnS3(Subject):
    """A store in a bucket of the tests' S3, from one process."""

    processes = False
    page = S3_PAGE

    def __init__(self, url: str, form: str = "sync") -> None:
        self._url, self._form = url, form

    def open(self) -> AbstractContextManager[Store]:
        """A connection."""
        return open_store(self._url) if self._form == "sync" else Bridge(aio.open_store(self._url))


@pytest.mark.parametrize("form", ["sync", "asyncio"])
@pytest.mark.parametrize("rule", [rule for rule in ONE_CLIENT if not rule.needs], ids=lambda rule: rule.name)
def test_s3_s_protocol_keeps_what_one_client_sees(rule: Rule, form: str, request: pytest.FixtureRequest) -> None:
    rule.hold(OnS3(emptied("s3", request.getfixturevalue), form))


def test_a_compare_and_set_that_is_not_atomic_is_seen_by_a_race(request: pytest.FixtureRequest) -> None:
    races = [rule for rule in RULES if "_of_many_" in rule.name and not rule.needs]
    subject = OnS3(emptied("s3", request.getfixturevalue))
    tries = (verdict for _ in range(40) for verdict in verdicts(subject, races))
    assert any(verdict.broken for verdict in tries)
