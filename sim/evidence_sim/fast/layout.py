"""Where everything of a packed world stands: one array of 64-bit words, indexed by the names below.

A value of a record is a block of words, its kind first; equal blocks are equal bytes, and the other way
round but for torn values: what differs may have been cut off. Instants are ms since 1970.
"""

from evidence_sim.codes import ActionCode, AnswerCode, OutcomeCode
from evidence_sim.config import MOST_HOSTS

NONE = -(1 << 62)  # no instant
EX_ABSENT, EX_ANY = NONE, NONE + 1  # what a put expects, beside versions

# The records of a tenant, in the order of `labels.RECORDS`.
STATUS, EVIDENCE, LEDGER, PUBLICATION = range(4)
RECORDS = 5

# A kind: what was written, what tore it (k + 1) and how many of its first bytes are spoilt. 0 is absent.
FORM, TORN, SPOILT = 15, 4, 8
WHOLE = 16  # kinds below it are
BY_TICK = 1
BY_OTHERS, YESTERDAY, EMPTY, REPAIRED = 2, 3, 4, 5  # evidence: of the beginning, twice invalid, an operator's
MALFORMED = 2  # a ledger
BEFORE, UNEARNED = 2, 3  # a publication of the beginning; one where the generator failed

# Fields after the kind. Evidence; a repair's id is the ticks before it, and its parent what it replaced.
E_AT, E_ID, E_PARENT = 1, 2, 3
# Status; CODES packs evidence, outcome << 3, reason << 8, trigger << 16.
S_CODES, S_INSTALLED, S_CLOSED, S_CHECK, S_SUCCESS, S_TICK = range(1, 7)
# Publication.
P_ID, P_ATTEMPT, P_AT = 1, 2, 3
# Ledger: per trigger an entry. HEAD packs the form, the reason of the error << 2, the attempts << 8.
L_HEAD, L_UNTIL, L_CLAIMED, L_GENERATED, L_ERROR = range(5)
L_ENTRY = 5
L_MISSING, L_BARE, L_FULL = range(3)
SIZE_STATUS, SIZE_EVIDENCE, SIZE_LEDGER, SIZE_PUBLICATION = 7, 4, 11, 4

# A cell: which slot is the newest, how many earlier ones a stale read can bring; slots of version and value.
C_HEAD, C_PAST, C_SLOTS = 0, 1, 2
SLOTS, SLOT = 5, 12
CELL = C_SLOTS + SLOTS * SLOT

# A run. SEEN_ is what the judges know of it, the rest is the kernel's state.
(
    R_N,
    R_HOST,
    R_PHASE,
    R_EVIDENCE,
    R_INSTALLED,
    R_OPENED,
    R_STATUS_EXPECT,
    R_DID,
    R_TRIGGER,
    R_NUMBER,
    R_HELD_EXPECT,
    R_OUTCOME,
    R_REASON,
    R_ENDED,
    R_EFFECTS,
    R_HURT,
    SEEN_STARTED,
    SEEN_INSTALLED,
    SEEN_GROUNDED,
    SEEN_ABSENT,
    SEEN_FAILED,
    SEEN_UNDECIDED,
    SEEN_CLAIMS,
    SEEN_LEDGER,
    SEEN_LOOKED,
    SEEN_EARNED,
    SEEN_HELD,
    SEEN_DECIDED,
    SEEN_CLOSED,
) = range(29)
R_STATUS = 29
R_BACKFILL = R_STATUS + SIZE_STATUS
R_HELD = R_BACKFILL + SIZE_EVIDENCE
R_PUBLICATION = R_HELD + SIZE_LEDGER
SEEN_BACK = R_PUBLICATION + SIZE_PUBLICATION
RUN = SEEN_BACK + SIZE_EVIDENCE
RUNS = 6

# A late put.
D_N, D_PHASE, D_RECORD, D_EXPECT, D_LOOKED, D_EARNED, D_VALUE = range(7)
LATE = D_VALUE + SIZE_LEDGER
LATES = 64

# A tenant.
(
    T_STARTED,
    T_RUNS,
    T_LATES,
    T_FORGETTING,
    T_IDENTITY,
    T_LEDGER,
    T_EVIDENCE,
    T_PUBLICATION,
    G_CLEAN,
    G_WELLS,
    G_AUDITED,
    G_GENERATES,
    G_GENERATES_24H,
    G_REPORTS,
    G_REPORTS_24H,
    G_PUBLISHED,
    G_PUBLISHED_24H,
    T_DRAWN,
    T_LEFT,
    T_ENDURED,
) = range(20)
WELLS = 32
T_ORDER = 20  # which of the blocks of runs, in the order in which the ticks started
G_WELL = T_ORDER + RUNS
T_SURVIVES = G_WELL + WELLS  # by fault: the last ordinal that had started
FAULTS = 3 + 13 + 13 + 1 + 3
T_RUN = T_SURVIVES + FAULTS
T_LATE = T_RUN + RUNS * RUN
T_CELL = T_LATE + LATES * LATE
TENANT = T_CELL + RECORDS * CELL

# What one action did, for judges: an answer, a write, an end.
(
    A_ACTION,
    A_TENANT,
    A_N,
    A_WHAT,
    A_ARG,
    A_AFTER,
    A_OUTCOME,
    A_FAULT,
    A_AT,
    A_RUN,
    A_ASKS,
    A_SAYS,
    A_FOUND,
    A_GENUINE,
    A_FIRED,
    A_ROW,
    A_AUDITS,
    A_REASON,
    W_ANY,
    W_OWNER,
    W_RECORD,
    W_CHANGED,
    W_BEFORE,
    W_AFTER,
    W_BY,
    W_BY_TENANT,
    W_BY_N,
    W_BY_PHASE,
    W_EARNED,
    W_LOOKED,
    A_PHASE,
    A_VERSION,
    A_ALREADY,
) = range(33)
FACT = 33

# The world.
(
    X_TENANTS,
    X_HOSTS,
    X_TICKS,
    X_RATE,
    X_OVERLAP,
    X_PACE,
    X_CRASHES,
    X_BACKWARD,
    X_POOL,
    X_ERROR,
    X_AUDITED,
    X_CLOCKS_DRAWN,
    X_ORDER_DRAWN,
    X_ACTIONS,
    X_JUDGED,
) = range(FACT, FACT + 15)
X_CLOCK = FACT + 15
X_READS = X_CLOCK + MOST_HOSTS  # a count, and so many answers that the swarm grants
X_WRITES = X_READS + 8
X_GENERATES = X_WRITES + 16
X_OUTSIDE = X_GENERATES + 4
X_VALUE = X_OUTSIDE + 8  # a value that is about to be put
X_PARENTS = X_VALUE + SLOT  # what repairs replaced
PARENTS = 64
# A search: what is left of the budget; how far behind the world what moves are undone from stands; the state's words.
X_FAULTS = X_PARENTS + PARENTS * SIZE_EVIDENCE
X_STEPS, X_OPERATORS, X_BYZANTINE, X_COPY, X_WIDTH, X_MET = range(X_FAULTS + 1, X_FAULTS + 7)
X_SORTED = X_MET + 1
X_CODES = X_SORTED + LATES  # by tenant, record and age: the values that cells were loaded with
X_KEY = X_CODES + 3 * RECORDS * 3
KEY, KEY_BITS = 56, 62
X_TENANT = X_KEY + KEY + 1

# Faults that fired: a crash, a second tick, a clock; answers to a read, a write, the generator; what is done outside.
FIRED_CRASH, FIRED_OVERLAP, FIRED_CLOCK, FIRED_READ = range(4)
FIRED_WRITE = FIRED_READ + 13
FIRED_GENERATE = FIRED_WRITE + 13
FIRED_SPOILT, FIRED_DELETE, FIRED_EXPIRE = range(FIRED_GENERATE + 1, FIRED_GENERATE + 4)

# Why the twin leaves a seed to the reference world: it has no room, or no text to compare.
(FINE, TOO_MANY_LATE, TOO_MANY_REPAIRS, TOO_MANY_RUNS, TORN_ALIKE, NOT_LOWERED) = range(6)

# Actions and answers, by their numbers in digests.
START, LAND, CRASH, CLOCK, OUTSIDE = (int(code) for code in list(ActionCode)[:5])
(
    STATUS_READ,
    STATUS_OPEN,
    EVIDENCE_READ,
    EVIDENCE_PUT,
    EVIDENCE_VERIFY,
    TIMESTAMP_READ,
    LEDGER_READ,
    DONE_READ,
    CLAIM,
    CLAIM_VERIFY,
    GENERATE,
    PUBLISH,
    PUBLISH_VERIFY,
    SETTLE,
    STATUS_CLOSE,
) = (int(code) for code in list(ActionCode)[5:20])
END = int(ActionCode.END)
(
    NOTHING,
    OK,
    FAILED,
    FAILED_LATER,
    FAILED_YES,
    LATER,
    UNKNOWN_NO,
    UNKNOWN_YES,
    UNKNOWN_LATER,
    STALE,
    CORRUPT,
    TEAR,
    LOST,
    TWICE,
    ELSEWHERE,
    DELETE,
    EXPIRE,
    REPAIR,
    FORGET,
) = (int(code) for code in AnswerCode)
REFUSED, SKIPPED, IN_FUTURE, NOT_DUE, ALREADY_DONE, BACKOFF, CONTENDED, GENERATED = (
    int(code) for code in list(OutcomeCode)[1:9]
)
DIED = int(OutcomeCode.DIED)

# What an answer is, before it is asked what it means.
SAID_FOUND, SAID_ABSENT, SAID_FAILED, SAID_APPLIED, SAID_CONFLICT, SAID_UNKNOWN, SAID_REPORT, SAID_ERROR = range(8)
# What it means: the columns of the table that is lowered from the kernel.
(
    IS_FOUND,
    IS_ABSENT,
    IS_FAILED,
    IS_APPLIED,
    IS_CONFLICT,
    IS_UNKNOWN,
    IS_REPORT,
    IS_ERROR,
    IS_INVALID,
    IS_VALID,
    IS_MINE,
    IS_VALID_AHEAD,
    IS_MINE_AHEAD,
    IS_MALFORMED,
    IS_NOT_DUE,
    IS_DUE_12H,
    IS_DUE_24H,
    IS_FREE,
    IS_WAITING,
    IS_RETRYING,
    IS_IMPLAUSIBLE,
    IS_OTHERS,
) = range(22)
CLASSES = 22
PHASES, EVIDENCES = 15, 5
TO, ROW, OUTCOME, REASON, STATE, AUDITS, DID, INSTALLED = range(8)
COLUMNS = 8
# What a row makes of the instant of the installation: nothing, none, what was read, or what the tick puts itself.
KEEPS, FORGETS, AS_READ, AS_PUT = range(4)

# The tables: rows, then what is reckoned with.
REASONS = 32
K_STEP = 0
K_RUNNING = K_STEP + PHASES * EVIDENCES * 2 * CLASSES * COLUMNS  # by outcome and reason
K_SHOWN = K_RUNNING + 16 * REASONS
K_SUCCESS = K_SHOWN + 16 * REASONS
K_CLOSES = K_SUCCESS + 16  # by outcome and reason: those that the status says, as in S_CODES
K_TIER = K_CLOSES + 16 * REASONS
K_PLAUSIBLE = K_TIER + 4
K_DUE = K_PLAUSIBLE + 4
K_AHEAD = K_DUE + 2
K_STALE = K_AHEAD + 1
K_EARLY = K_STALE + 1
K_FAILED_ATTEMPT = K_EARLY + 1
K_LONGEST = K_FAILED_ATTEMPT + 1
K_DATED = K_LONGEST + 1  # how much later than it was missed the backfill says
K_EXPECTS = K_DATED + 1  # by phase: how a put differs from the kernel's
K_RATES = K_EXPECTS + PHASES
K_PACES = K_RATES + 4
K_OFFSETS = K_PACES + 3 * 16
K_STEPS = K_OFFSETS + 10
K_EVIDENCE = K_STEPS + 16
K_LEDGER = K_EVIDENCE + 8
K_PUBLICATION = K_LEDGER + 4
K_INSTALLED = K_PUBLICATION + 4
K_READS = K_INSTALLED + 8
K_WRITES = K_READS + 8
K_GENERATES = K_WRITES + 16
K_OUTSIDE = K_GENERATES + 4
K_CLOCK = K_OUTSIDE + 8  # how many steps a search grants, and their places among the clock's
# The instants that a search may meet, by number, and by place the numbers; a state names one by eight bits.
INSTANTS, NUMBERS = 256, 1024
K_INSTANT = K_CLOCK + 16
K_NUMBER = K_INSTANT + INSTANTS
TABLES = K_NUMBER + NUMBERS
IS_PLAIN, IS_ON_READ = 1, 2  # unconditional, or on the version that was read
INITIALIZING, RUNNING, DEGRADED, BLOCKED = range(4)

# What is counted: premises and first violations by invariant, what was covered; then so many actions and digests.
INVARIANTS = 20
PHASES = STATUS_CLOSE - STATUS_READ + 1
O_PREMISES = 0
O_BROKEN = O_PREMISES + INVARIANTS  # of one seed: the number of actions up to its first violation, or 0
O_FIRED = O_BROKEN + INVARIANTS
O_SURVIVED = O_FIRED + FAULTS
O_OUTCOMES = O_SURVIVED + FAULTS
O_ROWS = O_OUTCOMES + 16
O_MET = O_ROWS + 64  # by phase and answer; where there is none, a tick was cut off
O_VERIFIED = O_MET + PHASES * 16
O_ACTIONS = O_VERIFIED + 1
COUNTS = O_ACTIONS + 1  # of one seed; behind them those of all
O_VIOLATED = 2 * COUNTS  # by invariant: how many seeds violate it; the first one's place and its actions
O_FIRST = O_VIOLATED + INVARIANTS
O_AFTER = O_FIRST + INVARIANTS
COUNTED = O_AFTER + INVARIANTS
# Of a search, in the same places: by invariant, the state before its first violation, and the move.
O_PARENT, O_MOVE = O_FIRST, O_AFTER
O_ANSWERS = COUNTED  # by phase and answer
O_EDGES = O_ANSWERS + 32 * 8
O_STATE = O_EDGES + 1  # the state that is expanded
SEARCHED = O_STATE + 1
# A row of what is met: the words of the state and its statuses, then its way, its hash, and its place if it is new.
M_WAY, M_HASH, M_PLACE, MET = range(1, 5)
HASH_BITS = 62
HASH = (1 << HASH_BITS) - 1
