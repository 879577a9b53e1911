"""The driver and the round in both forms behind one signature, so that one test says what holds of both."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from evidence_kernel import EnsureResult, Invocation, TickResult
from evidence_runtime import Round, Store, aio, ensure_evidence, run_fleet, run_tick

Tick = Callable[..., TickResult]
Ensure = Callable[..., EnsureResult]
Fleet = Callable[..., Round]


class Suspended(aio.Direct):
    """A store whose calls let other tasks run before and after each."""

    async def _call(self, call: Callable[[], Any]) -> Any:
        await asyncio.sleep(0)
        answer = call()
        await asyncio.sleep(0)
        return answer


def awaited(generate: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """The generator, in the other form."""

    async def generating(*arguments: Any) -> Any:
        await asyncio.sleep(0)
        return generate(*arguments)

    return generating


def _tick(store: Store, invocation: Invocation, generate: Callable[..., Any], **options: Any) -> TickResult:
    return asyncio.run(aio.run_tick(Suspended(store), invocation, awaited(generate), **options))


def _ensure(store: Store, invocation: Invocation, **options: Any) -> EnsureResult:
    return asyncio.run(aio.ensure_evidence(Suspended(store), invocation, **options))


def _fleet(store: Store, tenants: Any, generate: Callable[..., Any], **options: Any) -> Round:
    return asyncio.run(aio.run_fleet(Suspended(store), tenants, awaited(generate), **options))


TICKS: dict[str, Tick] = {"sync": run_tick, "asyncio": _tick}
ENSURES: dict[str, Ensure] = {"sync": ensure_evidence, "asyncio": _ensure}
FLEETS: dict[str, Fleet] = {"sync": run_fleet, "asyncio": _fleet}
