"""Every single-row mutant of the two tables, and what notices it.

A mutant is the kernel with one row changed: another evidence state, another target, another outcome, a
refusal, a warning or an audit line left out. Each is searched within the bounds of SEARCHES. The graph
notices it where one move of one world leads elsewhere or says something else than the kernel's; an
invariant where it is violated. A mutant whose graph is the kernel's is equivalent within these bounds.
"""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, cast

from attrs import define, evolve, field, frozen

from evidence_kernel import EVIDENCE, EvidenceState, Outcome, Phase, Reason
from evidence_kernel.tables import ROUTES
from evidence_sim.config import Config, Initial
from evidence_sim.explore.bounds import Bounds, Move, Scope
from evidence_sim.explore.canonical import Key, canonical
from evidence_sim.explore.search import Explored, Search
from evidence_sim.facts import Fact
from evidence_sim.faults import PROFILES
from evidence_sim.invariants import INVARIANTS

_VALID = Initial("valid-24h")
_FIRST = (
    *(Initial(evidence) for evidence in ("absent", "valid-24h", "invalid", "future")),
    evolve(_VALID, ledger="malformed"),
    evolve(_VALID, publication="AUTO_24H"),
)
# What mutants are searched in: (profile, bounds, beginnings).
SEARCHES: tuple[tuple[str, Bounds, tuple[Initial, ...]], ...] = (
    ("cloud-kv", Bounds(2, 1, 0), _FIRST),
    ("cloud-kv", Bounds(1, 2, 0), (Initial("absent"), Initial("valid-12h"))),
    ("cloud-kv", Bounds(2, 1, 0, scope=Scope.STATUS), (Initial("absent"), _VALID)),
    ("crash-stop", Bounds(2, 0, 1), (Initial("valid-12h"),)),
    ("lying-disk", Bounds(1, 1, 0), (Initial("absent"), _VALID)),
)
_ROOM = 2  # a search is stopped at so many states for each of the kernel's moves: it differs long before

Edge = tuple[Any, ...]


@frozen
class Mutant:
    """One row changed. `name` says where and into what; `table` EVIDENCE or ROUTES."""

    name: str
    table: str
    at: tuple[Any, Any]
    into: Any


@frozen
class Kill:
    """What noticed a mutant: the fault on the shortest way to the difference, and the invariants it violates."""

    name: str
    graph: bool
    invariants: tuple[str, ...]
    faults: tuple[str, ...] = field(default=())


def mutants() -> list[Mutant]:
    """All of them, in the order of the tables."""
    return [*_of_evidence(), *_of_routes()]


def _of_evidence() -> Iterator[Mutant]:
    for at, after in EVIDENCE.items():
        before, seen = (str(part) for part in at)
        for other in (*EvidenceState, None):
            if other != after:
                yield Mutant(f"EVIDENCE {before},{seen} -> {other}", "EVIDENCE", at, other)


def _of_routes() -> Iterator[Mutant]:
    for phase, rows in ROUTES.items():
        for finding, row in rows.items():
            name, at = f"{phase.value} {finding}", (phase, finding)
            for to in Phase:
                if to is not row.to:
                    yield Mutant(f"{name} -> {to.value}", "ROUTES", at, evolve(row, to=to))
            for outcome in Outcome if row.outcome is not None else ():
                if outcome is not row.outcome:
                    yield Mutant(f"{name} outcome {outcome.value}", "ROUTES", at, evolve(row, outcome=outcome))
            if row.refuses is not None:
                yield Mutant(f"{name} does not refuse", "ROUTES", at, evolve(row, refuses=None))
            if row.warns is not None:
                yield Mutant(f"{name} does not warn", "ROUTES", at, evolve(row, warns=None))
            yield Mutant(f"{name} audits: {not row.audits}", "ROUTES", at, evolve(row, audits=not row.audits))
            if row.outcome is None:
                decided = evolve(row, outcome=Outcome.NOT_DUE, reason=Reason.NOTHING_DUE)
                yield Mutant(f"{name} decides NOT_DUE", "ROUTES", at, decided)


def tables_hash() -> str:
    """Of everything that the two tables decide, in hexadecimal: another hash, other mutants."""
    lines = [f"{before} {seen} {after}" for (before, seen), after in EVIDENCE.items()]
    for phase, rows in ROUTES.items():
        for finding, row in rows.items():
            decides = (row.to, row.outcome, row.reason, row.refuses, row.warns, row.audits)
            lines.append(f"{phase} {finding} {decides}")
    return sha256("\n".join(lines).encode()).hexdigest()


@contextmanager
def mutated(mutant: Mutant) -> Iterator[None]:
    """The kernel of this process with that row changed."""
    table: Mapping[Any, Any] = EVIDENCE if mutant.table == "EVIDENCE" else ROUTES[mutant.at[0]]
    rows = cast(MutableMapping[Any, Any], table)
    key = mutant.at if mutant.table == "EVIDENCE" else mutant.at[1]
    kept = rows[key]
    rows[key] = mutant.into
    try:
        yield
    finally:
        rows[key] = kept


@define
class Stream:
    """A search as the list of its moves, in order: of one numbering of states, so equal lists are equal graphs.

    With `model`, the list of another, the first difference is kept as `differs`: the faults on the way to it.
    """

    model: "Stream | None" = None
    moves: list[Edge] = field(factory=list)
    differs: tuple[str, ...] | None = None
    _faults: list[frozenset[str]] = field(factory=list)

    def begin(self, roots: int) -> None:
        """So many states have no way that leads to them."""
        self._faults = [frozenset()] * roots

    def take(self, before: int, move: Move, after: int) -> None:
        """One move."""
        met = self._faults[before] | {fact.fault for fact in move.facts if fact.fault is not None}
        if after == len(self._faults):
            self._faults.append(met)
        edge = (before, str(move.action), after, *(_says(fact) for fact in move.facts))
        at = len(self.moves)
        self.moves.append(edge)
        if self.model is not None and self.differs is None:
            if at >= len(self.model.moves) or self.model.moves[at] != edge:
                self.differs = tuple(sorted(met))


def searched(number: int, model: Stream | None = None) -> tuple[Stream, Explored]:
    """One of SEARCHES, run on the kernel as it is now."""
    profile, bounds, begins = SEARCHES[number]
    roots = [Config(profile=profile, initial=(initial,)) for initial in begins]
    stream = Stream(model)
    stream.begin(len(roots))
    limit = 10**9 if model is None else _ROOM * len(model.moves)
    search = Search(roots, bounds, canonical, stream.take, limit)
    for _ in search.levels():
        pass
    if model is not None and stream.differs is None and len(stream.moves) < len(model.moves):
        stream.differs = ()
    return stream, search.found


def kill(mutant: Mutant, models: Sequence[Stream]) -> Kill:
    """Search a mutant; `models` are the kernel's own searches."""
    violated: set[str] = set()
    ways: list[tuple[str, ...]] = []
    with mutated(mutant):
        for number, model in enumerate(models):
            stream, found = searched(number, model)
            violated |= set(found.violations) & PROFILES[found.profile].promised
            if stream.differs is not None:
                ways.append(stream.differs)
    names = tuple(invariant.id for invariant in INVARIANTS if invariant.id in violated)
    return Kill(mutant.name, bool(ways), names, min(ways, key=lambda way: (len(way), way), default=()))


def models() -> list[Stream]:
    """The kernel's own searches. Raises AssertionError where the kernel breaks a promise in one of them."""
    streams = []
    for number, (profile, _, _) in enumerate(SEARCHES):
        stream, found = searched(number)
        assert not set(found.violations) & PROFILES[profile].promised, found.violations
        streams.append(stream)
    return streams


def _says(fact: Fact) -> Key:
    """What a move says to the outside: its log lines and its result."""
    lines = tuple(line.text for line in fact.log)
    return (lines, fact.outcome, str(getattr(fact.result, "reason", "")), str(getattr(fact.result, "evidence", "")))
