"""A world of a search as one state: first its plainest form, then the bits of that.

The plain form keeps what `explore.canonical` keeps, in the scope TICK: versions become "is what I hold
current?", records what they say, and what no later step or judge reads is left out. Its bits are written and
read by one function, so that a state is a world and a world a state.
"""

from evidence_sim.config import HOUR
from evidence_sim.fast.compiled import Words, compiled
from evidence_sim.fast.layout import *
from evidence_sim.fast.store import cell_at, clear, copy, current, meets, size, tenant_at, value_at
from evidence_sim.fast.ticks import audited_at, run_at

_BACKFILL = 1 << EVIDENCE_READ | 1 << EVIDENCE_PUT | 1 << EVIDENCE_VERIFY | 1 << TIMESTAMP_READ
_NOW = 10  # the version of what a cell holds
_GONE = 2  # the version that a put expects whose condition does not hold
_TORN, _SPOILT = BY_TICK | 1 << TORN, BY_TICK | 1 << SPOILT  # what does not parse
_HALF_DAY, _DAY = 12 * HOUR, 24 * HOUR
_REACH = 2
_SOME = 1  # any instant or reason: what matters is that there is one


@compiled
def plain(w: Words) -> None:
    """The world in its plainest form."""
    for tenant in range(w[X_TENANTS]):
        base = tenant_at(tenant)
        for place in range(w[base + T_RUNS]):
            plain_run(w, tenant, run_at(w, base, place))
        for place in range(w[base + T_LATES]):
            plain_late(w, tenant, base + T_LATE + place * LATE)
        sort_lates(w, base)
        for place in range(w[base + G_AUDITED]):
            plain_value(w, EVIDENCE, audited_at(w, tenant, place))
        sort_audited(w, tenant, w[base + G_AUDITED])
        for record in range(EVIDENCE, RECORDS):
            plain_cell(w, tenant, record)


@compiled
def plain_value(w: Words, record: int, value: int) -> None:
    """What a record says."""
    kind = w[value]
    malformed = kind >= WHOLE or (record == LEDGER and kind == MALFORMED)
    if kind == 0 or malformed:
        for at in range(size(record)):
            w[value + at] = 0
        if malformed:
            w[value] = _SPOILT if kind >> SPOILT else _TORN
    elif record == EVIDENCE and YESTERDAY <= kind <= EMPTY:
        w[value + E_AT], w[value + E_ID], w[value + E_PARENT] = 0, 0, 0
    elif record == EVIDENCE:
        w[value + E_PARENT] = 0
    elif record == LEDGER:
        plain_entry(w, value + 1)
        plain_entry(w, value + 1 + L_ENTRY)
    else:
        w[value + P_ATTEMPT], w[value + P_AT] = 0, 0


@compiled
def plain_entry(w: Words, entry: int) -> None:
    """What a ledger says of a trigger."""
    head, until, claimed = w[entry + L_HEAD], w[entry + L_UNTIL], w[entry + L_CLAIMED]
    failed = 1 if head >> 2 & 63 else 0
    generated = w[entry + L_GENERATED] != NONE
    there = head >> 8 or until != NONE or claimed or failed or generated
    w[entry + L_HEAD] = head >> 8 << 8 | (failed * _SOME) << 2 | (L_FULL if there else L_MISSING)
    w[entry + L_GENERATED] = _SOME if generated else NONE
    w[entry + L_ERROR] = _SOME if failed else NONE


@compiled
def plain_cell(w: Words, tenant: int, record: int) -> None:
    """A cell, and no more of its past than a stale read brings."""
    cell = cell_at(tenant, record)
    past = min(w[cell + C_PAST], _REACH)
    for k in range(past + 1):
        copy(w, value_at(w, cell, k), X_VALUE, size(record))
        plain_value(w, record, X_VALUE)
        copy(w, X_VALUE, value_at(w, cell, k), size(record))
        w[value_at(w, cell, k) - 1] = _NOW - k
    w[cell + C_PAST] = past


@compiled
def plain_expect(w: Words, value: int, expect: int) -> int:
    """A condition: whether it holds now, and in byzantine whether it is of absence."""
    if meets(w, value, expect):
        return EX_ABSENT if expect == EX_ABSENT else _NOW
    return EX_ABSENT if w[X_BYZANTINE] and expect == EX_ABSENT else _GONE


@compiled
def plain_late(w: Words, tenant: int, late: int) -> None:
    """A put under way."""
    record, phase = w[late + D_RECORD], w[late + D_PHASE]
    w[late + D_EXPECT] = plain_expect(w, current(w, tenant, record), w[late + D_EXPECT])
    if phase != CLAIM:
        w[late + D_LOOKED] = NONE
    w[late + D_EARNED] = record - PUBLICATION + 1 if record >= PUBLICATION else 0
    plain_value(w, record, late + D_VALUE)
    for at in range(size(record), SIZE_LEDGER):
        w[late + D_VALUE + at] = 0


@compiled
def plain_run(w: Words, tenant: int, run: int) -> None:
    """A tick in flight."""
    phase, trigger = w[run + R_PHASE], w[run + R_TRIGGER]
    w[run + R_EFFECTS], w[run + R_STATUS_EXPECT], w[run + R_ENDED] = 1, _GONE, NONE
    w[run + SEEN_STARTED], w[run + SEEN_DECIDED], w[run + SEEN_ABSENT] = 0, 0, NONE
    for at in range(SIZE_STATUS):
        w[run + R_STATUS + at] = 0
    w[run + R_STATUS] = BY_TICK
    verified = w[run + R_DID] and back_is_mine(w, run)
    if _BACKFILL >> phase & 1:
        plain_value(w, EVIDENCE, run + R_BACKFILL)
    else:
        w[run + R_EVIDENCE] = 4 if w[run + R_DID] else 2
        w[run + R_BACKFILL], w[run + R_BACKFILL + E_AT] = BY_TICK, _SOME
        w[run + R_BACKFILL + E_ID], w[run + R_BACKFILL + E_PARENT] = tenant << 16 | w[run + R_N], 0
    copy(w, run + R_BACKFILL, run + SEEN_BACK, SIZE_EVIDENCE)
    if not verified:
        w[run + SEEN_BACK] = 0
    if w[run + R_OUTCOME]:
        w[run + R_REASON] = _SOME
    if phase != CLAIM:
        w[run + SEEN_LOOKED] = NONE
    if trigger:
        plain_attempt(w, tenant, run)
    else:
        w[run + SEEN_LEDGER] = NONE


@compiled
def back_is_mine(w: Words, run: int) -> bool:
    """Whether what was read back is what the tick put."""
    for at in range(SIZE_EVIDENCE):
        if w[run + SEEN_BACK + at] != w[run + R_BACKFILL + at]:
            return False
    return True


@compiled
def plain_attempt(w: Words, tenant: int, run: int) -> None:
    """What a tick in flight knows of a report that is due."""
    trigger, earned = w[run + R_TRIGGER], w[run + SEEN_EARNED]
    w[run + R_HELD_EXPECT] = plain_expect(w, current(w, tenant, LEDGER), w[run + R_HELD_EXPECT])
    plain_value(w, LEDGER, run + R_HELD)
    age = w[run + SEEN_LEDGER] - w[run + SEEN_INSTALLED]
    w[run + R_INSTALLED], w[run + SEEN_INSTALLED] = _SOME, _SOME
    w[run + SEEN_LEDGER] = _SOME + (0 if age < _HALF_DAY else _HALF_DAY if age < _DAY else _DAY)
    publication = run + R_PUBLICATION
    w[publication], w[publication + P_ID], w[publication + P_ATTEMPT], w[publication + P_AT] = 0, 0, 0, 0
    if earned:
        w[run + SEEN_EARNED] = trigger
        w[publication], w[publication + P_ID] = BY_TICK, tenant << 16 | w[run + R_N]


@compiled
def before(w: Words, a: int, b: int, count: int) -> bool:
    """Whether one block comes before another."""
    for at in range(count):
        if w[a + at] != w[b + at]:
            return w[a + at] < w[b + at]
    return False


@compiled
def swap(w: Words, a: int, b: int, count: int) -> None:
    """Exchange two blocks."""
    for at in range(count):
        w[a + at], w[b + at] = w[b + at], w[a + at]


@compiled
def sort_lates(w: Words, base: int) -> None:
    """Late puts in one order."""
    for last in range(1, w[base + T_LATES]):
        for place in range(last, 0, -1):
            late = base + T_LATE + place * LATE
            if before(w, late, late - LATE, LATE):
                swap(w, late, late - LATE, LATE)


@compiled
def sort_audited(w: Words, tenant: int, count: int) -> None:
    """Audited records in one order."""
    for last in range(1, count):
        for place in range(last, 0, -1):
            record = audited_at(w, tenant, place)
            if before(w, record, record - SIZE_EVIDENCE, SIZE_EVIDENCE):
                swap(w, record, record - SIZE_EVIDENCE, SIZE_EVIDENCE)


@compiled
def bits(w: Words, place: int, width: int) -> None:
    """A word of the world into the state, or out of it."""
    word, shift = w[X_WORD], w[X_BIT]
    if shift + width > KEY_BITS:
        word, shift = word + 1, 0
        w[X_WORD] = word
    w[X_BIT] = shift + width
    if w[X_LOADS]:
        w[place] = w[X_KEY + word] >> shift & (1 << width) - 1
        return
    value = w[place]
    if value >> width:
        w[X_ERROR] = NOT_LOWERED
    w[X_KEY + word] |= value << shift


@compiled
def instant(w: Words, place: int) -> None:
    """An instant, as its number among those that the search has met."""
    if w[X_LOADS]:
        bits(w, place, 8)
        w[place] = w[X_INSTANTS + 1 + w[place]]
        return
    at, count = w[place], w[X_INSTANTS]
    number = 0
    while number < count and w[X_INSTANTS + 1 + number] != at:
        number += 1
    if number == count:
        w[X_INSTANTS + 1 + count], w[X_INSTANTS] = at, count + 1
    w[place] = number
    bits(w, place, 8)
    w[place] = at


@compiled
def tick(w: Words, place: int) -> None:
    """A tick's id: a tenant of three, a tick of six."""
    if w[X_LOADS]:
        bits(w, place, 6)
        w[place] = w[place] >> 3 << 16 | w[place] & 7
        return
    whole = w[place]
    w[place] = whole >> 16 << 3 | whole & 65535
    bits(w, place, 6)
    w[place] = whole


@compiled
def value_bits(w: Words, record: int, value: int) -> None:
    """A value of a record."""
    bits(w, value, 9)
    kind = w[value]
    if w[X_LOADS]:
        for at in range(1, size(record)):
            w[value + at] = 0
    if kind == 0 or kind >= WHOLE or (record != EVIDENCE and kind != BY_TICK):
        return
    if record == EVIDENCE:
        if kind < YESTERDAY or kind == REPAIRED:
            instant(w, value + E_AT)
            tick(w, value + E_ID)
    elif record == LEDGER:
        for entry in range(value + 1, value + SIZE_LEDGER, L_ENTRY):
            bits(w, entry + L_HEAD, 12)
            instant(w, entry + L_UNTIL)
            tick(w, entry + L_CLAIMED)
            instant(w, entry + L_GENERATED)
            if w[X_LOADS]:
                w[entry + L_ERROR] = _SOME if w[entry + L_HEAD] >> 2 & 63 else NONE
    else:
        tick(w, value + P_ID)


@compiled
def expect_bits(w: Words, place: int) -> None:
    """A condition in its plain form."""
    if w[X_LOADS]:
        bits(w, place, 4)
        w[place] = EX_ABSENT if w[place] == 0 else w[place]
    elif w[place] == EX_ABSENT:
        w[place] = 0
        bits(w, place, 4)
        w[place] = EX_ABSENT
    else:
        bits(w, place, 4)


@compiled
def run_bits(w: Words, run: int) -> None:
    """A tick in flight."""
    bits(w, run + R_N, 3)
    bits(w, run + R_HOST, 4)
    bits(w, run + R_HURT, 1)
    bits(w, run + R_PHASE, 5)
    bits(w, run + R_EVIDENCE, 3)
    bits(w, run + R_OPENED, 1)
    bits(w, run + R_DID, 1)
    bits(w, run + R_TRIGGER, 2)
    bits(w, run + R_OUTCOME, 4)
    bits(w, run + R_REASON, 1)
    for at in (SEEN_GROUNDED, SEEN_FAILED, SEEN_UNDECIDED, SEEN_HELD):
        bits(w, run + at, 1)
    bits(w, run + SEEN_CLAIMS, 2)
    bits(w, run + SEEN_EARNED, 2)
    value_bits(w, EVIDENCE, run + R_BACKFILL)
    value_bits(w, EVIDENCE, run + SEEN_BACK)
    for at in (R_INSTALLED, SEEN_INSTALLED, SEEN_LEDGER, SEEN_LOOKED):
        instant(w, run + at)
    if w[run + R_TRIGGER]:
        bits(w, run + R_NUMBER, 3)
        expect_bits(w, run + R_HELD_EXPECT)
        value_bits(w, LEDGER, run + R_HELD)
        value_bits(w, PUBLICATION, run + R_PUBLICATION)


@compiled
def late_bits(w: Words, late: int) -> None:
    """A put under way."""
    bits(w, late + D_N, 3)
    bits(w, late + D_PHASE, 5)
    bits(w, late + D_RECORD, 3)
    bits(w, late + D_EARNED, 2)
    expect_bits(w, late + D_EXPECT)
    instant(w, late + D_LOOKED)
    value_bits(w, w[late + D_RECORD], late + D_VALUE)
    if w[X_LOADS]:
        for at in range(size(w[late + D_RECORD]), SIZE_LEDGER):
            w[late + D_VALUE + at] = 0


@compiled
def cell_bits(w: Words, tenant: int, record: int) -> None:
    """A cell and its past."""
    cell = cell_at(tenant, record)
    if w[X_LOADS]:
        w[cell + C_HEAD] = _REACH
    bits(w, cell + C_PAST, 2)
    for k in range(w[cell + C_PAST] + 1):
        value_bits(w, record, value_at(w, cell, k))
        w[value_at(w, cell, k) - 1] = _NOW - k


@compiled
def tenant_bits(w: Words, tenant: int) -> None:
    """A tenant."""
    base = tenant_at(tenant)
    for place, width in (
        (T_IDENTITY, 1),
        (T_LEDGER, 1),
        (T_STARTED, 3),
        (T_FORGETTING, 1),
        (T_RUNS, 3),
        (T_LATES, 5),
        (G_AUDITED, 3),
        (G_GENERATES, 3),
        (G_GENERATES_24H, 3),
        (G_REPORTS, 3),
        (G_REPORTS_24H, 3),
        (G_PUBLISHED, 1),
        (G_PUBLISHED_24H, 1),
    ):
        bits(w, base + place, width)
    for place in range(w[base + T_RUNS]):
        run_bits(w, run_at(w, base, place))
    for place in range(w[base + T_LATES]):
        late_bits(w, base + T_LATE + place * LATE)
    for place in range(w[base + G_AUDITED]):
        value_bits(w, EVIDENCE, audited_at(w, tenant, place))
    for record in range(EVIDENCE, RECORDS):
        cell_bits(w, tenant, record)


@compiled
def state_bits(w: Words) -> None:
    """All of a world in its plain form, into the state or out of it."""
    w[X_WORD], w[X_BIT] = 0, 0
    for place in (X_FAULTS, X_STEPS, X_OPERATORS):
        bits(w, place, 4)
    for host in range(w[X_HOSTS]):
        instant(w, X_CLOCK + host)
    for tenant in range(w[X_TENANTS]):
        tenant_bits(w, tenant)


@compiled
def save(w: Words) -> None:
    """The world as a state, at X_KEY."""
    plain(w)
    for at in range(KEY):
        w[X_KEY + at] = 0
    w[X_LOADS] = 0
    state_bits(w)


@compiled
def shown(w: Words) -> int:
    """Of statuses, which are no part of a state: whether there is one, which `forget` meets, and whose tick it is."""
    has = 0
    for tenant in range(w[X_TENANTS]):
        base, status, at = tenant_at(tenant), current(w, tenant, STATUS), tenant * (RUNS + 1)
        has |= (w[status] != 0) << at
        for place in range(w[base + T_RUNS]):
            has |= meets(w, status, w[run_at(w, base, place) + R_STATUS_EXPECT]) << at + 1 + place
    return has


@compiled
def show(w: Words, has: int) -> None:
    """The statuses again, with nothing in them."""
    for tenant in range(w[X_TENANTS]):
        base, status, at = tenant_at(tenant), current(w, tenant, STATUS), tenant * (RUNS + 1)
        for word in range(SIZE_STATUS):
            w[status + word] = 0
        w[status - 1], w[status] = _NOW, has >> at & 1
        for place in range(w[base + T_RUNS]):
            run = run_at(w, base, place)
            w[run + R_STATUS], w[run + R_STATUS_EXPECT] = BY_TICK, _NOW if has >> at + 1 + place & 1 else _GONE


@compiled
def load(w: Words) -> None:
    """The world that the state at X_KEY is."""
    w[X_LOADS] = 1
    for tenant in range(w[X_TENANTS]):
        clear(w, tenant)
        base = tenant_at(tenant)
        for at in range(T_RUN, T_LATE):
            w[base + at] = 0
    state_bits(w)
