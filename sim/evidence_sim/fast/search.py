"""The exhaustive engine of the twin: `explore` over packed states, each kept whole.

A state is expanded by trying every action that the profile and the budget allow, as `explore.bounds` has it,
in the scope TICK. A new state is kept with the state before it and the move, so that every way is a shortest.
"""

from evidence_sim.fast.compiled import Words, compiled, entry, pointer
from evidence_sim.fast.judges import judge
from evidence_sim.fast.layout import *
from evidence_sim.fast.states import load, save, show, shown
from evidence_sim.fast.store import copy, fill, is_read, tenant_at
from evidence_sim.fast.ticks import audited_at, clock, crash, forget, land, outside, repair, reply, run_at, start

_STATUS = 1 << STATUS_READ | 1 << STATUS_OPEN | 1 << STATUS_CLOSE
_MASK = (1 << 31) - 1
WAY = 24  # the bits of a move; above them is the state before it
BEGINNING = (1 << WAY) - 1


@compiled
def counted(w: Words, t: Words, out: Words) -> None:
    """A fact of a move: judged, and what it covers."""
    judge(w, t, out)
    if w[A_FIRED] >= 0:
        out[O_FIRED + w[A_FIRED]] += 1
    if w[A_OUTCOME]:
        out[O_OUTCOMES + w[A_OUTCOME]] += 1
    if w[A_ROW] >= 0:
        out[O_ROWS + w[A_ROW]] += 1
        out[O_ANSWERS + w[A_PHASE] * 8 + w[A_SAYS]] += 1


@compiled
def place_of(w: Words, base: int, n: int) -> int:
    """The place of a tick among those in flight; -1 where it is over."""
    for place in range(w[base + T_RUNS]):
        if w[run_at(w, base, place) + R_N] == n:
            return place
    return -1


@compiled
def eager(w: Words, t: Words, out: Words) -> None:
    """Answer `ok` as long as the tick that moved stands at the status."""
    tenant, n, phase = w[A_TENANT], w[A_N], w[A_AFTER]
    while _STATUS >> phase & 1:
        reply(w, t, tenant, place_of(w, tenant_at(tenant), n), OK, 0)
        counted(w, t, out)
        phase = w[A_AFTER]


@compiled
def hashed(w: Words, width: int) -> int:
    """Where a state is looked for first."""
    h = 0
    for at in range(width):
        word = w[X_KEY + at]
        h = ((h ^ (word & _MASK)) * 48271 + (word >> 31)) & _MASK
        h ^= h >> 15
    return h


@compiled
def found(w: Words, known: Words, table: Words, mask: int, width: int) -> int:
    """The place in the table of the state at X_KEY, or the empty one where it belongs."""
    at = hashed(w, width) & mask
    while table[at]:
        state = (table[at] - 1) * (width + 1)
        same = True
        for word in range(width):
            if known[state + word] != w[X_KEY + word]:
                same = False
                break
        if same:
            return at
        at = (at + 1) & mask
    return at


@compiled
def kept(w: Words, out: Words, known: Words, table: Words, mask: int, width: int, ways: Words, move: int) -> None:
    """The world as a state, numbered if it is new."""
    has = shown(w)
    save(w)
    if w[X_WORD] >= width:
        w[X_ERROR] = TOO_MANY_RUNS
    at = found(w, known, table, mask, width)
    if table[at] == 0:
        number = out[O_STATES]
        table[at] = number + 1
        for word in range(width):
            known[number * (width + 1) + word] = w[X_KEY + word]
        known[number * (width + 1) + width] = has
        ways[number] = out[O_NEXT] << WAY | move
        out[O_STATES] = number + 1


@compiled
def moved(w: Words, t: Words, out: Words, known: Words, table: Words, mask: int, width: int, ways: Words) -> None:
    """A move was made: what it did, what follows at once, and the state that it leads to."""
    out[O_EDGES] += 1
    w[X_ACTIONS] = out[O_EDGES]
    move = (w[A_TENANT] & 3) << 22 | w[A_ACTION] << 17 | w[A_WHAT] << 12 | w[A_ARG] << 5 | w[A_N]
    action = w[A_ACTION]
    if w[A_FIRED] >= 0 and w[A_FIRED] != FIRED_OVERLAP and w[A_FIRED] != FIRED_CLOCK:
        w[X_FAULTS] -= 1
    if action == CLOCK:
        w[X_STEPS] -= 1
    if action == OUTSIDE and (w[A_WHAT] == REPAIR or w[A_WHAT] == FORGET):
        w[X_OPERATORS] -= 1
    counted(w, t, out)
    if action != CLOCK:
        eager(w, t, out)
    for invariant in range(INVARIANTS):
        if out[O_BROKEN + invariant] == w[X_ACTIONS]:
            out[O_PARENT + invariant], out[O_MOVE + invariant] = out[O_NEXT], move
    kept(w, out, known, table, mask, width, ways, move)


@compiled
def unpacked(w: Words, known: Words, width: int, number: int) -> None:
    """The world of a state, with a copy beside it."""
    for word in range(KEY):
        w[X_KEY + word] = known[number * (width + 1) + word] if word < width else 0
    load(w)
    w[X_POOL] = 0
    show(w, known[number * (width + 1) + width])
    for at in range(X_CLOCK, X_READS):
        w[w[X_COPY] + at] = w[at]
    for tenant in range(w[X_TENANTS]):
        copied(w, tenant, tenant_at(tenant), tenant_at(tenant) + w[X_COPY], 0, w[X_COPY])
    for at in range(X_FAULTS, X_BYZANTINE):
        w[w[X_COPY] + at] = w[at]


@compiled
def again(w: Words) -> None:
    """The world as it was before the move."""
    for at in range(X_CLOCK, X_READS):
        w[at] = w[w[X_COPY] + at]
    for tenant in range(w[X_TENANTS]):
        copied(w, tenant, tenant_at(tenant) + w[X_COPY], tenant_at(tenant), w[X_COPY], 0)
    for at in range(X_FAULTS, X_BYZANTINE):
        w[at] = w[w[X_COPY] + at]


@compiled
def copied(w: Words, tenant: int, source: int, target: int, left: int, right: int) -> None:
    """A tenant from one place to another, each as far behind the world as the last two say."""
    copy(w, source, target, G_WELL)
    for place in range(w[source + T_RUNS]):
        run = T_RUN + w[source + T_ORDER + place] * RUN
        copy(w, source + run, target + run, RUN)
    copy(w, source + T_LATE, target + T_LATE, w[source + T_LATES] * LATE)
    copy(w, source + T_CELL, target + T_CELL, RECORDS * CELL)
    audited = audited_at(w, tenant, 0)
    copy(w, audited + left, audited + right, w[source + G_AUDITED] * SIZE_EVIDENCE)


@compiled
def tried(w: Words, t: Words, tenant: int, action: int, what: int, arg: int) -> bool:
    """One action of a tenant: `arg` is also a host, a place or a record; whether it can happen."""
    if action == START:
        return start(w, t, tenant, arg)
    if action == LAND:
        land(w, tenant, arg)
        return True
    if action == CRASH:
        crash(w, tenant, arg)
        return True
    if what == REPAIR:
        repair(w, t, tenant)
        return w[W_ANY] != 0
    if what == FORGET:
        return forget(w, tenant)
    return outside(w, tenant, arg, what, 0)


@compiled
def expand(w: Words, t: Words, out: Words, known: Words, table: Words, mask: int, width: int, ways: Words) -> None:
    """Every move from the next state."""
    unpacked(w, known, width, out[O_NEXT])
    for tenant in range(w[X_TENANTS]):
        base = tenant_at(tenant)
        runs, lates, faults, operators = w[base + T_RUNS], w[base + T_LATES], w[X_FAULTS], w[X_OPERATORS]
        if w[base + T_STARTED] < w[X_TICKS]:
            for host in range(w[X_HOSTS]):
                if tried(w, t, tenant, START, NOTHING, host):
                    moved(w, t, out, known, table, mask, width, ways)
                    again(w)
        for place in range(runs):
            answers(w, t, out, known, table, mask, width, ways, tenant, place)
            if faults:
                tried(w, t, tenant, CRASH, NOTHING, place)
                moved(w, t, out, known, table, mask, width, ways)
                again(w)
        for place in range(lates):
            tried(w, t, tenant, LAND, NOTHING, place)
            moved(w, t, out, known, table, mask, width, ways)
            again(w)
        for index in range(t[K_OUTSIDE] if faults else 0):
            for record in range(EVIDENCE, RECORDS):
                if tried(w, t, tenant, OUTSIDE, t[K_OUTSIDE + 1 + index], record):
                    moved(w, t, out, known, table, mask, width, ways)
                    again(w)
        for what in range(REPAIR, FORGET + 1):
            if operators and tried(w, t, tenant, OUTSIDE, what, 0):
                moved(w, t, out, known, table, mask, width, ways)
                again(w)
    for host in range(w[X_HOSTS] if w[X_STEPS] else 0):
        for index in range(t[K_CLOCK]):
            step = t[K_CLOCK + 1 + index]
            clock(w, host, step, t[K_STEPS + step])
            moved(w, t, out, known, table, mask, width, ways)
            again(w)


@compiled
def answers(
    w: Words,
    t: Words,
    out: Words,
    known: Words,
    table: Words,
    mask: int,
    width: int,
    ways: Words,
    tenant: int,
    place: int,
) -> None:
    """Every answer to a tick's effect."""
    faults = w[X_FAULTS]
    phase = w[run_at(w, tenant_at(tenant), place) + R_PHASE]
    granted = K_GENERATES if phase == GENERATE else K_READS if is_read(phase) else K_WRITES
    for index in range(t[granted] + 1 if faults else 1):
        what = t[granted + index] if index else OK
        first, last = 0, 1
        if what == STALE:
            first, last = 1, 3
        elif what == ELSEWHERE:
            last = w[X_TENANTS]
        for arg in range(first, last):
            if reply(w, t, tenant, place, what, arg):
                moved(w, t, out, known, table, mask, width, ways)
                again(w)


@entry
def begin_search(
    world: Words,
    tables: Words,
    counts: Words,
    states: Words,
    places: Words,
    mask: int,
    width: int,
    way: Words,
    root: int,
) -> None:
    """The world is a beginning, the root-th: its tenants have nothing yet but what their records begin with."""
    w, t = pointer(world), pointer(tables)
    for tenant in range(w[X_TENANTS]):
        fill(w, t, tenant)
    kept(w, pointer(counts), pointer(states), pointer(places), mask, width, pointer(way), BEGINNING)
    way[counts[O_STATES] - 1] = root << WAY | BEGINNING


@entry
def rehash(states: Words, places: Words, mask: int, width: int, count: int, world: Words) -> None:
    """All states in a new table."""
    w, known, table = pointer(world), pointer(states), pointer(places)
    for number in range(count):
        for word in range(width):
            w[X_KEY + word] = known[number * (width + 1) + word]
        table[found(w, known, table, mask, width)] = number + 1


@entry
def search(
    world: Words,
    tables: Words,
    counts: Words,
    states: Words,
    places: Words,
    mask: int,
    width: int,
    way: Words,
    until: int,
    room: int,
) -> None:
    """Expand states up to one, or as long as there is room for what one of them leads to."""
    w, t, out, known, table, ways = (
        pointer(world),
        pointer(tables),
        pointer(counts),
        pointer(states),
        pointer(places),
        pointer(way),
    )
    while out[O_NEXT] < until and out[O_STATES] < room and not w[X_ERROR]:
        expand(w, t, out, known, table, mask, width, ways)
        out[O_NEXT] += 1
