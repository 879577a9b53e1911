# The sync form is generated from this file: run kernel/make_sync.py after a change.
"""The shell around the kernel: performs each effect on a real store and a real generator."""

from typing import Any

from evidence_kernel import (
    Answer,
    Effect,
    EnsureResult,
    Event,
    Failed,
    Found,
    Generate,
    GenerateAnswer,
    GeneratorError,
    Get,
    Invocation,
    Put,
    Report,
    Step,
    TickResult,
    Unknown,
    ensure,
    start,
    step,
)
from evidence_kernel.records.encoding import encode
from evidence_kernel.records.keys import encode_tenant
from evidence_kernel.tables import ANSWERS, Ask
from evidence_runtime.aio.limits import Limited, limited
from evidence_runtime.aio.store import AsyncStore
from evidence_runtime.port import logger
from evidence_runtime.shell import AsyncGenerate, Clock, FailClosed, Observer, invocation, say, show, system_clock

__all__ = [
    "AsyncGenerate",
    "Clock",
    "FailClosed",
    "Observer",
    "ensure_evidence",
    "invocation",
    "perform",
    "run_tick",
    "system_clock",
]

_READS, _WRITES = ANSWERS[Ask.READ], ANSWERS[Ask.WRITE]


async def run_tick(
    store: AsyncStore,
    invocation: Invocation,
    generate: AsyncGenerate,
    *,
    clock: Clock = system_clock,
    observe: Observer | None = None,
    store_timeout: float | None = None,
    generate_timeout: float | None = None,
) -> TickResult:
    """Run one tick to its end; the outcome, also where the store or the generator failed.

    `clock` returns ms since 1970-01-01T00:00:00Z. `store_timeout` and `generate_timeout` in seconds: a get
    that takes longer is Failed, a put Unknown, a report a failed generation; what was begun may still take
    effect. A BaseException of the store or the generator that is no Exception passes through, as a crash.
    Raises evidence_kernel.Misuse for a tick id outside of its grammar, and where `clock` gives what is no
    instant.
    """
    generate = generate if generate_timeout is None else limited(generate, generate_timeout)
    result = await _run(start(invocation), _limited(store, store_timeout), generate, clock, observe)
    assert isinstance(result, TickResult)
    return result


async def ensure_evidence(
    store: AsyncStore,
    invocation: Invocation,
    *,
    clock: Clock = system_clock,
    observe: Observer | None = None,
    store_timeout: float | None = None,
) -> EnsureResult:
    """The backfill alone: evidence for the tenant, read or written once and verified.

    Raises FailClosed where the evidence is invalid, or could not be read, written or verified, or where
    there is no tenant id; evidence_kernel.Misuse for a tick id outside of its grammar.
    """
    result = await _run(ensure(invocation), _limited(store, store_timeout), _no_generator, clock, observe)
    assert isinstance(result, EnsureResult)
    if result.refused:
        raise FailClosed(result.tenant, result.reason)
    return result


def _limited(store: AsyncStore, seconds: float | None) -> AsyncStore:
    return store if seconds is None else Limited(store, seconds)


async def _no_generator(*_: object) -> Any:
    raise AssertionError("the backfill generates nothing")


async def _run(
    now: Step, store: AsyncStore, generate: AsyncGenerate, clock: Clock, observe: Observer | None
) -> TickResult | EnsureResult | None:
    event = None
    while True:
        for line in now.log:
            logger.log(line.level, "%s", line.text)
        if observe is not None:
            show(observe, now, event)
        if now.effect is None:
            return now.result
        event = Event(await perform(store, generate, now.effect), clock())
        now = step(now.state, event)


async def perform(store: AsyncStore, generate: AsyncGenerate, effect: Effect) -> Answer:
    """Perform one effect. What an adapter lets escape or answers out of turn is Failed for a get, Unknown for a put."""
    if isinstance(effect, Get):
        try:
            read = await store.get(effect.key)
        except Exception as error:  # the port's contract: an error without a name brought nothing
            say("get", effect.key, error)
            return Failed()
        if type(read) in _READS and not (type(read) is Found and type(read.value) is not bytes):
            return read
        say("get", effect.key, None, type(read).__name__)
        return Failed()
    if isinstance(effect, Put):
        try:
            written = await store.put(effect.key, effect.value, effect.expect)
        except Exception as error:  # the port's contract: nobody knows whether it was applied
            say("put", effect.key, error)
            return Unknown()
        if type(written) in _WRITES:
            return written
        say("put", effect.key, None, type(written).__name__)
        return Unknown()
    return await _generate(generate, effect)


async def _generate(generate: AsyncGenerate, effect: Generate) -> GenerateAnswer:
    where = encode_tenant(effect.tenant)
    try:
        value = await generate(effect.tenant, effect.trigger, effect.installed_at, effect.attempt, effect.tick_id)
        body = encode(value)
    except Exception as error:  # the generator's contract: its Exception is a failed attempt
        say("generate", where, error)
        return GeneratorError()
    if body is None:
        say("report", where, None, type(value).__name__)
        return GeneratorError()
    return Report(body)
