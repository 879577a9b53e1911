"""Import: evidence as it stands and DONE markers, once, with every line accounted for."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evidence_kernel import Absent, Expect, Failed, Found, Outcome, Trigger, Unknown, WriteAnswer
from evidence_kernel.records.keys import evidence_key, publication_key
from evidence_runtime import MemoryStore, SqliteStore, StoreError, invocation, run_tick
from evidence_runtime.migrate import Account, Fate, Line, bring
from evidence_runtime.original import Shape
from evidence_runtime.sources import open_source

EXPORT = Path(__file__).parent.parent / "data" / "original_export.jsonl"
PREFIX = "phase4:evidence:installation:"
UUID = "c5b189a5-7cea-4038-9941-3f4b1e6d2a70"
VALID = {"installed_at": "2025-01-01T00:00:00Z", "source": "onInstall"}
NOW = 1_767_456_000_000


def exported(folder: Path, records: Sequence[tuple[str, object]]) -> str:
    """An export of these records."""
    path = folder / "export.jsonl"
    path.write_text("".join(json.dumps({"key": key, "value": value}) + "\n" for key, value in records))
    return str(path)


def brought(source: str, store: Any, dry_run: bool = False) -> tuple[list[Line], Account]:
    """What became of each line."""
    account = Account()
    with open_source(source) as held:
        return list(bring(held, store, account, dry_run)), account


def fates(lines: list[Line]) -> list[tuple[int, Fate]]:
    """What became of each line, by its number."""
    return sorted((line.line, line.fate) for line in lines)


def test_the_export_of_the_original_twice() -> None:
    store = MemoryStore()
    lines, account = brought(str(EXPORT), store)
    assert [line.line for line in sorted(lines, key=lambda line: line.line)] == list(range(1, 713))
    assert account.lines == 712 and not account.settled
    assert account.fates[Shape.EVIDENCE, Fate.BROUGHT] == 136
    assert account.fates[Shape.ORIGINAL_DONE, Fate.BROUGHT] == 97
    held = {key: store.get(key) for key in store.scan("")}
    again, account = brought(str(EXPORT), store)
    assert account.fates[Shape.EVIDENCE, Fate.PRESENT] == 136
    assert account.fates[Shape.ORIGINAL_DONE, Fate.PRESENT] == 97
    assert {key: store.get(key) for key in store.scan("")} == held
    assert len(held) == 136 + 97 and len(again) == 712


def test_a_dry_run_says_the_same_and_writes_nothing() -> None:
    store = MemoryStore()
    dry, _ = brought(str(EXPORT), store, dry_run=True)
    assert list(store.scan("")) == []
    assert fates(dry) == fates(brought(str(EXPORT), store)[0])


def test_evidence_is_brought_as_it_stands_under_the_encoded_id(tmp_path: Path) -> None:
    store = MemoryStore()
    source = exported(tmp_path, [(f"{PREFIX}a/b", VALID), (PREFIX + UUID.upper(), VALID)])
    assert fates(brought(source, store)[0]) == [(1, Fate.BROUGHT), (2, Fate.BROUGHT)]
    for tenant in ("a/b", UUID):
        found = store.get(evidence_key(tenant))
        assert isinstance(found, Found) and found.value == json.dumps(VALID).encode()


def test_a_done_marker_keeps_the_report_from_being_made_again(tmp_path: Path) -> None:
    store = MemoryStore()
    done = f"phase5:scheduler:ari:cloud:jira::site/{UUID}:AUTO_24H:DONE"
    source = exported(tmp_path, [(PREFIX + UUID, VALID), (done, {"completed_at": "2025-01-02T00:00:00Z"})])
    brought(source, store)
    found = store.get(publication_key(UUID, Trigger.AUTO_24H))
    assert isinstance(found, Found)
    record = json.loads(found.value)
    assert (record["published_by"], record["completed_at"]) == ("import", "2025-01-02T00:00:00Z")
    result = run_tick(store, invocation(UUID), lambda *_: {}, clock=lambda: NOW)
    assert result.outcome is Outcome.ALREADY_DONE


@pytest.mark.parametrize("marker", [None, False, 0, "", {}, {"completed_at": "soon"}])
def test_any_marker_counts_as_the_original_counted_it(tmp_path: Path, marker: object) -> None:
    store = MemoryStore()
    lines, _ = brought(exported(tmp_path, [(f"phase5:scheduler:cloudId:{UUID}:AUTO_12H:DONE", marker)]), store)
    assert fates(lines) == [(1, Fate.BROUGHT)]
    assert isinstance(store.get(publication_key(UUID, Trigger.AUTO_12H)), Found)


def test_two_names_of_one_site_are_one_report(tmp_path: Path) -> None:
    names = (f"cloudId:{UUID}", f"ari:cloud:jira::site/{UUID}")
    source = exported(tmp_path, [(f"phase5:scheduler:{name}:AUTO_12H:DONE", {}) for name in names])
    lines, account = brought(source, MemoryStore())
    assert fates(lines) == [(1, Fate.BROUGHT), (2, Fate.SAME)] and account.settled


def test_what_is_ambiguous_or_invalid_is_left(tmp_path: Path) -> None:
    store = MemoryStore()
    records = [
        (PREFIX + UUID, VALID),
        (PREFIX + UUID.upper(), {"installed_at": "2025-01-01T00:00:01Z"}),
        (f"{PREFIX}a%2Fb", VALID),
        (f"{PREFIX}null", VALID),
        (f"{PREFIX} a", VALID),
        (f"{PREFIX}bad", {}),
        ("phase5:scheduler:no id:AUTO_12H:DONE", {}),
        ("phase5:scheduler:acme:AUTO_12H:DONE", {}),
        ("what is this", 1),
    ]
    lines, account = brought(exported(tmp_path, records), store)
    left = [Fate.AMBIGUOUS] * 3 + [Fate.NO_TENANT] * 2 + [Fate.INVALID, Fate.NO_TENANT, Fate.AMBIGUOUS, Fate.UNKNOWN]
    assert fates(lines) == list(enumerate(left, 1))
    assert list(store.scan("")) == [] and not account.settled
    assert all(line.why for line in lines if line.fate is not Fate.UNKNOWN)


def test_what_the_store_holds_is_never_replaced(tmp_path: Path) -> None:
    store = MemoryStore()
    store.put(evidence_key(UUID), b"{}", Expect.ABSENT)
    lines, account = brought(exported(tmp_path, [(PREFIX + UUID, VALID)]), store)
    assert fates(lines) == [(1, Fate.OTHER)] and not account.settled
    found = store.get(evidence_key(UUID))
    assert isinstance(found, Found) and found.value == b"{}"


def test_a_store_is_a_source_too(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "from.sqlite") as source:
        source.put(evidence_key("a b"), json.dumps(VALID).encode(), Expect.ABSENT)
        run_tick(source, invocation("a b"), lambda *_: {"fine": True}, clock=lambda: NOW)
    store = MemoryStore()
    _, account = brought(f"sqlite:{tmp_path / 'from.sqlite'}", store)
    assert account.fates[Shape.EVIDENCE, Fate.BROUGHT] == account.fates[Shape.PUBLICATION, Fate.BROUGHT] == 1
    result = run_tick(store, invocation("a b"), lambda *_: {}, clock=lambda: NOW)
    assert result.outcome is Outcome.ALREADY_DONE


class Doubtful(MemoryStore):
    """A store whose puts are Unknown, or Failed."""

    def __init__(self, answer: WriteAnswer, lands: bool) -> None:
        super().__init__()
        self.answer, self.lands = answer, lands

    def put(self, key: str, value: bytes, expect: Any) -> WriteAnswer:
        """Perhaps written, and nobody knows."""
        if self.lands:
            super().put(key, value, expect)
        return self.answer


def test_a_store_in_doubt_is_asked_again(tmp_path: Path) -> None:
    source = exported(tmp_path, [(PREFIX + UUID, VALID)])
    assert fates(brought(source, Doubtful(Unknown(), lands=True))[0]) == [(1, Fate.BROUGHT)]
    for answer in (Unknown(), Failed()):
        store = Doubtful(answer, lands=False)
        with pytest.raises(StoreError, match=r"line 1: .* could not be written"):
            brought(source, store)
        assert store.get(evidence_key(UUID)) == Absent()
