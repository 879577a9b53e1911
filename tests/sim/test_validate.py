"""Recordings judged: what is forged, lost or misplaced is named with its line, and a kernel or a store that errs."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Barrier, Thread

import pytest

from evidence_kernel import Applied, Conflict, Expect, Expectation, Failed, Found, WriteAnswer
from evidence_kernel.records.keys import evidence_key, status_key
from evidence_runtime import MemoryStore, invocation, run_tick
from evidence_runtime.recorder import Recorder
from evidence_sim.mutants import mutants, mutated
from evidence_sim.validation.register import KEPT
from tests.runtime.recorder_child import MINUTE, NOW
from tests.sim.recordings import DIVERGENT, INCONSISTENT, OLD, Lines, judged, record, save, step


@pytest.fixture
def told(tmp_path: Path) -> Lines:
    """Tenant `a` is backfilled in line 1, `b` gets its report in line 2; then each has ticks of which nothing comes."""
    store = MemoryStore()
    store.put(evidence_key("b"), OLD, Expect.ABSENT)
    record(tmp_path / "true.jsonl", store, "abaabb")
    return [json.loads(line) for line in (tmp_path / "true.jsonl").read_text().splitlines()]


def test_the_true_recording_is_consistent(told: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = [line["result"]["outcome"] for line in told]
    assert outcomes == ["NOT_DUE", "GENERATED", "NOT_DUE", "NOT_DUE", "ALREADY_DONE", "ALREADY_DONE"]
    assert save(tmp_path / "again.jsonl", told, chain=True).read_bytes() == (tmp_path / "true.jsonl").read_bytes()
    assert judged(capsys, tmp_path / "again.jsonl") == []


@pytest.mark.parametrize(("forge", "line", "says"), DIVERGENT, ids=lambda part: getattr(part, "__name__", ""))
def test_what_the_kernel_would_not_have_done_is_named(
    forge: Callable[[Lines], None],
    line: int,
    says: str,
    told: Lines,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By whoever reckons the digests anew as well; by another the changed line is named a second time."""
    forge(told)
    [(kind, where, found)] = judged(capsys, save(tmp_path / "forged.jsonl", told, chain=True))
    assert (kind, where) == ("divergent", line) and says in found
    both = judged(capsys, save(tmp_path / "forged.jsonl", told))
    assert [(kind, where) for kind, where, _ in both] == [("divergent", line), ("sequence", line)]
    assert "not as it was" in both[1][2]


@pytest.mark.parametrize(("forge", "line", "says"), INCONSISTENT, ids=lambda part: getattr(part, "__name__", ""))
def test_what_no_order_allows_is_named(
    forge: Callable[[Lines], None],
    line: int,
    says: str,
    told: Lines,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each tick is the kernel's by itself; beside the others it is not true."""
    forge(told)
    [(kind, where, found)] = judged(capsys, save(tmp_path / "forged.jsonl", told, chain=True))
    assert (kind, where) == ("inconsistent", line) and says in found


@pytest.mark.parametrize(
    ("order", "line", "says"),
    [
        ((0, 1, 3, 4, 5), 3, "before line 4 of its writer line 3 is missing"),
        ((0, 4, 5), 2, "lines 2 to 4 are missing"),
        ((0, 1, 3, 2, 4, 5), 3, "line 3 is missing or misplaced"),
        ((0, 1, 2, 2, 3, 4, 5), 4, "the line is there twice"),
        ((0, 1, 2, 1, 3, 4, 5), 4, "line 2 of its writer stands after line 3"),
    ],
)
def test_a_line_that_is_missing_misplaced_or_repeated_is_named(
    order: tuple[int, ...], line: int, says: str, told: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [(kind, where, found)] = judged(capsys, save(tmp_path / "moved.jsonl", [told[n] for n in order]))
    assert (kind, where) == ("sequence", line) and says in found


def test_only_the_first_of_each_tenant_and_writer_is_told(
    told: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for line in told:
        line["result"]["did_backfill"] ^= True
    found = judged(capsys, save(tmp_path / "forged.jsonl", told))
    assert [(kind, line) for kind, line, _ in found] == [("divergent", 1), ("sequence", 1), ("divergent", 2)]


_MUTANTS = {mutant.name: mutant for mutant in mutants()}


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("EVIDENCE None,ABSENT -> VALID", "at step 4: recorded TIMESTAMP_READ"),
        ("EVIDENCE MISSING,MINE -> VALID", "the kernel STATUS_CLOSE"),
        ("STATUS_READ FOUND -> EVIDENCE_READ", "at step 2: recorded EVIDENCE_READ"),
        ("LEDGER_READ NOT_DUE outcome BACKOFF", "the kernel STATUS_CLOSE"),
        ("CLAIM APPLIED -> CLAIM_VERIFY", "the kernel GENERATE"),
        ("PUBLISH_VERIFY MINE outcome ALREADY_DONE", "the kernel SETTLE"),
    ],
)
def test_a_kernel_with_another_row_diverges_there(
    name: str, step: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, path = MemoryStore(), tmp_path / "mutant.jsonl"
    store.put(evidence_key("b"), OLD, Expect.ABSENT)
    with mutated(_MUTANTS[name]), Recorder(path) as recorder:
        for tenant in "aabb":
            run_tick(store, invocation(tenant), lambda *_: 1, observe=recorder)
    found = judged(capsys, path)
    assert found and {kind for kind, _, _ in found} == {"divergent"}
    assert any(step in says for _, _, says in found)


class FailsAndWrites(MemoryStore):
    """Says Failed to what it wrote."""

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        super().put(key, value, expect)
        return Failed()


class CountsEachKey(MemoryStore):
    """Counts versions from 1 for a key that was deleted."""

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        answer = super().put(key, value, expect)
        if isinstance(answer, Applied) and expect is Expect.ABSENT:
            self._held[key] = (value, 1)
            return Applied(1)
        return answer


class ComparesThenPuts(MemoryStore):
    """Looks at the version and waits for others before it puts whatever is there."""

    def __init__(self) -> None:
        super().__init__()
        self.both = Barrier(2)

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        if isinstance(expect, Expect) or not key.startswith("governance"):
            return super().put(key, value, expect)
        now = self.get(key)
        self.both.wait(5)
        return super().put(key, value, Expect.ANY) if isinstance(now, Found) and now.version == expect else Conflict()


def _deleted(store: MemoryStore, path: Path) -> None:
    with Recorder(path) as recorder:
        for _ in range(2):
            run_tick(store, invocation("a"), lambda *_: 1, clock=lambda: NOW, observe=recorder)
            for key in (evidence_key("a"), status_key("a")):
                store.delete(key, Expect.ANY)


def _one_after_another(store: MemoryStore, path: Path) -> None:
    record(path, store, "aa")


def _at_once(store: MemoryStore, path: Path) -> None:
    store.put(status_key("a"), b"{}", Expect.ABSENT)
    with Recorder(path) as recorder:
        ticks = [
            Thread(target=run_tick, args=(store, invocation("a"), lambda *_: 1), kwargs={"observe": recorder})
            for _ in range(2)
        ]
        for tick in ticks:
            tick.start()
        for tick in ticks:
            tick.join()


def _clocks_that_disagree(store: MemoryStore, path: Path) -> None:
    with Recorder(path) as recorder:
        for now in (NOW, NOW - 16 * MINUTE):
            run_tick(store, invocation("a"), lambda *_: 1, clock=partial(int, now), observe=recorder)


@pytest.mark.parametrize(
    ("store", "ticks", "line", "says"),
    [
        (MemoryStore, _deleted, 2, "was created a second time"),
        (CountsEachKey, _deleted, 2, "version 1 was written a second time"),
        (FailsAndWrites, _one_after_another, 1, "its tick did not write"),
        (ComparesThenPuts, _at_once, 2, "version 1 was replaced a second time"),
        (MemoryStore, _clocks_that_disagree, 2, "asked for at"),
    ],
)
def test_a_store_or_a_clock_that_errs_is_named(
    store: type[MemoryStore],
    ticks: Callable[[MemoryStore, Path], None],
    line: int,
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ticks(store(), tmp_path / "ticks.jsonl")
    [(kind, where, found)] = judged(capsys, tmp_path / "ticks.jsonl")
    assert (kind, where) == ("inconsistent", line) and says in found


def test_a_tenant_may_have_been_forgotten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "ticks.jsonl"
    _deleted(MemoryStore(), path)
    assert judged(capsys, path, "--forgotten", "b") != []
    assert judged(capsys, path, "--forgotten", "a") == []


def test_what_is_remembered_of_a_key_is_bounded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A version that is read long after counts as one of nobody recorded, not as another's."""
    path = tmp_path / "ticks.jsonl"
    record(path, MemoryStore(), "a" * KEPT)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    late = json.loads(json.dumps(lines[1]).replace(lines[1]["tick_id"], "late")) | {"writer": "w", "number": 1}
    step(late, "STATUS_OPEN")["answer"] = step(late, "STATUS_CLOSE")["answer"] = {"is": "Conflict"}
    step(late, "STATUS_READ")["answer"]["version"] = 999
    for phase in ("STATUS_OPEN", "STATUS_CLOSE"):
        step(late, phase)["effect"]["expect"] = {"version": 999}
    [(kind, where, says)] = judged(capsys, save(path, [*lines[:8], late]))
    assert (kind, where) == ("inconsistent", 9) and "its tick did not write" in says
    assert judged(capsys, save(path, [*lines, late])) == []
