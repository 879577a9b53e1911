"""Where a world begins: tenants, hosts, their clocks, and what the store holds at first."""

from collections.abc import Mapping
from functools import cache

from attrs import field, frozen

from evidence_kernel import Trigger
from evidence_kernel.identity import identify
from evidence_kernel.records.instants import format_instant
from evidence_kernel.records.keys import evidence_key, ledger_key, publication_key, status_key
from evidence_kernel.records.publication import write_publication
from evidence_sim.labels import letter

MINUTE = 60_000
HOUR = 60 * MINUTE
EPOCH = 1_767_456_000_000  # 2026-01-03T16:00:00Z, when every world begins
# Append only: a digest holds the index. These steps carry a tick over every edge of the schedule.
CLOCK_STEPS = (
    5 * MINUTE,
    MINUTE,
    16 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    12 * HOUR,
    24 * HOUR,
    -MINUTE,
    -5 * MINUTE,
    -16 * MINUTE,
    -2 * HOUR,
    -24 * HOUR,
)
MOST_TENANTS, MOST_HOSTS, MOST_TICKS = 250, 16, 50_000

EVIDENCE = ("absent", "valid", "valid-12h", "valid-24h", "future", "invalid", "empty")
LEDGER = ("absent", "malformed")
PUBLICATION = ("absent", "AUTO_12H", "AUTO_24H")
IDENTITY = ("cloudId", "none")
INSTALLED = {"valid": -HOUR, "valid-12h": -12 * HOUR, "valid-24h": -24 * HOUR, "future": 48 * HOUR}


@frozen
class Initial:
    """What one tenant begins with. Evidence is of age 1 h, 12 h or 24 h, 2 days ahead, or invalid."""

    evidence: str = "absent"
    ledger: str = "absent"
    publication: str = "absent"
    identity: str = "cloudId"

    def __attrs_post_init__(self) -> None:
        for name, allowed in ALLOWED.items():
            value = getattr(self, name)
            if value not in allowed:
                raise ValueError(f"initial {name} {value!r} is none of {', '.join(allowed)}")


ALLOWED: Mapping[str, tuple[str, ...]] = {
    "evidence": EVIDENCE,
    "ledger": LEDGER,
    "publication": PUBLICATION,
    "identity": IDENTITY,
}


@frozen
class Config:
    """A world's beginning. Host i runs `machines[i % len(machines)]`; `offsets` are its hosts' clocks."""

    tenants: int = 1
    hosts: int = 1
    machines: tuple[str, ...] = ("kernel",)
    profile: str = "cloud-kv"
    initial: tuple[Initial, ...] = field()
    offsets: tuple[int, ...] = field()

    @initial.default
    def _absent(self) -> tuple[Initial, ...]:
        return (Initial(),) * self.tenants

    @offsets.default
    def _agreeing(self) -> tuple[int, ...]:
        return (0,) * self.hosts

    def __attrs_post_init__(self) -> None:
        for name, most, value in (("tenants", MOST_TENANTS, self.tenants), ("hosts", MOST_HOSTS, self.hosts)):
            if not 1 <= value <= most:
                raise ValueError(f"{name}={value} is not from 1 to {most}")
        if len(self.initial) != self.tenants or len(self.offsets) != self.hosts or not self.machines:
            raise ValueError("one initial state a tenant, one offset a host, and at least one machine")

    def judged(self, machine: int) -> bool:
        """Whether the invariants speak of that machine: beside old ones, only of the kernel."""
        return len(set(self.machines)) == 1 or self.machines[machine] == "kernel"


@frozen
class Records:
    """A tenant's id and where its records are."""

    tenant: str
    by_name: Mapping[str, str]

    @property
    def evidence(self) -> str:
        """The key of the evidence."""
        return self.by_name["evidence"]


@cache
def records(tenant: int) -> Records:
    """The id and the keys of the tenant of that index; ids begin alike and differ in their last digits."""
    name = f"c5b189a5-7cea-4038-9941-{tenant:012x}"
    publications = {f"publication:{trigger}": publication_key(name, trigger) for trigger in Trigger}
    keys = {"status": status_key(name), "evidence": evidence_key(name), "ledger": ledger_key(name)}
    return Records(name, {**keys, **publications})


_OWNERS = {records(tenant).tenant: tenant for tenant in range(MOST_TENANTS)}


def owner(name: str | None) -> int | None:
    """The index of the tenant with that id; None where no world has one."""
    return None if name is None else _OWNERS.get(name)


def context(tenant: int, initial: Initial) -> dict[str, str]:
    """What the platform says of the tenant."""
    named = {"cloudId": records(tenant).tenant if initial.identity == "cloudId" else "  "}
    assert (identify(named) is None) == (initial.identity == "none")
    return named


def tick_id(tenant: int, n: int) -> str:
    """The id of a tenant's n-th tick: never the schedule's, never given twice."""
    return f"{letter(tenant)}-{n}"


def contents(tenant: int, initial: Initial) -> dict[str, bytes]:
    """What the store holds of the tenant at first."""
    keys, held = records(tenant).by_name, {}
    if initial.evidence in INSTALLED:
        installed = format_instant(EPOCH + INSTALLED[initial.evidence])
        held[keys["evidence"]] = f'{{"installed_at":"{installed}"}}'.encode()
    elif initial.evidence != "absent":
        held[keys["evidence"]] = b"{}" if initial.evidence == "empty" else b'{"installed_at":"yesterday"}'
    if initial.ledger == "malformed":
        held[keys["ledger"]] = b'{"AUTO_12H":'
    if initial.publication != "absent":
        publication = write_publication(b'{"from":"before"}', 1, "before", EPOCH - HOUR)
        assert publication is not None
        held[keys[f"publication:{initial.publication}"]] = publication
    return held
