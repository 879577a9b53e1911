"""Whole campaigns over real stores: the same digest as in memory, nothing left behind, and what is wrong is told."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evidence_kernel import Expect
from evidence_runtime import MemoryStore, StoreError, open_store
from evidence_runtime.objects import ObjectStore
from evidence_sim.campaign import Chunk, Seeds, chunks, one_seed, placed, processes, tallied
from evidence_sim.cli import main
from evidence_sim.sample import Plan
from evidence_sim.stored_cells import NAMESPACE, StoredCells
from evidence_sim.tally import Tally

KINDS = ("memory", "sqlite", "postgres", "redis", "s3")


@pytest.fixture
def url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Of a store of a kind, which may hold other records."""
    if kind == "memory":
        return "memory:"
    if kind == "sqlite":
        return f"sqlite:{tmp_path / 'store.sqlite'}"
    server_url: str = request.getfixturevalue(kind).url
    return server_url


def left_behind(url: str) -> list[str]:
    """Keys of campaigns that are still there; in a bucket, the objects too that say that one was deleted."""
    with open_store(url) as store:
        objects = store._bucket.list().collect() if isinstance(store, ObjectStore) else []
        return [*store.scan(NAMESPACE), *(one["path"] for one in objects if one["path"].startswith("evidence-sim"))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("profile", ["cloud-kv", "byzantine"])
def test_the_digest_is_that_of_memory_and_nothing_is_left(profile: str, url: str) -> None:
    plan, seeds = Plan(profile=profile, ticks=3), Seeds(7, 3)
    whole = Tally()
    with placed(url) as place, processes(1) as crew:
        for tally in crew.results(tallied, chunks(plan, seeds, place=place)):
            whole.add(tally)
    assert whole.digests == [one_seed(plan, seed).digests[0] for seed in range(7, 10)]
    assert left_behind(url) == []


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_nothing_is_left_where_it_was_interrupted(jobs: str, url: str, tmp_path: Path) -> None:
    with open_store(url) as store:
        store.put("mine", b"", Expect.ANY)
        command = [sys.executable, "-m", "evidence_sim", "run", "--seeds", "100000", "--store", url, "--jobs", jobs]
        running = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            deadline = time.monotonic() + 60
            while not list(store.scan(NAMESPACE)):
                assert running.poll() is None and time.monotonic() < deadline
                time.sleep(0.05)
            os.kill(running.pid, signal.SIGINT)
            _, said = running.communicate(timeout=60)
        finally:
            running.kill()
        assert running.returncode == 130 and b"interrupted after" in said
        assert list(store.scan(NAMESPACE)) == [] and list(store.scan("mine")) == ["mine"]


DIES = """
import os, sys
from evidence_sim.sample import Plan, sample
from evidence_sim.stored_cells import Place
place = Place(*sys.argv[1:])
with place.open() as store, place.world(store, 7) as cells:
    for number, _ in enumerate(sample(Plan(ticks=3), 7, cells)):
        if number == 20:
            os._exit(9)
"""


def test_a_seed_begins_in_an_empty_store_also_where_its_worker_died(tmp_path: Path) -> None:
    url, plan = f"sqlite:{tmp_path / 'store.sqlite'}", Plan(ticks=3)
    with placed(url) as place:
        assert place is not None
        died = subprocess.run([sys.executable, "-c", DIES, url, place.prefix], check=False)
        with place.open() as store:
            assert died.returncode == 9 and [*store.scan(place.prefix)]
        assert tallied(Chunk(plan, Seeds(7, 1), place)) == one_seed(plan, 7)
    assert left_behind(url) == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:/nowhere/x", "/nowhere"),
        ("postgresql://127.0.0.1:1/x", "postgresql://127.0.0.1:1/x cannot be used: connection failed"),
        ("memory", "'memory' is no store; name one as sqlite:PATH"),
    ],
)
def test_a_store_that_cannot_be_used_is_named(url: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--store", url]) == 2
    assert says in capsys.readouterr().err


def test_a_store_that_answers_otherwise_than_it_must_is_told() -> None:
    store = MemoryStore()
    cells = StoredCells(store, "p:").write("k", b"1", Expect.ABSENT)
    assert cells is not None
    store.put("p:k", b"2", Expect.ANY)
    with pytest.raises(StoreError, match=r"Found\(value=b'2', version=2\) for k where Found\(value=b'1', version=1\)"):
        cells.at("k")
    with pytest.raises(StoreError, match=r"answers Conflict\(\) for k where Applied"):
        cells.write("k", b"3", 1)
    store.delete("p:k", Expect.ANY)
    with pytest.raises(StoreError, match=r"answers Applied\(version=4\) for k where Conflict\(\) is due"):
        cells.write("k", b"3", Expect.ABSENT)
