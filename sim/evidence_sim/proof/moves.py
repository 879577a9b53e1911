"""What may happen in the model: a row for any tick, and what no row says: landings, crashes, clocks, repairs.

A move is a condition and the world after it. Whatever a read may bring is any value that ever stood there, so
that stale reads are in it; what a put meets is what stands there when it takes effect, however late that is.
"""

from collections.abc import Iterable, Iterator, Sequence

import z3
from attrs import frozen

from evidence_sim.config import HOUR
from evidence_sim.invariants.reports import QUARTER, TIERS
from evidence_sim.oracle import Role
from evidence_sim.proof.cases import Case
from evidence_sim.proof.model import NEW, NIL, PUTS, RANK, TICK, VERSION, Term, World, fresh
from evidence_sim.proof.rows import Row
from evidence_sim.proof.seen import Asked, Expected
from evidence_sim.watch import TRIGGERS

_INT, _BOOL = z3.IntSort(), z3.BoolSort()


@frozen
class Stores:
    """What is assumed of stores and shells; each False leaves one assumption out, to show that it is needed.

    `fresh_versions`: no version of the ledger returns. `fresh_ids`: no two ticks have one id. `atomic`: a put's
    condition is judged when it takes effect. `certain`: what Failed or Conflict is said of never takes effect.
    """

    fresh_versions: bool = True
    fresh_ids: bool = True
    atomic: bool = True
    certain: bool = True


@frozen
class Move:
    """One thing that may happen: its name, when, and the world after it."""

    name: str
    when: Term
    after: World


def free(w: World, trigger: int, version: Term, at: Term) -> Term:
    """Whether that ledger's backoff of a trigger was over, or implausible, at a clock: the words of S8."""
    backed, until = getattr(w, f"backed{trigger}")(version), getattr(w, f"until{trigger}")(version)
    plausible = at + _tier(getattr(w, f"attempts{trigger}")(version)) + QUARTER
    return z3.Or(z3.Not(backed), until <= at, until > plausible)


def _tier(attempts: Term) -> Term:
    none, first, second, later = TIERS
    return z3.If(attempts <= 0, none, z3.If(attempts == 1, first, z3.If(attempts == 2, second, later)))


def inside(late: Term, age: Term) -> Term:
    """Whether a trigger is due at an age: the words of S17."""
    return z3.If(late, age >= 24 * HOUR, z3.And(age >= 12 * HOUR, age < 24 * HOUR))


def moves(w: World, rows: Sequence[Row], stores: Stores) -> Iterator[Move]:
    """Everything that may happen to the tenant; the rows first, in their order."""
    yield from steps(w, rows, stores)
    yield from landings(w, puts(rows), stores)
    yield from _others(w, stores)


def steps(w: World, rows: Iterable[Row], stores: Stores) -> Iterator[Move]:
    """What any tick may do, by these rows."""
    for row in rows:
        t = fresh(TICK, "t")
        here = [w.phase(t) == RANK[row.phase]]
        here += [] if row.trigger is None else [w.late(t) == _is_late(row.trigger)]
        when, after = _answered(w, t, row, stores)
        yield Move(row.name, z3.And(*here, *when), _stepped(after, t, row))


def _others(w: World, stores: Stores) -> Iterator[Move]:
    t = fresh(TICK, "t")
    yield Move("Crash", z3.And(w.phase(t) != NEW, w.phase(t) != RANK["END"]), w.at(t, phase=RANK["END"]))
    yield Move("Clock", z3.BoolVal(True), w.at(fresh(_INT, "host"), clock=fresh(_INT, "clock")))
    yield Move("Repair evidence", w.evidence, w.having(valid=True))
    v, attempts = fresh(VERSION, "v"), (fresh(_INT, "n"), fresh(_INT, "n"))
    new = [_unused(w, v, stores), *(n >= 0 for n in attempts)]
    after = w.at(v, used=True, whole=True, claim=False, attempts0=attempts[0], attempts1=attempts[1])
    yield Move("Repair ledger", z3.And(z3.Not(w.whole(w.ledger)), *new), after.having(ledger=v))


def _is_late(trigger: str | None) -> bool:
    return trigger == TRIGGERS[1]


def _unused(w: World, v: Term, stores: Stores) -> Term:
    return z3.And(v != NIL, z3.Not(w.used(v))) if stores.fresh_versions else v != NIL


Happened = tuple[list[Term], World]


def _answered(w: World, t: Term, row: Row, stores: Stores) -> Happened:
    """When an effect may be answered so, and what that does to the store and to what the tick has met."""
    if row.effect is None:
        return [], w
    if row.effect.kind == "put":
        return _put(w, t, row, row.effect, stores)
    if row.effect.kind == "generate":
        return [], w.at(t, earned=True) if row.case.what == "report" else w
    at = w.clock(w.host(t))
    if row.effect.role is Role.EVIDENCE:
        return _evidence_read(w, t, row, at, stores)
    if row.effect.role is Role.LEDGER:
        return _ledger_read(w, t, row.case, at)
    return _publication_read(w, t, row, row.effect, at) if row.effect.role is Role.PUBLICATION else ([], w)


def _evidence_read(w: World, t: Term, row: Row, at: Term, stores: Stores) -> Happened:
    case, mine = row.case, row.case.what == "mine"
    after = w.at(t, read_back=mine) if row.phase == "EVIDENCE_VERIFY" and case.what != "failed" else w
    if case.what not in ("mine", "valid"):
        return [], after
    assert row.effect is not None
    instant = w.record_at(t) if mine else fresh(_INT, "instant")
    future = instant > at + QUARTER
    when = [future if case.when == "future" else z3.Not(future)]
    if mine:
        when.append(w.backfilled(t) if stores.fresh_ids else w.backfilled(fresh(TICK, "namesake")))
    return when, after.at(t, installed_at=instant, grounded=row.effect.own)


def _ledger_read(w: World, t: Term, case: Case, at: Term) -> Happened:
    v = fresh(VERSION, "v")
    if case.what == "mine":
        when = [w.used(v), w.claim(v), w.by(v) == t]
        return when, w.at(t, claimed=v, claims=w.claims(t) + 1)
    if not case.when:
        return [], w
    age = at - w.installed_at(t)
    ages = {"too young": age < 12 * HOUR, "12 h": inside(False, age), "24 h": inside(True, age)}
    there = v == NIL if case.what == "absent" else z3.And(v != NIL, w.used(v))
    whole = z3.Not(w.whole(v)) if case.what == "malformed" else w.whole(v)
    return [there, whole, z3.And(ages[case.when])], w.at(t, read=v, ledger_at=at)


def _publication_read(w: World, t: Term, row: Row, get: Asked, at: Term) -> Happened:
    if row.case.what == "mine":
        return [w.of("published", _is_late(get.trigger), t)], w
    if not row.case.when:
        return [], w
    trigger = TRIGGERS.index(get.trigger or "")
    over = free(w, trigger, w.read(t), at)
    until = getattr(w, f"until{trigger}")(w.read(t))
    passed = z3.Or(z3.Not(getattr(w, f"backed{trigger}")(w.read(t))), until <= at)
    cases = {"free": passed, "running": z3.Not(over), "implausible": z3.And(over, z3.Not(passed))}
    return [cases[row.case.when]], w.at(t, looked_at=at)


def _put(w: World, t: Term, row: Row, put: Asked, stores: Stores) -> Happened:
    """What the store does with a put and says of it."""
    holds, what = _holds(w, t, put, stores), row.case.what
    later = w.at(t, **{f"pending_{row.phase}": True}) if row.phase in PUTS else w
    if what == "conflict":
        return [z3.Not(_holds(w, t, put, Stores()))], w if stores.certain else later
    if what in ("failed", "unknown-no"):
        return [], later if what == "failed" and not stores.certain else w
    if what == "unknown-later":
        return [], later
    when, after, version = _effect(w, t, row.phase, put, stores)
    if what == "applied" and row.phase == "CLAIM":
        after = after.at(t, claimed=version, claims=w.claims(t) + 1)
    return [holds, *when], after


def _holds(w: World, t: Term, put: Asked, stores: Stores) -> Term:
    """Whether the put's condition does."""
    if put.expect in (None, Expected.OTHER):
        return fresh(_BOOL, "holds")  # a status, or what the model cannot tell: it may hold or not
    if put.expect is Expected.ANY or not stores.atomic:
        return z3.BoolVal(True)
    if put.expect is Expected.READ:
        return w.ledger == w.read(t)
    if put.expect is Expected.CLAIMED:
        return w.ledger == w.claimed(t)
    absent = {Role.EVIDENCE: z3.Not(w.evidence), Role.LEDGER: w.ledger == NIL}
    return absent[put.role] if put.role in absent else z3.Not(getattr(w, f"present{TRIGGERS.index(put.trigger or '')}"))


def _effect(w: World, t: Term, phase: str, put: Asked, stores: Stores) -> tuple[list[Term], World, Term]:
    """The store after a put took effect, with the ledger's new version; whoever does not sign may be anybody."""
    author = t if put.signed else fresh(TICK, "anybody")
    if put.role is Role.EVIDENCE:
        rewrote, clobbered = z3.Or(w.rewrote, w.evidence), z3.And(w.evidence, z3.Not(w.valid))
        after = w.at(author, backfilled=True)
        after = after.having(evidence=True, valid=True, rewrote=rewrote, clobbered=z3.Or(w.clobbered, clobbered))
        return [], after, NIL
    if put.role is Role.PUBLICATION:
        place = TRIGGERS.index(put.trigger or "")
        there = getattr(w, f"present{place}")
        after = w.at(author, **{f"published{place}": True})
        return [], after.having(**{f"present{place}": True}, republished=z3.Or(w.republished, there)), NIL
    if put.role is not Role.LEDGER:
        return [], w, NIL
    v, claim, counts = fresh(VERSION, "v"), phase == "CLAIM", put.counts or (0, 0)
    attempts = [getattr(w, f"attempts{i}")(w.read(t)) + more for i, more in enumerate(counts)]
    after = w.at(v, used=True, whole=put.counts is not None, attempts0=attempts[0], attempts1=attempts[1])
    after = after.at(v, claim=claim, by=author).having(ledger=v)
    if claim:
        held = [free(w, i, w.ledger, w.looked_at(t)) for i, more in enumerate(counts) if more > 0]
        after = after.at(author, took=True).having(unheld=z3.Or(w.unheld, z3.Not(z3.And(*held))))
    return [_unused(w, v, stores)], after, v


def _stepped(w: World, t: Term, row: Row) -> World:
    """The world after what the machine's step asks, says and decides."""
    w = w.at(t, phase=RANK[row.to])
    if row.due is not None and row.due != row.trigger:
        w = w.at(t, late=_is_late(row.due))
    if row.verifies:
        w = w.at(t, did_backfill=True)
    if row.audits:
        instant = w.record_at(t) if all(row.audits) else fresh(_INT, "instant")
        w = w.at(t, audits=w.audits(t) + len(row.audits), audited_at=instant)
    if row.denies is not None:
        w = w.at(t, **{f"denied_{row.denies}": True})
    return w if row.asks is None else _asked(w, t, row.asks)


def _asked(w: World, t: Term, asks: Asked) -> World:
    if not asks.own:
        w = w.having(strayed=True)
    if asks.kind == "generate":
        w = w.at(t, calls=w.calls(t) + 1, called_late=_is_late(asks.trigger))
        return w if asks.true else w.at(t, grounded=False)
    if asks.kind != "put":
        return w
    if asks.expect is Expected.ANY:
        w = w.having(plain=True)
    if asks.role is Role.EVIDENCE:
        w = w.at(t, wrote=asks.signed, record_at=fresh(_INT, "instant"))
    return w.at(t, carries=asks.true) if asks.role is Role.PUBLICATION else w


# A put that may still be under way when its tick goes on: its phase, what it is, the trigger that is due.
Late = tuple[str, Asked, str | None]


def puts(rows: Iterable[Row]) -> list[Late]:
    """The puts that rows answer."""
    late = [(row.phase, row.effect, row.trigger) for row in rows if row.effect is not None and row.phase in PUTS]
    return list(dict.fromkeys(late))


def landings(w: World, late: Iterable[Late], stores: Stores) -> Iterator[Move]:
    """A put that was still under way takes effect, or is refused; the tick that asked may be gone."""
    for phase, put, trigger in late:
        t = fresh(TICK, "t")
        name = f"Land {phase}" + (f" [{trigger}]" if trigger else "")
        here = [getattr(w, f"pending_{phase}")(t)]
        here += [] if trigger is None else [w.late(t) == _is_late(trigger)]
        holds, over = _holds(w, t, put, stores), {f"pending_{phase}": False}
        when, after, _ = _effect(w, t, phase, put, stores)
        yield Move(name, z3.And(*here, holds, *when), after.at(t, **over))
        yield Move(f"{name}, refused", z3.And(*here, z3.Not(_holds(w, t, put, Stores()))), w.at(t, **over))
