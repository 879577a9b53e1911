"""The timings of a store: what is compared is the same, nothing is left behind, and the driver costs little."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import pytest
from attrs import Factory, frozen

from evidence_kernel import Expectation, Found, Invocation, ReadAnswer, WriteAnswer
from evidence_kernel.records.keys import status_key
from evidence_runtime import MemoryStore, Store, aio, open_store, run_tick
from evidence_sim.bench import store as bench_store
from evidence_sim.bench.kernel import never
from evidence_sim.bench.store import Bench, prepared
from evidence_sim.bench.straight import straight_tick
from evidence_sim.cli import main
from evidence_sim.config import EPOCH
from tests.servers import Server


@frozen
class Noted:
    """A store that writes down what it is asked."""

    store: Store
    calls: list[tuple[Any, ...]] = Factory(list)

    def get(self, key: str) -> ReadAnswer:
        """As the store's."""
        self.calls.append(("get", key))
        return self.store.get(key)

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As the store's."""
        self.calls.append(("put", key, len(value), type(expect)))
        return self.store.put(key, value, expect)

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """As the store's."""
        return self.store.delete(key, expect)

    def scan(self, prefix: str) -> Iterator[str]:
        """As the store's."""
        return self.store.scan(prefix)


async def _both(bench: Bench, store: Noted) -> None:
    await bench.tick_async(aio.Direct(store), 1)
    await bench.bare_async(aio.Direct(store), 1)


def test_the_bare_calls_are_those_of_a_tick_in_either_form() -> None:
    store = Noted(MemoryStore())
    with prepared(store) as bench:
        store.calls.clear()
        bench.tick(store, 1)
        bench.bare(store, 1)
        asyncio.run(_both(bench, store))
        tick = store.calls[:6]
        assert [what for what, *_ in tick] == ["get", "put", "get", "get", "get", "put"]
        assert store.calls == tick * 4
    assert list(store.scan("")) == []


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgres", "redis", "s3"])
def test_the_command_times_any_store_and_leaves_nothing_there(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, small in (("ROUNDS", 1), ("_SECONDS", 0.02), ("IN_FLIGHT", (1, 2))):
        monkeypatch.setattr(bench_store, name, small)
    local = {"memory": "memory:", "sqlite": f"sqlite:{tmp_path / 'store.sqlite'}"}
    url = local[kind] if kind in local else str(request.getfixturevalue(kind).url)
    assert main(["--json", str(tmp_path / "timings.json"), "bench", "--store", url]) == 0
    found = {one["name"]: one for one in json.loads((tmp_path / "timings.json").read_text())["results"]}
    assert len(found) == (17 if kind == "sqlite" else 12) and found["ticks, 2 threads"]["median"] > 0
    assert found["ticks of bare calls, 1 task"]["unit"] == "%"
    if kind == "sqlite":
        assert found["flushes, 1 thread"]["unit"] == "flushes/s" and found["flushes, 1 thread"]["median"] > 0
    with open_store(url) as store:
        assert list(store.scan("phase4:evidence:installation:evidence-sim")) == []


def test_a_tick_in_straight_lines_is_a_tick(caplog: pytest.LogCaptureFixture) -> None:
    """It asks, writes, says and returns the same."""
    store, seen = Noted(MemoryStore()), []
    with prepared(store) as bench, caplog.at_level("INFO", "evidence"):
        invocation, key = Invocation("tick", {"cloudId": bench.tenants[0]}), status_key(bench.tenants[0])
        for straight in (True, False):
            caplog.clear()
            store.calls.clear()
            if straight:
                result = straight_tick(store, invocation, lambda: EPOCH)
            else:
                result = run_tick(store, invocation, never, clock=lambda: EPOCH)
            status = store.store.get(key)
            assert isinstance(status, Found)
            seen.append((result, list(store.calls), list(caplog.messages), status.value))
    assert seen[0] == seen[1] and len(seen[0][1]) == 6 and len(seen[0][2]) == 2


def test_a_store_that_does_not_answer_is_not_timed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--store", "redis://127.0.0.1:1/0"]) == 2
    assert "cannot be used" in capsys.readouterr().err


def _seconds(call: Callable[[Store, int], None], store: Store) -> float:
    began = perf_counter()
    for _ in range(10):
        call(store, 0)
    return perf_counter() - began


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_the_driver_reaches_four_fifths_of_the_bare_calls(kind: str, request: pytest.FixtureRequest) -> None:
    """By pairs of some ms each: what else the machine does meets both, and the median leaves out where it did not."""
    server: Server = request.getfixturevalue(kind)
    with open_store(server.url) as store, prepared(store) as bench:
        shares = [_seconds(bench.bare, store) / _seconds(bench.tick, store) for _ in range(101)]
    assert median(shares) >= 0.8


def _round(kind: str, tenants: int, tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, float]:
    """The figures by name, of a process of its own: the peak of this one is other tests'."""
    url = f"sqlite:{tmp_path / 'store.sqlite'}" if kind == "sqlite" else str(request.getfixturevalue(kind).url)
    asked = ["--json", "-", "bench", "--store", url, "--tenants", str(tenants)]
    told = subprocess.run([sys.executable, "-m", "evidence_sim", *asked], capture_output=True, text=True, check=True)
    assert f"tick {tenants} of {tenants}: peak memory" in told.stderr
    with open_store(url) as store:
        assert list(store.scan("phase4:evidence:installation:evidence-sim")) == []
    return {one["name"]: one["median"] for one in json.loads(told.stdout)["results"]}


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_round_tells_its_memory_and_leaves_nothing_there(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    found = _round(kind, 45, tmp_path, request)
    assert len(found) == 1 + 9 and found["ticks of 45 tenants, 8 threads"] > 0
    assert found["peak memory after 5 tenants"] <= found["peak memory after 45 tenants"]


@pytest.mark.skipif(not os.environ.get("EVIDENCE_ALL"), reason="10 s; EVIDENCE_ALL=1 runs it")
def test_the_memory_of_a_round_does_not_grow_with_its_tenants(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    found = _round("postgres", 1000, tmp_path, request)
    assert found["peak memory after 1000 tenants"] - found["peak memory after 100 tenants"] < 8


def test_a_round_is_of_a_store(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--tenants", "5"]) == 2
    assert "--tenants 5" in capsys.readouterr().err
