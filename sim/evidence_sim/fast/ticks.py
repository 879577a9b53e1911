"""The actions of the twin: a start, an answer, a late put, a crash, a clock, what comes from outside.

As `world.apply`, action by action. Each says whether it can happen here, and leaves what it did in the fact.
"""

from evidence_sim.fast.compiled import Words, compiled
from evidence_sim.fast.kernel import (
    ask,
    entry_at,
    expected,
    installed_at,
    learn,
    meaning,
    row_of,
    to_put,
)
from evidence_sim.fast.layout import *
from evidence_sim.fast.store import (
    copy,
    current,
    delete,
    emptied_past,
    generate,
    is_read,
    meets,
    read,
    record_of,
    same,
    sign,
    spoil,
    store,
    tenant_at,
    write,
    wrote,
)

_DECIDES = 1 << TIMESTAMP_READ | 1 << LEDGER_READ | 1 << DONE_READ
_TAIL = 1 << SETTLE | 1 << STATUS_CLOSE | 1 << END
_EVIDENCE_READS = 1 << EVIDENCE_READ | 1 << EVIDENCE_VERIFY | 1 << TIMESTAMP_READ


@compiled
def fact(w: Words, tenant: int, n: int, action: int, what: int, arg: int) -> None:
    """A new fact: nothing has been done yet."""
    for at in range(FACT):
        w[at] = 0
    w[A_TENANT], w[A_N], w[A_ACTION], w[A_WHAT], w[A_ARG] = tenant, n, action, what, arg
    w[A_AFTER], w[A_FIRED], w[A_ROW], w[A_RUN], w[A_GENUINE] = END, -1, -1, -1, 1


@compiled
def run_at(w: Words, base: int, place: int) -> int:
    """Where the run stands that started as the place-th of those in flight."""
    return base + T_RUN + w[base + T_ORDER + place] * RUN


@compiled
def clock(w: Words, host: int, step: int, ms: int) -> None:
    """A host's clock steps."""
    fact(w, 255, host, CLOCK, NOTHING, step)
    w[X_CLOCK + host] += ms
    w[A_AT] = w[X_CLOCK + host]
    if ms < 0:
        w[A_FIRED] = FIRED_CLOCK
        for tenant in range(w[X_TENANTS]):
            w[tenant_at(tenant) + G_CLEAN] = 0


@compiled
def start(w: Words, t: Words, tenant: int, host: int) -> bool:
    """The next tick of a tenant starts on a host; whether it can."""
    base = tenant_at(tenant)
    n, at, flying = w[base + T_STARTED] + 1, w[X_CLOCK + host], w[base + T_RUNS]
    fact(w, tenant, n, START, NOTHING, host)
    if w[base + T_FORGETTING]:
        return False
    w[A_AT] = at
    w[base + T_STARTED] = n
    if flying:
        w[A_FIRED] = FIRED_OVERLAP
    if w[base + T_IDENTITY]:
        w[A_OUTCOME] = REFUSED
        return True
    if flying == RUNS:
        w[X_ERROR] = TOO_MANY_RUNS
        return False
    run = run_at(w, base, flying)
    w[base + T_RUNS] = flying + 1
    for word in range(RUN):
        w[run + word] = 0
    w[run + R_N], w[run + R_HOST], w[run + R_PHASE], w[run + R_EFFECTS] = n, host, STATUS_READ, 1
    w[run + R_INSTALLED], w[run + SEEN_INSTALLED], w[run + SEEN_ABSENT] = NONE, NONE, NONE
    w[run + SEEN_LEDGER], w[run + SEEN_LOOKED] = NONE, NONE
    w[run + SEEN_STARTED] = at
    w[A_RUN], w[A_AFTER], w[A_ASKS] = run, STATUS_READ, STATUS_READ
    return True


@compiled
def reply(w: Words, t: Words, tenant: int, place: int, what: int, arg: int) -> bool:
    """The effect of a tick is answered, and the kernel takes a step; whether that answer is possible."""
    base = tenant_at(tenant)
    run = run_at(w, base, place)
    phase, at = w[run + R_PHASE], w[X_CLOCK + w[run + R_HOST]]
    fact(w, tenant, w[run + R_N], phase, what, arg)
    w[A_RUN], w[A_AT], w[A_PHASE] = run, at, phase
    if not answered(w, t, tenant, run, phase, what, arg):
        return False
    means = meaning(w, t, run, at)
    row = row_of(w, run, means)
    to = t[row + TO]
    if to < 0:
        w[X_ERROR] = NOT_LOWERED
        return False
    saw(w, tenant, run, phase, at)
    if w[W_ANY]:
        grow(w, tenant)
    if w[A_FAULT]:
        w[base + G_CLEAN], w[run + R_HURT] = 0, 1
        kind = FIRED_READ if is_read(phase) else FIRED_GENERATE if phase == GENERATE else FIRED_WRITE
        w[A_FIRED] = kind + what - FAILED
    learn(w, t, tenant, run, means, row, at)
    w[A_ROW] = t[row + ROW]
    if _TAIL >> to & 1 and not _TAIL >> phase & 1:
        w[run + SEEN_DECIDED] = at
    w[run + R_PHASE] = to
    if to == STATUS_CLOSE:
        w[run + SEEN_CLOSED] = t[K_CLOSES + w[run + R_OUTCOME] * REASONS + w[run + R_REASON]] >> 3 & 15
    w[A_AFTER] = to
    if to == END:
        w[A_OUTCOME], w[A_REASON] = w[run + R_OUTCOME], w[run + R_REASON]
        drop(w, base, place)
        ended(w, t, base, run)
    else:
        ask(w, t, tenant, run, at)
        w[run + R_EFFECTS] += 1
        w[A_ASKS] = to
        if to == GENERATE:
            w[base + G_GENERATES + w[run + R_TRIGGER] - 1] += 1
    if t[row + AUDITS]:
        w[A_AUDITS] = t[row + AUDITS]
        audit(w, tenant, run)
    return True


@compiled
def answered(w: Words, t: Words, tenant: int, run: int, phase: int, what: int, arg: int) -> bool:
    """The store or the generator answers; whether it can."""
    if phase == GENERATE:
        return generate(w, what)
    record = record_of(w, run)
    if is_read(phase):
        return read(w, tenant, record, what, arg)
    source = to_put(w, t, tenant, run)
    return store(w, tenant, run, record, source, expected(w, t, run), what, arg)


@compiled
def saw(w: Words, tenant: int, run: int, phase: int, at: int) -> None:
    """What the judges know of the tick, after an answer."""
    says = w[A_SAYS]
    if says == SAID_FAILED and (_DECIDES >> phase & 1 or phase == CLAIM or phase == PUBLISH):
        w[run + SEEN_FAILED] = 1
    if w[W_ANY] and not w[run + SEEN_HELD] and holds(w, tenant, run):
        w[run + SEEN_HELD] = 1
    if phase == LEDGER_READ:
        w[run + SEEN_LEDGER] = at
    elif phase == DONE_READ:
        w[run + SEEN_LOOKED] = at
    elif phase == CLAIM_VERIFY:
        if says == SAID_FOUND and same(w, LEDGER, w[A_FOUND], run + R_HELD):
            w[run + SEEN_CLAIMS], w[run + SEEN_UNDECIDED] = w[run + SEEN_CLAIMS] + 1, 0
    elif phase == PUBLISH_VERIFY:
        if says == SAID_FOUND:
            w[run + SEEN_UNDECIDED] = 0
    elif _EVIDENCE_READS >> phase & 1:
        saw_evidence(w, run, phase, at)
    elif phase == CLAIM:
        if says == SAID_APPLIED:
            w[run + SEEN_CLAIMS], w[run + SEEN_UNDECIDED] = w[run + SEEN_CLAIMS] + 1, 0
        elif says == SAID_UNKNOWN:
            w[run + SEEN_UNDECIDED] = 1
    elif phase == PUBLISH:
        if says == SAID_UNKNOWN:
            w[run + SEEN_UNDECIDED] = 1
    elif phase == GENERATE and says == SAID_REPORT:
        w[run + SEEN_EARNED] = w[run + R_NUMBER] << 2 | w[run + R_TRIGGER]


@compiled
def saw_evidence(w: Words, run: int, phase: int, at: int) -> None:
    """What a read of the evidence brought."""
    if w[A_SAYS] == SAID_ABSENT:
        w[run + SEEN_ABSENT] = at
    elif w[A_SAYS] == SAID_FOUND:
        value = w[A_FOUND]
        installed = installed_at(w, value)
        if installed != NONE:
            w[run + SEEN_INSTALLED] = installed
            w[run + SEEN_GROUNDED] |= w[A_GENUINE]
        if phase == EVIDENCE_VERIFY:
            copy(w, value, run + SEEN_BACK, SIZE_EVIDENCE)


@compiled
def holds(w: Words, tenant: int, run: int) -> bool:
    """Whether the write made the publication what that tick earned."""
    if w[W_RECORD] < PUBLICATION or not w[W_CHANGED] or not w[W_BY]:
        return False
    if w[W_OWNER] != tenant or w[W_BY_TENANT] != tenant or w[W_BY_N] != w[run + R_N]:
        return False
    return is_report(w, w[W_AFTER], w[W_RECORD], tenant << 16 | w[run + R_N], w[run + SEEN_EARNED])


@compiled
def is_report(w: Words, value: int, record: int, tick: int, earned: int) -> bool:
    """Whether a publication holds the report that a tick earned: its trigger and the number of its attempt."""
    if w[value] != BY_TICK or w[value + P_ID] != tick:
        return False
    return earned == (w[value + P_ATTEMPT] << 2 | record - PUBLICATION + 1)


@compiled
def grow(w: Words, tenant: int) -> None:
    """What became of an installation: a publication appeared; another tenant's record is no clean hand's."""
    owner = w[W_OWNER]
    base = tenant_at(owner)
    if w[W_RECORD] >= PUBLICATION and w[w[W_BEFORE]] == 0 and w[w[W_AFTER]] != 0:
        index = w[W_RECORD] - PUBLICATION
        w[base + G_PUBLISHED + index] = 1
        if w[W_BY] and w[W_BY_TENANT] == owner:
            w[base + G_REPORTS + index] += 1
    if owner != tenant:
        w[base + G_CLEAN] = 0


@compiled
def ended(w: Words, t: Words, base: int, run: int) -> None:
    """Whether the tick closed well."""
    outcome, reason = w[run + R_OUTCOME], w[run + R_REASON]
    well = outcome == NOT_DUE or outcome == ALREADY_DONE or outcome == CONTENDED or outcome == GENERATED
    if not well and not (outcome == BACKOFF and reason != t[K_FAILED_ATTEMPT]):
        return
    if w[run + SEEN_INSTALLED] != NONE:
        w[base + G_WELL + w[base + G_WELLS] % WELLS] = w[run + SEEN_DECIDED]
        w[base + G_WELLS] += 1


@compiled
def audited_at(w: Words, tenant: int, place: int) -> int:
    """Where the place-th audited record of a tenant stands: behind the tenants, a place for each tick."""
    return w[X_AUDITED] + (tenant * w[X_TICKS] + place) * SIZE_EVIDENCE


@compiled
def audit(w: Words, tenant: int, run: int) -> None:
    """An audit line, about the record that was read back, else the one that is there."""
    base = tenant_at(tenant)
    record = run + SEEN_BACK if w[run + SEEN_BACK] else current(w, tenant, EVIDENCE)
    w[A_FOUND] = record
    for place in range(w[base + G_AUDITED]):
        if same(w, EVIDENCE, audited_at(w, tenant, place), record):
            w[A_ALREADY] = 1
    copy(w, record, audited_at(w, tenant, w[base + G_AUDITED]), SIZE_EVIDENCE)
    w[base + G_AUDITED] += 1


@compiled
def drop(w: Words, base: int, place: int) -> None:
    """A run is over; its block stays as it is until another tick starts."""
    order, last = base + T_ORDER, w[base + T_RUNS] - 1
    slot = w[order + place]
    for at in range(place, last):
        w[order + at] = w[order + at + 1]
    w[order + last] = slot
    w[base + T_RUNS] = last


@compiled
def land(w: Words, tenant: int, place: int) -> None:
    """A put that was under way takes effect, if what it expected still holds."""
    base = tenant_at(tenant)
    late = base + T_LATE + place * LATE
    n, phase, record = w[late + D_N], w[late + D_PHASE], w[late + D_RECORD]
    fact(w, tenant, n, LAND, NOTHING, phase)
    applied = meets(w, current(w, tenant, record), w[late + D_EXPECT])
    if applied:
        write(w, tenant, record, late + D_VALUE)
    wrote(w, tenant, record, applied)
    sign(w, tenant, n, phase, w[late + D_EARNED], w[late + D_LOOKED])
    last = w[base + T_LATES] - 1
    for at in range(late, base + T_LATE + last * LATE):
        w[at] = w[at + LATE]
    w[base + T_LATES] = last
    for at in range(w[base + T_RUNS]):
        run = run_at(w, base, at)
        if not w[run + SEEN_HELD] and holds(w, tenant, run):
            w[run + SEEN_HELD] = 1
    grow(w, tenant)


@compiled
def crash(w: Words, tenant: int, place: int) -> None:
    """A tick is cut off."""
    base = tenant_at(tenant)
    run = run_at(w, base, place)
    fact(w, tenant, w[run + R_N], CRASH, NOTHING, 0)
    w[A_FIRED], w[A_AT], w[base + G_CLEAN] = FIRED_CRASH, w[X_CLOCK + w[run + R_HOST]], 0
    w[A_PHASE] = w[run + R_PHASE]
    drop(w, base, place)


@compiled
def outside(w: Words, tenant: int, record: int, what: int, arg: int) -> bool:
    """One record is deleted, expires or is spoilt; whether that can happen."""
    fact(w, tenant, 0, OUTSIDE, what, record * 16 + arg)
    if what == CORRUPT:
        if not spoil(w, tenant, record, arg):
            return False
    else:
        if w[current(w, tenant, record)] == 0:
            return False
        delete(w, tenant, record)
        wrote(w, tenant, record, True)
    base = tenant_at(tenant)
    for at in range(w[base + T_RUNS]):
        w[run_at(w, base, at) + R_HURT] = 1
    w[base + G_CLEAN] = 0
    w[A_FIRED] = FIRED_SPOILT if what == CORRUPT else FIRED_DELETE if what == DELETE else FIRED_EXPIRE
    return True


@compiled
def repair(w: Words, t: Words, tenant: int) -> None:
    """An operator replaces invalid or future evidence, else a malformed ledger; or finds nothing to do."""
    fact(w, tenant, 0, OUTSIDE, REPAIR, 0)
    base, now = tenant_at(tenant), w[X_CLOCK]
    evidence, ledger = current(w, tenant, EVIDENCE), current(w, tenant, LEDGER)
    installed = installed_at(w, evidence)
    if w[evidence] != 0 and (installed == NONE or installed - now > t[K_AHEAD]):
        parent = remembered(w, evidence)
        w[X_VALUE], w[X_VALUE + E_AT] = REPAIRED, now
        w[X_VALUE + E_ID], w[X_VALUE + E_PARENT] = w[base + T_STARTED], parent
        write(w, tenant, EVIDENCE, X_VALUE)
        wrote(w, tenant, EVIDENCE, True)
    elif w[ledger] > BY_TICK:
        for at in range(SIZE_LEDGER):
            w[X_VALUE + at] = 0
        w[X_VALUE] = BY_TICK
        for trigger in range(1, 3):
            entry = entry_at(w, X_VALUE, trigger)
            w[entry + L_HEAD] = w[base + G_GENERATES + trigger - 1] << 8 | L_BARE
            w[entry + L_UNTIL], w[entry + L_GENERATED], w[entry + L_ERROR] = NONE, NONE, NONE
        write(w, tenant, LEDGER, X_VALUE)
        wrote(w, tenant, LEDGER, True)
    else:
        return
    w[base + G_CLEAN] = 0


@compiled
def remembered(w: Words, evidence: int) -> int:
    """The number of what a repair replaces, one for each value, from 1 on."""
    for place in range(w[X_POOL]):
        if same(w, EVIDENCE, X_PARENTS + place * SIZE_EVIDENCE, evidence):
            return place + 1
    if w[X_POOL] == PARENTS:
        w[X_ERROR] = TOO_MANY_REPAIRS
        return 0
    copy(w, evidence, X_PARENTS + w[X_POOL] * SIZE_EVIDENCE, SIZE_EVIDENCE)
    w[X_POOL] += 1
    return w[X_POOL]


@compiled
def forget(w: Words, tenant: int) -> bool:
    """One deletion; the one that finds nothing left begins the new installation. Whether it can happen."""
    fact(w, tenant, 0, OUTSIDE, FORGET, 0)
    base = tenant_at(tenant)
    if w[base + T_RUNS] or w[base + T_LATES]:
        return False
    for record in range(RECORDS):
        if w[current(w, tenant, record)]:
            delete(w, tenant, record)
            wrote(w, tenant, record, True)
            w[base + T_FORGETTING] = 1
            return True
    for at in range(G_CLEAN, G_PUBLISHED_24H + 1):
        w[base + at] = 0
    w[base + G_CLEAN], w[base + T_FORGETTING] = 1, 0
    emptied_past(w, tenant)
    return True
