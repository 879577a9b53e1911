"""S15 and S19: what the status record keeps, and what is shown of it."""

from functools import lru_cache

from evidence_kernel import Status, TrustStatus, read_status, trust_status
from evidence_sim import oracle
from evidence_sim.config import MINUTE, records
from evidence_sim.facts import Fact, Write
from evidence_sim.invariants.common import Verdict, ours, worst, writes
from evidence_sim.oracle import Role

_QUARTER = 15 * MINUTE


def status_monotone(fact: Fact) -> Verdict:
    """The stored `last_success_at` never decreases and never vanishes."""
    if not fact.writes:
        return None
    return worst([verdict for write in writes(fact, Role.STATUS) if (verdict := _monotone(write)) is not None])


def _monotone(write: Write) -> Verdict:
    before = oracle.success_at(write.before.value)
    if before is None or before[1] is None or not write.changed:
        return None
    after = oracle.success_at(write.after.value)
    if after is not None and after[0] != before[0]:
        return None
    if after is None or after[1] is None:
        return f"the last success at {oracle.written(before[1])} vanished from the status"
    if after[1] >= before[1]:
        return ""
    return f"the last success went back from {oracle.written(before[1])} to {oracle.written(after[1])}"


@lru_cache(maxsize=8192)
def _status(value: bytes) -> Status:
    return read_status(value)


def status_honest(fact: Fact) -> Verdict:
    """RUNNING only within 15 min of a tick that closed well; without faults nothing worse is shown."""
    if not fact.writes:
        return _shown_by_clock(fact) if fact.tenant is None else None
    verdicts = []
    for write in fact.writes:
        if write.place.role is Role.STATUS and write.owner is not None and write.changed:
            shown = [_shown(fact, write.owner, write.after.value, clock) for clock in fact.after.clocks]
            verdicts += [verdict for verdict in shown if verdict is not None]
            if ours(fact, write.by):
                clean = _clean(fact, write)
                verdicts += [] if clean is None else [clean]
    return worst(verdicts)


def _shown_by_clock(fact: Fact) -> Verdict:
    verdicts = []
    for tenant in range(len(fact.after.tenants)):
        value = fact.after.cells.at(records(tenant).by_name["status"]).value
        verdict = _shown(fact, tenant, value, fact.at)
        verdicts += [] if verdict is None else [verdict]
    return worst(verdicts)


def _shown(fact: Fact, tenant: int, value: bytes | None, clock: int) -> Verdict:
    if value is None or trust_status(_status(value), clock) is not TrustStatus.RUNNING:
        return None
    well = fact.after.tenants[tenant].ghost.well
    if any(-_QUARTER <= clock - at <= _QUARTER for at in well):
        return ""
    return f"RUNNING is shown at {oracle.written(clock)}, and no tick closed well within 15 min of it"


def _clean(fact: Fact, write: Write) -> Verdict:
    """Without faults and hands from outside, a tick that ends within the period leaves nothing worse."""
    if fact.run is None or write.owner != fact.tenant or write.owner is None or write.after.value is None:
        return None
    tenant, initial = fact.after.tenants[write.owner], fact.before.config.initial[write.owner]
    installed_at = oracle.installed_at(fact.after.cells.at(records(write.owner).evidence).value)
    in_time = 0 <= fact.at - fact.run.seen.started_at <= 5 * MINUTE
    if not tenant.ghost.clean or not in_time or initial.ledger != "absent" or fact.run.phase != "STATUS_CLOSE":
        return None
    if installed_at is None or any(installed_at > clock + _QUARTER for clock in fact.after.clocks):
        return None
    shown = trust_status(_status(write.after.value), fact.at)
    well = shown in (TrustStatus.INITIALIZING, TrustStatus.RUNNING)
    return "" if well else f"{shown} is shown, and nothing has gone wrong"
