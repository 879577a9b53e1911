"""Pure arithmetic of time: what is due, how long a failed attempt waits, what was missed. All in ms."""

from collections.abc import Container

from evidence_kernel.codes import Trigger

MINUTE = 60_000
HOUR = 60 * MINUTE
CLOCK_TOLERANCE = 15 * MINUTE

_TIERS = (0, 30 * MINUTE, 120 * MINUTE, 24 * HOUR)
MAX_TIER = _TIERS[-1]


def tier(attempts: int) -> int:
    """How long after its `attempts`-th claim a trigger waits: 0, 30 min, 120 min, then 24 h."""
    return _TIERS[min(attempts, 3)]


def due(installed_at: int, at: int) -> Trigger | None:
    """The trigger that is due at `at`; an installation from the future has age 0.

    >>> due(0, 12 * HOUR)
    <Trigger.AUTO_12H: 'AUTO_12H'>
    """
    age = at - installed_at
    if age < 12 * HOUR:
        return None
    return Trigger.AUTO_12H if age < 24 * HOUR else Trigger.AUTO_24H


def implausible(backoff_until: int, attempts: int, at: int) -> bool:
    """True where no clock within the tolerance of ours can have written this end of a backoff."""
    return backoff_until > at + tier(attempts) + CLOCK_TOLERANCE


def missed(installed_at: int, publications: Container[Trigger], at: int) -> bool:
    """True where the 12 h window closed without a publication: that report will never be made."""
    return at - installed_at >= 24 * HOUR and Trigger.AUTO_12H not in publications
