"""What the tests of the recorder share: a tick, a recording's lines, the verdict on it."""

import json
from pathlib import Path
from typing import Any

import pytest

from evidence_kernel import Expect, Outcome
from evidence_kernel.records.keys import evidence_key
from evidence_runtime import MemoryStore, invocation, run_tick
from evidence_runtime.recorder import Recorder
from evidence_sim.cli import main

OLD = b'{"installed_at":"2025-01-01T00:00:00Z"}'
SECRET = {"secret": 7}


def tick(store: Any, observe: Recorder, tenant: object = "acme", generate: Any = lambda *_: SECRET) -> Outcome:
    return run_tick(store, invocation(tenant), generate, observe=observe).outcome


def due() -> MemoryStore:
    """A store in which acme's report is due."""
    store = MemoryStore()
    store.put(evidence_key("acme"), OLD, Expect.ABSENT)
    return store


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def verdict(capsys: pytest.CaptureFixture[str], *paths: Path) -> dict[str, Any]:
    """What `evidence-sim validate` says, which must be that all is consistent."""
    status = main(["validate", "--json", "-", *map(str, paths)])
    said = json.loads(capsys.readouterr().out)
    assert (status, said["findings"]) == (0, [])
    return dict(said)
