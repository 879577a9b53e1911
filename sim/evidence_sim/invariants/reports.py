"""S5-S9 and S17: when the generator may be asked, and what may be published."""

from evidence_sim import oracle
from evidence_sim.config import HOUR, MINUTE, owner, records
from evidence_sim.facts import Fact, Write
from evidence_sim.invariants.common import Verdict, generating, text, worst, writes
from evidence_sim.oracle import Role
from evidence_sim.watch import TRIGGERS

_CLAIMS = frozenset({"CLAIM", "ATTEMPT_PUT"})
TIERS = (0, 30 * MINUTE, 120 * MINUTE, 24 * HOUR)
QUARTER = 15 * MINUTE


def grounded(fact: Fact) -> Verdict:
    """Generate only in a tick that itself read valid evidence of the same tenant."""
    asks = generating(fact)
    if asks is None or fact.run_after is None:
        return None
    if not fact.run_after.seen.grounded:
        return "the generator is asked in a tick that read no valid evidence of its tenant"
    return "" if owner(asks.tenant) == fact.tenant else f"the generator is asked for the tenant {asks.tenant!r}"


def report_once(fact: Fact) -> Verdict:
    """Kernel ticks publish at most one report per (tenant, trigger), and no kernel effect changes it."""
    if not fact.writes:
        return None
    verdicts = []
    for write in writes(fact, Role.PUBLICATION):
        if write.before.value is not None:
            verdicts.append("a publication was overwritten" if write.changed else "")
        elif write.owner is not None and write.changed:
            reports = fact.before.tenants[write.owner].ghost.reports
            before = reports[TRIGGERS.index(write.place.trigger or "")]
            verdicts.append(f"{write.place.trigger} is published once more" if before else "")
    return worst(verdicts)


def done_is_earned(fact: Fact) -> Verdict:
    """A publication appears only with the report that its tick's generator returned for it."""
    if not fact.writes:
        return None
    return worst([_earned(write) for write in writes(fact, Role.PUBLICATION) if write.appeared])


def _earned(write: Write) -> str:
    assert write.by is not None and write.after.value is not None
    published = oracle.report(write.after.value)
    if published is None:
        return f"a publication appeared that holds no report: {text(write.after.value)}"
    if write.by.earned != (write.place.trigger, published) or write.owner != write.by.tenant:
        return f"the publication of {write.place.trigger} appeared with a report that its tick did not generate"
    return ""


def backoff_held(fact: Fact) -> Verdict:
    """A claim takes effect only where the backoff was over; each generate follows one claim of its tick."""
    verdicts = [_claimed(write) for write in writes(fact, Role.LEDGER) if _is_claim(write)]
    if generating(fact) is not None and fact.run_after is not None:
        claims = fact.run_after.seen.claims
        verdicts.append("" if claims == 1 else f"the generator is asked after {claims} claims of this tick")
    return worst(verdicts)


def _is_claim(write: Write) -> bool:
    return write.changed and write.by is not None and write.by.phase in _CLAIMS


def _claimed(write: Write) -> str:
    assert write.by is not None
    for trigger in TRIGGERS:
        attempts = oracle.attempts(write.before.value, trigger)
        if oracle.attempts(write.after.value, trigger) <= attempts:
            continue  # also a torn claim: what does not parse claims nothing
        until, at = oracle.backoff_until(write.before.value, trigger), write.by.looked_at
        running = until is not None and (at is None or until > at)
        if running and until is not None and not (at and until > at + tier(attempts) + QUARTER):
            clock = "never looked" if at is None else f"looked at {oracle.written(at)}"
            return f"{trigger} is claimed by who {clock}, in backoff until {oracle.written(until)}"
    return ""


def tier(attempts: int) -> int:
    """How long a trigger waits after so many attempts, in ms."""
    return TIERS[min(attempts, 3)]


def attempts_counted(fact: Fact) -> Verdict:
    """The generate calls of a trigger are at most its persisted attempts."""
    verdicts = [_uncounted(fact, write) for write in writes(fact, Role.LEDGER) if write.changed]
    verdicts += [_generated(fact)] if generating(fact) is not None else []
    return worst([verdict for verdict in verdicts if verdict is not None])


def _uncounted(fact: Fact, write: Write) -> Verdict:
    """A ledger that is written must not forget calls."""
    if write.owner is None or write.owner >= len(fact.after.tenants):
        return None
    for trigger, calls in zip(TRIGGERS, fact.after.tenants[write.owner].ghost.generates, strict=True):
        persisted = oracle.attempts(write.after.value, trigger)
        if calls > persisted:
            return f"{calls} calls of the generator for {trigger}, and a ledger of {persisted} attempts is written"
    return ""


def _generated(fact: Fact) -> Verdict:
    """Who asks the generator must have persisted this attempt too."""
    asks = generating(fact)
    if asks is None or fact.tenant is None or fact.run_after is None:
        return None
    index = TRIGGERS.index(asks.trigger)
    calls = fact.after.tenants[fact.tenant].ghost.generates[index]
    ledger = _ledger_key(fact)
    persisted = oracle.attempts(fact.after.cells.at(ledger).value, asks.trigger)
    if calls <= persisted:
        return ""
    return f"call {calls} of the generator for {asks.trigger}, of which {persisted} attempts are persisted"


def _ledger_key(fact: Fact) -> str:
    """Where the machine keeps its attempts: the original's key ends in another name of the tenant."""
    assert fact.tenant is not None and fact.run_after is not None
    keys = records(fact.tenant)
    machine = fact.before.config.machines[fact.run_after.machine]
    own = oracle.originals_ledger(keys.tenant)
    return own if machine.startswith("v2.") else keys.by_name["ledger"]


def due_only(fact: Fact) -> Verdict:
    """AUTO_12H only at an age of 12 h to under 24 h, AUTO_24H from 24 h on, by what this tick read."""
    asks = generating(fact)
    if asks is None or fact.run_after is None:
        return None
    seen = fact.run_after.seen
    if seen.installed_at is None or seen.ledger_at is None:
        return f"{asks.trigger} is generated by a tick that read no valid evidence, or no ledger"
    age = seen.ledger_at - seen.installed_at
    inside = 12 * HOUR <= age < 24 * HOUR if asks.trigger == "AUTO_12H" else age >= 24 * HOUR
    return "" if inside else f"{asks.trigger} is generated at an age of {age} ms"
