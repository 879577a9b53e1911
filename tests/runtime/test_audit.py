"""Audit: one line for each evidence key of a store or an export, right in every case, in constant memory."""

import json
import tracemalloc
from pathlib import Path

import pytest

from evidence_kernel import EvidenceState, Expect
from evidence_kernel.records.keys import evidence_key
from evidence_runtime import SqliteStore
from evidence_runtime.audit import ABSENT, IN_FUTURE, NO_TENANT, NOT_ENCODED, VALID, Judged, Summary, audit
from evidence_runtime.original import Shape, name, tenant_of
from evidence_runtime.sources import Entry, SourceError, open_source

EXPORT = Path(__file__).parent.parent / "data" / "original_export.jsonl"
NOW = 1_767_456_268_229  # 2026-01-03T16:04:28.229Z, when the export was made
PREFIX = "phase4:evidence:installation:"
UUID = "c5b189a5-7cea-4038-9941-3f4b1e6d2a70"


def judged(source: str, *tenants: str) -> tuple[list[Judged], Summary]:
    """All lines, and the summary."""
    summary = Summary()
    with open_source(source) as held:
        return list(audit(held, NOW, summary, tenants)), summary


def export(folder: Path, *lines: str) -> str:
    """An export of these lines."""
    path = folder / "export.jsonl"
    path.write_bytes(("\n".join(lines) + "\n").encode("utf-8", "surrogatepass"))
    return str(path)


def one(folder: Path, rest: str, value: str) -> Judged:
    """How one evidence record of an export is judged; `value` is JSON."""
    found, _ = judged(export(folder, f'{{"key": {json.dumps(PREFIX + rest)}, "value": {value}}}'))
    return found[0]


def test_the_export_of_the_original() -> None:
    found, summary = judged(str(EXPORT))
    keys = [json.loads(line)["key"] for line in EXPORT.read_text(encoding="utf-8").splitlines()]
    assert [line.key for line in found] == [key for key in keys if key.startswith(PREFIX)]
    assert summary.described() == {
        "records": 712,
        "valid": 134,
        "invalid": 21,
        "future": 1,
        "missing": 0,
        "unnamed": 2,
        "backfilled": 63,
        "accepted_by_original": 147,
        "keys": {
            "evidence": 158,
            "status": 240,
            "metrics": 69,
            "scheduler state of the original": 88,
            "DONE marker of the original": 97,
            "ATTEMPT marker of the original": 60,
        },
    }
    invalid = [line for line in found if line.evidence is EvidenceState.INVALID]
    assert sum(line.accepted_by_original for line in invalid) == 10
    lines = [line.audit_line for line in found if line.audit_line is not None]
    assert len(lines) == 63 and all("didBackfill=true" in line.text for line in lines)


VALUE = '{"installed_at": "2025-01-01T00:00:00Z"}'


@pytest.mark.parametrize(
    ("value", "state", "reason", "accepted"),
    [
        (VALUE, "VALID", VALID, True),
        ('{"installed_at": "2026-01-04T00:00:00Z"}', "VALID", IN_FUTURE, True),
        ("null", "INVALID", "no JSON object of an allowed form", False),
        ("{}", "INVALID", "no installed_at", False),
        ('{"installed_at": 1735689600000}', "INVALID", "installed_at is no text", True),
        ('{"installed_at": "tenant 7"}', "INVALID", "installed_at names no instant", True),
        ('{"installed_at": "2025-02-30T00:00:00Z"}', "INVALID", "installed_at names no instant", True),
        ('{"installed_at": "yesterday"}', "INVALID", "installed_at names no instant", False),
        ('{"installed_at": "2025-01-01T00:00:00Z", "a": 1, "a": 2}', "INVALID", "no JSON object", True),
        ("[" * 40 + "]" * 40, "INVALID", "no JSON object of an allowed form", False),
    ],
)
def test_each_value(tmp_path: Path, value: str, state: str, reason: str, accepted: bool) -> None:
    found = one(tmp_path, UUID, value)
    assert (found.evidence, found.accepted_by_original) == (state, accepted)
    assert found.reason.startswith(reason) and found.tenant == UUID


@pytest.mark.parametrize(
    ("rest", "tenant", "reason"),
    [
        (UUID, UUID, VALID),
        ("acme", "acme", VALID),
        ("a%2Fb", "a/b", VALID),
        ("a/b", "a/b", NOT_ENCODED),
        (UUID.upper(), UUID, NOT_ENCODED),
        ("%zz", "%zz", NOT_ENCODED),
        (" a", None, NOT_ENCODED),
        ("", None, NOT_ENCODED),
        ("null", None, NO_TENANT),
    ],
)
def test_each_key(tmp_path: Path, rest: str, tenant: str | None, reason: str) -> None:
    found = one(tmp_path, rest, VALUE)
    assert (found.tenant, found.reason) == (tenant, reason)


def test_who_should_be_there_and_is_not() -> None:
    found, summary = judged(str(EXPORT), "zulu", UUID, "zulu", "0085dba4-1f16-4c86-ae32-c85b59d163fe")
    assert [(line.tenant, line.reason) for line in found if line.evidence == "MISSING"] == [
        (UUID, ABSENT),
        ("zulu", ABSENT),
    ]
    assert summary.missing == 2 and not summary.all_fit


def test_a_store_is_read_and_left(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with SqliteStore(path) as store:
        store.put(evidence_key("a b"), VALUE.encode(), Expect.ABSENT)
        store.put(evidence_key("null"), VALUE.encode(), Expect.ABSENT)
        store.put("other", b"", Expect.ABSENT)
    before = path.read_bytes()
    found, summary = judged(f"sqlite:{path}")
    assert [(line.tenant, line.reason) for line in found] == [("a b", VALID), ("null", VALID)]
    assert summary.shapes == {Shape.EVIDENCE: 2, Shape.UNKNOWN: 1} and summary.all_fit
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "line 2"),
        ("[]", "it is no JSON object"),
        ('{"key": "a", "value": 1} x', "there is more after"),
        ('{"key": "a", "value": 1,}', "line 2"),
        ('{"key": "a" "value": 1}', "it is no JSON object"),
        ('{"key": "a"}', "one of `value` and `value_text`"),
        ('{"key": "a", "value": 1, "value_text": ""}', "one of `value` and `value_text`"),
        ('{"key": "a", "value_text": 1}', "`value_text` is no text"),
        ('{"key": 1, "value": 1}', "no text as `key`"),
        ('{"value": 1}', "no text as `key`"),
        ('{"key": "a", "key": "b", "value": 1}', "'key' occurs twice"),
        ('{"key": "\\ud800", "value": 1}', "half a pair"),
        ("\ud800", "line 2"),
        ('{"key": "a", "value": "' + "x" * 8_400_000 + '"}', "longer than"),
        (f'{{"key": "{PREFIX}a", "value": 2}}', "the key of line 1 once more"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, line: str, says: str) -> None:
    path = export(tmp_path, f'{{"key": "{PREFIX}a", "value": 1}}', line)
    with pytest.raises(SourceError, match="line 2") as refused:
        judged(path)
    assert says in str(refused.value)


def test_sources_that_are_not_there(tmp_path: Path) -> None:
    for source in (str(tmp_path / "none"), str(tmp_path), f"sqlite:{tmp_path / 'none'}"):
        with pytest.raises(SourceError):
            judged(source)
    assert list(tmp_path.iterdir()) == []


def test_a_value_is_kept_letter_by_letter(tmp_path: Path) -> None:
    lines = ('{ "value" : {"b":1, "a":"\\u00e9"} , "key" : "k" }', '{"key": "t", "value_text": "\\ud800 {"}', "")
    with open_source(export(tmp_path, *lines)) as source:
        assert list(source.entries) == [
            Entry(1, "k", b'{"b":1, "a":"\\u00e9"}'),
            Entry(2, "t", b"\xed\xa0\x80 {"),
        ]


def test_memory_does_not_grow_with_the_lines(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        path = tmp_path / f"{count}.jsonl"
        path.write_text("".join(f'{{"key": "{PREFIX}{n:08}", "value": {VALUE}}}\n' for n in range(count)))
        tracemalloc.start()
        with open_source(str(path)) as source:
            assert sum(1 for _ in audit(source, NOW, Summary())) == count
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(1000)
    assert peak(20_000) < peak(4000) + 100_000


@pytest.mark.parametrize(
    ("tenant_key", "tenant"),
    [
        (f"cloudId:{UUID}", UUID),
        (f"cloudId:{UUID.upper()}", UUID),
        (f"ari:cloud:jira::site/{UUID}", UUID),
        ("tenant:" + "Y2xvdWRJZDphY21l", "acme"),
        ("tenant:%%%", None),
        ("tenant:dGVuYW50OmE", None),
        ("cloudId: ", None),
        ("no id here", None),
    ],
)
def test_tenant_keys_of_the_original(tenant_key: str, tenant: str | None) -> None:
    assert tenant_of(tenant_key) == tenant


@pytest.mark.parametrize(
    ("key", "shape"),
    [
        (f"phase5:scheduler:state:{UUID}", Shape.LEDGER),
        (f"phase5:scheduler:state:cloudId:{UUID}", Shape.ORIGINAL_STATE),
        (f"phase5:scheduler:{UUID}:AUTO_12H:DONE", Shape.PUBLICATION),
        ("phase5:scheduler:state:AUTO_12H:DONE", Shape.PUBLICATION),
        (f"phase5:scheduler:ari:cloud:jira::site/{UUID}:AUTO_24H:DONE", Shape.ORIGINAL_DONE),
        (f"phase5:scheduler:cloudId:{UUID}:AUTO_24H:ATTEMPT", Shape.ORIGINAL_ATTEMPT),
        ("phase5:scheduler:a:AUTO_99H:DONE", Shape.UNKNOWN),
        ("", Shape.UNKNOWN),
    ],
)
def test_shapes_of_keys(key: str, shape: Shape) -> None:
    assert name(key).shape is shape
