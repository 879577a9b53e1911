"""Eight processes tick the same fifty tenants of one file, are killed and begin again: nothing is lost."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from evidence_runtime import SqliteStore, system_clock
from evidence_sim.choice import Stream
from evidence_sim.oracle import written
from tests.long import long
from tests.runtime import history
from tests.runtime.crowd_child import SEED, STOP, TENANTS
from tests.runtime.cut_shapes import HOUR, MINUTE, NOW, bytes_of, found, installed, works
from tests.runtime.judge import violations
from tests.runtime.witness import Journal, listening, tick

TOP = Path(__file__).parent.parent.parent
PROCESSES, PAUSE = 8, 150  # ms between two kills
SPAN = 30 * HOUR  # which the hurried clock goes through meanwhile
AFTER = NOW + SPAN + 60 * HOUR
STUCK = (b"{}", b'{"installed_at":"9999-01-01T00:00:00Z"}')


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Log lines go into journals."""
    with listening():
        yield


def given(number: int) -> dict[str, bytes]:
    """What is there of a tenant at first: of ten, three have nothing and one is stuck or has tried before."""
    evidence = f"phase4:evidence:installation:{TENANTS[number]}"
    ledger = f"phase5:scheduler:state:{TENANTS[number]}"
    kind, round = number % 10, number // 10
    if kind < 3:
        return {}
    if kind < 9:
        ages = (2 * HOUR, 11 * HOUR, 13 * HOUR, 13 * HOUR, 23 * HOUR, 30 * HOUR)
        return {evidence: installed(NOW - ages[kind - 3])}
    if round < 2:
        return {evidence: STUCK[round]}
    if round == 2:
        return {evidence: installed(NOW - 13 * HOUR), ledger: b"{"}
    entry = {"attempts": round, "backoff_until": written(NOW + 20 * MINUTE), "last_error": {}}
    return {evidence: installed(NOW - 13 * HOUR), ledger: bytes_of({"AUTO_12H": entry})}


def stuck(number: int) -> bool:
    """Whether the tenant fails closed for good."""
    return number % 10 == 9 and number < 30


def prepare(folder: Path) -> Path:
    """A watched file with all tenants."""
    path, journal = folder / "store.sqlite", Journal(folder)
    with SqliteStore(path) as store:
        for number in range(len(TENANTS)):
            for key, value in given(number).items():
                journal.give(store, key, value)
    journal.close()
    history.watch(path)
    return path


def crowd(path: Path, kills: int) -> None:
    """Let them tick; kill one about each PAUSE, which begins again; let those that are left end."""
    begun, factor = system_clock(), SPAN // (kills * PAUSE)
    lives = Counter[int]()

    def begin(index: int) -> subprocess.Popen[bytes]:
        lives[index] += 1
        numbers = (index, lives[index], begun, factor)
        command = [sys.executable, "-m", "tests.runtime.crowd_child", str(path), *map(str, numbers)]
        return subprocess.Popen(command, cwd=TOP)

    stream = Stream(SEED, 0)
    running = [begin(index) for index in range(PROCESSES)]
    try:
        for _ in range(kills):
            time.sleep((PAUSE - 100 + stream.draw(200)) / 1000)
            victim = stream.draw(PROCESSES)
            running[victim].kill()
            assert running[victim].wait(20) == -9, "it had ended by itself"
            running[victim] = begin(victim)
        (path.parent / STOP).touch()
        assert [process.wait(20) for process in running] == [0] * PROCESSES
    finally:
        for process in running:
            process.kill()
            process.wait(20)


def finish(path: Path) -> list[str]:
    """One tick more of each tenant, when every backoff is over: whose report there is none of then."""
    journal, without = Journal(path.parent), []
    with SqliteStore(path) as store:
        for number, tenant in enumerate(TENANTS):
            tick(store, journal, tenant, works, partial(int, AFTER))
            done = found(store, f"phase5:scheduler:{tenant}:AUTO_24H:DONE")
            if (done is None) is not stuck(number):
                without.append(tenant)
    journal.close()
    return without


@pytest.mark.parametrize("kills", [30, *long((400,))], ids=["five seconds", "a minute"])
def test_s1_to_s9_and_s14_hold_of_a_crowd_that_is_killed_at_random(kills: int, tmp_path: Path) -> None:
    path = prepare(tmp_path)
    crowd(path, kills)
    lines, changes = history.journal(tmp_path), history.read(path)
    assert violations(changes, lines) == []
    started = Counter(line["tick"] for line in lines if line["what"] == "start")
    ended = Counter(line["outcome"] for line in lines if line["what"] == "result")
    said = Counter(line["said"] for line in lines if line["what"] == "said")
    cut = started.total() - ended.total()
    print(f"{started.total()} ticks, {cut} of them cut, {len(changes)} changes; {dict(ended)}; {dict(said)}")
    assert cut >= kills // 10 and said["Conflict"] > 0
    assert sum(line["did_backfill"] for line in lines if line["what"] == "result") > 0
    assert {"NOT_DUE", "SKIPPED", "EVIDENCE_IN_FUTURE", "LEDGER_INVALID"} <= ended.keys()
    assert {"GENERATED", "ALREADY_DONE", "GENERATION_FAILED", "BACKOFF"} <= ended.keys()
    assert finish(path) == []
    assert violations(history.read(path), history.journal(tmp_path)) == []
