"""The exhaustive engine of the twin: `explore` over packed states, each kept whole.

A state is expanded by trying every action that the profile and the budget allow, as `explore.bounds` has it,
in the scope TICK. What it leads to is met, in rows that `known` sifts.
"""

from evidence_sim.fast.compiled import Words, compiled, entry, mixed, pointer
from evidence_sim.fast.judges import judge
from evidence_sim.fast.layout import *
from evidence_sim.fast.states import load, save, show, shown
from evidence_sim.fast.store import cell_at, copy, fill, is_read, tenant_at
from evidence_sim.fast.ticks import clock, crash, forget, land, outside, repair, reply, run_at, start

_STATUS = 1 << STATUS_READ | 1 << STATUS_OPEN | 1 << STATUS_CLOSE
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
def kept(w: Words, t: Words, met: Words, way: int, fresh: int) -> None:
    """The world as a state that was met, in the next row of `met`: its words, its statuses, its way and its hash."""
    save(w, t, fresh)
    row, width = w[X_MET], w[X_WIDTH]
    h = 0
    for word in range(width):
        met[row + word] = w[X_KEY + word]
        h = mixed(h, w[X_KEY + word])
    met[row + width], met[row + width + M_WAY], met[row + width + M_HASH] = shown(w), way, h & HASH
    w[X_MET] = row + width + MET


@compiled
def moved(w: Words, t: Words, out: Words, met: Words) -> None:
    """A move was made: what it did, what follows at once, and the state that it leads to; then it is undone."""
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
            out[O_PARENT + invariant], out[O_MOVE + invariant] = out[O_STATE], move
    kept(w, t, met, out[O_STATE] << WAY | move, 0)
    again(w)


@compiled
def unpacked(w: Words, t: Words, known: Words, state: int) -> None:
    """The world of a state, with a copy behind it of what a move may change."""
    row, width = state * (w[X_WIDTH] + 1), w[X_WIDTH]
    for word in range(width):
        w[X_KEY + word] = known[row + word]
    load(w, t)
    show(w, known[row + width])
    copied(w, 0, w[X_COPY])
    copied_runs(w, 0, w[X_COPY])


@compiled
def again(w: Words) -> None:
    """The world as it was before the move: an answer changes its own run, what lands or comes from outside any."""
    behind, action, run = w[X_COPY], w[A_ACTION], w[A_RUN]
    copied(w, behind, 0)
    if action == LAND or action == OUTSIDE:
        copied_runs(w, behind, 0)
    elif run >= 0:
        copy(w, behind + run, run, RUN)


@compiled
def copied(w: Words, source: int, target: int) -> None:
    """What any move may change, from one place to another, each as far behind the world as is said.

    A cell keeps five values, and a state has three: what a move writes, at most twice in a cell, lies beside them.
    """
    copy(w, source + X_CLOCK, target + X_CLOCK, w[X_HOSTS])
    copy(w, source + X_FAULTS, target + X_FAULTS, 3)
    for tenant in range(w[X_TENANTS]):
        base = tenant_at(tenant)
        copy(w, source + base, target + base, G_WELL)
        for record in range(RECORDS):
            cell = cell_at(tenant, record)
            w[target + cell + C_HEAD], w[target + cell + C_PAST] = w[source + cell + C_HEAD], w[source + cell + C_PAST]


@compiled
def copied_runs(w: Words, source: int, target: int) -> None:
    """Runs and late puts, in the same way."""
    for tenant in range(w[X_TENANTS]):
        base = tenant_at(tenant)
        copy(w, source + base + T_RUN, target + base + T_RUN, w[source + base + T_RUNS] * RUN)
        copy(w, source + base + T_LATE, target + base + T_LATE, w[source + base + T_LATES] * LATE)


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
def expand(w: Words, t: Words, out: Words, known: Words, met: Words) -> None:
    """Every move from the state that is expanded."""
    unpacked(w, t, known, out[O_STATE])
    for tenant in range(w[X_TENANTS]):
        base = tenant_at(tenant)
        runs, lates, faults, operators = w[base + T_RUNS], w[base + T_LATES], w[X_FAULTS], w[X_OPERATORS]
        if w[base + T_STARTED] < w[X_TICKS]:
            for host in range(w[X_HOSTS]):
                if tried(w, t, tenant, START, NOTHING, host):
                    moved(w, t, out, met)
        for place in range(runs):
            answers(w, t, out, met, tenant, place)
            if faults:
                tried(w, t, tenant, CRASH, NOTHING, place)
                moved(w, t, out, met)
        for place in range(lates):
            tried(w, t, tenant, LAND, NOTHING, place)
            moved(w, t, out, met)
        for index in range(t[K_OUTSIDE] if faults else 0):
            for record in range(EVIDENCE, RECORDS):
                if tried(w, t, tenant, OUTSIDE, t[K_OUTSIDE + 1 + index], record):
                    moved(w, t, out, met)
        for what in range(REPAIR, FORGET + 1):
            if operators and tried(w, t, tenant, OUTSIDE, what, 0):
                moved(w, t, out, met)
    for host in range(w[X_HOSTS] if w[X_STEPS] else 0):
        for index in range(t[K_CLOCK]):
            step = t[K_CLOCK + 1 + index]
            clock(w, host, step, t[K_STEPS + step])
            moved(w, t, out, met)


@compiled
def answers(w: Words, t: Words, out: Words, met: Words, tenant: int, place: int) -> None:
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
                moved(w, t, out, met)


@entry
def meet_beginning(world: Words, tables: Words, met: Words, row: int, root: int) -> int:
    """The root-th beginning, whose tenants have nothing yet but what their records begin with. The row behind it."""
    w, t = pointer(world), pointer(tables)
    for tenant in range(w[X_TENANTS]):
        fill(w, t, tenant)
    w[X_MET] = row
    kept(w, t, pointer(met), root << WAY | BEGINNING, SLOTS)
    return w[X_MET]


@entry
def expand_states(
    world: Words, tables: Words, counts: Words, states: Words, first: int, end: int, met: Words, row: int
) -> int:
    """Expand states, and keep what they lead to from a row on. The row behind the last."""
    w, t, out, known, rows = pointer(world), pointer(tables), pointer(counts), pointer(states), pointer(met)
    w[X_MET] = row
    for state in range(first, end):
        out[O_STATE] = state
        expand(w, t, out, known, rows)
    return w[X_MET]
