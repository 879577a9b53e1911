"""A search by the twin, told as the reference's: its counts, and each violation replayed by the world."""

from collections import Counter
from collections.abc import Iterator, Sequence

from attrs import define, field

from evidence_sim.campaign import NoTwin, Unconfirmed
from evidence_sim.codes import ActionCode, AnswerCode, OutcomeCode
from evidence_sim.config import CLOCK_STEPS, EVIDENCE, LEDGER, PUBLICATION, Config
from evidence_sim.explore.bounds import Bounds, Scope, eager
from evidence_sim.explore.search import Explored, Violation, judges
from evidence_sim.facts import Fact
from evidence_sim.fast import layout as at
from evidence_sim.fast.campaign import FAULT_NAMES, ROW_NAMES, tables
from evidence_sim.fast.compiled import Words, more, words
from evidence_sim.fast.search import BEGINNING, WAY, begin_search, rehash, search
from evidence_sim.invariants import INVARIANTS, Invariant
from evidence_sim.labels import RECORDS, Action, Clock, Crash, Land, Outside, Reply, Start
from evidence_sim.sample import Plan
from evidence_sim.trace import Trace
from evidence_sim.world import apply, initial

_SAID = ("Found", "Absent", "Failed", "Applied", "Conflict", "Unknown", "Report", "GeneratorError")
_MOST_MOVES = 256  # of one state
ROOM = 1 << 12  # states at first


@define
class FastSearch:
    """As `explore.search.Search`, for the kernel in the scope TICK."""

    roots: Sequence[Config]
    bounds: Bounds
    limit: int = 5_000_000
    found: Explored = field(init=False)
    _table: Words = field(init=False)
    _world: Words = field(init=False)
    _counts: Words = field(init=False)
    _width: int = 0
    _room: int = field(init=False)
    _states: Words = field(init=False)
    _ways: Words = field(init=False)
    _places: Words = field(init=False)
    _begun: list[Config] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        first, bounds, self._room = self.roots[0], self.bounds, ROOM
        if first.machines != ("kernel",) or bounds.scope is not Scope.TICK:
            raise NoTwin(
                f"no compiled search of {','.join(first.machines)} in the scope {bounds.scope}: leave out --fast"
            )
        said = bounds.said(first)
        self.found = Explored(bounds, first.machines, first.profile, said, len(self.roots))
        table = list(tables(Plan(first.machines, first.profile, first.tenants, bounds.ticks)))
        steps = sorted(CLOCK_STEPS.index(ms) for ms in bounds.clock)
        table[at.K_CLOCK : at.K_CLOCK + 1 + len(steps)] = [len(steps), *steps]
        size = at.X_TENANT + first.tenants * (at.TENANT + bounds.ticks * at.SIZE_EVIDENCE)
        world = [0] * (2 * size)
        world[at.X_COPY] = size
        world[at.X_TENANTS], world[at.X_TICKS], world[at.X_HOSTS] = first.tenants, bounds.ticks, first.hosts
        world[at.X_AUDITED] = at.X_TENANT + first.tenants * at.TENANT
        world[at.X_BYZANTINE] = first.profile == "byzantine"
        self._table, self._world, self._counts = words(table), words(world), words([0] * at.SEARCHED)
        self._width = min(3 + first.tenants * (3 + 4 * bounds.ticks) + bounds.faults, at.KEY)
        self._states = words([0] * (self._room * (self._width + 1)))
        self._ways, self._places = words([0] * self._room), words([0] * (2 * self._room))

    def levels(self) -> Iterator[int]:
        """Search one level at a time; yields the states known after it. Raises MemoryError where there is no more."""
        self._begin()
        done = 0
        while done < self.known:
            end = self.known
            self.found.levels.append(end - done)
            while int(self._counts[at.O_NEXT]) < end:
                self._grow()
                search(
                    self._world,
                    self._table,
                    self._counts,
                    self._states,
                    self._places,
                    len(self._places) - 1,
                    self._width,
                    self._ways,
                    end,
                    self._room - _MOST_MOVES,
                )
                if self._world[at.X_ERROR]:
                    raise NoTwin("a state has no room in the compiled search: leave out --fast, or take less of all")
                if self.known > self.limit:
                    self.stop()
                    return
            done = end
            yield self.known
        self.stop()
        self.found.complete = True

    @property
    def known(self) -> int:
        """The states that were found."""
        return int(self._counts[at.O_STATES])

    def _begin(self) -> None:
        w = self._world
        for config in self.roots:
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
            known, mask = self.known, len(self._places) - 1
            begin_search(
                w,
                self._table,
                self._counts,
                self._states,
                self._places,
                mask,
                self._width,
                self._ways,
                len(self._begun),
            )
            if self.known > known:
                self._begun.append(config)

    def _grow(self) -> None:
        """Room for the moves of one state more, in a table that is at most half full. Raises MemoryError."""
        if self.known < self._room - _MOST_MOVES:
            return
        self._room *= 2
        self._states = more(self._states, self._room * (self._width + 1))
        self._ways = more(self._ways, self._room)
        self._places = words([0] * (2 * self._room))
        rehash(self._states, self._places, len(self._places) - 1, self._width, self.known, self._world)

    def stop(self) -> None:
        """Count what is known; the search need not be over. Raises Unconfirmed where the world finds no violation."""
        found, out = self.found, [int(n) for n in self._counts]
        found.states, found.edges = out[at.O_STATES], out[at.O_EDGES]
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
                found.violations[invariant.id] = self._told(invariant, out[at.O_PARENT + index], out[at.O_MOVE + index])

    def _told(self, invariant: Invariant, state: int, move: int) -> Violation:
        """A violation, replayed by the world."""
        moves = []
        while move != BEGINNING:
            moves.append(move)
            way = int(self._ways[state])
            state, move = way >> WAY, way & BEGINNING
        config = self._begun[state]
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
