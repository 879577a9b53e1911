"""The shell around the kernel: performs each effect on a real store and a real generator."""

import secrets
import time
from collections.abc import Callable
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
    Reason,
    Report,
    State,
    Step,
    TickResult,
    Trigger,
    Unknown,
    ensure,
    start,
    step,
)
from evidence_kernel.messages import DETAILS, fault
from evidence_kernel.records.encoding import encode
from evidence_kernel.records.keys import encode_tenant
from evidence_kernel.tables import ANSWERS, Ask
from evidence_runtime.limits import Limited, limited
from evidence_runtime.store import Store, logger

_READS, _WRITES = ANSWERS[Ask.READ], ANSWERS[Ask.WRITE]

# generate(tenant, trigger, installed_at, attempt, tick_id) -> JSON value; installed_at in ms since
# 1970-01-01T00:00:00Z. It may run more than once for one report and must have no effect but its value.
Generator = Callable[[str, Trigger, int, int, str], Any]
# observe(state, event, effect): after each step, the state reached, the event that led there (None at
# the start) and the effect that it asks for (None at the end).
Observer = Callable[[State, Event | None, Effect | None], None]
Clock = Callable[[], int]


class FailClosed(Exception):
    """The backfill was refused; nothing that was present has been changed.

    `reason` is the code, `tenant` the id or None where the context names none.
    """

    def __init__(self, tenant: str | None, reason: Reason) -> None:
        super().__init__(tenant, reason)
        self.tenant = tenant
        self.reason = reason

    def __str__(self) -> str:
        whom = "-" if self.tenant is None else encode_tenant(self.tenant)
        return f"FAIL_CLOSED for {whom}: {self.reason.value}: {DETAILS[self.reason]}"


def system_clock() -> int:
    """The wall clock in ms since 1970-01-01T00:00:00Z."""
    return time.time_ns() // 1_000_000


def invocation(tenant: object) -> Invocation:
    """One execution with a fresh tick id, for a tenant id or for a platform's context (a mapping)."""
    context = {"cloudId": tenant} if tenant is None or isinstance(tenant, str) else tenant
    return Invocation(secrets.token_hex(16), context)


def run_tick(
    store: Store,
    invocation: Invocation,
    generate: Generator,
    *,
    clock: Clock = system_clock,
    observe: Observer | None = None,
    store_timeout: float | None = None,
    generate_timeout: float | None = None,
) -> TickResult:
    """Run one tick to its end; the outcome, also where the store or the generator failed.

    `clock` returns ms since 1970-01-01T00:00:00Z. `store_timeout` and `generate_timeout` in seconds: a get
    that takes longer is Failed, a put Unknown, a report a failed generation; what was begun goes on in a
    thread of its own and may still take effect. A BaseException of the store or the generator that is no
    Exception passes through, as a crash. Raises evidence_kernel.Misuse for a tick id outside of its grammar,
    and where `clock` gives what is no instant.
    """
    generate = generate if generate_timeout is None else limited(generate, generate_timeout)
    result = _run(start(invocation), _limited(store, store_timeout), generate, clock, observe)
    assert isinstance(result, TickResult)
    return result


def ensure_evidence(
    store: Store,
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
    result = _run(ensure(invocation), _limited(store, store_timeout), _no_generator, clock, observe)
    assert isinstance(result, EnsureResult)
    if result.refused:
        raise FailClosed(result.tenant, result.reason)
    return result


def _limited(store: Store, seconds: float | None) -> Store:
    return store if seconds is None else Limited(store, seconds)


def _no_generator(*_: object) -> Any:
    raise AssertionError("the backfill generates nothing")


def _run(
    now: Step, store: Store, generate: Generator, clock: Clock, observe: Observer | None
) -> TickResult | EnsureResult | None:
    event = None
    while True:
        for line in now.log:
            logger.log(line.level, "%s", line.text)
        if observe is not None:
            _show(observe, now, event)
        if now.effect is None:
            return now.result
        event = Event(perform(store, generate, now.effect), clock())
        now = step(now.state, event)


def _show(observe: Observer, now: Step, event: Event | None) -> None:
    try:
        observe(now.state, event, now.effect)
    except Exception as error:  # whoever watches a tick must not be able to end it
        _say("observer", encode_tenant(now.state.tenant), error)


def _say(what: str, where: str, error: Exception | None, name: str = "") -> None:
    """One line of the closed set; where it came from stands at DEBUG, for it may hold anything."""
    line = fault(what, where, type(error).__name__ if error is not None else name)
    logger.log(line.level, "%s", line.text)
    logger.debug("%s", line.text, exc_info=error)


def perform(store: Store, generate: Generator, effect: Effect) -> Answer:
    """Perform one effect. What an adapter lets escape or answers out of turn is Failed for a get, Unknown for a put."""
    if isinstance(effect, Get):
        try:
            read = store.get(effect.key)
        except Exception as error:  # the port's contract: an error without a name brought nothing
            _say("get", effect.key, error)
            return Failed()
        if type(read) in _READS and not (type(read) is Found and type(read.value) is not bytes):
            return read
        _say("get", effect.key, None, type(read).__name__)
        return Failed()
    if isinstance(effect, Put):
        try:
            written = store.put(effect.key, effect.value, effect.expect)
        except Exception as error:  # the port's contract: nobody knows whether it was applied
            _say("put", effect.key, error)
            return Unknown()
        if type(written) in _WRITES:
            return written
        _say("put", effect.key, None, type(written).__name__)
        return Unknown()
    return _generate(generate, effect)


def _generate(generate: Generator, effect: Generate) -> GenerateAnswer:
    where = encode_tenant(effect.tenant)
    try:
        value = generate(effect.tenant, effect.trigger, effect.installed_at, effect.attempt, effect.tick_id)
        body = encode(value)
    except Exception as error:  # the generator's contract: its Exception is a failed attempt
        _say("generate", where, error)
        return GeneratorError()
    if body is None:
        _say("report", where, None, type(value).__name__)
        return GeneratorError()
    return Report(body)
