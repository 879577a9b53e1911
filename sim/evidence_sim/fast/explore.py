"""A search by the twin, told as the reference's: its counts, and each violation replayed by the world."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from attrs import define, field, frozen

from evidence_sim.campaign import NoTwin, Unconfirmed, processors
from evidence_sim.codes import ActionCode, AnswerCode, OutcomeCode
from evidence_sim.config import CLOCK_STEPS, EVIDENCE, LEDGER, PUBLICATION, Config
from evidence_sim.explore.bounds import Bounds, Scope, eager
from evidence_sim.explore.search import Explored, Violation, judges
from evidence_sim.facts import Fact
from evidence_sim.fast import layout as at
from evidence_sim.fast.campaign import FAULT_NAMES, ROW_NAMES, tables
from evidence_sim.fast.compiled import COMPILED, Words, words
from evidence_sim.fast.known import Known
from evidence_sim.fast.packed import number_place
from evidence_sim.fast.search import BEGINNING, WAY, expand_states, meet_beginning
from evidence_sim.fast.states import width
from evidence_sim.invariants import INVARIANTS, Invariant
from evidence_sim.labels import RECORDS, Action, Clock, Crash, Land, Outside, Reply, Start
from evidence_sim.sample import Plan
from evidence_sim.trace import Trace
from evidence_sim.world import apply, initial

_SAID = ("Found", "Absent", "Failed", "Applied", "Conflict", "Unknown", "Report", "GeneratorError")
# A block of states is expanded in parts, which threads take; a part's rows are those of its own.
PART, PARTS = (256, 64) if COMPILED else (8, 2)


@frozen
class Thread:
    """What one thread needs of its own: a world, and what it counts."""

    world: Words
    counts: Words


@define
class FastSearch:
    """As `explore.search.Search`, for the kernel in the scope TICK, in `jobs` threads; any number finds the same."""

    roots: Sequence[Config]
    bounds: Bounds
    limit: int = 5_000_000
    jobs: int = field(factory=processors)
    found: Explored = field(init=False)
    known: Known = field(init=False)
    _table: Words = field(init=False)
    _threads: list[Thread] = field(init=False)

    def __attrs_post_init__(self) -> None:
        first, bounds = self.roots[0], self.bounds
        if first.machines != ("kernel",) or bounds.scope is not Scope.TICK:
            raise NoTwin(
                f"no compiled search of {','.join(first.machines)} in the scope {bounds.scope}: leave out --fast"
            )
        self.found = Explored(bounds, first.machines, first.profile, bounds.said(first), len(self.roots))
        self._table = words(_tables(first, bounds))
        words_of_state = width(first.hosts, first.tenants, bounds.ticks, bounds.faults)
        self.known = Known(words_of_state, PARTS, PART * _most_moves(first, bounds, self._table), self.jobs)
        self._threads = [Thread(self._world(first), words([0] * at.SEARCHED)) for _ in range(self.jobs)]

    def _world(self, first: Config) -> Words:
        ticks = self.bounds.ticks
        size = at.X_TENANT + first.tenants * (at.TENANT + ticks * at.SIZE_EVIDENCE)
        world = words([0] * (2 * size))
        world[at.X_COPY], world[at.X_WIDTH] = size, self.known.width
        world[at.X_TENANTS], world[at.X_TICKS], world[at.X_HOSTS] = first.tenants, ticks, first.hosts
        world[at.X_AUDITED] = at.X_TENANT + first.tenants * at.TENANT
        world[at.X_BYZANTINE] = first.profile == "byzantine"
        return world

    def levels(self) -> Iterator[int]:
        """Search one level at a time; yields the states known after it. Raises MemoryError where there is no more."""
        known, done = self.known, 0
        with ThreadPoolExecutor(self.jobs) as pool:
            self._begin(pool)
            while done < known.count:
                end = known.count
                self.found.levels.append(end - done)
                while done < end:
                    last = min(done + PART * PARTS, end)
                    self._expand(pool, done, last)
                    done = last
                    if known.count > self.limit:
                        self.stop()
                        return
                yield known.count
        self.stop()
        self.found.complete = True

    def _begin(self, pool: ThreadPoolExecutor) -> None:
        w, row = self._threads[0].world, 0
        met = self.known.room()
        for root, config in enumerate(self.roots):
            w[at.X_CLOCK : at.X_CLOCK + config.hosts] = words(initial(config).clocks)
            w[at.X_FAULTS], w[at.X_STEPS] = self.bounds.faults, self.bounds.steps
            w[at.X_OPERATORS] = self.bounds.operators
            for index, begins in enumerate(config.initial):
                base = at.X_TENANT + index * at.TENANT
                w[base : base + at.TENANT] = words([0] * at.TENANT)
                w[base + at.T_ORDER : base + at.T_ORDER + at.RUNS] = words(range(at.RUNS))
                w[base + at.T_EVIDENCE] = EVIDENCE.index(begins.evidence)
                w[base + at.T_LEDGER] = LEDGER.index(begins.ledger)
                w[base + at.T_PUBLICATION] = PUBLICATION.index(begins.publication)
                w[base + at.T_IDENTITY] = begins.identity == "none"
            row = int(meet_beginning(w, self._table, met, row, root))
        self.known.sift(pool, [row])

    def _expand(self, pool: ThreadPoolExecutor, first: int, last: int) -> None:
        """Expand a block of states, and number what it leads to."""
        threads: SimpleQueue[Thread] = SimpleQueue()
        for thread in self._threads:
            threads.put(thread)

        def expanded(part: int) -> int:
            begin, mine = first + part * PART, threads.get()
            end, row = min(begin + PART, last), part * known.part
            stop = expand_states(mine.world, self._table, mine.counts, known.states, begin, end, known.met, row)
            threads.put(mine)
            return int(stop)

        known = self.known
        stops = list(pool.map(expanded, range(-(-(last - first) // PART))))
        if any(thread.world[at.X_ERROR] for thread in self._threads):
            raise NoTwin("a state has no room in the compiled search: leave out --fast, or take less of all")
        known.sift(pool, stops)

    def stop(self) -> None:
        """Count what is known; the search need not be over. Raises Unconfirmed where the world finds no violation."""
        found = self.found
        out = [sum(map(int, counted)) for counted in zip(*(thread.counts for thread in self._threads), strict=True)]
        found.states, found.edges = self.known.count, out[at.O_EDGES]
        found.faults = _named(out, at.O_FIRED, FAULT_NAMES)
        found.outcomes = _named(out, at.O_OUTCOMES, {int(code): code.name for code in OutcomeCode})
        found.rows = {row for index, row in enumerate(ROW_NAMES) if out[at.O_ROWS + index]}
        phases = {code * 8 + index: (code.name, said) for code in ActionCode for index, said in enumerate(_SAID)}
        found.answers = {pair for place, pair in phases.items() if out[at.O_ANSWERS + place]}
        asked = {invariant.id for invariant in judges(self.bounds.scope)}
        for index, invariant in enumerate(INVARIANTS):
            if invariant.id not in asked or not out[at.O_PREMISES + index]:
                continue
            found.premises[invariant.id] = out[at.O_PREMISES + index]
            if out[at.O_BROKEN + index]:
                found.violations[invariant.id] = self._told(invariant, *self._first(index))

    def _first(self, index: int) -> tuple[int, int]:
        """The first state before a violation, and the move: a state's moves are those of one thread."""
        counts = [thread.counts for thread in self._threads if thread.counts[at.O_BROKEN + index]]
        return min((int(out[at.O_PARENT + index]), int(out[at.O_MOVE + index])) for out in counts)

    def _told(self, invariant: Invariant, state: int, move: int) -> Violation:
        """A violation, replayed by the world."""
        moves = []
        while move != BEGINNING:
            moves.append(move)
            way = int(self.known.ways[state])
            state, move = way >> WAY, way & BEGINNING
        config = self.roots[state]
        world, actions, facts = initial(config), [], list[Fact]()
        for code in reversed(moves):
            world, fact = apply(world, _label(code))
            facts = [fact]
            world = eager(world, fact, facts, self.bounds.scope)
            actions += [fact.action for fact in facts]
        for number, fact in enumerate(facts, 1):
            says = invariant.judge(fact)
            if says:
                whole = tuple(actions[: len(actions) - len(facts) + number])
                return Violation(invariant.id, says, Trace(config, whole, invariant.id))
        raise Unconfirmed(f"the twin says that {invariant.id} is violated by {actions[-1]}, and the world does not")


def _tables(first: Config, bounds: Bounds) -> list[int]:
    """The kernel's tables, with the clock's steps and the instants that a search within bounds may meet."""
    table = list(tables(Plan(first.machines, first.profile, first.tenants, bounds.ticks)))
    steps = sorted(CLOCK_STEPS.index(ms) for ms in bounds.clock)
    table[at.K_CLOCK : at.K_CLOCK + 1 + len(steps)] = [len(steps), *steps]
    clocks = set(initial(first).clocks)
    for _ in range(bounds.steps):
        clocks |= {clock + ms for clock in clocks for ms in bounds.clock}
    waits = table[at.K_TIER : at.K_TIER + 4]
    begun = table[at.K_INSTALLED : at.K_INSTALLED + len(EVIDENCE)]
    instants = sorted({*begun, *(clock + wait for clock in clocks for wait in waits)})
    if len(instants) >= at.INSTANTS:
        raise NoTwin(f"{bounds.steps} clock steps are too many for the compiled search: leave out --fast")
    for number, instant in enumerate([at.NONE, *instants]):
        table[at.K_INSTANT + number] = instant
        place = number_place(instant)
        while number and table[at.K_NUMBER + place]:
            place = (place + 1) % at.NUMBERS
        table[at.K_NUMBER + place] = number
    return table


def _most_moves(first: Config, bounds: Bounds, table: Words) -> int:
    """The most moves that one state may have."""
    answers = 3 + first.tenants + max(int(table[first]) for first in (at.K_READS, at.K_WRITES, at.K_GENERATES))
    tenant = first.hosts + bounds.ticks * answers + bounds.faults + (at.RECORDS - 1) * int(table[at.K_OUTSIDE]) + 2
    return first.tenants * tenant + first.hosts * len(bounds.clock)


def _label(code: int) -> Action:
    """The action that a move's code names."""
    n, arg, what, action, tenant = code & 31, code >> 5 & 127, code >> 12 & 31, code >> 17 & 31, code >> 22
    match action:
        case at.START:
            return Start(tenant, n, arg)
        case at.LAND:
            return Land(tenant, n, ActionCode(arg).name)
        case at.CRASH:
            return Crash(tenant, n)
        case at.CLOCK:
            return Clock(n, CLOCK_STEPS[arg])
        case at.OUTSIDE:
            whole = what in (AnswerCode.REPAIR, AnswerCode.FORGET)
            return Outside(tenant, None if whole else RECORDS[arg // 16], AnswerCode(what), arg % 16)
        case _:
            return Reply(ActionCode(action).name, tenant, n, AnswerCode(what), arg)


def _named(out: list[int], first: int, names: dict[int, str]) -> Counter[str]:
    return Counter({name: out[first + code] for code, name in names.items() if out[first + code]})
