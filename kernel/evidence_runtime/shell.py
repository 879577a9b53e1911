"""What both drivers share: for whom a tick runs, its clock, who watches it, what it says, how a backfill is refused."""

import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

from evidence_kernel import Effect, Event, Invocation, Reason, State, Step, Trigger
from evidence_kernel.messages import DETAILS, fault
from evidence_kernel.records.keys import encode_tenant
from evidence_runtime.port import logger

# generate(tenant, trigger, installed_at, attempt, tick_id) -> JSON value; installed_at in ms since
# 1970-01-01T00:00:00Z. It may run more than once for one report and must have no effect but its value.
Generator = Callable[[str, Trigger, int, int, str], Any]
AsyncGenerate = Callable[[str, Trigger, int, int, str], Awaitable[Any]]
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


def show(observe: Observer, now: Step, event: Event | None) -> None:
    """Tell the observer of a step; its Exception is said and goes no further."""
    try:
        observe(now.state, event, now.effect)
    except Exception as error:  # whoever watches a tick must not be able to end it
        say("observer", encode_tenant(now.state.tenant), error)


def say(what: str, where: str, error: Exception | None, name: str = "") -> None:
    """One line of the closed set; where it came from stands at DEBUG, for it may hold anything."""
    line = fault(what, where, type(error).__name__ if error is not None else name)
    logger.log(line.level, "%s", line.text)
    logger.debug("%s", line.text, exc_info=error)
