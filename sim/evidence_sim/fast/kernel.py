"""The kernel of the twin: what an answer means, the row it takes, and what the tick remembers, asks and puts.

Rows and thresholds are the tables that `lower` made; here stand only the instants, counts and ids that a tick
carries from answers into records, as `findings`, `requests` and the records' writers do.
"""

from evidence_sim.fast.compiled import Words, compiled
from evidence_sim.fast.layout import *
from evidence_sim.fast.store import copy, same

_PLAIN = 1 << STATUS_READ | 1 << STATUS_OPEN | 1 << EVIDENCE_PUT | 1 << CLAIM | 1 << GENERATE
_PLAIN_TOO = 1 << PUBLISH | 1 << SETTLE | 1 << STATUS_CLOSE
_EVIDENCE = 1 << EVIDENCE_READ | 1 << EVIDENCE_VERIFY | 1 << TIMESTAMP_READ


@compiled
def installed_at(w: Words, value: int) -> int:
    """The instant of valid evidence, or NONE."""
    kind = w[value]
    valid = kind == BY_TICK or kind == BY_OTHERS or kind == REPAIRED
    return w[value + E_AT] if valid else NONE


@compiled
def entry_at(w: Words, value: int, trigger: int) -> int:
    """Where a ledger's entry of a trigger stands."""
    return value + 1 + (trigger - 1) * L_ENTRY


@compiled
def meaning(w: Words, t: Words, run: int, at: int) -> int:
    """The class of an answer, by what the tick has and when it came; what is read of a ledger is kept."""
    phase, says = w[run + R_PHASE], w[A_SAYS]
    if (_PLAIN | _PLAIN_TOO) >> phase & 1 or says == SAID_FAILED:
        return says  # the first classes are the answers themselves
    if _EVIDENCE >> phase & 1:
        return of_evidence(w, t, run, phase, at)
    if phase == LEDGER_READ:
        return of_ledger(w, t, run, at)
    if says == SAID_ABSENT:
        return of_backoff(w, t, run, at) if phase == DONE_READ else IS_ABSENT
    if phase == DONE_READ:
        return IS_FOUND
    if phase == CLAIM_VERIFY:
        return IS_MINE if same(w, LEDGER, w[A_FOUND], run + R_HELD) else IS_OTHERS
    return IS_MINE if same(w, PUBLICATION, w[A_FOUND], run + R_PUBLICATION) else IS_OTHERS


@compiled
def of_evidence(w: Words, t: Words, run: int, phase: int, at: int) -> int:
    """What evidence is to the tick that read it."""
    if w[A_SAYS] == SAID_ABSENT:
        return IS_ABSENT
    value = w[A_FOUND]
    installed = installed_at(w, value)
    if installed == NONE:
        return IS_INVALID
    mine = w[run + R_BACKFILL] != 0 and same(w, EVIDENCE, value, run + R_BACKFILL)
    if phase == TIMESTAMP_READ and installed - at > t[K_AHEAD]:
        return IS_MINE_AHEAD if mine else IS_VALID_AHEAD
    return IS_MINE if mine else IS_VALID


@compiled
def of_ledger(w: Words, t: Words, run: int, at: int) -> int:
    """Whether a report is due, by a ledger that can be read."""
    if w[A_SAYS] == SAID_FOUND and w[w[A_FOUND]] != BY_TICK:
        return IS_MALFORMED
    age = at - w[run + R_INSTALLED]
    if age < t[K_DUE]:
        return IS_NOT_DUE
    return IS_DUE_12H if age < t[K_DUE + 1] else IS_DUE_24H


@compiled
def of_backoff(w: Words, t: Words, run: int, at: int) -> int:
    """Whether the ledger as read leaves the trigger free."""
    if w[run + R_HELD] == 0:
        return IS_FREE
    entry = entry_at(w, run + R_HELD, w[run + R_TRIGGER])
    until = w[entry + L_UNTIL]
    if until == NONE or until <= at:
        return IS_FREE
    attempts = w[entry + L_HEAD] >> 8
    if until - at > t[K_PLAUSIBLE + min(attempts, 3)]:
        return IS_IMPLAUSIBLE
    return IS_RETRYING if w[entry + L_HEAD] >> 2 & 63 else IS_WAITING


@compiled
def row_of(w: Words, run: int, kind: int) -> int:
    """Where the row of a run and a class begins."""
    control = ((w[run + R_PHASE] - STATUS_READ) * EVIDENCES + w[run + R_EVIDENCE]) * 2 + w[run + R_OPENED]
    return K_STEP + (control * CLASSES + kind) * COLUMNS


@compiled
def learn(w: Words, t: Words, tenant: int, run: int, kind: int, row: int, at: int) -> None:
    """What the tick knows after the answer, but for where it stands."""
    phase = w[run + R_PHASE]
    if phase == STATUS_READ:
        opened(w, tenant, run, at)
    elif phase == STATUS_OPEN:
        if kind == IS_APPLIED:
            w[run + R_STATUS_EXPECT] = w[A_VERSION]
    elif phase <= TIMESTAMP_READ:
        knows(w, t, run, row)
    elif phase == LEDGER_READ:
        if kind == IS_DUE_12H or kind == IS_DUE_24H:
            due(w, run, kind)
    elif phase == DONE_READ:
        numbered(w, run, kind)
    elif phase == CLAIM or phase == CLAIM_VERIFY:
        if kind == IS_APPLIED or kind == IS_MINE:
            w[run + R_HELD_EXPECT] = w[A_VERSION]
    elif phase == GENERATE and t[row + TO] == PUBLISH:
        report = run + R_PUBLICATION
        w[report], w[report + P_ID] = BY_TICK if kind == IS_REPORT else UNEARNED, tenant << 16 | w[run + R_N]
        w[report + P_ATTEMPT], w[report + P_AT] = w[run + R_NUMBER], at
    if t[row + OUTCOME]:
        w[run + R_OUTCOME], w[run + R_REASON], w[run + R_ENDED] = t[row + OUTCOME], t[row + REASON], at


@compiled
def knows(w: Words, t: Words, run: int, row: int) -> None:
    """What the tick knows of the evidence."""
    w[run + R_EVIDENCE] = t[row + STATE]
    w[run + R_DID] |= t[row + DID]
    if w[run + R_PHASE] == EVIDENCE_READ:
        w[run + R_HELD_EXPECT] = w[A_VERSION] if w[A_SAYS] == SAID_FOUND else EX_ABSENT
    source = t[row + INSTALLED]
    if source == AS_READ:
        w[run + R_INSTALLED] = installed_at(w, w[A_FOUND])
    elif source == AS_PUT:
        w[run + R_INSTALLED] = w[run + R_BACKFILL + E_AT]
    elif source == FORGETS:
        w[run + R_INSTALLED] = NONE


@compiled
def opened(w: Words, tenant: int, run: int, at: int) -> None:
    """The status as the tick will write it: what was read, checked now by this tick."""
    if w[A_SAYS] == SAID_FAILED:
        return
    status, value = run + R_STATUS, w[A_FOUND]
    if w[A_SAYS] == SAID_FOUND and w[value] == BY_TICK:
        copy(w, value, status, SIZE_STATUS)
    else:
        w[status], w[status + S_CODES] = BY_TICK, 0
        w[status + S_INSTALLED], w[status + S_CLOSED], w[status + S_SUCCESS] = NONE, NONE, NONE
    w[status + S_CHECK], w[status + S_TICK] = at, tenant << 16 | w[run + R_N]
    w[run + R_OPENED] = 1
    w[run + R_STATUS_EXPECT] = w[A_VERSION] if w[A_SAYS] == SAID_FOUND else EX_ABSENT


@compiled
def due(w: Words, run: int, kind: int) -> None:
    """The trigger that is due, and the ledger as it was read."""
    w[run + R_TRIGGER] = 1 if kind == IS_DUE_12H else 2
    if w[A_SAYS] == SAID_FOUND:
        copy(w, w[A_FOUND], run + R_HELD, SIZE_LEDGER)
        w[run + R_HELD_EXPECT] = w[A_VERSION]
    else:
        w[run + R_HELD], w[run + R_HELD_EXPECT] = 0, EX_ABSENT


@compiled
def numbered(w: Words, run: int, kind: int) -> None:
    """The number of the attempt that the ledger allows."""
    if kind == IS_FREE or kind == IS_IMPLAUSIBLE:
        held = run + R_HELD
        attempts = 0 if w[held] == 0 else w[entry_at(w, held, w[run + R_TRIGGER]) + L_HEAD] >> 8
        w[run + R_NUMBER] = attempts + 1


@compiled
def ask(w: Words, t: Words, tenant: int, run: int, at: int) -> None:
    """What the tick remembers of the effect that its new phase asks for."""
    phase, me = w[run + R_PHASE], tenant << 16 | w[run + R_N]
    if phase == EVIDENCE_PUT:
        backfill = run + R_BACKFILL
        w[backfill], w[backfill + E_AT] = BY_TICK, at + t[K_DATED]
        w[backfill + E_ID], w[backfill + E_PARENT] = me, 0
    elif phase == CLAIM:
        held, number = run + R_HELD, w[run + R_NUMBER]
        if w[held] == 0:
            emptied(w, held)
        entry = entry_at(w, held, w[run + R_TRIGGER])
        fill(w, entry)
        w[entry + L_HEAD] = number << 8 | (w[entry + L_HEAD] & 255)
        w[entry + L_UNTIL], w[entry + L_CLAIMED] = at + t[K_TIER + min(number, 3)], me


@compiled
def emptied(w: Words, ledger: int) -> None:
    """A ledger with no entry."""
    w[ledger] = BY_TICK
    for at in range(1, SIZE_LEDGER):
        w[ledger + at] = 0
    for trigger in range(1, 3):
        entry = entry_at(w, ledger, trigger)
        w[entry + L_UNTIL], w[entry + L_GENERATED], w[entry + L_ERROR] = NONE, NONE, NONE


@compiled
def fill(w: Words, entry: int) -> None:
    """An entry with all its fields."""
    w[entry + L_HEAD] = w[entry + L_HEAD] & ~3 | L_FULL


@compiled
def to_put(w: Words, t: Words, tenant: int, run: int) -> int:
    """Where the value that the run's phase puts stands."""
    phase = w[run + R_PHASE]
    if phase == STATUS_OPEN:
        return run + R_STATUS
    if phase == EVIDENCE_PUT:
        return run + R_BACKFILL
    if phase == CLAIM:
        return run + R_HELD
    if phase == PUBLISH:
        return run + R_PUBLICATION
    if phase == SETTLE:
        settled(w, run)
    else:
        closed(w, t, tenant, run)
    return X_VALUE


@compiled
def expected(w: Words, t: Words, run: int) -> int:
    """What the put of the run's phase demands of its key."""
    phase = w[run + R_PHASE]
    differs = t[K_EXPECTS + phase - STATUS_READ]
    if differs == IS_PLAIN:
        return EX_ANY
    if differs == IS_ON_READ:
        return w[run + R_HELD_EXPECT]
    if phase == EVIDENCE_PUT or phase == PUBLISH:
        return EX_ABSENT
    return w[run + (R_STATUS_EXPECT if phase == STATUS_OPEN or phase == STATUS_CLOSE else R_HELD_EXPECT)]


@compiled
def settled(w: Words, run: int) -> None:
    """The claim's ledger with what became of it."""
    copy(w, run + R_HELD, X_VALUE, SIZE_LEDGER)
    entry, outcome = entry_at(w, X_VALUE, w[run + R_TRIGGER]), w[run + R_OUTCOME]
    head = w[entry + L_HEAD] & ~(63 << 2)
    if outcome == GENERATED:
        w[entry + L_GENERATED] = w[run + R_ENDED]
    if outcome == GENERATED or outcome == ALREADY_DONE:
        w[entry + L_HEAD], w[entry + L_ERROR] = head, NONE
    else:
        w[entry + L_HEAD], w[entry + L_ERROR] = head | w[run + R_REASON] << 2, w[run + R_ENDED]


@compiled
def closed(w: Words, t: Words, tenant: int, run: int) -> None:
    """The status at the end of the tick."""
    copy(w, run + R_STATUS, X_VALUE, SIZE_STATUS)
    says, ended = t[K_CLOSES + w[run + R_OUTCOME] * REASONS + w[run + R_REASON]], w[run + R_ENDED]
    w[X_VALUE + S_CODES] = w[run + R_EVIDENCE] | says | w[run + R_TRIGGER] << 16
    w[X_VALUE + S_INSTALLED], w[X_VALUE + S_CLOSED] = w[run + R_INSTALLED], ended
    if t[K_RUNNING + (says >> 3 & 15) * REASONS + (says >> 8)]:
        w[X_VALUE + S_SUCCESS] = max(w[X_VALUE + S_SUCCESS], ended)
    w[X_VALUE + S_TICK] = tenant << 16 | w[run + R_N]
