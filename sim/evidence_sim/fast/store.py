"""The store of the twin: cells with their past, and what it answers to one effect, one function a fault.

As `answers.py`, fault by fault. A function returns whether its answer is possible here, and where it is not it
has changed nothing; what came of it stands in the fact (A_ and W_).
"""

from evidence_kernel import Reason
from evidence_sim.fast.compiled import Words, compiled
from evidence_sim.fast.layout import *

_READS = sum(
    1 << phase
    for phase in (
        STATUS_READ,
        EVIDENCE_READ,
        EVIDENCE_VERIFY,
        TIMESTAMP_READ,
        LEDGER_READ,
        DONE_READ,
        CLAIM_VERIFY,
        PUBLISH_VERIFY,
    )
)
_OF_STATUS = 1 << STATUS_READ | 1 << STATUS_OPEN | 1 << STATUS_CLOSE
_OF_EVIDENCE = 1 << EVIDENCE_READ | 1 << EVIDENCE_PUT | 1 << EVIDENCE_VERIFY | 1 << TIMESTAMP_READ
_OF_LEDGER = 1 << LEDGER_READ | 1 << CLAIM | 1 << CLAIM_VERIFY | 1 << SETTLE

_NULL, _INSTANT, _LETTERS = len("null"), len('"2026-01-03T16:00:00.000Z"'), 26
_REASONS = (0, *(len(reason) for reason in Reason))


@compiled
def is_read(phase: int) -> bool:
    """Whether a phase awaits the answer to a get."""
    return _READS >> phase & 1 == 1


@compiled
def record_of(w: Words, run: int) -> int:
    """Which record a run's phase reads or puts."""
    phase = w[run + R_PHASE]
    if _OF_STATUS >> phase & 1:
        return STATUS
    if _OF_EVIDENCE >> phase & 1:
        return EVIDENCE
    if _OF_LEDGER >> phase & 1:
        return LEDGER
    return PUBLICATION + w[run + R_TRIGGER] - 1


@compiled
def size(record: int) -> int:
    """The words of a record's value."""
    if record == STATUS:
        return SIZE_STATUS
    return SIZE_LEDGER if record == LEDGER else SIZE_EVIDENCE


@compiled
def tenant_at(tenant: int) -> int:
    """Where a tenant stands."""
    return X_TENANT + tenant * TENANT


@compiled
def cell_at(tenant: int, record: int) -> int:
    """Where a cell stands."""
    return X_TENANT + tenant * TENANT + T_CELL + record * CELL


@compiled
def value_at(w: Words, cell: int, k: int) -> int:
    """Where the value of k writes ago stands; its version is the word before."""
    slot = w[cell + C_HEAD] - k
    if slot < 0:
        slot += SLOTS
    return cell + C_SLOTS + slot * SLOT + 1


@compiled
def current(w: Words, tenant: int, record: int) -> int:
    """Where the value of a record stands."""
    cell = X_TENANT + tenant * TENANT + T_CELL + record * CELL
    return cell + C_SLOTS + w[cell + C_HEAD] * SLOT + 1


@compiled
def copy(w: Words, source: int, target: int, count: int) -> None:
    """Copy a block."""
    for at in range(count):
        w[target + at] = w[source + at]


@compiled
def may_be_alike(w: Words, record: int, a: int, b: int) -> bool:
    """Whether two values, torn at the same part of their length, may be the same bytes though a field differs."""
    if record == EVIDENCE:
        return False  # its writer stands before the cut
    if record != LEDGER:
        return True
    parts = (w[a] >> TORN & FORM) + 1
    return length_of_ledger(w, a) // parts == length_of_ledger(w, b) // parts


@compiled
def length_of_ledger(w: Words, value: int) -> int:
    """The length of a ledger's text, before it was torn."""
    length = 1
    for entry in range(value + 1, value + SIZE_LEDGER, L_ENTRY):
        head = w[entry + L_HEAD]
        if head & 3 == L_MISSING:
            continue
        length += len('"AUTO_12H":{"attempts":},') + digits(head >> 8)
        if head & 3 == L_FULL:
            length += len(',"backoff_until":,"claimed_by":,"generated_at":,"last_error":')
            length += _NULL if w[entry + L_UNTIL] == NONE else _INSTANT
            length += _NULL if w[entry + L_GENERATED] == NONE else _INSTANT
            length += _NULL if w[entry + L_CLAIMED] == 0 else length_of_id(w[entry + L_CLAIMED])
            reason = head >> 2 & 63
            length += _NULL if reason == 0 else len('{"at":,"reason":""}') + _INSTANT + _REASONS[reason]
    return length


@compiled
def length_of_id(tick: int) -> int:
    """The length of a tick's id and its quotes."""
    return len('"a-"') + (tick >> 16 >= _LETTERS) + digits(tick & 65535)


@compiled
def digits(number: int) -> int:
    """The digits of a count."""
    length = 1
    while number > 9:
        number //= 10
        length += 1
    return length


@compiled
def same(w: Words, record: int, a: int, b: int) -> bool:
    """Whether two values are the same bytes; the text of torn ones that differ in a field is left to the reference."""
    if w[a] != w[b]:
        return False
    if w[a] == 0:
        return True
    for at in range(1, size(record)):
        if w[a + at] != w[b + at]:
            if w[a] >> TORN & FORM and may_be_alike(w, record, a, b):
                w[X_ERROR] = TORN_ALIKE
            return False
    return True


@compiled
def write(w: Words, tenant: int, record: int, source: int) -> int:
    """A new value in a cell, copied from elsewhere."""
    cell = cell_at(tenant, record)
    head = w[cell + C_HEAD]
    version = w[cell + C_SLOTS + head * SLOT]
    head = 0 if head == SLOTS - 1 else head + 1
    w[cell + C_HEAD] = head
    if w[cell + C_PAST] < SLOTS - 1:
        w[cell + C_PAST] += 1
    slot = cell + C_SLOTS + head * SLOT
    w[slot] = version + 1
    copy(w, source, slot + 1, size(record))
    return slot + 1


@compiled
def delete(w: Words, tenant: int, record: int) -> int:
    """A cell without a value."""
    for at in range(SIZE_LEDGER):
        w[X_VALUE + at] = 0
    return write(w, tenant, record, X_VALUE)


@compiled
def emptied_past(w: Words, tenant: int) -> None:
    """No stale read reaches behind this moment."""
    for record in range(RECORDS):
        w[cell_at(tenant, record) + C_PAST] = 0


@compiled
def spoil(w: Words, tenant: int, record: int, k: int) -> bool:
    """The value spoilt, at a new version; whether that is possible."""
    before = current(w, tenant, record)
    kind = w[before]
    if kind == 0 or kind >> SPOILT >= k + 1:
        return False
    after = write(w, tenant, record, before)
    w[after] = kind & ~(FORM << SPOILT) | (k + 1) << SPOILT
    wrote(w, tenant, record, True)
    return True


@compiled
def meets(w: Words, value: int, expect: int) -> bool:
    """Whether a conditional write applies."""
    if expect == EX_ABSENT:
        return w[value] == 0
    return expect == EX_ANY or (w[value] != 0 and w[value - 1] == expect)


@compiled
def wrote(w: Words, tenant: int, record: int, applied: bool) -> None:
    """A write that reached the store, for the judges; by nobody until a tick signs it."""
    cell = cell_at(tenant, record)
    w[W_ANY], w[W_OWNER], w[W_RECORD], w[W_BY] = 1, tenant, record, 0
    w[W_AFTER] = value_at(w, cell, 0)
    w[W_BEFORE] = value_at(w, cell, 1) if applied else w[W_AFTER]
    w[W_CHANGED] = applied and changed(w, record, w[W_BEFORE], w[W_AFTER])


@compiled
def changed(w: Words, record: int, before: int, after: int) -> bool:
    """Whether a write changed anything; of a status that is torn once more nobody asks it."""
    if record == STATUS and w[before] >= WHOLE and w[after] >= WHOLE:
        return True
    return not same(w, record, before, after)


@compiled
def sign(w: Words, tenant: int, n: int, phase: int, earned: int, looked_at: int) -> None:
    """Which put of which tick the write is, and what the tick knew."""
    w[W_BY], w[W_BY_TENANT], w[W_BY_N], w[W_BY_PHASE] = 1, tenant, n, phase
    w[W_EARNED], w[W_LOOKED] = earned, looked_at


@compiled
def put(w: Words, tenant: int, run: int, record: int, source: int, expect: int) -> bool:
    """The put of a run; whether its condition held."""
    applied = meets(w, current(w, tenant, record), expect)
    if applied:
        w[A_VERSION] = w[write(w, tenant, record, source) - 1]
    wrote(w, tenant, record, applied)
    sign(w, tenant, w[run + R_N], w[run + R_PHASE], w[run + SEEN_EARNED], w[run + SEEN_LOOKED])
    return applied


@compiled
def later(w: Words, tenant: int, run: int, record: int, source: int, expect: int) -> None:
    """A put that may still take effect."""
    base = tenant_at(tenant)
    count = w[base + T_LATES]
    if count == LATES:
        w[X_ERROR] = TOO_MANY_LATE
        return
    late = base + T_LATE + count * LATE
    w[late + D_N], w[late + D_PHASE], w[late + D_RECORD] = w[run + R_N], w[run + R_PHASE], record
    w[late + D_EXPECT] = expect
    w[late + D_LOOKED], w[late + D_EARNED] = w[run + SEEN_LOOKED], w[run + SEEN_EARNED]
    copy(w, source, late + D_VALUE, size(record))
    w[base + T_LATES] = count + 1


@compiled
def nowhere(w: Words, tenant: int, run: int) -> int:
    """The version of what was not written: one that the key never has."""
    return -1 - (((tenant << 16 | w[run + R_N]) << 8) | w[run + R_PHASE])


@compiled
def found(w: Words, value: int) -> None:
    """The answer that a value is."""
    w[A_SAYS] = SAID_ABSENT if w[value] == 0 else SAID_FOUND
    w[A_FOUND], w[A_VERSION] = value, w[value - 1]


@compiled
def read(w: Words, tenant: int, record: int, what: int, arg: int) -> bool:
    """The answer to a get; whether it is possible."""
    cell = cell_at(tenant, record)
    w[A_FAULT] = what != OK
    if what == OK:
        found(w, value_at(w, cell, 0))
        return True
    if what == FAILED:
        w[A_SAYS] = SAID_FAILED
        return True
    if what == STALE:
        return read_stale(w, cell, arg)
    if what == CORRUPT:
        if not spoil(w, tenant, record, arg):
            return False
        found(w, value_at(w, cell, 0))
        return True
    return what == ELSEWHERE and read_elsewhere(w, tenant, record, arg)


@compiled
def read_stale(w: Words, cell: int, k: int) -> bool:
    """What the key held k writes ago."""
    if k < 1 or k > w[cell + C_PAST]:
        return False
    value = value_at(w, cell, k)
    if w[value] == 0 and w[value_at(w, cell, 0)] == 0:
        return False
    found(w, value)
    return True


@compiled
def read_elsewhere(w: Words, tenant: int, record: int, other: int) -> bool:
    """What another tenant's key holds."""
    if other == tenant or other >= w[X_TENANTS]:
        return False
    value = current(w, other, record)
    if same(w, record, value, current(w, tenant, record)):
        return False
    w[A_GENUINE] = 0
    found(w, value)
    return True


@compiled
def put_ok(w: Words, tenant: int, run: int, record: int, source: int, expect: int) -> bool:
    """Applied, or a conflict."""
    w[A_SAYS] = SAID_APPLIED if put(w, tenant, run, record, source, expect) else SAID_CONFLICT
    return True


@compiled
def put_torn(w: Words, tenant: int, run: int, record: int, source: int, expect: int, k: int) -> bool:
    """A part of the value is written, and acknowledged."""
    if not meets(w, current(w, tenant, record), expect):
        return False
    copy(w, source, X_VALUE, size(record))
    w[X_VALUE] |= (k + 1) << TORN
    return put_ok(w, tenant, run, record, X_VALUE, expect)


@compiled
def put_elsewhere(w: Words, tenant: int, run: int, record: int, source: int, expect: int, other: int) -> bool:
    """Another tenant's key is written instead."""
    if other == tenant or other >= w[X_TENANTS] or not meets(w, current(w, tenant, record), expect):
        return False
    write(w, other, record, source)
    wrote(w, other, record, True)
    w[A_SAYS], w[A_VERSION] = SAID_APPLIED, nowhere(w, tenant, run)
    return True


@compiled
def store(w: Words, tenant: int, run: int, record: int, source: int, expect: int, what: int, arg: int) -> bool:
    """The answer to a put; whether it is possible."""
    w[A_FAULT] = what != OK
    if what == OK:
        return put_ok(w, tenant, run, record, source, expect)
    if what == FAILED or what == UNKNOWN_NO:
        w[A_SAYS] = SAID_FAILED if what == FAILED else SAID_UNKNOWN
        return True
    if what == FAILED_LATER or what == UNKNOWN_LATER:
        w[A_SAYS] = SAID_FAILED if what == FAILED_LATER else SAID_UNKNOWN
        later(w, tenant, run, record, source, expect)
        return True
    if what == TEAR:
        return put_torn(w, tenant, run, record, source, expect, arg)
    if what == ELSEWHERE:
        return put_elsewhere(w, tenant, run, record, source, expect, arg)
    if not meets(w, current(w, tenant, record), expect):
        return False
    return store_held(w, tenant, run, record, source, expect, what)


@compiled
def store_held(w: Words, tenant: int, run: int, record: int, source: int, expect: int, what: int) -> bool:
    """The same for what needs no argument but that the condition holds."""
    if what == LATER or what == LOST:
        w[A_SAYS], w[A_VERSION] = SAID_APPLIED, nowhere(w, tenant, run)
        if what == LATER:
            later(w, tenant, run, record, source, expect)
        return True
    if what == FAILED_YES or what == UNKNOWN_YES or what == TWICE:
        put(w, tenant, run, record, source, expect)
        w[A_SAYS] = SAID_APPLIED
        if what == TWICE:
            later(w, tenant, run, record, source, expect)
        else:
            w[A_SAYS] = SAID_FAILED if what == FAILED_YES else SAID_UNKNOWN
        return True
    return False


@compiled
def generate(w: Words, what: int) -> bool:
    """The generator's answer; whether it is possible."""
    w[A_FAULT] = what != OK
    w[A_SAYS] = SAID_REPORT if what == OK else SAID_ERROR
    return what == OK or what == FAILED


@compiled
def clear(w: Words, tenant: int) -> None:
    """A tenant of whom there is nothing."""
    base = tenant_at(tenant)
    for at in range(T_RUN):
        w[base + at] = 0
    for at in range(RUNS):
        w[base + T_ORDER + at] = at
    w[base + G_CLEAN] = 1
    for record in range(RECORDS):
        cell = cell_at(tenant, record)
        w[cell + C_HEAD], w[cell + C_PAST], w[cell + C_SLOTS], w[cell + C_SLOTS + 1] = 0, 0, 0, 0


@compiled
def fill(w: Words, t: Words, tenant: int) -> None:
    """What the store holds of a tenant at first."""
    base = tenant_at(tenant)
    evidence, publication = w[base + T_EVIDENCE], w[base + T_PUBLICATION]
    if evidence:
        w[X_VALUE] = BY_OTHERS if evidence < 5 else YESTERDAY if evidence == 5 else EMPTY
        w[X_VALUE + E_AT], w[X_VALUE + E_ID], w[X_VALUE + E_PARENT] = t[K_INSTALLED + evidence], 0, 0
        write(w, tenant, EVIDENCE, X_VALUE)
    if w[base + T_LEDGER]:
        for at in range(SIZE_LEDGER):
            w[X_VALUE + at] = 0
        w[X_VALUE] = MALFORMED
        write(w, tenant, LEDGER, X_VALUE)
    if publication:
        w[X_VALUE], w[X_VALUE + P_ID], w[X_VALUE + P_ATTEMPT], w[X_VALUE + P_AT] = BEFORE, 0, 0, 0
        write(w, tenant, PUBLICATION + publication - 1, X_VALUE)
        w[base + G_PUBLISHED + publication - 1] = 1
