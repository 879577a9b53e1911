"""What operators see of every tenant: its trust status and why, missed windows, how long ago it was looked at."""

from collections import Counter

from attrs import frozen

from evidence_kernel import Absent, Found, Status, Trigger, TrustStatus, missed, read_status, trust_status
from evidence_kernel.records.evidence import read_installed_at
from evidence_kernel.records.keys import (
    EVIDENCE_PREFIX,
    STATUS_PREFIX,
    decode_tenant,
    evidence_key,
    publication_key,
    status_key,
)
from evidence_kernel.records.status import EMPTY
from evidence_kernel.schedule import CLOCK_TOLERANCE
from evidence_kernel.trust import FRESH
from evidence_runtime.store import Store, StoreError

# The worst first, as a list of tenants shows them.
WORST_FIRST = (TrustStatus.BLOCKED, TrustStatus.DEGRADED, TrustStatus.INITIALIZING, TrustStatus.RUNNING)


@frozen
class Seen:
    """One tenant: `reason` says why it is where it is; instants in ms, None where there was none yet."""

    tenant: str
    trust: TrustStatus
    reason: str
    missed: bool
    last_check_at: int | None
    last_success_at: int | None

    def described(self) -> dict[str, object]:
        """For JSON; instants in ms."""
        return {
            "tenant": self.tenant,
            "trust": self.trust.value,
            "reason": self.reason,
            "missed_auto_12h": self.missed,
            "last_check_at": self.last_check_at,
            "last_success_at": self.last_success_at,
        }


@frozen
class Overview:
    """All tenants, worst first, then by id."""

    at: int
    tenants: tuple[Seen, ...]

    @property
    def counts(self) -> Counter[tuple[TrustStatus, str]]:
        """How many tenants are where, and why."""
        return Counter((seen.trust, seen.reason) for seen in self.tenants)

    @property
    def oldest_check(self) -> Seen | None:
        """The tenant that was looked at longest ago."""
        checked = [seen for seen in self.tenants if seen.last_check_at is not None]
        return min(checked, key=lambda seen: (seen.last_check_at or 0, seen.tenant), default=None)


def overview(store: Store, at: int) -> Overview:
    """Every tenant with a status or with evidence, at `at` (ms). Raises StoreError where the store cannot say."""
    seen = [look(store, tenant, at) for tenant in known_tenants(store)]
    return Overview(at, tuple(sorted(seen, key=lambda one: (WORST_FIRST.index(one.trust), one.tenant))))


def known_tenants(store: Store) -> set[str]:
    """The ids of those who have a status or evidence. Raises StoreError where the store cannot say."""
    prefixes = (STATUS_PREFIX, EVIDENCE_PREFIX)
    named = (decode_tenant(key.removeprefix(prefix)) for prefix in prefixes for key in store.scan(prefix))
    return {tenant for tenant in named if tenant is not None}


def look(store: Store, tenant: str, at: int) -> Seen:
    """One tenant. Raises StoreError where its records cannot be read."""
    value = _value(store, status_key(tenant))
    status = EMPTY if value is None else read_status(value)
    trust = trust_status(status, at)
    reason = _reason(status, trust, at)
    return Seen(tenant, trust, reason, _missed(store, tenant, at), status.last_check_at, status.last_success_at)


def _reason(status: Status, trust: TrustStatus, at: int) -> str:
    if status.outcome is None or status.closed_at is None:
        return "no tick has closed yet"
    why = f"{status.outcome.value} {status.reason.value}" if status.reason else status.outcome.value
    if trust is TrustStatus.DEGRADED and at - status.closed_at > FRESH:
        return f"{why}, and no tick has closed for 15 min"
    if trust is TrustStatus.DEGRADED and status.closed_at - at > CLOCK_TOLERANCE:
        return f"{why}, closed by a clock that is ahead"
    return why


def _missed(store: Store, tenant: str, at: int) -> bool:
    value = _value(store, evidence_key(tenant))
    installed_at = None if value is None else read_installed_at(value)
    if installed_at is None or not missed(installed_at, (), at):
        return False
    return _value(store, publication_key(tenant, Trigger.AUTO_12H)) is None


def _value(store: Store, key: str) -> bytes | None:
    match store.get(key):
        case Found(value=value):
            return value
        case Absent():
            return None
        case _:
            raise StoreError(f"{key} cannot be read; try again")
