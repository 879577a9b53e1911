"""Ground truth of a SQLite file: each change of its records, written down in the transaction that makes it."""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

_WATCH = """
BEGIN IMMEDIATE;
CREATE TABLE history (seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT, value BLOB, version INTEGER);
INSERT INTO history (key, value, version) SELECT key, value, version FROM record ORDER BY version;
CREATE TRIGGER added AFTER INSERT ON record BEGIN
    INSERT INTO history (key, value, version) VALUES (NEW.key, NEW.value, NEW.version);
END;
CREATE TRIGGER changed AFTER UPDATE ON record BEGIN
    INSERT INTO history (key, value, version) VALUES (NEW.key, NEW.value, NEW.version);
END;
CREATE TRIGGER removed AFTER DELETE ON record BEGIN
    INSERT INTO history (key, value, version) VALUES (OLD.key, NULL, NULL);
END;
COMMIT;
"""
# One line of a journal, as `tests.runtime.witness` writes them.
Line = Mapping[str, Any]


@frozen
class Change:
    """A committed change of a record; value and version are None where it was removed."""

    seq: int
    key: str
    value: bytes | None
    version: int | None


def watch(path: Path) -> None:
    """Record each change of the store's file from now on, after what it holds now; twice is once."""
    database = sqlite3.connect(path, timeout=20, isolation_level=None)
    try:
        if not _watched(database):
            database.executescript(_WATCH)
    finally:
        database.close()


def read(path: Path) -> list[Change]:
    """All changes, in the order of their commits; none where nobody watches."""
    database = sqlite3.connect(path, timeout=20, isolation_level=None)
    try:
        if not _watched(database):
            return []
        return [Change(*row) for row in database.execute("SELECT seq, key, value, version FROM history ORDER BY seq")]
    finally:
        database.close()


def _watched(database: sqlite3.Connection) -> bool:
    return bool(database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'history'").fetchone()[0])


def journal(folder: Path) -> list[Line]:
    """The whole lines of all journals of a folder; those of one process stay in order."""
    whole = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().split(b"\n")[:-1]]
    return [json.loads(line) for line in whole]
