"""A world of a search as one state, the bits of its plainest form, and back.

The plain form keeps what `explore.canonical` keeps, in the scope TICK: versions become "is what I hold
current?", records what they say, and what no later step or judge reads is left out. Saving leaves the world as
it is, so that only what a move has touched is to be restored after it.
"""

from evidence_sim.config import HOUR
from evidence_sim.fast.compiled import Words, compiled
from evidence_sim.fast.judges import back_is_mine
from evidence_sim.fast.layout import *
from evidence_sim.fast.packed import (
    EVIDENCE_BITS,
    LEDGER_BITS,
    behind,
    bits_at,
    bits_of,
    code_of,
    decoded,
    number_of,
    put_bits,
)
from evidence_sim.fast.store import cell_at, current, meets, tenant_at, value_at
from evidence_sim.fast.ticks import audited_at, run_at

_BACKFILL = 1 << EVIDENCE_READ | 1 << EVIDENCE_PUT | 1 << EVIDENCE_VERIFY | 1 << TIMESTAMP_READ
_NOW = 10  # the version of what a cell holds
_GONE = 2  # the version that a put expects whose condition does not hold
_HALF_DAY, _DAY = 12 * HOUR, 24 * HOUR
_REACH = 2  # how many earlier values a stale read brings
_SOME = 1  # any instant or reason: what matters is that there is one
_VERIFIED, _MISSING = 4, 2  # what is known of the evidence behind the backfill, where it matters whether it was done

# (place, bits) of what stands in a state as it stands in the world.
_OF_TENANT = (
    (T_STARTED, 3),
    (T_FORGETTING, 1),
    (T_IDENTITY, 1),
    (T_LEDGER, 1),
    (T_RUNS, 3),
    (T_LATES, 4),
    (G_AUDITED, 3),
    (G_GENERATES, 3),
    (G_GENERATES_24H, 3),
    (G_REPORTS, 3),
    (G_REPORTS_24H, 3),
    (G_PUBLISHED, 1),
    (G_PUBLISHED_24H, 1),
)
_OF_RUN = (
    (R_N, 3),
    (R_HOST, 4),
    (R_HURT, 1),
    (R_OPENED, 1),
    (R_DID, 1),
    (R_TRIGGER, 2),
    (R_OUTCOME, 4),
    (SEEN_GROUNDED, 1),
    (SEEN_FAILED, 1),
    (SEEN_UNDECIDED, 1),
    (SEEN_HELD, 1),
    (SEEN_CLAIMS, 2),
)
_TENANT_BITS = sum(width for _, width in _OF_TENANT)
_RUN_BITS = sum(width for _, width in _OF_RUN)
_PHASE, _EARNED, _BACK = (
    _RUN_BITS,
    _RUN_BITS + 4,
    _RUN_BITS + 5,
)  # behind them: phase, whether earned, whether read back
_HEAD_BITS = _RUN_BITS + 6
_ATTEMPT_BITS = 7 + LEDGER_BITS
_READ_BITS = 19 + EVIDENCE_BITS
_LATE_BITS = 19 + LEDGER_BITS
_BUDGET_BITS = 12


def width(hosts: int, tenants: int, ticks: int, faults: int) -> int:
    """The words of the longest state within bounds."""
    cells = 4 * 2 + (_REACH + 1) * (EVIDENCE_BITS + LEDGER_BITS + 2 * bits_of(PUBLICATION))
    run = _HEAD_BITS + max(_ATTEMPT_BITS + 8, _READ_BITS)
    tenant = _TENANT_BITS + cells + ticks * (run + EVIDENCE_BITS)
    return -(-(_BUDGET_BITS + 8 * hosts + tenants * tenant + faults * _LATE_BITS) // KEY_BITS)


@compiled
def save(w: Words, t: Words, fresh: int) -> None:
    """The world as a state, at X_KEY; `fresh`: how many values of a cell are new at least."""
    w[X_KEY] = 0
    at = put_bits(w, 0, w[X_FAULTS] | w[X_STEPS] << 4 | w[X_OPERATORS] << 8, _BUDGET_BITS)
    for host in range(w[X_HOSTS]):
        at = put_bits(w, at, number_of(w, t, w[X_CLOCK + host]), 8)
    for tenant in range(w[X_TENANTS]):
        at = save_tenant(w, t, tenant, fresh, at)
    if (at >> 6) + (at & 63 != 0) > w[X_WIDTH]:
        w[X_ERROR] = NOT_LOWERED
    for word in range((at >> 6) + 1, w[X_WIDTH]):
        w[X_KEY + word] = 0


@compiled
def save_tenant(w: Words, t: Words, tenant: int, fresh: int, at: int) -> int:
    """A tenant into the state; where what comes after it goes."""
    base = tenant_at(tenant)
    bits, shift = 0, 0
    for place, many in _OF_TENANT:
        bits |= w[base + place] << shift
        shift += many
    at = put_bits(w, at, bits, _TENANT_BITS)
    for place in range(w[base + T_RUNS]):
        at = save_run(w, t, tenant, run_at(w, base, place), at)
    for place in range(w[base + T_LATES]):
        w[X_SORTED + place] = late_code(w, t, tenant, base + T_LATE + place * LATE)
    at = save_sorted(w, w[base + T_LATES], _LATE_BITS, at)
    for place in range(w[base + G_AUDITED]):
        w[X_SORTED + place] = code_of(w, t, EVIDENCE, audited_at(w, tenant, place))
    at = save_sorted(w, w[base + G_AUDITED], EVIDENCE_BITS, at)
    for record in range(EVIDENCE, RECORDS):
        at = save_cell(w, t, tenant, record, fresh, at)
    return at


@compiled
def save_sorted(w: Words, count: int, bits: int, at: int) -> int:
    """So many codes at X_SORTED, in their order."""
    for last in range(1, count):
        code, place = w[X_SORTED + last], last
        while place and w[X_SORTED + place - 1] > code:
            w[X_SORTED + place] = w[X_SORTED + place - 1]
            place -= 1
        w[X_SORTED + place] = code
    for place in range(count):
        at = put_bits(w, at, w[X_SORTED + place], bits)
    return at


@compiled
def save_cell(w: Words, t: Words, tenant: int, record: int, fresh: int, at: int) -> int:
    """A cell, and no more of its past than a stale read brings. What is not new has its code from the loading."""
    cell, codes, bits = cell_at(tenant, record), codes_at(tenant, record), bits_of(record)
    past, fresh = min(w[cell + C_PAST], _REACH), max(fresh, w[cell + C_HEAD] - _REACH)
    at = put_bits(w, at, past, 2)
    for k in range(past + 1):
        code = code_of(w, t, record, value_at(w, cell, k)) if k < fresh else w[codes + k - fresh]
        at = put_bits(w, at, code, bits)
    return at


@compiled
def codes_at(tenant: int, record: int) -> int:
    """Where the codes of the values that a cell was loaded with stand."""
    return X_CODES + (tenant * RECORDS + record) * (_REACH + 1)


@compiled
def expect_code(w: Words, value: int, expect: int) -> int:
    """A condition: 1 holds now, 2 does not; 0 is of absence, where that holds or in byzantine may come back."""
    if expect == EX_ABSENT:
        return 0 if w[value] == 0 or w[X_BYZANTINE] else 2
    return 1 if meets(w, value, expect) else 2


@compiled
def expect_of(code: int) -> int:
    """The condition of a code."""
    return EX_ABSENT if code == 0 else _NOW if code == 1 else _GONE


@compiled
def late_code(w: Words, t: Words, tenant: int, late: int) -> int:
    """A put under way."""
    record, phase = w[late + D_RECORD], w[late + D_PHASE]
    trigger = record - PUBLICATION + 1 if record >= PUBLICATION else 0
    looked = number_of(w, t, w[late + D_LOOKED]) if phase == CLAIM else 0
    expect = expect_code(w, current(w, tenant, record), w[late + D_EXPECT])
    head = w[late + D_N] | phase - STATUS_READ << 3 | trigger << 7 | expect << 9 | looked << 11
    return head | code_of(w, t, record, late + D_VALUE) << 19


@compiled
def save_run(w: Words, t: Words, tenant: int, run: int, at: int) -> int:
    """A tick in flight. Where a report is due, the backfill is over and the age matters by its side of the edges."""
    phase = w[run + R_PHASE]
    bits, shift = (phase - STATUS_READ) << _PHASE, 0
    for place, many in _OF_RUN:
        bits |= w[run + place] << shift
        shift += many
    bits |= (w[run + SEEN_EARNED] != 0) << _EARNED | (w[run + R_DID] != 0 and back_is_mine(w, run)) << _BACK
    at = put_bits(w, at, bits, _HEAD_BITS)
    if w[run + R_TRIGGER] == 0:
        bits = number_of(w, t, w[run + R_INSTALLED]) | number_of(w, t, w[run + SEEN_INSTALLED]) << 8
        if not _BACKFILL >> phase & 1:
            return put_bits(w, at, bits, 16)
        bits |= w[run + R_EVIDENCE] << 16 | code_of(w, t, EVIDENCE, run + R_BACKFILL) << 19
        return put_bits(w, at, bits, _READ_BITS)
    age = w[run + SEEN_LEDGER] - w[run + SEEN_INSTALLED]
    side = 0 if age < _HALF_DAY else 1 if age < _DAY else 2
    expect = expect_code(w, current(w, tenant, LEDGER), w[run + R_HELD_EXPECT])
    bits = w[run + R_NUMBER] | expect << 3 | side << 5 | code_of(w, t, LEDGER, run + R_HELD) << 7
    at = put_bits(w, at, bits, _ATTEMPT_BITS)
    return put_bits(w, at, number_of(w, t, w[run + SEEN_LOOKED]), 8) if phase == CLAIM else at


@compiled
def load(w: Words, t: Words) -> None:
    """The world that the state at X_KEY is."""
    budget = bits_at(w, 0, _BUDGET_BITS)
    w[X_FAULTS], w[X_STEPS], w[X_OPERATORS], w[X_POOL] = budget & 15, budget >> 4 & 15, budget >> 8, 0
    at = _BUDGET_BITS
    for host in range(w[X_HOSTS]):
        w[X_CLOCK + host] = t[K_INSTANT + bits_at(w, at, 8)]
        at = behind(at, 8)
    for tenant in range(w[X_TENANTS]):
        at = load_tenant(w, t, tenant, at)


@compiled
def load_tenant(w: Words, t: Words, tenant: int, at: int) -> int:
    """A tenant out of the state; where what comes after it stands."""
    base, bits = tenant_at(tenant), bits_at(w, at, _TENANT_BITS)
    at = behind(at, _TENANT_BITS)
    for place in range(T_ORDER):
        w[base + place] = 0
    for place in range(RUNS):
        w[base + T_ORDER + place] = place
    w[base + G_CLEAN] = 1
    for place, many in _OF_TENANT:
        w[base + place] = bits & (1 << many) - 1
        bits >>= many
    for place in range(w[base + T_RUNS]):
        at = load_run(w, t, tenant, base + T_RUN + place * RUN, at)
    for place in range(w[base + T_LATES]):
        load_late(w, t, base + T_LATE + place * LATE, bits_at(w, at, _LATE_BITS))
        at = behind(at, _LATE_BITS)
    for place in range(w[base + G_AUDITED]):
        decoded(w, t, EVIDENCE, audited_at(w, tenant, place), bits_at(w, at, EVIDENCE_BITS))
        at = behind(at, EVIDENCE_BITS)
    for record in range(EVIDENCE, RECORDS):
        at = load_cell(w, t, tenant, record, at)
    return at


@compiled
def load_run(w: Words, t: Words, tenant: int, run: int, at: int) -> int:
    """A tick in flight."""
    bits, me = bits_at(w, at, _HEAD_BITS), tenant << 16
    at = behind(at, _HEAD_BITS)
    for place in range(RUN):
        w[run + place] = 0
    phase, earned, back = bits >> _PHASE & 15, bits >> _EARNED & 1, bits >> _BACK
    for place, many in _OF_RUN:
        w[run + place] = bits & (1 << many) - 1
        bits >>= many
    me |= w[run + R_N]
    w[run + R_PHASE] = phase + STATUS_READ
    w[run + R_REASON] = _SOME if w[run + R_OUTCOME] else 0
    w[run + SEEN_LEDGER], w[run + SEEN_LOOKED] = NONE, NONE
    w[run + R_EVIDENCE] = _VERIFIED if w[run + R_DID] else _MISSING
    backfill = run + R_BACKFILL
    w[backfill], w[backfill + E_AT], w[backfill + E_ID] = BY_TICK, _SOME, me
    if w[run + R_TRIGGER] == 0:
        at = load_reading(w, t, run, at)
    else:
        at = load_attempt(w, t, run, at)
        publication = run + R_PUBLICATION
        if earned:
            w[run + SEEN_EARNED] = w[run + R_TRIGGER]
            w[publication], w[publication + P_ID] = BY_TICK, me
    for place in range(SIZE_EVIDENCE):
        w[run + SEEN_BACK + place] = w[backfill + place]
    if not back:
        w[run + SEEN_BACK] = 0
    return at


@compiled
def load_reading(w: Words, t: Words, run: int, at: int) -> int:
    """What a tick knows before a report is due."""
    of_backfill = _BACKFILL >> w[run + R_PHASE] & 1
    many = _READ_BITS if of_backfill else 16
    bits = bits_at(w, at, many)
    w[run + R_INSTALLED], w[run + SEEN_INSTALLED] = t[K_INSTANT + (bits & 255)], t[K_INSTANT + (bits >> 8 & 255)]
    if of_backfill:
        w[run + R_EVIDENCE] = bits >> 16 & 7
        decoded(w, t, EVIDENCE, run + R_BACKFILL, bits >> 19)
    return behind(at, many)


@compiled
def load_attempt(w: Words, t: Words, run: int, at: int) -> int:
    """What a tick knows of a report that is due."""
    bits = bits_at(w, at, _ATTEMPT_BITS)
    at = behind(at, _ATTEMPT_BITS)
    side = bits >> 5 & 3
    w[run + R_NUMBER], w[run + R_HELD_EXPECT] = bits & 7, expect_of(bits >> 3 & 3)
    w[run + R_INSTALLED], w[run + SEEN_INSTALLED] = _SOME, _SOME
    w[run + SEEN_LEDGER] = _SOME + (0 if side == 0 else _HALF_DAY if side == 1 else _DAY)
    decoded(w, t, LEDGER, run + R_HELD, bits >> 7)
    if w[run + R_PHASE] != CLAIM:
        return at
    w[run + SEEN_LOOKED] = t[K_INSTANT + bits_at(w, at, 8)]
    return behind(at, 8)


@compiled
def load_late(w: Words, t: Words, late: int, code: int) -> None:
    """A put under way."""
    phase, trigger = (code >> 3 & 15) + STATUS_READ, code >> 7 & 3
    record = EVIDENCE if phase == EVIDENCE_PUT else LEDGER if trigger == 0 else PUBLICATION + trigger - 1
    w[late + D_N], w[late + D_PHASE], w[late + D_RECORD], w[late + D_EARNED] = code & 7, phase, record, trigger
    w[late + D_EXPECT], w[late + D_LOOKED] = expect_of(code >> 9 & 3), t[K_INSTANT + (code >> 11 & 255)]
    decoded(w, t, record, late + D_VALUE, code >> 19)


@compiled
def load_cell(w: Words, t: Words, tenant: int, record: int, at: int) -> int:
    """A cell and its past, which only a stale read looks at; the codes are kept."""
    cell, codes, bits = cell_at(tenant, record), codes_at(tenant, record), bits_of(record)
    w[cell + C_HEAD], w[cell + C_PAST] = _REACH, bits_at(w, at, 2)
    at = behind(at, 2)
    for k in range(w[cell + C_PAST] + 1):
        w[codes + k] = bits_at(w, at, bits)
        if k == 0 or (w[X_FAULTS] and t[K_READS]):
            value = value_at(w, cell, k)
            w[value - 1] = _NOW - k
            decoded(w, t, record, value, w[codes + k])
        at = behind(at, bits)
    return at


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
        base, cell, at = tenant_at(tenant), cell_at(tenant, STATUS), tenant * (RUNS + 1)
        w[cell + C_HEAD], w[cell + C_PAST] = 0, 0
        status = value_at(w, cell, 0)
        for word in range(SIZE_STATUS):
            w[status + word] = 0
        w[status - 1], w[status] = _NOW, has >> at & 1
        for place in range(w[base + T_RUNS]):
            run = run_at(w, base, place)
            w[run + R_STATUS], w[run + R_STATUS_EXPECT] = BY_TICK, _NOW if has >> at + 1 + place & 1 else _GONE
