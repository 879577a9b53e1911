"""Who should be there and who was seen, on disk: a source of any length is judged in constant memory."""

import sqlite3
from collections.abc import Iterator
from typing import Self


class Roll:
    """A private temporary database that is gone when it is closed. Use it as a context manager."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "CREATE TABLE expected (tenant TEXT PRIMARY KEY) WITHOUT ROWID;"
            "CREATE TABLE seen (key TEXT PRIMARY KEY, tenant TEXT, line INTEGER) WITHOUT ROWID;"
            "BEGIN"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def expect(self, tenant: str) -> None:
        """That tenant should have evidence."""
        self._database.execute("INSERT OR IGNORE INTO expected VALUES (?)", (tenant,))

    def see(self, key: str, tenant: str | None, line: int) -> int | None:
        """That key was met; the line at which it was met before, if it was."""
        row = self._database.execute("SELECT line FROM seen WHERE key = ?", (key,)).fetchone()
        if row is not None:
            earlier: int = row[0]
            return earlier
        self._database.execute("INSERT INTO seen VALUES (?, ?, ?)", (key, tenant, line))
        return None

    def absent(self) -> Iterator[str]:
        """The tenants that should be there and were not seen, by id."""
        statement = (
            "SELECT tenant FROM expected WHERE tenant NOT IN"
            " (SELECT tenant FROM seen WHERE tenant IS NOT NULL) ORDER BY tenant"
        )
        for (tenant,) in self._database.execute(statement):
            yield tenant
