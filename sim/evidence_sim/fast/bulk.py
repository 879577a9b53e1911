"""The random engine of the twin: `sample` over packed worlds, a chunk of seeds at a time.

Draw by draw as `sample.py`: each stream is a prefix in `u` and a count of what was drawn of it in `w`.
"""

from evidence_sim.choice import CLOCKS, HOSTS, ORDER, SWARM
from evidence_sim.fast.compiled import Words, bounded, compiled, entry, fold, pointer
from evidence_sim.fast.judges import cover, judge
from evidence_sim.fast.layout import *
from evidence_sim.fast.store import clear, fill, is_read, tenant_at
from evidence_sim.fast.ticks import clock, crash, forget, land, outside, repair, reply, run_at, start
from evidence_sim.sample import STILL

(U_CLOCKS, U_ORDER, U_OTHER, U_DIGEST, U_TENANT) = range(5)
_STEP, _START, _LAND, _CRASH, _REPAIR, _FORGET, _OUTSIDE = range(7)


@compiled
def draw(w: Words, u: Words, stream: int, drawn: int, m: int) -> int:
    """The next choice of a stream, 0 to m - 1; `drawn` is where its count stands."""
    n = w[drawn]
    w[drawn] = n + 1
    return bounded(fold(u[stream], n), m)


@compiled
def weighted(t: Words, weights: int, at: int) -> int:
    """The index that a choice falls on, by weights that stand in the tables behind their sum."""
    index = 0
    while at >= t[weights + 1 + index]:
        at -= t[weights + 1 + index]
        index += 1
    return index


@compiled
def granted(w: Words, u: Words, t: Words, source: int, target: int, quiet: bool) -> None:
    """The part of a kind of faults that the swarm grants."""
    kept = 0
    for index in range(t[source]):
        if draw(w, u, U_OTHER, X_VALUE, 2) and not quiet:
            kept += 1
            w[target + kept] = t[source + index + 1]
    w[target] = kept


@compiled
def swarm(w: Words, u: Words, t: Words) -> None:
    """What a seed grants of its profile, and how much of it."""
    quiet = draw(w, u, U_OTHER, X_VALUE, 8) == 0
    granted(w, u, t, K_READS, X_READS, quiet)
    granted(w, u, t, K_WRITES, X_WRITES, quiet)
    granted(w, u, t, K_GENERATES, X_GENERATES, quiet)
    granted(w, u, t, K_OUTSIDE, X_OUTSIDE, quiet)
    w[X_CRASHES] = draw(w, u, U_OTHER, X_VALUE, 2) != 0 and not quiet
    w[X_BACKWARD] = draw(w, u, U_OTHER, X_VALUE, 4) == 0 and not quiet
    w[X_RATE] = t[K_RATES + draw(w, u, U_OTHER, X_VALUE, 4)]
    w[X_OVERLAP] = 1 + draw(w, u, U_OTHER, X_VALUE, 3)
    w[X_PACE] = K_PACES + draw(w, u, U_OTHER, X_VALUE, 3) * 16


@compiled
def begin(w: Words, u: Words, t: Words, tenant: int) -> None:
    """A tenant at its beginning, as its stream has it."""
    clear(w, tenant)
    base, stream, drawn = tenant_at(tenant), U_TENANT + tenant, tenant_at(tenant) + T_DRAWN
    w[base + T_EVIDENCE] = weighted(t, K_EVIDENCE, draw(w, u, stream, drawn, t[K_EVIDENCE]))
    w[base + T_LEDGER] = weighted(t, K_LEDGER, draw(w, u, stream, drawn, t[K_LEDGER]))
    w[base + T_PUBLICATION] = weighted(t, K_PUBLICATION, draw(w, u, stream, drawn, t[K_PUBLICATION]))
    w[base + T_IDENTITY] = draw(w, u, stream, drawn, 16) == 0
    fill(w, t, tenant)


@compiled
def stream(u: Words, at: int, seed: int, key: int) -> None:
    """Begin a stream of a seed."""
    u[at] = 0
    u[at] = fold(u[at], seed)
    u[at] = fold(u[at], key)


@compiled
def beginning(w: Words, u: Words, t: Words, out: Words, seed: int) -> None:
    """The world in which a seed begins, and its swarm."""
    stream(u, U_CLOCKS, seed, CLOCKS)
    stream(u, U_ORDER, seed, ORDER)
    w[X_CLOCKS_DRAWN], w[X_ORDER_DRAWN], w[X_ACTIONS], w[X_POOL] = 0, 0, 0, 0
    stream(u, U_OTHER, seed, HOSTS)
    w[X_VALUE] = 0
    w[X_HOSTS] = 1 + draw(w, u, U_OTHER, X_VALUE, 3)
    for host in range(w[X_HOSTS]):
        w[X_CLOCK + host] = t[K_INSTALLED] + t[K_OFFSETS + draw(w, u, U_OTHER, X_VALUE, 10)]
    for tenant in range(w[X_TENANTS]):
        stream(u, U_TENANT + tenant, seed, tenant)
        begin(w, u, t, tenant)
    stream(u, U_OTHER, seed, SWARM)
    w[X_VALUE] = 0
    swarm(w, u, t)
    u[U_DIGEST], w[X_ERROR] = 0, FINE
    for at in range(COUNTS):
        out[at] = 0


@compiled
def told(w: Words, u: Words, t: Words, out: Words) -> None:
    """An action has happened: it is counted, judged and folded into the digest."""
    w[X_ACTIONS] += 1
    tenant = w[A_TENANT]
    upper = (tenant << 24 | w[A_N] << 8 | w[A_ACTION]) << 32
    word = upper | w[A_WHAT] << 24 | w[A_ARG] << 16 | w[A_AFTER] << 8 | w[A_OUTCOME]
    u[U_DIGEST] = fold(u[U_DIGEST], word)
    if w[X_JUDGED]:
        judge(w, t, out)
        cover(w, t, out)


@compiled
def tick_clock(w: Words, u: Words, t: Words, out: Words, host: int) -> None:
    """A host's clock may step."""
    step = weighted(t, w[X_PACE], draw(w, u, U_CLOCKS, X_CLOCKS_DRAWN, t[w[X_PACE]]))
    if step == STILL or (t[K_STEPS + step] < 0 and not w[X_BACKWARD]):
        return
    clock(w, host, step, t[K_STEPS + step])
    told(w, u, t, out)


@compiled
def kind_of_move(w: Words, u: Words, tenant: int) -> int:
    """Which kind of move a tenant makes; -1 where it has done all its ticks."""
    base = tenant_at(tenant)
    flying, forgetting, lates = w[base + T_RUNS], w[base + T_FORGETTING], w[base + T_LATES]
    starts = w[base + T_STARTED] < w[X_TICKS] and flying < w[X_OVERLAP] and not forgetting
    idle = flying == 0 and lates == 0
    step = 768 if flying else 0
    begins = (64 if flying else 512) if starts else 0
    lands = 64 if lates else 0
    if step + begins + lands == 0 and not forgetting:
        return -1
    crashes = 192 // w[X_RATE] if flying and w[X_CRASHES] else 0
    forgets = (512 if forgetting else 6) if idle else 0
    others = 96 // w[X_RATE] if w[X_OUTSIDE] else 0
    at = draw(w, u, U_TENANT + tenant, base + T_DRAWN, step + begins + lands + crashes + 4 + forgets + others)
    at -= step
    if at < 0:
        return _STEP
    at -= begins
    if at < 0:
        return _START
    at -= lands
    if at < 0:
        return _LAND
    at -= crashes
    if at < 0:
        return _CRASH
    at -= 4
    if at < 0:
        return _REPAIR
    return _FORGET if at < forgets else _OUTSIDE


@compiled
def move(w: Words, u: Words, t: Words, tenant: int) -> bool:
    """One move of a tenant; whether it had one left."""
    kind = kind_of_move(w, u, tenant)
    if kind < 0:
        return False
    base, own = tenant_at(tenant), U_TENANT + tenant
    drawn = base + T_DRAWN
    if kind == _STEP:
        answer(w, u, t, tenant, draw(w, u, own, drawn, w[base + T_RUNS]))
    elif kind == _START:
        start(w, t, tenant, draw(w, u, own, drawn, w[X_HOSTS]))
    elif kind == _LAND:
        land(w, tenant, draw(w, u, own, drawn, w[base + T_LATES]))
    elif kind == _CRASH:
        crash(w, tenant, draw(w, u, own, drawn, w[base + T_RUNS]))
    elif kind == _REPAIR:
        repair(w, t, tenant)
    elif kind == _FORGET:
        if not forget(w, tenant):
            repair(w, t, tenant)
    else:
        what = w[X_OUTSIDE + 1 + draw(w, u, own, drawn, w[X_OUTSIDE])]
        k = draw(w, u, own, drawn, 2) if what == CORRUPT else 0
        if not outside(w, tenant, draw(w, u, own, drawn, RECORDS), what, k):
            repair(w, t, tenant)
    return True


@compiled
def answer(w: Words, u: Words, t: Words, tenant: int, place: int) -> None:
    """The answer to a tick's effect, faulty now and then."""
    base, own = tenant_at(tenant), U_TENANT + tenant
    drawn, phase = base + T_DRAWN, w[run_at(w, base, place) + R_PHASE]
    faults, rate = X_WRITES, w[X_RATE]
    if phase == GENERATE:
        faults, rate = X_GENERATES, 2
    elif is_read(phase):
        faults = X_READS
    if w[faults] == 0 or draw(w, u, own, drawn, rate):
        reply(w, t, tenant, place, OK, 0)
        return
    what, arg = w[faults + 1 + draw(w, u, own, drawn, w[faults])], 0
    if what == STALE:
        arg = 1 + draw(w, u, own, drawn, 2)
    elif what == CORRUPT or what == TEAR:
        arg = draw(w, u, own, drawn, 2)
    elif what == ELSEWHERE:
        arg = draw(w, u, own, drawn, w[X_TENANTS])
    if not reply(w, t, tenant, place, what, arg):
        reply(w, t, tenant, place, OK, 0)


@compiled
def slot(w: Words, u: Words, t: Words, out: Words) -> int:
    """Clocks may step, then each tenant makes a few moves, interleaved; how many tenants still move."""
    for host in range(w[X_HOSTS]):
        tick_clock(w, u, t, out, host)
    moving, left, tenants = 0, 0, w[X_TENANTS]
    for tenant in range(tenants):
        base = tenant_at(tenant)
        if w[base + T_LEFT] >= 0:
            moving += 1
            w[base + T_LEFT] = 1 + draw(w, u, U_TENANT + tenant, base + T_DRAWN, 8)
            left += w[base + T_LEFT]
    while left:
        at = draw(w, u, U_ORDER, X_ORDER_DRAWN, left)
        tenant = 0
        while True:
            mine = max(w[tenant_at(tenant) + T_LEFT], 0)
            if at < mine:
                break
            at -= mine
            tenant += 1
        base = tenant_at(tenant)
        left -= 1
        w[base + T_LEFT] -= 1
        if move(w, u, t, tenant):
            told(w, u, t, out)
        else:
            moving -= 1
            left -= w[base + T_LEFT]
            w[base + T_LEFT] = -1
    return moving


@compiled
def total(w: Words, out: Words, index: int) -> None:
    """A seed is over: what it counted is added to the counts of all."""
    out[O_ACTIONS] = w[X_ACTIONS]
    for at in range(COUNTS):
        out[COUNTS + at] += out[at]
    for invariant in range(INVARIANTS):
        if out[O_BROKEN + invariant]:
            if out[O_VIOLATED + invariant] == 0:
                out[O_FIRST + invariant], out[O_AFTER + invariant] = index, out[O_BROKEN + invariant]
            out[O_VIOLATED + invariant] += 1


@entry
def run_seeds(world: Words, streams: Words, tables: Words, counts: Words, seeds: Words, count: int) -> int:
    """Run seeds, each of which its digest replaces. How many were run before one that it leaves."""
    w, u, t, out = pointer(world), pointer(streams), pointer(tables), pointer(counts)
    for index in range(count):
        beginning(w, u, t, out, seeds[index])
        while slot(w, u, t, out) and not w[X_ERROR]:
            pass
        if w[X_ERROR]:
            return index
        seeds[index] = u[U_DIGEST]
        total(w, out, index)
    return count
