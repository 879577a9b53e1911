"""S10-S13 and S18: whose keys a tick touches, that it ends, and what it says of its end."""

from evidence_kernel import Get, Put
from evidence_sim import oracle
from evidence_sim.config import owner
from evidence_sim.facts import Fact
from evidence_sim.invariants.common import Verdict
from evidence_sim.machines import MACHINES
from evidence_sim.watch import TRIGGERS


def isolated(fact: Fact) -> Verdict:
    """No tick touches another tenant's keys."""
    if not (fact.judged and isinstance(fact.asks, Get | Put)):
        return None
    name = oracle.place(fact.asks.key).tenant
    return "" if owner(name) == fact.tenant else f"a tick asks for {fact.asks.key!r}, which is not its tenant's"


def identity_closed(fact: Fact) -> Verdict:
    """No usable identity: zero effects."""
    if fact.tenant is None or fact.before.config.initial[fact.tenant].identity != "none":
        return None
    if not fact.judged or fact.run is not None:
        return None
    return "a tick without an identity asks for an effect" if fact.asks is not None else ""


def total(fact: Fact) -> Verdict:
    """Every answer is decided; every tick ends in one outcome within the pinned number of effects."""
    if not fact.judged:
        return None
    if fact.broken is not None:
        return f"the tick died: {fact.broken}"
    run = fact.run_after
    if run is None:
        return "" if fact.result is not None else None
    most = MACHINES[fact.before.config.machines[run.machine]].longest
    return f"the tick asks for its effect number {run.effects}; {most} is the most" if run.effects > most else ""


def no_false_success(fact: Fact) -> Verdict:
    """What failed or stayed undecided where it matters is no success."""
    if not (fact.judged and fact.result is not None and fact.run):
        return None
    seen = fact.run.seen
    if not (seen.failed or seen.undecided):
        return None
    what = "a read or write that decides failed" if seen.failed else "its claim or publication stayed undecided"
    return f"the tick reports success ({fact.outcome}), though {what}" if fact.result.success else ""


def outcome_true(fact: Fact) -> Verdict:
    """GENERATED only with this tick's report, ALREADY_DONE only with one; the status says the outcome."""
    if not (fact.judged and fact.result is not None and fact.run and fact.tenant is not None):
        return None
    seen, outcome = fact.run.seen, fact.outcome
    if seen.closed is not None and seen.closed != outcome:
        return f"the tick ended {outcome} and wrote {seen.closed} into the status"
    if outcome == "GENERATED":
        return "" if seen.held else "GENERATED, but the publication never held this tick's report"
    if outcome == "ALREADY_DONE":
        trigger = fact.result.trigger
        published = fact.after.tenants[fact.tenant].ghost.published
        there = any(published) if trigger is None else published[TRIGGERS.index(trigger)]
        return "" if there else "ALREADY_DONE, but there was no publication"
    return "" if seen.closed is not None else None
