"""The core's effects: the store port, its stores, and the driver that runs a tick on them."""

from evidence_runtime.drive import FailClosed, ensure_evidence, invocation, perform, run_tick, system_clock
from evidence_runtime.fleet import run_fleet
from evidence_runtime.memory import MemoryStore
from evidence_runtime.rounds import Round
from evidence_runtime.sqlite import SqliteStore
from evidence_runtime.store import Store, StoreError
from evidence_runtime.urls import open_store

__all__ = [
    "FailClosed",
    "MemoryStore",
    "Round",
    "SqliteStore",
    "Store",
    "StoreError",
    "ensure_evidence",
    "invocation",
    "open_store",
    "perform",
    "run_fleet",
    "run_tick",
    "system_clock",
]
