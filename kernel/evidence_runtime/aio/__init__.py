"""The asyncio form of the runtime: the same names, awaited. The sync form is generated from it."""

from evidence_runtime.aio.adapters import Direct, Threaded
from evidence_runtime.aio.drive import FailClosed, ensure_evidence, invocation, perform, run_tick, system_clock
from evidence_runtime.aio.fleet import run_fleet
from evidence_runtime.aio.store import AsyncStore, StoreError
from evidence_runtime.aio.urls import open_store

__all__ = [
    "AsyncStore",
    "Direct",
    "FailClosed",
    "StoreError",
    "Threaded",
    "ensure_evidence",
    "invocation",
    "open_store",
    "perform",
    "run_fleet",
    "run_tick",
    "system_clock",
]
