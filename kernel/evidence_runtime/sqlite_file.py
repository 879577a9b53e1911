"""Where a store's SQLite file may be, and how it is told from another program's before it is opened in earnest."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from evidence_runtime.store import StoreError

APPLICATION = 0x45564944  # "EVID", in the file's header
_JOURNAL = bytes.fromhex("d9d505f920a163d7")  # how a rollback journal begins


def one(database: sqlite3.Connection, statement: str) -> int:
    number: int = database.execute(statement).fetchone()[0]
    return number


def another_s(path: Path) -> StoreError:
    return StoreError(f"{path} is another program's database; give a file of its own")


def check_place(path: Path, read_only: bool) -> None:
    """Refuse what SQLite would damage or name badly, before it touches the file."""
    if not path.parent.is_dir():
        raise StoreError(f"{path}: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name a file in it")
    if path.exists() and not path.is_file():
        raise StoreError(f"{path} is no regular file; give another")
    if not path.exists():
        if read_only:
            raise StoreError(f"{path}: there is no such file")
        if not os.access(path.parent, os.W_OK):
            raise StoreError(f"{path}: the folder {path.parent} is read-only; give a file elsewhere")
        return
    if not os.access(path, os.R_OK):
        raise StoreError(f"{path} cannot be read; make it readable or give another file")
    _check_header(path)
    if not read_only and not os.access(path, os.W_OK):
        raise StoreError(f"{path} is read-only; make it writable or give another file")


def _check_header(path: Path) -> None:
    """Refuse another program's file before it is opened in earnest, which might end its write-ahead log.

    The header is read through SQLite, which then heeds neither locks nor logs: to open and close the file past
    it would drop the locks that this process holds through another store. It is not the last word where the
    file is being made, or was cut while it was: then its rollback journal says that there was nothing before.
    """
    making = _is_being_made(path)
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as peek:
            foreign = one(peek, "PRAGMA page_count") and one(peek, "PRAGMA application_id") != APPLICATION
    except sqlite3.DatabaseError as error:
        # Anything else may only seem so, without the locks, of a file that is being written: opening it will tell.
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB and not (making or _is_being_made(path)):
            raise StoreError(f"{path}: {error}; give another file") from None
        return
    if foreign and not (making or _is_being_made(path)):
        raise another_s(path)


def _is_being_made(path: Path) -> bool:
    """Whether there is a rollback journal to an empty file (https://www.sqlite.org/fileformat2.html, section 3)."""
    try:
        with Path(f"{path}-journal").open("rb") as file:
            head = file.read(20)
    except OSError:
        return False
    return head.startswith(_JOURNAL) and head[16:] == bytes(4)
