"""What both forms of a round share: its figures, the moment of a tick, and the cut."""

from collections import Counter
from collections.abc import Callable
from secrets import randbelow

from attrs import Factory, define

from evidence_kernel import Effect, Event, Outcome, State, TickResult
from evidence_kernel.messages import fault
from evidence_runtime.port import logger
from evidence_runtime.shell import Observer

CUT = 1.0  # seconds for a tick that is cut to notice
_FINE = 4  # bits: a latency is known to a sixteenth


@define
class Latencies:
    """How long ticks took, counted in buckets that grow with them: as large after 10 ticks as after 10^9."""

    counts: Counter[int] = Factory(Counter)

    def add(self, microseconds: int) -> None:
        """One tick more."""
        coarse = max(microseconds.bit_length() - _FINE - 1, 0)
        self.counts[(microseconds >> coarse) << coarse] += 1

    def percentile(self, percent: int) -> float:
        """The ms that so many of a hundred ticks did not exceed, cut to a sixteenth; 0 without ticks."""
        due, seen = -(-sum(self.counts.values()) * percent // 100), 0
        for microseconds in sorted(self.counts):
            seen += self.counts[microseconds]
            if seen >= due:
                return microseconds / 1000
        return 0.0


@define
class Round:
    """The figures of one round.

    `died`: ticks that a BaseException, a caller's mistake, a cut or their time limit ended, as a crash.
    """

    outcomes: Counter[Outcome] = Factory(Counter)
    http: Counter[int] = Factory(Counter)
    died: int = 0
    backfilled: int = 0
    degraded: int = 0
    seconds: float = 0.0
    stopped: bool = False
    latencies: Latencies = Factory(Latencies)

    @property
    def ticks(self) -> int:
        """How many ended with an outcome."""
        return sum(self.outcomes.values())

    @property
    def all_well(self) -> bool:
        """Whether every tick ended with an HTTP status of 200."""
        return not self.died and set(self.http) <= {200}

    def described(self) -> dict[str, object]:
        """For JSON; latencies in ms."""
        return {
            "ticks": self.ticks,
            "outcomes": {outcome.value: self.outcomes[outcome] for outcome in Outcome if self.outcomes[outcome]},
            "died": self.died,
            "backfilled": self.backfilled,
            "degraded": self.degraded,
            "stopped": self.stopped,
            "seconds": round(self.seconds, 3),
            "latency_ms": {f"p{percent}": self.latencies.percentile(percent) for percent in (50, 90, 99, 100)},
        }

    def add(self, result: TickResult, seconds: float) -> None:
        """Count a tick that ended with an outcome."""
        self.latencies.add(int(seconds * 1_000_000))
        self.outcomes[result.outcome] += 1
        self.http[result.http_status] += 1
        self.backfilled += result.did_backfill
        self.degraded += result.degraded

    def lose(self, error: BaseException) -> None:
        """Count a tick that ended without one, and say by what; a cut is no news."""
        self.died += 1
        if not isinstance(error, Cut):
            line = fault("tick", "", type(error).__name__)
            logger.log(line.level, "%s", line.text)
            logger.debug("%s", line.text, exc_info=error)


class Cut(BaseException):
    """A tick is cut between two effects: to the store it is a crash, which every tick survives."""


def cutting(shut: Callable[[], bool], observe: Observer | None) -> Observer:
    """An observer that cuts a tick before its next effect once `shut()` is true."""

    def look(state: State, event: Event | None, effect: Effect | None) -> None:
        try:
            if observe is not None:
                observe(state, event, effect)
        finally:
            if effect is not None and shut():
                raise Cut

    return look


def moment(jitter: float) -> float:
    """A draw of up to `jitter` seconds, in ms."""
    return randbelow(int(jitter * 1000) + 1) / 1000
