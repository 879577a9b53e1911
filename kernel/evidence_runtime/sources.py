"""Where records come from: a store, or an export of one in JSON lines; read once, never written.

An export has one JSON object a line: `key`, with `value` (any JSON value) or with `value_text` (the stored
bytes as text, where they are no JSON or must be kept letter by letter). What stands after `value` is kept
letter by letter too: a name that occurs twice in it must not be lost in reading.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from json import JSONDecoder
from pathlib import Path
from typing import IO

from attrs import define, frozen

from evidence_kernel import Failed, Found
from evidence_runtime.sqlite import SqliteStore
from evidence_runtime.store import Store, StoreError
from evidence_runtime.urls import SERVERS, open_store

SQLITE = "sqlite:"
_LONGEST = 8 * 2**20  # bytes of a line: a record of 1 MiB, each byte of it escaped, and a key
_DECODER = JSONDecoder()
_WHITE = " \t\r\n"


class SourceError(Exception):
    """A source that cannot be used; the message names the file and, of an export, the line."""


@frozen
class Entry:
    """One record; `line` counts from 1, in a store the keys as they are listed."""

    line: int
    key: str
    value: bytes


@define
class Source:
    """An open source. `size` is the bytes of an export, 0 where unknown; `done` how many were read."""

    name: str
    entries: Iterator[Entry]
    is_export: bool
    size: int = 0
    done: int = 0


@contextmanager
def open_source(text: str) -> Iterator[Source]:
    """The source that `text` names: a store by its URL, or the path of an export. Raises SourceError."""
    if text.startswith(SQLITE) or text.partition("://")[0] in SERVERS:
        try:
            with open_store(text, read_only=True) as store:
                yield Source(text, _held(store), False)
        except StoreError as error:
            raise SourceError(str(error)) from None
        return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(Path(text).open("rb"))
            size = Path(text).stat().st_size
        except OSError as error:
            raise SourceError(f"cannot read {text}: {error.strerror}; name an export or sqlite:PATH") from None
        source = Source(text, iter(()), True, size)
        source.entries = _lines(file, source)
        yield source


def _held(store: Store) -> Iterator[Entry]:
    items = store.items() if isinstance(store, SqliteStore) else _items(store)
    return (Entry(number, key, value) for number, (key, value) in enumerate(items, 1))


def _items(store: Store) -> Iterator[tuple[str, bytes]]:
    for key in store.scan(""):
        answer = store.get(key)
        if isinstance(answer, Failed):
            raise StoreError(f"{key} cannot be read; try again")
        if isinstance(answer, Found):
            yield key, answer.value


def _lines(file: IO[bytes], source: Source) -> Iterator[Entry]:
    number = 0
    while line := file.readline(_LONGEST + 1):
        number += 1
        source.done += len(line)
        try:
            if len(line) > _LONGEST:
                raise ValueError(f"it is longer than {_LONGEST} bytes")
            text = line.decode("utf-8").strip(_WHITE)
            if text:
                key, value = _record(text)
                yield Entry(number, key, value)
        except (ValueError, RecursionError) as error:
            raise SourceError(f"{source.name}, line {number}: {error}; see the README for the form") from None


def _record(text: str) -> tuple[str, bytes]:
    """The key and the stored bytes that a line names. Raises ValueError."""
    fields = dict[str, tuple[object, str]]()
    for name, value, raw in _members(text):
        if name in fields:
            raise ValueError(f"{name!r} occurs twice")
        fields[name] = value, raw
    key = fields.get("key", (None, ""))[0]
    if not isinstance(key, str):
        raise ValueError("there is no text as `key`")
    if not key.isascii() and max(key) >= "\ud800" and key != key.encode("utf-8", "replace").decode("utf-8"):
        raise ValueError("`key` holds half a pair of surrogates")
    if ("value" in fields) == ("value_text" in fields):
        raise ValueError("there must be one of `value` and `value_text`")
    if "value" in fields:
        return key, fields["value"][1].encode("utf-8")
    stored = fields["value_text"][0]
    if not isinstance(stored, str):
        raise ValueError("`value_text` is no text")
    return key, stored.encode("utf-8", "surrogatepass")  # half a pair is no UTF-8, and malformed as a record


def _members(text: str) -> Iterator[tuple[str, object, str]]:
    """Each member of the object that is `text`: name, value, and the value as it is written."""
    if not text.startswith("{"):
        raise ValueError("it is no JSON object")
    at, last = _next(text, 1), ","
    if text[at : at + 1] == "}":
        at, last = at + 1, "}"
    while last == ",":
        name, at = _DECODER.raw_decode(text, at)
        at = _next(text, at)
        if not isinstance(name, str) or text[at : at + 1] != ":":
            raise ValueError("it is no JSON object")
        start = _next(text, at + 1)
        value, at = _DECODER.raw_decode(text, start)
        yield name, value, text[start:at]
        at = _next(text, at)
        last = text[at : at + 1]
        if last not in (",", "}"):
            raise ValueError("it is no JSON object")
        at = _next(text, at + 1)
    if at != len(text):
        raise ValueError("there is more after its JSON object")


def _next(text: str, at: int) -> int:
    """Where white space ends."""
    while at < len(text) and text[at] in _WHITE:
        at += 1
    return at
