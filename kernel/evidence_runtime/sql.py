# Generated from aio/sql.py by kernel/make_sync.py: change it there.
"""A store in one table of PostgreSQL, or of SQLite, through SQLAlchemy."""

import selectors
from collections.abc import Iterator
from contextlib import closing
from types import TracebackType
from typing import Any, Self

import psycopg
from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError

from evidence_kernel import (
    Absent,
    Applied,
    Conflict,
    Expect,
    Expectation,
    Failed,
    Found,
    ReadAnswer,
    Unknown,
    WriteAnswer,
)
from evidence_runtime.shell import say
from evidence_runtime.store import StoreError

_CREATE = {
    "postgresql": (  # one string is one transaction; 1163282756 is "EVID", the lock of who makes the table
        "SELECT pg_advisory_xact_lock(1163282756);"
        "CREATE TABLE IF NOT EXISTS evidence_record"
        ' (key TEXT COLLATE "C" PRIMARY KEY, value BYTEA NOT NULL, version BIGINT NOT NULL);'
        "CREATE SEQUENCE IF NOT EXISTS evidence_version",
    ),
    "sqlite": (
        "PRAGMA journal_mode = WAL",
        "BEGIN IMMEDIATE",
        "CREATE TABLE IF NOT EXISTS evidence_record (key TEXT PRIMARY KEY, value BLOB NOT NULL, version INT NOT NULL)",
        "CREATE TABLE IF NOT EXISTS evidence_version (one INTEGER PRIMARY KEY CHECK (one = 1), last INT NOT NULL)",
        "INSERT OR IGNORE INTO evidence_version VALUES (1, 0)",
        "CREATE TRIGGER IF NOT EXISTS evidence_inserted AFTER INSERT ON evidence_record"
        " BEGIN UPDATE evidence_version SET last = NEW.version; END",
        "CREATE TRIGGER IF NOT EXISTS evidence_updated AFTER UPDATE ON evidence_record"
        " BEGIN UPDATE evidence_version SET last = NEW.version; END",
        "COMMIT",
    ),
}
_NEXT = {
    "postgresql": "(nextval('evidence_version') << 20) + floor(random() * (1 << 20))::bigint",
    "sqlite": "(SELECT last + 1 FROM evidence_version)",
}
_NOW = text("SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now")
_LOOK = text("SELECT key, value, version FROM evidence_record LIMIT 0")
_GET = text("SELECT value, version FROM evidence_record WHERE key = :key")
_INSERT = "INSERT INTO evidence_record (key, value, version) VALUES (:key, :value, {next}) ON CONFLICT (key) DO "
_PUTS: dict[Expect | None, str] = {
    Expect.ABSENT: _INSERT + "NOTHING RETURNING version",
    Expect.ANY: _INSERT + "UPDATE SET value = excluded.value, version = excluded.version RETURNING version",
    None: "UPDATE evidence_record SET value = :value, version = {next} WHERE key = :key AND version = :at"
    " RETURNING version",
}
_DELETE_ANY = text("DELETE FROM evidence_record WHERE key = :key RETURNING version")
_DELETE_AT = text("DELETE FROM evidence_record WHERE key = :key AND version = :at RETURNING version")
_KEYS = 256  # read at a time
_FIRST = text(f"SELECT key FROM evidence_record WHERE key >= :bound ORDER BY key LIMIT {_KEYS}")
_AFTER = text(f"SELECT key FROM evidence_record WHERE key > :bound ORDER BY key LIMIT {_KEYS}")
_LIMITS = {"connect_timeout": "10", "tcp_user_timeout": "10000"}  # seconds; ms that sent bytes may stay unacknowledged
_REFUSALS = ("SQLITE_BUSY", "SQLITE_CONSTRAINT", "SQLITE_ERROR", "SQLITE_LOCKED", "SQLITE_READONLY")


class SqlStore:
    """Records in the table `evidence_record`; each write is one statement that commits by itself.

    Versions come from one sequence (SQLite: one row that counts), so none is given twice; their last 20 bits are
    chance, for a standby that was put in the primary's place and counts from before. What applied is told by
    RETURNING, as a driver may not know how many rows a statement touched.

    Failed: no connection was to be had, so nothing was sent; or the server refused the statement. psycopg's
    "errors - Package exceptions": `sqlstate` is "the code of the error, if received from the server", and
    PostgreSQL's "Error Message Fields": ERROR ends the transaction, FATAL the session. Unknown: everything else,
    a connection lost after something was sent, a FATAL, class 08, and 40003, statement_completion_unknown
    (PostgreSQL's appendix "Error Codes"). So a time-out by `statement_timeout` is Failed, one of the client's
    is Unknown. SQLite: a refusal by lock, right or constraint is Failed, anything else Unknown.
    """

    def __init__(self, url: str, *, connections: int = 16, read_only: bool = False) -> None:
        """A store at a SQLAlchemy URL, to be opened by `open` or as a context manager.

        `postgresql://` takes libpq's parameters after `?`, such as `connect_timeout` and `options`; its driver is
        psycopg. At most `connections` are open at once. Raises StoreError where the URL cannot be used.
        """
        try:
            parsed = make_url(url)
            self.name = parsed.render_as_string(hide_password=True)
            self._kind = parsed.get_backend_name()
            if self._kind not in _CREATE or not (parsed.database or self._kind == "postgresql"):
                raise StoreError(f"{self.name} is no store; give postgresql://HOST/DATABASE or sqlite:///PATH")
            if self._kind == "postgresql":
                parsed = parsed.set(drivername="postgresql+psycopg", query={**_LIMITS, **parsed.query})
            self._engine = create_engine(
                parsed, isolation_level="AUTOCOMMIT", pool_size=connections, max_overflow=0, hide_parameters=True
            )
        except (SQLAlchemyError, ValueError) as error:  # a port that is no number is the latter
            raise StoreError(f"the store's URL cannot be used: {error}") from None
        moment, hook = _HOOKS[self._kind]
        event.listen(self._engine.pool, moment, hook)
        self._statements = {at: text(put.format(next=_NEXT[self._kind])) for at, put in _PUTS.items()}
        self._read_only = read_only

    def open(self) -> Self:
        """Connect, and make the table where it is missing, unless the store is read only.

        Raises StoreError where the server cannot be reached, refuses, or has no such table.
        """
        try:
            if not self._is_there():
                with self._engine.connect() as connection:
                    for statement in _CREATE[self._kind]:
                        connection.exec_driver_sql(statement)
        except SQLAlchemyError as error:
            self.close()
            raise StoreError(f"{self.name} cannot be used: {_reason(error)}") from None
        return self

    def _is_there(self) -> bool:
        try:
            self._rows(_LOOK, {})
        except DBAPIError as error:
            if self._read_only or not _is_refusal(error.orig):
                raise
            return False
        return True

    def close(self) -> None:
        """Close the connections; twice is once."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def get(self, key: str) -> ReadAnswer:
        """What the key holds; Failed where the server did not say."""
        try:
            rows = self._rows(_GET, {"key": key})
        except SQLAlchemyError as error:
            _say(key, error)
            return Failed()
        return Found(*rows[0]) if rows else Absent()

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """Write where the expectation holds; when Failed and when Unknown says the class."""
        statement = self._statements[expect if isinstance(expect, Expect) else None]
        return self._write(statement, {"key": key, "value": value, "at": expect})

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """Delete where the expectation holds, or where there is nothing; the version that was deleted, or 0."""
        if expect is Expect.ANY:
            answer = self._write(_DELETE_ANY, {"key": key})
            return Applied(0) if answer == Conflict() else answer
        answer = self._write(_DELETE_AT, {"key": key, "at": expect})
        if answer != Conflict():
            return answer
        now = self.get(key)  # no version comes back: what is absent now, or has another, was not deleted by this
        if isinstance(now, Found):
            return Conflict()
        return Applied(0) if isinstance(now, Absent) else Failed()

    def _rows(self, statement: Any, values: dict[str, Any]) -> list[Any]:
        with self._engine.connect() as connection:
            result = connection.execute(statement, values)
            return list(result.all())

    def _write(self, statement: Any, values: dict[str, Any]) -> WriteAnswer:
        try:
            connection = self._engine.connect()
        except SQLAlchemyError as error:
            _say(values["key"], error)
            return Failed()
        with closing(connection):
            try:
                result = connection.execute(statement, values)
                rows = result.all()
            except DBAPIError as error:
                _say(values["key"], error)
                return Failed() if _is_refusal(error.orig) else Unknown()
        return Applied(rows[0].version) if rows else Conflict()

    def scan(self, prefix: str) -> Iterator[str]:
        """The keys with that prefix, in the order of their bytes. Raises StoreError where the server does not say."""
        statement, bound = _FIRST, prefix
        while True:
            try:
                page = self._rows(statement, {"bound": bound})
            except SQLAlchemyError as error:
                raise StoreError(f"{self.name} cannot be listed: {_reason(error)}") from error
            for (key,) in page:
                if not key.startswith(prefix):
                    return
                yield key
            if len(page) < _KEYS:
                return
            statement, bound = _AFTER, page[-1][0]

    def server_time(self) -> int | None:
        """The server's clock, ms since 1970; None where it is this host's. Raises StoreError where it does not say."""
        if self._kind == "sqlite":
            return None
        try:
            return int((self._rows(_NOW, {}))[0].now)
        except SQLAlchemyError as error:
            raise StoreError(f"{self.name} does not tell its time: {_reason(error)}") from error


def _refuse_closed(connection: Any, record: Any, _: Any) -> None:
    """Have the pool replace a connection that has something to read, a good-bye: what is put on it would be Unknown."""
    with selectors.DefaultSelector() as selector:
        selector.register(record.driver_connection.fileno(), selectors.EVENT_READ)
        if selector.select(0):
            raise DisconnectionError


def _sync_wholly(connection: Any, _: Any) -> None:
    """What was acknowledged survives a power cut."""
    connection.execute("PRAGMA synchronous = FULL")


_HOOKS: dict[str, tuple[str, Any]] = {"postgresql": ("checkout", _refuse_closed), "sqlite": ("connect", _sync_wholly)}


def _is_refusal(error: BaseException | None) -> bool:
    """Whether it says that nothing was written, and nothing will be."""
    if isinstance(error, psycopg.Error):
        state = error.sqlstate or "08"
        return error.diag.severity_nonlocalized == "ERROR" and state[:2] != "08" and state != "40003"
    return getattr(error, "sqlite_errorname", "").startswith(_REFUSALS)


def _reason(error: SQLAlchemyError) -> str:
    return str(error.orig if isinstance(error, DBAPIError) else error).strip().partition("\n")[0]


def _say(key: str, error: SQLAlchemyError) -> None:
    cause = error.orig if isinstance(error, DBAPIError) else error
    say("sql", key, None, getattr(cause, "sqlstate", None) or type(cause).__name__)
