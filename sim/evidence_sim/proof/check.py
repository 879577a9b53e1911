"""The obligations: the invariant holds at the beginning and survives every move; and none of it is vacuous."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from time import perf_counter

import z3
from attrs import field, frozen

from evidence_sim.machine import Machine
from evidence_sim.machines import KERNEL
from evidence_sim.proof.ground import instances
from evidence_sim.proof.invariant import INVARIANT, Conjunct, begins
from evidence_sim.proof.model import Term, World, world
from evidence_sim.proof.moves import Move, Stores, landings, moves, puts, steps
from evidence_sim.proof.rows import Row, rows

PATIENCE = 20_000  # ms of one question to the solver; who takes longer has not answered


@frozen
class Checked:
    """One obligation. `broken`: the conjuncts that do not survive it; `undecided`: where the solver gave up.

    `possible`: some world in which the invariant holds allows the move at all.
    """

    name: str
    seconds: float
    possible: bool
    broken: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()

    @property
    def proved(self) -> bool:
        """Whether every conjunct survives it."""
        return not (self.broken or self.undecided)


def obligations(machine: Machine = KERNEL, stores: Stores | None = None) -> Iterator[Checked]:
    """Init, then every move of that machine over those stores, one after another as they are decided."""
    return Proof(rows(machine), stores or Stores()).obligations()


@frozen
class Proof:
    """An invariant of one world, and the moves of a machine's rows from it.

    `held`: each conjunct before a move, of its own variables; `always`: of all ticks and versions.
    """

    rows: tuple[Row, ...]
    stores: Stores = field(factory=Stores)
    before: World = field(factory=world)
    invariant: tuple[Conjunct, ...] = INVARIANT
    held: Mapping[Conjunct, Term] = field(init=False)
    always: Sequence[Term] = field(init=False)

    @held.default
    def _held(self) -> Mapping[Conjunct, Term]:
        return {conjunct: conjunct.held(self.before) for conjunct in self.invariant}

    @always.default
    def _always(self) -> Sequence[Term]:
        return [conjunct.always(self.before) for conjunct in self.invariant]

    def obligations(self) -> Iterator[Checked]:
        """Init, then the moves."""
        yield self._begun()
        yield from self.survived()

    def survived(self) -> Iterator[Checked]:
        """The moves, without Init."""
        for move in moves(self.before, self.rows, self.stores):
            began, verdicts = perf_counter(), dict(self._verdicts(move))
            yield _checked(move.name, began, verdicts, _asked(*self.always, move.when) == z3.sat)

    def refuted(self, others: Sequence[Row]) -> str | None:
        """The first move of other rows, with the first conjunct that it breaks, or that stays undecided."""
        late = [put for put in puts(others) if put not in puts(self.rows)]
        for move in chain(steps(self.before, others, self.stores), landings(self.before, late, self.stores)):
            for conjunct, verdict in self._verdicts(move):
                if verdict != z3.unsat:
                    return f"{move.name} breaks {conjunct.name}" + (" (undecided)" if verdict == z3.unknown else "")
        return None

    def _begun(self) -> Checked:
        began, given = perf_counter(), begins(self.before)
        verdicts = {conjunct: _asked(given, z3.Not(now)) for conjunct, now in self.held.items()}
        return _checked("Init", began, verdicts, _asked(given) == z3.sat)

    def _verdicts(self, move: Move) -> Iterator[tuple[Conjunct, Term]]:
        """First without quantifiers; what that leaves open is asked again with all that is known."""
        after = {conjunct: _term(conjunct.held(move.after)) for conjunct in self.invariant}
        broken = {conjunct: z3.Not(now) for conjunct, now in after.items() if not now.eq(self.held[conjunct])}
        known = instances(self.held, self.before, [move.when, *broken.values()])
        if _asked(*known, move.when, z3.Or(*broken.values()), logic="QF_UFLIA") != z3.unsat:
            yield from ((conjunct, _asked(*self.always, move.when, breaks)) for conjunct, breaks in broken.items())


def _term(x: Term) -> Term:
    return x if z3.is_expr(x) else z3.BoolVal(x)


def _asked(*given: Term, logic: str | None = None) -> Term:
    """Whether there is a world in which all of it holds: sat, unsat or unknown."""
    solver = z3.Solver() if logic is None else z3.SolverFor(logic)
    solver.set("timeout", PATIENCE)
    solver.add(*given)
    return solver.check()


def _checked(name: str, began: float, verdicts: dict[Conjunct, Term], possible: bool) -> Checked:
    broken = tuple(conjunct.name for conjunct, verdict in verdicts.items() if verdict == z3.sat)
    undecided = tuple(conjunct.name for conjunct, verdict in verdicts.items() if verdict == z3.unknown)
    return Checked(name, perf_counter() - began, possible, broken, undecided)
