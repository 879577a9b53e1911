"""S1-S4, S14, S16 and L1: what the backfill may do to evidence, and what it says of it."""

from evidence_kernel import Expect, Put
from evidence_sim import oracle
from evidence_sim.config import records, tick_id
from evidence_sim.facts import Fact
from evidence_sim.invariants.common import Verdict, text, worst, writes
from evidence_sim.oracle import Role
from evidence_sim.ticks import audited_record

_GUARDED = frozenset({Role.EVIDENCE, Role.LEDGER, Role.PUBLICATION})
_BACKFILL = frozenset({"EVIDENCE_READ", "EVIDENCE_PUT", "EVIDENCE_VERIFY"})


def write_once(fact: Fact) -> Verdict:
    """Once a tenant's evidence is present, no kernel effect changes it."""
    if not fact.writes:
        return None
    present = [write for write in writes(fact, Role.EVIDENCE) if write.before.value is not None]
    return worst([f"{text(w.before.value)} became {text(w.after.value)}" if w.changed else "" for w in present])


def no_clobber(fact: Fact) -> Verdict:
    """Invalid evidence is never overwritten; nothing unconditional goes to evidence, ledger, publication."""
    verdicts = []
    if fact.judged and isinstance(fact.asks, Put):
        role = oracle.place(fact.asks.key).role
        if role in _GUARDED:
            plain = fact.asks.expect is Expect.ANY
            verdicts.append(f"an unconditional put of the {role.value} is asked for" if plain else "")
    for write in writes(fact, Role.EVIDENCE):
        if write.before.value is not None and oracle.installed_at(write.before.value) is None:
            verdicts.append(f"invalid evidence {text(write.before.value)} was overwritten" if write.changed else "")
    return worst(verdicts)


def verified_is_mine(fact: Fact) -> Verdict:
    """did_backfill is reported only if the record read back is, byte for byte, the one this tick put."""
    if not (fact.judged and fact.result is not None and fact.result.did_backfill and fact.run):
        return None
    seen = fact.run.seen
    if seen.read_back is None:
        return "did_backfill is reported, but nothing was read back"
    if seen.read_back != seen.wrote:
        return f"did_backfill is reported, but {text(seen.read_back)} was read back, not {text(seen.wrote)}"
    return ""


def audit_once(fact: Fact) -> Verdict:
    """At most one audit line per evidence record, and its timestamp is that record's `installed_at`."""
    if not (fact.judged and fact.log and fact.tenant is not None):
        return None
    said = [at for line in fact.log if (at := oracle.audited_at(line.text)) is not None]
    if not said:
        return None
    seen = fact.run_after.seen if fact.run_after else fact.run.seen if fact.run else None
    record = audited_record(seen, fact.after.cells, fact.tenant)
    if not record:
        return "an audit line is written and there is no evidence"
    if oracle.installed_at(record) != said[0]:
        return f"an audit line says {oracle.written(said[0])} of the record {text(record)}"
    if len(said) > 1 or record in fact.before.tenants[fact.tenant].ghost.audited:
        return f"a second audit line is written about {text(record)}"
    return ""


def evidence_only(fact: Fact) -> Verdict:
    """The backfill puts the evidence key and nothing else."""
    if not (fact.judged and fact.run and isinstance(fact.asks, Put) and fact.run.phase in _BACKFILL):
        return None
    evidence = oracle.place(fact.asks.key).role is Role.EVIDENCE
    return "" if evidence else f"the backfill puts {fact.asks.key!r}"


def truthful(fact: Fact) -> Verdict:
    """Evidence put by a tick says when it was told that there is none, its own id, the constant reason."""
    if not (fact.judged and isinstance(fact.asks, Put) and fact.run_after and fact.tenant is not None):
        return None
    if oracle.place(fact.asks.key).role is not Role.EVIDENCE:
        return None
    absent_at = fact.run_after.seen.absent_at
    text = None if absent_at is None else oracle.written(absent_at)
    true = {
        "installed_at": text,
        "backfilled": True,
        "backfilled_at": text,
        "backfill_reason": oracle.BACKFILL_REASON,
        "backfill_id": tick_id(fact.tenant, fact.run_after.n),
    }
    fields = oracle.record(fact.asks.value) or {}
    differ = [name for name, value in true.items() if fields.get(name) != value]
    wrong = [f"{name} is {fields.get(name)!r}, not {true[name]!r}" for name in differ]
    return f"the evidence it puts is untrue: {', '.join(wrong)}" if wrong else ""


def hydrates(fact: Fact) -> Verdict:
    """A tick with a usable identity that met no fault ends with evidence present."""
    if not (fact.judged and fact.result is not None and fact.run and fact.tenant is not None) or fact.run.hurt:
        return None
    if fact.before.config.initial[fact.tenant].identity == "none":
        return None
    present = fact.after.cells.at(records(fact.tenant).evidence).value is not None
    return "" if present else "a tick that met no fault ended without evidence"
