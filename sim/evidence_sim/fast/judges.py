"""The invariants of the twin, and what a campaign counts: over the fact that an action left.

As `invariants` and `tally`, judge by judge. A judge is called where its premise can hold; it counts that in
`out` and notes the first violation. Only the reference world tells a violation.
"""

from evidence_sim.config import HOUR, MINUTE
from evidence_sim.fast.compiled import Words, compiled
from evidence_sim.fast.kernel import entry_at, installed_at
from evidence_sim.fast.layout import *
from evidence_sim.fast.store import current, tenant_at
from evidence_sim.fast.ticks import is_report
from evidence_sim.invariants.reports import QUARTER, TIERS

(S1, S2, S3, S4, S5, S6, S7, S8, S9, S10, S11, S12, S13, S14, S15, S16, S17, S18, S19, L1) = range(INVARIANTS)
_GUARDED = 1 << EVIDENCE_PUT | 1 << CLAIM | 1 << PUBLISH | 1 << SETTLE
_BACKFILL = 1 << EVIDENCE_READ | 1 << EVIDENCE_PUT | 1 << EVIDENCE_VERIFY
_PUTS = _GUARDED | 1 << STATUS_OPEN | 1 << STATUS_CLOSE
_HALF_DAY, _DAY, _PERIOD = 12 * HOUR, 24 * HOUR, 5 * MINUTE
_TIER_1, _TIER_2, _TIER_3 = TIERS[1:]


@compiled
def verdict(w: Words, out: Words, invariant: int, broken: bool) -> None:
    """A premise held; the first violation is noted."""
    out[O_PREMISES + invariant] += 1
    if broken and out[O_BROKEN + invariant] == 0:
        out[O_BROKEN + invariant] = w[X_ACTIONS]


@compiled
def judge(w: Words, t: Words, out: Words) -> None:
    """Every invariant over the fact."""
    action = w[A_ACTION]
    if action == CLOCK:
        shown_by_clock(w, t, out)
        return
    if action == START:
        started(w, out)
        return
    if w[W_ANY]:
        judge_write(w, t, out)
    if action > OUTSIDE:
        judge_step(w, t, out)


@compiled
def started(w: Words, out: Words) -> None:
    """S10, S11, S12 of a start."""
    asks = w[A_ASKS]
    if asks:
        verdict(w, out, S10, False)
    if w[tenant_at(w[A_TENANT]) + T_IDENTITY]:
        verdict(w, out, S11, asks != 0)
    verdict(w, out, S12, False)


@compiled
def judge_step(w: Words, t: Words, out: Words) -> None:
    """What a step asks for, says and decides."""
    run, asks = w[A_RUN], w[A_ASKS]
    if w[A_AUDITS]:
        audit_once(w, out, run)
    if w[A_OUTCOME] == DIED:
        verdict(w, out, S12, True)
        return
    if asks == 0:
        judge_end(w, t, out, run)
        return
    verdict(w, out, S12, w[run + R_EFFECTS] > t[K_LONGEST])
    if asks == GENERATE:
        judge_generate(w, out, run)
        return
    verdict(w, out, S10, False)
    if not _PUTS >> asks & 1:
        return
    if _GUARDED >> asks & 1:
        verdict(w, out, S2, t[K_EXPECTS + asks - STATUS_READ] == IS_PLAIN)
    if _BACKFILL >> w[A_PHASE] & 1:
        verdict(w, out, S14, asks != EVIDENCE_PUT)
    if asks == EVIDENCE_PUT:
        verdict(w, out, S16, w[run + SEEN_ABSENT] == NONE or w[run + SEEN_ABSENT] != w[run + R_BACKFILL + E_AT])


@compiled
def audit_once(w: Words, out: Words, run: int) -> None:
    """S4: at most one audit line a record, and its instant is the record's."""
    record = w[A_FOUND]
    missing = w[record] == 0
    untrue = installed_at(w, record) != w[run + R_BACKFILL + E_AT]
    verdict(w, out, S4, missing or untrue or w[A_AUDITS] > 1 or w[A_ALREADY] == 1)


@compiled
def judge_generate(w: Words, out: Words, run: int) -> None:
    """S5, S8, S9, S17 of a call of the generator."""
    base, trigger = tenant_at(w[A_TENANT]), w[run + R_TRIGGER]
    verdict(w, out, S5, w[run + SEEN_GROUNDED] == 0)
    verdict(w, out, S8, w[run + SEEN_CLAIMS] != 1)
    calls = w[base + G_GENERATES + trigger - 1]
    verdict(w, out, S9, calls > attempts(w, current(w, w[A_TENANT], LEDGER), trigger))
    age = w[run + SEEN_LEDGER] - w[run + SEEN_INSTALLED]
    inside = _HALF_DAY <= age < _DAY if trigger == 1 else age >= _DAY
    verdict(w, out, S17, w[run + SEEN_INSTALLED] == NONE or w[run + SEEN_LEDGER] == NONE or not inside)


@compiled
def attempts(w: Words, ledger: int, trigger: int) -> int:
    """The attempts that a ledger has persisted; 0 where it says nothing."""
    return w[entry_at(w, ledger, trigger) + L_HEAD] >> 8 if w[ledger] == BY_TICK else 0


@compiled
def judge_end(w: Words, t: Words, out: Words, run: int) -> None:
    """S3, S12, S13, S18, L1 of a tick that ended."""
    base, outcome = tenant_at(w[A_TENANT]), w[A_OUTCOME]
    verdict(w, out, S12, False)
    if w[run + R_DID]:
        verdict(w, out, S3, not back_is_mine(w, run))
    if w[run + SEEN_FAILED] or w[run + SEEN_UNDECIDED]:
        verdict(w, out, S13, t[K_SUCCESS + outcome] != 0)
    closed = w[run + SEEN_CLOSED]
    if closed and closed != outcome:
        verdict(w, out, S18, True)
    elif outcome == GENERATED:
        verdict(w, out, S18, w[run + SEEN_HELD] == 0)
    elif outcome == ALREADY_DONE:
        trigger, published = w[run + R_TRIGGER], base + G_PUBLISHED
        there = w[published + trigger - 1] if trigger else w[published] + w[published + 1]
        verdict(w, out, S18, there == 0)
    elif closed:
        verdict(w, out, S18, False)
    if not w[run + R_HURT]:
        verdict(w, out, L1, w[current(w, w[A_TENANT], EVIDENCE)] == 0)


@compiled
def back_is_mine(w: Words, run: int) -> bool:
    """Whether the evidence read back is, byte for byte, what the tick put."""
    if w[run + SEEN_BACK] == 0:
        return False
    for at in range(SIZE_EVIDENCE):
        if w[run + SEEN_BACK + at] != w[run + R_BACKFILL + at]:
            return False
    return True


@compiled
def judge_write(w: Words, t: Words, out: Words) -> None:
    """What a write did to its record."""
    record = w[W_RECORD]
    if w[W_BY] and record >= PUBLICATION:
        publication_written(w, out)
    elif w[W_BY] and record == LEDGER and w[W_CHANGED]:
        ledger_written(w, out)
    elif record == STATUS:
        status_written(w, t, out)
    elif w[W_BY] and record == EVIDENCE and w[w[W_BEFORE]]:
        evidence_written(w, out)


@compiled
def evidence_written(w: Words, out: Words) -> None:
    """S1 and S2 of a tick's put where there was evidence."""
    verdict(w, out, S1, w[W_CHANGED] != 0)
    if installed_at(w, w[W_BEFORE]) == NONE:
        verdict(w, out, S2, w[W_CHANGED] != 0)


@compiled
def publication_written(w: Words, out: Words) -> None:
    """S6 and S7."""
    before, after, index = w[W_BEFORE], w[W_AFTER], w[W_RECORD] - PUBLICATION
    if w[before]:
        verdict(w, out, S6, w[W_CHANGED] != 0)
    elif w[W_CHANGED]:
        verdict(w, out, S6, w[tenant_at(w[W_OWNER]) + G_REPORTS + index] > 1)
    if w[before] == 0 and w[after]:
        tick = w[W_BY_TENANT] << 16 | w[W_BY_N]
        earned = is_report(w, after, w[W_RECORD], tick, w[W_EARNED])
        verdict(w, out, S7, not earned or w[W_OWNER] != w[W_BY_TENANT])


@compiled
def ledger_written(w: Words, out: Words) -> None:
    """S8 of a claim, S9 of any ledger."""
    base, broken = tenant_at(w[W_OWNER]), False
    for trigger in range(1, 3):
        broken = broken or w[base + G_GENERATES + trigger - 1] > attempts(w, w[W_AFTER], trigger)
    verdict_once(w, out, S9, broken)
    if w[W_BY_PHASE] == CLAIM:
        verdict_once(w, out, S8, claimed_early(w, 1) or claimed_early(w, 2))


@compiled
def verdict_once(w: Words, out: Words, invariant: int, broken: bool) -> None:
    """A verdict about a write, where the same action may bring one about what is asked next."""
    verdict(w, out, invariant, broken)
    if w[A_ASKS] == GENERATE:
        out[O_PREMISES + invariant] -= 1


@compiled
def claimed_early(w: Words, trigger: int) -> bool:
    """Whether a claim took effect in a running backoff that is plausible."""
    before, after = w[W_BEFORE], w[W_AFTER]
    made = attempts(w, before, trigger)
    if attempts(w, after, trigger) <= made or w[before] != BY_TICK:
        return False
    until, at = w[entry_at(w, before, trigger) + L_UNTIL], w[W_LOOKED]
    if until == NONE or (at != NONE and until <= at):
        return False
    return at == NONE or until <= at + tier(made) + QUARTER


@compiled
def tier(made: int) -> int:
    """How long a trigger waits after so many attempts."""
    if made == 0:
        return 0
    return _TIER_1 if made == 1 else _TIER_2 if made == 2 else _TIER_3


@compiled
def status_written(w: Words, t: Words, out: Words) -> None:
    """S15 of a tick's status, S19 of any."""
    before, after = w[W_BEFORE], w[W_AFTER]
    if not w[W_CHANGED]:
        return
    if w[W_BY] and w[before] == BY_TICK and w[before + S_SUCCESS] != NONE:
        verdict(w, out, S15, w[after] != BY_TICK or w[after + S_SUCCESS] < w[before + S_SUCCESS])
    premise, broken = False, False
    for host in range(w[X_HOSTS]):
        at = w[X_CLOCK + host]
        if shown(w, t, after, at) == RUNNING:
            premise = True
            broken = broken or not closed_well(w, w[W_OWNER], at)
    if w[W_BY] and w[A_ACTION] == STATUS_CLOSE and is_clean(w):
        premise = True
        says = shown(w, t, after, w[A_AT])
        broken = broken or (says != INITIALIZING and says != RUNNING)
    if premise:
        verdict(w, out, S19, broken)


@compiled
def is_clean(w: Words) -> bool:
    """Whether nothing has gone wrong for the tenant of a status that was closed."""
    tenant, run = w[A_TENANT], w[A_RUN]
    base = tenant_at(tenant)
    took = w[A_AT] - w[run + SEEN_STARTED]
    if w[W_OWNER] != tenant or not w[base + G_CLEAN] or w[base + T_LEDGER] or took < 0 or took > _PERIOD:
        return False
    installed = installed_at(w, current(w, tenant, EVIDENCE))
    if w[w[W_AFTER]] == 0 or installed == NONE:
        return False
    for host in range(w[X_HOSTS]):
        if installed > w[X_CLOCK + host] + QUARTER:
            return False
    return True


@compiled
def shown(w: Words, t: Words, status: int, at: int) -> int:
    """The trust status of a record at a clock."""
    if w[status] != BY_TICK:
        return INITIALIZING
    codes, closed = w[status + S_CODES], w[status + S_CLOSED]
    outcome, reason = codes >> 3 & 15, codes >> 8 & 31
    if outcome == 0 or closed == NONE:
        return INITIALIZING
    fresh = t[K_SHOWN + outcome * REASONS + reason]
    if fresh == RUNNING and not -t[K_EARLY] <= at - closed <= t[K_STALE]:
        return DEGRADED
    return fresh


@compiled
def closed_well(w: Words, tenant: int, clock: int) -> bool:
    """Whether a tick closed well within 15 min of a clock."""
    base = tenant_at(tenant)
    last = w[base + G_WELLS] - 1
    for back in range(min(last + 1, WELLS)):
        if -QUARTER <= clock - w[base + G_WELL + (last - back) % WELLS] <= QUARTER:
            return True
    return False


@compiled
def shown_by_clock(w: Words, t: Words, out: Words) -> None:
    """S19 where nothing but a clock has changed."""
    premise, broken = False, False
    for tenant in range(w[X_TENANTS]):
        if shown(w, t, current(w, tenant, STATUS), w[A_AT]) == RUNNING:
            premise = True
            broken = broken or not closed_well(w, tenant, w[A_AT])
    if premise:
        verdict(w, out, S19, broken)


@compiled
def cover(w: Words, t: Words, out: Words) -> None:
    """What was covered: faults that fired and were survived, outcomes, rows, what effects met, verified backfills."""
    if w[A_FIRED] >= 0:
        fired(w, out)
    if w[A_ROW] >= 0:
        out[O_ROWS + w[A_ROW]] += 1
    if w[A_PHASE]:
        out[O_MET + (w[A_PHASE] - STATUS_READ) * 16 + w[A_WHAT]] += 1
    outcome = w[A_OUTCOME]
    if outcome == 0 or outcome == DIED:
        return
    out[O_OUTCOMES + outcome] += 1
    if w[A_RUN] >= 0:
        out[O_VERIFIED] += w[w[A_RUN] + R_DID]
    base = tenant_at(w[A_TENANT])
    if t[K_SUCCESS + outcome] and w[base + T_ENDURED]:
        survived(w, out, base)


@compiled
def fired(w: Words, out: Words) -> None:
    """A fault that a later tick may survive, of one tenant or of all."""
    fault = w[A_FIRED]
    out[O_FIRED + fault] += 1
    first, last = (0, w[X_TENANTS]) if w[A_ACTION] == CLOCK else (w[A_TENANT], w[A_TENANT] + 1)
    for tenant in range(first, last):
        base = tenant_at(tenant)
        if not w[base + T_ENDURED] >> fault & 1:
            w[base + T_SURVIVES + fault] = w[base + T_STARTED]
            w[base + T_ENDURED] |= 1 << fault


@compiled
def survived(w: Words, out: Words, base: int) -> None:
    """A tick of that tenant succeeded: it survived the faults that fired before it started."""
    left, fault = w[base + T_ENDURED], 0
    while left:
        if left & 1 and w[base + T_SURVIVES + fault] < w[A_N]:
            out[O_SURVIVED + fault] += 1
            w[base + T_ENDURED] &= ~(1 << fault)
        left, fault = left >> 1, fault + 1
