"""The invariant of the few ticks and versions that a question is about: enough to prove, and decidable.

What a move and a broken conjunct name, who wrote those ledgers, and what those ticks read and hold: with the
invariant of these alone a question has no quantifiers. `unsat` of fewer premises is `unsat` of all.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

import z3

from evidence_sim.proof.invariant import Conjunct
from evidence_sim.proof.model import NIL, TICK, VERSION, Term, World


def instances(held: Mapping[Conjunct, Term], w: World, about: Iterable[Term]) -> list[Term]:
    """The conjuncts, as `held` in `w`, of all that `about` names and one step further."""
    named = _constants(about)
    versions = [x for x in named if x.sort() == VERSION]
    versions = [*versions, *(x for x in (NIL, w.ledger) if not _in(x, versions))]
    ticks = [*(x for x in named if x.sort() == TICK), *(w.by(v) for v in versions)]
    versions += [of(t) for t in ticks for of in (w.read, w.claimed)]
    return [formula for conjunct, body in held.items() for formula in _all(conjunct.of, body, ticks, versions)]


def _all(variables: tuple[Term, ...], body: Term, ticks: Sequence[Term], versions: Sequence[Term]) -> Iterable[Term]:
    choices = [versions if variable.sort() == VERSION else ticks for variable in variables]
    for chosen in product(*choices):
        yield z3.substitute(body, *zip(variables, chosen, strict=True)) if variables else body


def _in(x: Term, among: Iterable[Term]) -> bool:
    return any(x.eq(other) for other in among)


def _constants(about: Iterable[Term]) -> list[Term]:
    """The ticks and versions that stand in formulas, in the order of their names."""
    found, met, waiting = {}, set(), list(about)
    while waiting:
        x = waiting.pop()
        if x.get_id() not in met:
            met.add(x.get_id())
            waiting += x.children()
            if z3.is_const(x) and x.sort() in (TICK, VERSION):
                found[x.decl().name()] = x
    return [found[name] for name in sorted(found)]
