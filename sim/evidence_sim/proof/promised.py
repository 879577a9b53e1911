"""What is proved, as functions of the model's world: S1-S9 and S17, isolation, and that denials are certain."""

import z3

from evidence_sim.proof.model import PUTS, RANK, Term, World
from evidence_sim.proof.moves import inside


def s1_write_once(w: World) -> Term:
    """No effect of a tick ever changed evidence that was there."""
    return z3.Not(w.rewrote)


def s2_no_clobber(w: World) -> Term:
    """No invalid evidence was changed by a tick, and no unconditional put of a record was asked for."""
    return z3.Not(z3.Or(w.clobbered, w.plain))


def s3_verified_is_mine(w: World, t: Term) -> Term:
    """Who reports did_backfill put the evidence that EVIDENCE_VERIFY brought, and that has stood there."""
    return z3.Implies(w.did_backfill(t), z3.And(w.wrote(t), w.read_back(t), w.backfilled(t)))


def s4_audit_once(w: World, a: Term, b: Term) -> Term:
    """At most one audit line is ever written, of the evidence read back, with its instant."""
    mine = z3.And(w.read_back(a), w.backfilled(a), w.audits(a) == 1, w.audited_at(a) == w.record_at(a))
    return z3.Implies(w.audits(a) != 0, z3.And(mine, z3.Implies(w.audits(b) != 0, a == b)))


def s5_grounded(w: World, t: Term) -> Term:
    """Who called the generator was given valid evidence of its own tenant, and handed that instant on."""
    return z3.Implies(w.calls(t) != 0, w.grounded(t))


def s6_report_once(w: World, a: Term, b: Term) -> Term:
    """At most one tick published for a trigger, and no effect changed a publication."""
    first = z3.Implies(z3.And(w.published0(a), w.published0(b)), a == b)
    second = z3.Implies(z3.And(w.published1(a), w.published1(b)), a == b)
    return z3.And(z3.Not(w.republished), first, second)


def s7_done_is_earned(w: World, t: Term) -> Term:
    """What a tick published is the report that the generator returned to it, for that trigger."""
    earned = z3.And(w.earned(t), w.carries(t), w.calls(t) != 0)
    first = z3.Implies(w.published0(t), z3.And(earned, z3.Not(w.called_late(t))))
    return z3.And(first, z3.Implies(w.published1(t), z3.And(earned, w.called_late(t))))


def s8_backoff_held(w: World, t: Term) -> Term:
    """No claim took effect in a running backoff, and who called the generator has exactly one claim, which stood."""
    return z3.And(z3.Not(w.unheld), z3.Implies(w.calls(t) != 0, z3.And(w.claims(t) == 1, w.took(t))))


def s9_attempts_counted(w: World, a: Term, b: Term) -> Term:
    """Calls of the generator have numbers, from 1 to the attempts persisted, and no two of a trigger the same."""
    late, called = w.called_late(a), w.calls(a) != 0
    number = w.of("attempts", late, w.read(a)) + 1
    counted = z3.And(w.calls(a) == 1, number >= 1, number <= w.of("attempts", late, w.ledger))
    other = z3.And(w.calls(b) != 0, w.called_late(b) == late, a != b)
    return z3.Implies(called, z3.And(counted, z3.Implies(other, number != w.of("attempts", late, w.read(b)) + 1)))


def s17_due_only(w: World, t: Term) -> Term:
    """Who called the generator did so for the trigger that was due by what it read and LEDGER_READ's clock."""
    return z3.Implies(w.calls(t) != 0, inside(w.called_late(t), w.ledger_at(t) - w.installed_at(t)))


def isolated(w: World) -> Term:
    """No key and no call of another tenant was asked for."""
    return z3.Not(w.strayed)


def denials_are_certain(w: World, t: Term) -> Term:
    """A put that was said not to have been applied has not been, is not under way and will not be again."""
    stood = {
        "EVIDENCE_PUT": w.backfilled(t),
        "CLAIM": w.took(t),
        "PUBLISH": z3.Or(w.published0(t), w.published1(t)),
        "SETTLE": False,
    }
    said = [(put, getattr(w, f"denied_{put}")(t), getattr(w, f"pending_{put}")(t)) for put in PUTS]
    never = [(denied, z3.And(w.phase(t) > RANK[put], z3.Not(late), z3.Not(stood[put]))) for put, denied, late in said]
    return z3.And(*(z3.Implies(denied, not_ever) for denied, not_ever in never))
