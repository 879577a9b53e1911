"""The values that `start`, `ensure` and `step` take and return.

They are named tuples, as effects and log lines are: a tick makes dozens, each at half of what a frozen class
costs. Answers are none: as tuples, an Absent would equal a Failed.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from evidence_kernel.codes import EvidenceState, Outcome, Phase, Reason, Trigger
from evidence_kernel.effects import Effect, Expectation
from evidence_kernel.messages import LogLine
from evidence_kernel.records.status import Status

_HTTP: Mapping[Outcome, int] = {
    Outcome.REFUSED: 400,
    Outcome.GENERATION_FAILED: 202,
    Outcome.STORE_FAILED: 500,
    Outcome.LEDGER_INVALID: 500,
}
SUCCESSES = frozenset({Outcome.NOT_DUE, Outcome.ALREADY_DONE, Outcome.BACKOFF, Outcome.CONTENDED, Outcome.GENERATED})


class Invocation(NamedTuple):
    """One execution of the scheduler.

    `tick_id`: 1 to 64 of A-Z a-z 0-9 . _ -, fresh for every execution, restarts and duplicate
    deliveries included. `context`: what the platform says of the tenant (a mapping with
    `installContext`, `installationContext` or `cloudId`); hostile values are refused, not trusted.
    """

    tick_id: str
    context: object


class Opened(NamedTuple):
    """The status as this tick will write it, and what the key must hold for that."""

    status: Status
    expect: Expectation


class Held(NamedTuple):
    """The ledger as this tick knows it: read, or claimed by it; None where absent."""

    value: bytes | None
    expect: Expectation


class Attempt(NamedTuple):
    """What a tick knows of the report that is due: its trigger, the ledger, and its own try at it.

    `number` is the attempt's, from 1, once DONE_READ allowed one; `publication` the bytes to publish.
    """

    trigger: Trigger
    ledger: Held
    number: int = 0
    publication: bytes | None = None


class Ending(NamedTuple):
    """The decided outcome; `at` is the clock of the answer that decided it."""

    outcome: Outcome
    reason: Reason
    at: int


class State(NamedTuple):
    """A tick between two answers. `alone` marks the backfill without the scheduler around it.

    `refusal` is the code of the last FAIL_CLOSED; `backfill` the bytes that this tick put, against which
    a read-back is compared; instants in ms.
    """

    tick_id: str
    tenant: str
    phase: Phase
    alone: bool = False
    evidence: EvidenceState | None = None
    installed_at: int | None = None
    opened: Opened | None = None
    backfill: bytes | None = None
    did_backfill: bool = False
    refusal: Reason | None = None
    attempt: Attempt | None = None
    ending: Ending | None = None
    degraded: bool = False

    @property
    def trigger(self) -> Trigger | None:
        """The trigger that is due, once LEDGER_READ found one."""
        return None if self.attempt is None else self.attempt.trigger

    @property
    def due(self) -> Attempt:
        """The attempt, in the phases that LEDGER_READ leads to only where it found one due."""
        assert self.attempt is not None
        return self.attempt

    @property
    def status(self) -> Opened:
        """The status to write, in the phases that STATUS_READ leads to only where it was answered."""
        assert self.opened is not None
        return self.opened

    @property
    def decided(self) -> Ending:
        """The ending, in the phases after the one that decided it."""
        assert self.ending is not None
        return self.ending


_PLACES = {name: place for place, name in enumerate(State._fields)}


def changed(state: State, changes: Mapping[str, Any]) -> State:
    """As `State._replace`, at half of its cost: a tick does it at every step."""
    values = list(state)
    for name, value in changes.items():
        values[_PLACES[name]] = value
    return tuple.__new__(State, values)


class TickResult(NamedTuple):
    """How a tick ended. `degraded`: it succeeded although an answer was Failed or Unknown."""

    tick_id: str
    tenant: str | None
    outcome: Outcome
    reason: Reason
    trigger: Trigger | None = None
    evidence: EvidenceState | None = None
    installed_at: int | None = None
    did_backfill: bool = False
    degraded: bool = False

    @property
    def success(self) -> bool:
        """Whether the tick did what was due, if anything was."""
        return self.outcome in SUCCESSES

    @property
    def http_status(self) -> int:
        """200, or 202 after a failed generation, 400 without an identity, 500 where the store failed."""
        return _HTTP.get(self.outcome, 200)


class EnsureResult(NamedTuple):
    """How the backfill alone ended: evidence with its instant, or `refusal`, never both."""

    tenant: str | None
    did_backfill: bool
    reason: Reason
    installed_at: int | None

    @property
    def refused(self) -> bool:
        """True where it failed closed; `reason` is then the code of the refusal."""
        return self.installed_at is None


class Step(NamedTuple):
    """What a call of the kernel brings. Perform `effect`, hand its answer back; log `log` in order.

    Log lines may be written before the effect is performed: what they announce is durable already.
    `effect` is None exactly where `result` is not: the tick is over. `state` is needed for the next
    step only, and nothing of a tick must be kept across a crash.
    """

    state: State
    effect: Effect | None
    log: tuple[LogLine, ...] = ()
    result: TickResult | EnsureResult | None = None
