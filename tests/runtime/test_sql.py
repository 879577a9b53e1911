"""The SQL store over PostgreSQL and SQLite: what is Failed and what Unknown, in both forms."""

import asyncio
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from evidence_kernel import Absent, Applied, Conflict, Expect, Failed, Found, Unknown
from evidence_runtime import Store, StoreError
from evidence_runtime.aio.sql import SqlStore as AsyncSqlStore
from evidence_runtime.conformance import Bridge, Suite
from evidence_runtime.sql import SqlStore
from tests.runtime.served import FORMS, applied, emptied
from tests.servers import HOST, Server, free_port

KEY = "tests:key"
HOLD = "SELECT 1 FROM evidence_record FOR UPDATE"
OVERTAKE = "UPDATE evidence_record SET version = nextval('evidence_version')"


@pytest.fixture(params=["postgres", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty store."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    return emptied("postgres", request.getfixturevalue)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> str:
    """The URL of a PostgreSQL whose store is empty."""
    return emptied("postgres", request.getfixturevalue)


@pytest.fixture
def other(server: str) -> Iterator[psycopg.Connection[Any]]:
    """Another client."""
    with psycopg.connect(server) as connection:
        yield connection


@contextmanager
def opened(url: str, form: str, **options: str) -> Iterator[Store]:
    """The store on PostgreSQL in a form, with settings of the server for its sessions."""
    settings = "%20".join(f"-c%20{name}={value}" for name, value in options.items())
    place = f"{url}?options={settings}" if options else url
    with SqlStore(place) if form == "sync" else Bridge(AsyncSqlStore(place)) as store:
        yield store


class TestSqlite(Suite):
    """A file by way of SQLAlchemy."""

    @pytest.fixture(autouse=True)
    def _in_a_folder(self, tmp_path: Path) -> None:
        self.url = f"sqlite:///{tmp_path / 'store.db'}"

    def open(self) -> SqlStore:
        """A connection."""
        return SqlStore(self.url)


def test_the_losers_of_a_put_are_told_apart_though_their_row_count_is_unknown(url: str) -> None:
    with SqlStore(url) as store:
        first = applied(store.put(KEY, b"a", Expect.ABSENT))
        assert store.put(KEY, b"b", Expect.ABSENT) == Conflict()
        assert applied(store.put(KEY, b"c", Expect.ANY)) != first
        assert store.put(KEY, b"d", first) == Conflict()


def test_what_was_put_is_there_when_it_is_opened_again(url: str) -> None:
    with SqlStore(url) as first:
        version = applied(first.put(KEY, b"a", Expect.ABSENT))
        assert isinstance(first.delete(KEY, Expect.ANY), Applied)
    with SqlStore(url, read_only=True) as second:
        again = applied(second.put(KEY, b"a", Expect.ABSENT))
        assert again != version and second.get(KEY) == Found(b"a", again)


def test_a_store_that_is_only_read_is_not_made(url: str) -> None:
    with pytest.raises(StoreError, match="evidence_record"):
        SqlStore(url, read_only=True).open()


def test_keys_are_compared_by_bytes_whatever_the_database_does(server: str, other: psycopg.Connection[Any]) -> None:
    asked = "SELECT collation_name FROM information_schema.columns WHERE table_name = 'evidence_record'"
    with opened(server, "sync"):
        assert ("C",) in other.execute(asked).fetchall()


def test_a_store_that_many_make_at_once_is_made_once(url: str) -> None:
    with ThreadPoolExecutor(8) as racers:
        stores = list(racers.map(lambda _: SqlStore(url).open(), range(8)))
    answers = [store.put(KEY, b"a", Expect.ABSENT) for store in stores]
    for store in stores:
        store.close()
    assert answers.count(Conflict()) == 7


@pytest.mark.parametrize("form", FORMS)
def test_a_connection_that_was_closed_while_idle_is_replaced(
    form: str, server: str, other: psycopg.Connection[Any]
) -> None:
    with opened(server, form) as store:
        store.put(KEY, b"a", Expect.ANY)
        other.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        assert isinstance(store.put(KEY, b"b", Expect.ANY), Applied)


@contextmanager
def held(store: Store, other: psycopg.Connection[Any], change: str = HOLD) -> Iterator[Any]:
    """A put that waits for a row that another client holds: its answer, to come."""
    version = applied(store.put(KEY, b"a", Expect.ANY))
    other.execute(change)
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(store.put, KEY, b"b", version)
        while not other.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchall():
            assert not future.done(), future.result()
            other.execute("SELECT pg_stat_clear_snapshot()")
        yield future


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("call", "answer"), [("pg_cancel_backend", Failed()), ("pg_terminate_backend", Unknown())], ids=["cancel", "end"]
)
def test_a_statement_that_is_cancelled_is_failed_and_a_session_that_is_ended_unknown(
    call: str, answer: object, form: str, server: str, other: psycopg.Connection[Any]
) -> None:
    with opened(server, form) as store, held(store, other) as put:
        other.execute(f"SELECT {call}(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        assert put.result() == answer


@pytest.mark.parametrize("form", FORMS)
def test_a_statement_that_takes_the_server_too_long_is_failed(
    form: str, server: str, other: psycopg.Connection[Any]
) -> None:
    with opened(server, form, statement_timeout="300") as store, held(store, other) as put:
        assert put.result() == Failed()


def test_a_call_that_is_cancelled_leaves_no_answer_to_the_next(server: str, other: psycopg.Connection[Any]) -> None:
    async def calls() -> object:
        async with AsyncSqlStore(server) as store:
            version = applied(await store.put(KEY, b"a", Expect.ANY))
            other.execute(HOLD)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(store.put(KEY, b"b", version), 0.3)
            assert await store.get("tests:none") == Absent()
            return await store.get(KEY)

    answer = asyncio.run(calls())
    assert isinstance(answer, Found) and answer.value == b"a"


def test_a_transaction_that_cannot_be_serialized_is_failed(server: str, other: psycopg.Connection[Any]) -> None:
    settings = {"default_transaction_isolation": "serializable"}
    with opened(server, "sync", **settings) as store, held(store, other, OVERTAKE) as put:
        other.commit()
        assert put.result() == Failed()


@pytest.mark.parametrize("form", FORMS)
def test_a_put_that_waited_for_another_conflicts(form: str, server: str, other: psycopg.Connection[Any]) -> None:
    with opened(server, form) as store, held(store, other, OVERTAKE) as put:
        other.commit()
        assert put.result() == Conflict()


def test_a_server_that_counts_again_gives_no_version_again(server: str, other: psycopg.Connection[Any]) -> None:
    with opened(server, "sync") as store:
        lost = applied(store.put(KEY, b"a", Expect.ABSENT))
        other.execute("DELETE FROM evidence_record; ALTER SEQUENCE evidence_version RESTART")  # a standby that lags
        other.commit()
        assert applied(store.put(KEY, b"b", Expect.ABSENT)) != lost
        assert store.put(KEY, b"c", lost) == Conflict()


def test_a_server_that_is_read_only_refuses(server: str) -> None:
    with opened(server, "sync") as store:
        version = applied(store.put(KEY, b"a", Expect.ABSENT))
    with opened(server, "sync", default_transaction_read_only="on") as store:
        assert store.put(KEY, b"b", version) == store.delete(KEY, version) == Failed()
        assert store.get(KEY) == Found(b"a", version)


def test_a_key_that_the_server_cannot_hold_is_not_written(server: str) -> None:
    with opened(server, "sync") as store:
        assert store.put("a\0b", b"", Expect.ANY) in (Failed(), Unknown())
        assert list(store.scan("")) == []


@pytest.mark.parametrize("form", FORMS)
def test_a_server_that_goes_away_and_comes_back(form: str, postgres: Server, server: str) -> None:
    with opened(server, form) as store:
        version = applied(store.put(KEY, b"a", Expect.ABSENT))
        postgres.crash()
        try:
            assert store.put(KEY, b"b", version) == store.get(KEY) == store.delete(KEY, version) == Failed()
            with pytest.raises(StoreError, match="cannot be listed"):
                list(store.scan(""))
        finally:
            postgres.start()
        assert store.get(KEY) == Found(b"a", version)
        assert applied(store.put(KEY, b"b", version)) != version


def test_a_file_that_another_writes_to_is_failed(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with SqlStore(f"sqlite:///{path}?timeout=0.1") as store:
        version = applied(store.put(KEY, b"a", Expect.ABSENT))
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert store.put(KEY, b"b", version) == Failed()
        other.close()
        assert isinstance(store.put(KEY, b"b", version), Applied)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sqlite://", "sqlite:// is no store"),
        ("mysql://host/db", "mysql://host/db is no store; give postgresql://"),
        ("no url", "cannot be used"),
        (f"postgresql://{HOST}:{free_port()}/db", "refused"),
        ("sqlite:////no/such/folder/store.db", "unable to open"),
    ],
)
def test_a_url_that_is_no_use_is_refused(url: str, why: str) -> None:
    with pytest.raises(StoreError, match=why):
        SqlStore(url).open()


def test_sqlite_has_no_asyncio_form() -> None:
    with pytest.raises(StoreError, match="'pysqlite' is not async"):
        AsyncSqlStore("sqlite:///store.db")
