"""Bring what the original left into a store: evidence as it stands, DONE markers as publications.

Two passes: first every line is judged and what is to be brought is kept on disk by its key, so that two lines
that claim one key are seen before anything is written; then each is put if absent. So twice is a no-op.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

from attrs import Factory, define, frozen

from evidence_kernel import Absent, Applied, Conflict, Expect, Found, Trigger
from evidence_kernel.identity import canonical_tenant
from evidence_kernel.records.encoding import decode, encode
from evidence_kernel.records.evidence import read_installed_at
from evidence_kernel.records.instants import parse_instant
from evidence_kernel.records.keys import decode_tenant, evidence_key, publication_key
from evidence_runtime.original import Named, Shape, name, tenant_of
from evidence_runtime.sources import Entry, Source
from evidence_runtime.store import Store, StoreError


class Fate(StrEnum):
    """What becomes of a line; all but the first three of evidence and markers need a person's look."""

    BROUGHT = "brought"
    PRESENT = "there already"
    SAME = "says what another line says"
    UNNEEDED = "not evidence, no marker"
    INVALID = "invalid evidence"
    NO_TENANT = "names no tenant"
    AMBIGUOUS = "ambiguous"
    OTHER = "the store holds another value"
    UNKNOWN = "unknown key"


SETTLED = frozenset({Fate.BROUGHT, Fate.PRESENT, Fate.SAME, Fate.UNNEEDED, Fate.UNKNOWN})
_UNNEEDED = frozenset(
    {Shape.STATUS, Shape.METRICS, Shape.LEDGER, Shape.ORIGINAL_STATE, Shape.ORIGINAL_ATTEMPT},
)


@frozen
class Line:
    """One line of the source and what became of it; `why` says more where a person must look."""

    line: int
    key: str
    shape: Shape
    fate: Fate
    why: str = ""

    def described(self) -> dict[str, object]:
        """For JSON."""
        return {
            "line": self.line,
            "key": self.key,
            "shape": self.shape.value,
            "fate": self.fate.value,
            "why": self.why,
        }


@define
class Account:
    """How many lines of each shape met which fate; their sum is the number of lines."""

    fates: Counter[tuple[Shape, Fate]] = Factory(Counter)

    @property
    def lines(self) -> int:
        """All of them."""
        return sum(self.fates.values())

    @property
    def settled(self) -> bool:
        """Whether no line needs a person."""
        return all(fate in SETTLED for _, fate in self.fates)

    def count(self, line: Line) -> None:
        """One line more."""
        self.fates[line.shape, line.fate] += 1


def bring(source: Source, store: Store, account: Account, dry_run: bool = False) -> Iterator[Line]:
    """Bring what can be brought; yield each line once, those to be written last, by key.

    `account` is filled on the way. Raises SourceError where the source cannot be used: then nothing was
    written; StoreError where the store does not write: what was yielded as brought is there, and the call may
    be repeated.
    """
    staged = sqlite3.connect("", isolation_level=None)
    try:
        staged.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "CREATE TABLE staged (place TEXT, value BLOB, line INTEGER, key TEXT, shape TEXT);"
            "CREATE INDEX by_place ON staged (place, line); BEGIN"
        )
        for line in _judged(source, staged):
            account.count(line)
            yield line
        rows = staged.execute("SELECT place, value, line, key, shape FROM staged ORDER BY place, line")
        for line in _written(rows, staged, store, dry_run):
            account.count(line)
            yield line
    finally:
        staged.close()


def _judged(source: Source, staged: sqlite3.Connection) -> Iterator[Line]:
    """Every line that is left; the others are staged."""
    for entry in source.entries:
        named = name(entry.key)
        planned = _planned(entry, named, source.is_export)
        if isinstance(planned, tuple):
            staged.execute("INSERT INTO staged VALUES (?, ?, ?, ?, ?)", (*planned, entry.line, entry.key, named.shape))
        else:
            yield planned


def _planned(entry: Entry, named: Named, is_export: bool) -> tuple[str, bytes] | Line:
    """Where what is to be put, or why it is left."""

    def left(fate: Fate, why: str = "") -> Line:
        return Line(entry.line, entry.key, named.shape, fate, why)

    if named.shape in _UNNEEDED:
        return left(Fate.UNNEEDED)
    if named.shape is Shape.EVIDENCE:
        tenant = _tenant(named.whom, is_export)
        if isinstance(tenant, Fate):
            return left(tenant, f"{named.whom!r} may be read in more than one way, or in none")
        if read_installed_at(entry.value) is None:
            return left(Fate.INVALID, "decide before this tenant's first tick, which would find none and backfill")
        return evidence_key(tenant), entry.value
    if named.shape is Shape.PUBLICATION:
        published = decode(entry.value) or {}
        if not is_export and "report" in published:
            return entry.key, entry.value
        return left(Fate.AMBIGUOUS, "it is no publication of ours, and the key is no marker of the original's")
    if named.shape is Shape.ORIGINAL_DONE:
        tenant_id = tenant_of(named.whom)
        if tenant_id is None or named.trigger is None:
            return left(Fate.NO_TENANT, f"{named.whom!r} names no one site")
        return publication_key(tenant_id, named.trigger), _publication(entry, named.trigger)
    return left(Fate.UNKNOWN)


def _tenant(whom: str, is_export: bool) -> str | Fate:
    """The canonical id that the rest of an evidence key names: raw in an export, encoded in a store of ours."""
    decoded = decode_tenant(whom)
    if not is_export:
        tenant = None if decoded is None else canonical_tenant(decoded)
        return Fate.NO_TENANT if tenant is None else tenant
    if whom == "null":  # where the original read the evidence of those without an id
        return Fate.NO_TENANT
    if decoded is not None and decoded != whom:
        return Fate.AMBIGUOUS
    return canonical_tenant(whom) or Fate.NO_TENANT


def _publication(entry: Entry, trigger: Trigger) -> bytes:
    """The record that keeps the report from being made again; it holds none, for none was stored."""
    completed_at = (decode(entry.value) or {}).get("completed_at")
    known = isinstance(completed_at, str) and parse_instant(completed_at) is not None
    record = {
        "attempt": 0,
        "completed_at": completed_at if known else None,
        "imported_from": entry.key,
        "published_by": "import",
        "report": None,
    }
    value = encode(record)
    assert value is not None, f"a marker of {trigger} has a short record"
    return value


def _written(rows: sqlite3.Cursor, staged: sqlite3.Connection, store: Store, dry_run: bool) -> Iterator[Line]:
    before: tuple[str, bytes] | None = None
    for place, value, number, key, shape_text in rows:
        shape = Shape(shape_text)
        if shape is Shape.EVIDENCE and _differ(staged, place):
            yield Line(number, key, shape, Fate.AMBIGUOUS, f"other lines have other evidence for {place}")
            continue
        if before is not None and before[0] == place:
            yield Line(number, key, shape, Fate.SAME)
            continue
        before = place, value
        yield _put(store, place, value, Line(number, key, shape, Fate.BROUGHT), dry_run)


def _differ(staged: sqlite3.Connection, place: str) -> bool:
    statement = "SELECT count(DISTINCT value) FROM staged WHERE place = ?"
    return bool(staged.execute(statement, (place,)).fetchone()[0] > 1)


def _put(store: Store, place: str, value: bytes, line: Line, dry_run: bool) -> Line:
    held = store.get(place)
    if isinstance(held, Absent):
        if dry_run:
            return line
        answer = store.put(place, value, Expect.ABSENT)
        if isinstance(answer, Applied):
            return line
        held = store.get(place)
        if isinstance(held, Found) and held.value == value and not isinstance(answer, Conflict):
            return line
    if not isinstance(held, Found):
        raise StoreError(f"line {line.line}: {place} could not be written; run it again, twice is once")
    if held.value == value or line.shape is not Shape.EVIDENCE:
        return Line(line.line, line.key, line.shape, Fate.PRESENT)
    return Line(line.line, line.key, line.shape, Fate.OTHER, f"{place} is left as it is")
