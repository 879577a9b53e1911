"""The inductive invariant: what holds in every world that any ticks and faults can lead to.

The promises are not enough of themselves. What stands here is what a machine must also keep so that they survive
each move; each conjunct is a function of a world and of any ticks (a, b, t) and versions (v).
"""

from collections.abc import Callable
from inspect import signature

import z3
from attrs import frozen

from evidence_sim.proof import promised
from evidence_sim.proof.model import NEW, NIL, OF_TICKS, RANK, TICK, VERSION, Term, World
from evidence_sim.proof.moves import free, inside


@frozen
class Conjunct:
    """One part of the invariant; its function's parameters say what it speaks of, and its name what it is called."""

    body: Callable[..., Term]

    @property
    def name(self) -> str:
        """As a verdict names it: an id and its name, or the words of the function's name."""
        head, _, rest = self.body.__name__.partition("_")
        if not head[1:].isdigit():
            return self.body.__name__.replace("_", " ")
        return f"{head.upper()} {rest.title().replace('_', '')}"

    @property
    def says(self) -> str:
        """It in a sentence."""
        return (self.body.__doc__ or "").strip()

    @property
    def of(self) -> tuple[Term, ...]:
        """The variables that it speaks of."""
        return tuple(_VARIABLES[name] for name in list(signature(self.body).parameters)[1:])

    def held(self, w: World) -> Term:
        """It in a world, of its variables."""
        return self.body(w, *self.of)

    def always(self, w: World) -> Term:
        """It, of all ticks and versions."""
        return z3.ForAll(list(self.of), self.held(w)) if self.of else self.held(w)


_VARIABLES = {name: z3.Const(name, VERSION if name == "v" else TICK) for name in ("t", "a", "b", "v")}


def _before(w: World, t: Term, phase: str) -> Term:
    """The tick has not come as far as beyond that phase."""
    return w.phase(t) <= RANK[phase]


def _among(w: World, t: Term, first: str, last: str) -> Term:
    return z3.And(RANK[first] <= w.phase(t), w.phase(t) <= RANK[last])


def _claims_one(w: World, t: Term, v: Term) -> Term:
    """The ledger at `v` has one attempt more than the tick had read, of its trigger alone."""
    first = w.attempts0(v) == w.attempts0(w.read(t)) + z3.If(w.late(t), 0, 1)
    return z3.And(first, w.attempts1(v) == w.attempts1(w.read(t)) + z3.If(w.late(t), 1, 0))


def _published(w: World, t: Term) -> Term:
    return z3.Or(w.published0(t), w.published1(t))


def puts_in_order(w: World, t: Term) -> Term:
    """Until a put was answered it is not under way, and what it puts has not stood."""
    rules = [
        ("EVIDENCE_PUT", z3.Or(w.pending_EVIDENCE_PUT(t), w.backfilled(t))),
        ("CLAIM", z3.Or(w.pending_CLAIM(t), w.took(t), w.claims(t) != 0)),
        ("PUBLISH", z3.Or(w.pending_PUBLISH(t), _published(w, t))),
        ("SETTLE", w.pending_SETTLE(t)),
    ]
    return z3.And(*(z3.Implies(_before(w, t, put), z3.Not(done)) for put, done in rules))


def verifies_late(w: World, t: Term) -> Term:
    """Until EVIDENCE_VERIFY was answered there is no audit line, no backfill reported and nothing read back."""
    said = z3.Or(w.audits(t) != 0, w.did_backfill(t), w.read_back(t))
    return z3.Implies(_before(w, t, "EVIDENCE_VERIFY"), z3.Not(said))


def backfilled_by_one(w: World, a: Term, b: Term) -> Term:
    """At most one tick's evidence has ever stood, and then there is evidence."""
    return z3.Implies(w.backfilled(a), z3.And(w.evidence, z3.Implies(w.backfilled(b), a == b)))


def evidence_is_signed(w: World, t: Term) -> Term:
    """Evidence that a tick put, is putting or may still put names it."""
    puts = z3.Or(w.phase(t) == RANK["EVIDENCE_PUT"], w.pending_EVIDENCE_PUT(t), w.backfilled(t))
    return z3.Implies(puts, w.wrote(t))


def scheduled_on_evidence(w: World, t: Term) -> Term:
    """Beyond TIMESTAMP_READ a tick uses valid evidence that it was given."""
    return z3.Implies(_among(w, t, "LEDGER_READ", "SETTLE"), w.grounded(t))


def scheduled_when_due(w: World, t: Term) -> Term:
    """Beyond LEDGER_READ a tick has a trigger that was due."""
    due = inside(w.late(t), w.ledger_at(t) - w.installed_at(t))
    return z3.Implies(_among(w, t, "DONE_READ", "SETTLE"), due)


def ledgers_are_well_formed(w: World, v: Term) -> Term:
    """A ledger that is there or was, and is well formed, counts from 0; where none is, there is nothing in it."""
    zero = [w.attempts0(NIL) == 0, w.attempts1(NIL) == 0]
    nothing = [w.used(NIL), w.whole(NIL), *zero, z3.Not(z3.Or(w.claim(NIL), w.backed0(NIL), w.backed1(NIL)))]
    counts = z3.And(w.attempts0(v) >= 0, w.attempts1(v) >= 0)
    return z3.And(*nothing, w.used(w.ledger), z3.Implies(z3.And(w.used(v), w.whole(v)), counts))


def reads_what_stood(w: World, t: Term) -> Term:
    """Who has read a ledger, or whose claim is under way or has stood, read one that was there and well formed."""
    has = z3.Or(_among(w, t, "DONE_READ", "SETTLE"), w.pending_CLAIM(t), w.took(t), w.pending_SETTLE(t))
    return z3.Implies(has, z3.And(w.used(w.read(t)), w.whole(w.read(t))))


def claims_when_free(w: World, t: Term) -> Term:
    """Who claims, or may still, read a ledger whose backoff was over or implausible at its DONE_READ."""
    claims = z3.Or(w.phase(t) == RANK["CLAIM"], w.pending_CLAIM(t))
    held = [free(w, trigger, w.read(t), w.looked_at(t)) for trigger in (0, 1)]
    return z3.Implies(claims, z3.If(w.late(t), held[1], held[0]))


def claims_are_counted(w: World, v: Term) -> Term:
    """The ledger that a claim wrote counts one attempt more, of the claimant's trigger, than the claimant read."""
    by = w.by(v)
    return z3.Implies(z3.And(w.used(v), w.claim(v)), z3.And(w.took(by), w.whole(v), _claims_one(w, by, v)))


def claims_are_numbered(w: World, a: Term, b: Term) -> Term:
    """Claims that have stood are in what the ledger counts, and no two of a trigger have one number."""
    number = w.of("attempts", w.late(a), w.read(a)) + 1
    counted = z3.And(w.whole(w.ledger), w.ledger != NIL, number <= w.of("attempts", w.late(a), w.ledger))
    other = z3.And(w.took(b), w.late(b) == w.late(a), a != b)
    distinct = z3.Implies(other, number != w.of("attempts", w.late(a), w.read(b)) + 1)
    return z3.Implies(w.took(a), z3.And(counted, distinct))


def generates_on_a_claim(w: World, t: Term) -> Term:
    """From GENERATE to SETTLE, and while a SETTLE is under way, a tick has one claim, at the version it holds."""
    works = z3.Or(_among(w, t, "GENERATE", "SETTLE"), w.pending_SETTLE(t))
    claimed = w.claimed(t)
    held = [w.used(claimed), w.whole(claimed), _claims_one(w, t, claimed)]
    return z3.Implies(works, z3.And(w.took(t), w.claims(t) == 1, *held))


def one_claim_before_its_read_back(w: World, t: Term) -> Term:
    """At CLAIM_VERIFY no claim of the tick is acknowledged yet."""
    return z3.Implies(w.phase(t) == RANK["CLAIM_VERIFY"], w.claims(t) == 0)


def calls_in_order(w: World, t: Term) -> Term:
    """Nobody called the generator before its claim; from GENERATE to SETTLE once, for the trigger that is due."""
    early = z3.Implies(w.phase(t) < RANK["GENERATE"], w.calls(t) == 0)
    once = z3.And(w.calls(t) == 1, w.called_late(t) == w.late(t))
    working = z3.Implies(_among(w, t, "GENERATE", "SETTLE"), once)
    return z3.And(early, working, z3.Implies(w.calls(t) != 0, w.called_late(t) == w.late(t)))


def publishes_what_it_earned(w: World, t: Term) -> Term:
    """Who publishes, or may still, has a report for its trigger, and that is what it puts."""
    puts = z3.Or(w.phase(t) == RANK["PUBLISH"], w.pending_PUBLISH(t))
    return z3.Implies(puts, z3.And(w.earned(t), w.carries(t), w.calls(t) == 1, w.called_late(t) == w.late(t)))


def published_by_one(w: World, t: Term) -> Term:
    """Where a tick's report has stood there is a publication."""
    return z3.And(z3.Implies(w.published0(t), w.present0), z3.Implies(w.published1(t), w.present1))


PROMISED = tuple(
    Conjunct(body)
    for body in (
        promised.s1_write_once,
        promised.s2_no_clobber,
        promised.s3_verified_is_mine,
        promised.s4_audit_once,
        promised.s5_grounded,
        promised.s6_report_once,
        promised.s7_done_is_earned,
        promised.s8_backoff_held,
        promised.s9_attempts_counted,
        promised.s17_due_only,
        promised.isolated,
        promised.denials_are_certain,
    )
)
KEPT = tuple(
    Conjunct(body)
    for body in (
        puts_in_order,
        verifies_late,
        backfilled_by_one,
        evidence_is_signed,
        scheduled_on_evidence,
        scheduled_when_due,
        ledgers_are_well_formed,
        reads_what_stood,
        claims_when_free,
        claims_are_counted,
        claims_are_numbered,
        generates_on_a_claim,
        one_claim_before_its_read_back,
        calls_in_order,
        publishes_what_it_earned,
        published_by_one,
    )
)
INVARIANT = PROMISED + KEPT


def begins(w: World) -> Term:
    """A new installation: any evidence, any ledger, any publications, and no tick that has begun.

    It is also what `forget` leaves, which is enabled only where no tick is in flight and no put under way.
    """
    t, v = z3.Const("t", TICK), z3.Const("v", VERSION)
    nothing = [getattr(w, name)(t) for name, sort in OF_TICKS.items() if sort == z3.BoolSort()]
    none = [getattr(w, name)(t) == 0 for name in ("claims", "calls", "audits")]
    ticks = z3.ForAll([t], z3.And(w.phase(t) == NEW, z3.Not(z3.Or(*nothing)), *none))
    known = z3.Implies(w.used(v), z3.Or(v == NIL, v == w.ledger))
    versions = z3.ForAll([v], z3.And(known, z3.Not(w.claim(v))))
    empty = [w.used(NIL), w.whole(NIL), w.attempts0(NIL) == 0, w.attempts1(NIL) == 0]
    empty += [z3.Not(w.backed0(NIL)), z3.Not(w.backed1(NIL)), w.used(w.ledger)]
    counts = z3.Implies(w.whole(w.ledger), z3.And(w.attempts0(w.ledger) >= 0, w.attempts1(w.ledger) >= 0))
    harm = z3.Or(w.rewrote, w.clobbered, w.plain, w.republished, w.unheld, w.strayed)
    return z3.And(ticks, versions, *empty, counts, z3.Not(harm))
