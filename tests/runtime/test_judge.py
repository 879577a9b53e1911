"""The judge of histories sees each breach that it is for, planted in a history in which all is well."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from evidence_kernel import Expect
from evidence_runtime import SqliteStore
from evidence_sim.oracle import written
from tests.runtime import history
from tests.runtime.cut_shapes import DONE, EVIDENCE, HOUR, LEDGER, MINUTE, NOW, TENANT, bytes_of, installed
from tests.runtime.history import Change, Line
from tests.runtime.judge import GIVEN, PREDICATES, violations
from tests.runtime.witness import Journal, as_text

STATUS = f"governance:status:snapshot:{TENANT}"
REPORT = DONE.format("AUTO_12H")
BORN = NOW - 13 * HOUR
AUDIT = f"[PHASE4_BACKFILL] cloudId={TENANT} didBackfill=true reason=r timestamp={{}}"


def claim(attempts: int, until: int, by: str) -> bytes:
    """A ledger."""
    return bytes_of({"AUTO_12H": {"attempts": attempts, "backoff_until": written(until), "claimed_by": by}})


def publication(by: str, report: object) -> bytes:
    """A publication."""
    return bytes_of({"published_by": by, "report": report})


class Book:
    """A history and a journal, made up."""

    def __init__(self) -> None:
        self.history: list[Change] = []
        self.lines: list[dict[str, object]] = []

    def note(self, tick: str, what: str, **fields: object) -> None:
        """Write a line."""
        self.lines.append({"tick": tick, "what": what, **fields})

    def start(self, tick: str, *, alone: bool = False) -> None:
        """A tick begins."""
        self.note(tick, "start", tenant=TENANT, alone=alone)

    def got(self, tick: str, key: str, value: bytes | None, at: int = BORN) -> None:
        """A read."""
        self.note(tick, "got", key=key, said="x", value=None if value is None else as_text(value))
        self.note(tick, "clock", at=at)

    def put(self, tick: str, key: str, value: bytes, said: str = "Applied", expect: str = "version") -> None:
        """A write, which is in the history if it was applied."""
        self.note(tick, "put", key=key, value=as_text(value), expect=expect)
        if said == "Applied":
            self.commit(key, value)
        self.note(tick, "said", said=said, version=len(self.history))

    def commit(self, key: str, value: bytes | None) -> None:
        """A change."""
        number = len(self.history) + 1
        self.history.append(Change(number, key, value, None if value is None else number))

    def asked(self, tick: str, what: str = "asked", **fields: object) -> None:
        """A call of the generator, or its return."""
        about = {"tenant": TENANT, "trigger": "AUTO_12H", "attempt": 1, "by": tick, "installed_at": BORN}
        self.note(tick, what, **{**about, **fields})

    def found(self) -> set[str]:
        """The names of what is broken."""
        return {says.split(":")[0].split()[0] for says in violations(self.history, self.lines)}


def backfill(book: Book, *, back: bytes | None = None, audit: int = BORN, meanwhile: str | None = None) -> None:
    """A tick that backfills; `back` is what it reads back, `meanwhile` what else it then puts."""
    book.start("t1")
    book.got("t1", STATUS, None)
    book.put("t1", STATUS, b"{}")
    book.got("t1", EVIDENCE, None)
    if meanwhile is not None:
        book.put("t1", meanwhile, b"{}", "Conflict")
    book.put("t1", EVIDENCE, installed(BORN))
    book.got("t1", EVIDENCE, back or installed(BORN))
    book.note("t1", "log", text=AUDIT.format(written(audit)))
    book.got("t1", EVIDENCE, installed(BORN))
    book.note("t1", "result", outcome="NOT_DUE", did_backfill=True)


def generate(book: Book, tick: str = "t2", said: str = "Applied", *, read: int = BORN, puts: object = 1) -> None:
    """A tick that claims at NOW, and generates and publishes the report 1; `said` is the claim's answer."""
    book.start(tick)
    book.got(tick, EVIDENCE, installed(read), NOW)
    book.got(tick, EVIDENCE, installed(read), NOW)
    book.got(tick, REPORT, None, NOW)
    if said != "None":
        book.put(tick, LEDGER, claim(1, NOW + 30 * MINUTE, tick), said)
    book.asked(tick)
    book.asked(tick, "returned", report=1)
    book.put(tick, REPORT, publication(tick, puts))
    book.note(tick, "result", outcome="GENERATED", did_backfill=False)


def retry(book: Book, at: int) -> None:
    """A tick that claims the second attempt, and is cut."""
    book.start("t3")
    book.got("t3", REPORT, None, at)
    book.put("t3", LEDGER, claim(2, at + 120 * MINUTE, "t3"))


def well(breach: Callable[[Book], None] = lambda book: None) -> Book:
    """All is well, and then there is what the breach adds."""
    book = Book()
    backfill(book)
    generate(book)
    breach(book)
    return book


def _made(*steps: Callable[[Book], None]) -> Book:
    book = Book()
    for step in steps:
        step(book)
    return book


def _clobber(book: Book) -> None:
    book.note(GIVEN, "put", key=EVIDENCE, value="{}", expect="ABSENT")
    book.commit(EVIDENCE, b"{}")
    book.start("t1")
    book.put("t1", EVIDENCE, installed(BORN))


def _published_again(book: Book) -> None:
    book.start("t3")
    book.asked("t3", "returned", report=2)
    book.put("t3", REPORT, publication("t3", 2))


def _lost(book: Book) -> None:
    book.history.pop(0)


def _landed_all_the_same(book: Book) -> None:
    book.put("t2", STATUS, b"[]", "Failed")
    book.commit(STATUS, b"[]")


def _version_again(book: Book) -> None:
    book.put("t2", STATUS, b"[]")
    book.history[-1] = evolve(book.history[-1], version=book.history[0].version)
    book.lines[-1]["version"] = book.history[0].version


def _alone(book: Book) -> None:
    book.start("t3", alone=True)
    book.put("t3", STATUS, b"[]")


BREACHES: dict[str, tuple[set[str], Callable[[], Book]]] = {
    "evidence is written twice": ({"S1"}, lambda: well(lambda book: book.put("t2", EVIDENCE, installed(NOW)))),
    "invalid evidence is replaced": ({"S1", "S2"}, lambda: _made(_clobber)),
    "a put is unconditional": ({"S2"}, lambda: well(lambda book: book.put("t2", LEDGER, b"{}", "Failed", "ANY"))),
    "another's is read back": ({"S3"}, lambda: _made(lambda book: backfill(book, back=installed(NOW)))),
    "a backfill is audited twice": (
        {"S4"},
        lambda: well(lambda book: book.note("t2", "log", text=AUDIT.format(written(BORN)))),
    ),
    "an audit line says another instant": ({"S4"}, lambda: _made(lambda book: backfill(book, audit=NOW))),
    "another evidence is read": ({"S5"}, lambda: _made(backfill, lambda book: generate(book, read=NOW))),
    "a report is published twice": ({"S6"}, lambda: well(_published_again)),
    "a report is removed": ({"S6", "store"}, lambda: well(lambda book: book.commit(REPORT, None))),
    "another report is published": ({"S7"}, lambda: _made(backfill, lambda book: generate(book, puts=2))),
    "a backoff is not awaited": ({"S8"}, lambda: well(lambda book: retry(book, NOW + 30 * MINUTE - 1))),
    "a backoff is too short": ({"S8"}, lambda: well(lambda book: book.put("t2", LEDGER, claim(2, NOW, "t2")))),
    "a claim is unheard of": ({"S8", "store"}, lambda: well(lambda book: book.commit(LEDGER, claim(2, NOW, "t9")))),
    "a claim was not acknowledged": (
        {"S8", "store"},
        lambda: _made(
            backfill,
            lambda book: book.commit(LEDGER, claim(1, NOW + 30 * MINUTE, "t2")),
            lambda book: generate(book, said="Failed"),
        ),
    ),
    "a claim is in doubt and not read back": (
        {"S8"},
        lambda: _made(
            backfill,
            lambda book: book.commit(LEDGER, claim(1, NOW + 30 * MINUTE, "t2")),
            lambda book: generate(book, said="Unknown"),
        ),
    ),
    "a generate has no claim": ({"S8", "S9"}, lambda: _made(backfill, lambda book: generate(book, said="None"))),
    "attempts are taken back": (
        {"S9"},
        lambda: well(lambda book: book.put("t2", LEDGER, claim(0, NOW + 30 * MINUTE, "t2"))),
    ),
    "a backfill puts the status": ({"S14"}, lambda: _made(lambda book: backfill(book, meanwhile=STATUS))),
    "the backfill alone puts the status": ({"S14"}, lambda: well(_alone)),
    "an acknowledged write is lost": ({"store"}, lambda: well(_lost)),
    "a write that failed is there": ({"store"}, lambda: well(_landed_all_the_same)),
    "a version is given twice": ({"store"}, lambda: well(_version_again)),
    "nobody wrote": ({"store"}, lambda: well(lambda book: book.commit(STATUS, b"[]"))),
}


def test_the_judge_finds_nothing_where_all_is_well() -> None:
    assert well().found() == set()
    assert well(lambda book: retry(book, NOW + 30 * MINUTE)).found() == set()
    assert well(lambda book: retry(book, NOW - 15 * MINUTE - 1)).found() == set()  # implausible, then


@pytest.mark.parametrize("breach", BREACHES)
def test_the_judge_sees_a_breach(breach: str) -> None:
    names, book = BREACHES[breach]
    assert book().found() == names


def test_every_predicate_has_its_breach() -> None:
    assert set().union(*(names for names, _ in BREACHES.values())) == {name.split()[0] for name in PREDICATES}


def test_the_history_holds_each_committed_change_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with SqliteStore(path) as store:
        store.put("before", b"0", Expect.ABSENT)
        history.watch(path)
        history.watch(path)
        store.put("a", b"1", Expect.ABSENT)
        store.put("a", b"2", Expect.ABSENT)
        store.put("a", b"3", Expect.ANY)
        store.delete("a", Expect.ANY)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("DELETE FROM record")
    other.execute("ROLLBACK")
    other.execute("UPDATE record SET value = ?", (b"4",))
    other.close()
    said = [(change.key, change.value) for change in history.read(path)]
    assert said == [("before", b"0"), ("a", b"1"), ("a", b"3"), ("a", None), ("before", b"4")]


def test_a_torn_last_line_of_a_journal_is_not_read(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.note("t", "start", tenant="a")
    journal.close()
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes() + b'{"tick":"t","wh')
    lines: list[Line] = history.journal(tmp_path)
    assert [line["what"] for line in lines] == ["start"]
