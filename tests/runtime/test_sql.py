"""The SQL store over PostgreSQL and SQLite: the contract, and what is Failed and what Unknown."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from evidence_kernel import Applied, Conflict, Expect, Failed, Found
from evidence_runtime import StoreError
from evidence_runtime.conformance import RULES, Rule
from evidence_runtime.sql import SqlStore
from tests.servers import Server

KEY = "tests:key"


@pytest.fixture(params=["postgres", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty store."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    server: Server = request.getfixturevalue("postgres")
    with psycopg.connect(server.url) as connection:
        connection.execute("DROP TABLE IF EXISTS evidence_record; DROP SEQUENCE IF EXISTS evidence_version")
    return server.url


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    with SqlStore(url) as opened:
        yield opened


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_it_keeps_the_contract(rule: Rule, store: SqlStore) -> None:
    rule.check(store)


def test_a_put_that_loses_conflicts_though_its_row_count_is_unknown(store: SqlStore) -> None:
    version = store.put(KEY, b"a", Expect.ABSENT)
    assert isinstance(version, Applied) and store.put(KEY, b"b", Expect.ABSENT) == Conflict()


def test_what_was_put_is_there_when_it_is_opened_again(url: str) -> None:
    with SqlStore(url) as first:
        applied = first.put(KEY, b"a", Expect.ABSENT)
        assert isinstance(applied, Applied)
        assert first.delete(KEY, Expect.ANY) == applied
    with SqlStore(url, read_only=True) as second:
        again = second.put(KEY, b"a", Expect.ABSENT)
        assert isinstance(again, Applied) and again.version not in (applied.version, 0)
        assert second.get(KEY) == Found(b"a", again.version)


def test_a_store_that_is_only_read_is_not_made(url: str) -> None:
    with pytest.raises(StoreError, match="evidence_record"):
        SqlStore(url, read_only=True).open()


def test_a_connection_that_was_closed_while_idle_is_replaced(postgres: Server) -> None:
    with SqlStore(postgres.url) as store, psycopg.connect(postgres.url, autocommit=True) as other:
        store.put(KEY, b"a", Expect.ANY)
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        assert isinstance(store.put(KEY, b"b", Expect.ANY), Applied)


def test_a_statement_that_the_server_cancels_is_failed(postgres: Server) -> None:
    with (
        SqlStore(f"{postgres.url}?options=-c%20statement_timeout%3D100") as store,
        psycopg.connect(postgres.url) as other,
    ):
        store.put(KEY, b"a", Expect.ANY)
        other.execute("SELECT 1 FROM evidence_record FOR UPDATE")
        assert store.put(KEY, b"b", Expect.ANY) == Failed()
