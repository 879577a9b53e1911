"""What is promised, how strongly, and what breaks what is not: profiles x invariants, from searches.

Each profile is searched within bounds that the page names. A promised cell has the strongest verdict that
was reached, one that is not promised its shortest counterexample. Where no search within reach finds one,
a trace by hand stands for it, 1-minimal: no single action of it can be left out.
"""

from collections.abc import Mapping
from pathlib import Path

from attrs import evolve, frozen

from evidence_sim.config import Config, Initial
from evidence_sim.contract_far import Far
from evidence_sim.explore.bounds import Bounds, Scope
from evidence_sim.explore.liveness import Followed, follow
from evidence_sim.explore.search import Explored, Search, beginnings, identity
from evidence_sim.faults import PROFILES
from evidence_sim.invariants import INVARIANTS, Invariant
from evidence_sim.labels import parse
from evidence_sim.shrink import shrink
from evidence_sim.trace import Trace

_STATUS = Scope.STATUS
_LARGE = Bounds(2, 1, 1)


@frozen
class Row:
    """One row of the contract: machines under a profile, and the searches that decide its cells."""

    machines: tuple[str, ...]
    profile: str
    searches: tuple[tuple[int, Bounds], ...]  # tenants, bounds

    @property
    def name(self) -> str:
        """The profile, with the machines beside the kernel."""
        beside = [machine for machine in self.machines if machine != "kernel"]
        return f"{self.profile} with {', '.join(beside)}" if beside else self.profile


_ALL = Bounds(2, 1, 0, scope=Scope.ALL)
_USUAL = ((1, _LARGE), (1, _ALL), (2, Bounds(1, 1, 0)))
ROWS = (
    Row(("kernel",), "crash-stop", (*_USUAL, (1, Bounds(2, 2, 1)), (1, Bounds(2, 1, 0, operators=2)))),
    Row(("kernel",), "cloud-kv", (*_USUAL, (1, Bounds(2, 2, 0)), (1, Bounds(2, 1, 0, operators=2)))),
    Row(("kernel",), "lying-disk", (*_USUAL, (1, Bounds(2, 2, 0)))),
    Row(("kernel", "v2.20"), "rollout", ((1, _ALL),)),
    Row(("kernel", "v2.19"), "rollout", ((1, _ALL),)),
    Row(
        ("kernel",),
        "byzantine",
        (
            (1, Bounds(2, 1, 0)),
            (1, Bounds(1, 2, 0)),
            (1, Bounds(2, 1, 0, scope=_STATUS)),
            (2, Bounds(1, 1, 0)),
            (2, Bounds(1, 1, 0, scope=_STATUS)),
            (2, Bounds(1, 2, 0)),
        ),
    ),
)


def _tick(tenant: str, n: int, ledger: str = "ok") -> list[str]:
    answers = {"StatusRead": "failed", "LedgerRead": ledger}
    phases = ("StatusRead", "EvidenceRead", "TimestampRead", "LedgerRead", "DoneRead", "Claim")
    return [f"Start({tenant},{n},h0)", *(f"{phase}({tenant},{n}):{answers.get(phase, 'ok')}" for phase in phases)]


def _by_hand(violates: str, evidence: str, actions: list[str]) -> Trace:
    config = Config(2, profile="byzantine", initial=(Initial(evidence),) * 2)
    return Trace(config, tuple(parse(action) for action in actions), violates)


# b's ledger is read in a's place: its version is that of a's, its backoff is over.
_S8 = _by_hand("S8", "valid-24h", [*_tick("b", 1), "Clock(h0,+7200000)", *_tick("a", 1), *_tick("a", 2, "elsewhere:b")])
# What a reads is there because b's tick put it: alone, a's part of the trace cannot happen.
_S10 = _by_hand(
    "S10",
    "absent",
    [
        *("Start(b,1,h0)", "StatusRead(b,1):failed", "EvidenceRead(b,1):ok", "EvidencePut(b,1):ok"),
        *("Start(a,1,h0)", "StatusRead(a,1):failed", "EvidenceRead(a,1):elsewhere:b"),
    ],
)
# The searches whose worlds are followed for ever, and how many ticks overlap then.
BEFORE = _LARGE
OVERLAP = 2

# What `evidence-sim prove` proves; what holds under cloud-kv holds under crash-stop, whose moves are a part of its.
PROVED: Mapping[str, frozenset[str]] = dict.fromkeys(
    ("crash-stop", "cloud-kv"), frozenset({"S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S17"})
)

BY_HAND: Mapping[tuple[str, str], Trace] = {("byzantine", "S8"): _S8, ("byzantine", "S10"): _S10}


@frozen
class Cell:
    """One cell: `strength` where it is promised, else `trace`; `shortest` unless the trace is by hand."""

    invariant: Invariant
    promised: bool
    strength: str
    premise: int
    trace: Trace | None = None
    shortest: bool = True


@frozen
class Decided:
    """A row with what its searches found; `far`: the large ones, by the compiled twin."""

    row: Row
    found: tuple[Explored, ...]
    far: tuple[Explored, ...]
    cells: tuple[Cell, ...]

    def wrong(self) -> list[str]:
        """Promises that are broken or vacuous, and cells that are not promised and not broken either."""
        wrong = []
        for cell in self.cells:
            name = f"{self.row.name}, {cell.invariant.id} {cell.invariant.name}"
            moot = cell.invariant.id in PROFILES[self.row.profile].moot
            if cell.promised and cell.trace is not None:
                wrong.append(f"{name}: promised and violated")
            elif cell.promised and not cell.premise and not moot:
                wrong.append(f"{name}: promised, and its premise never held")
            elif not cell.promised and cell.trace is None:
                wrong.append(f"{name}: neither promised nor violated")
        return wrong


def decide(row: Row, far: Far) -> Decided:
    """Run the searches of a row, beside the large ones that were run."""
    found = []
    for tenants, bounds in row.searches:
        config = Config(tenants, len(row.machines), row.machines, row.profile)
        search = Search(beginnings(config), bounds, identity(config))
        for _ in search.levels():
            pass
        found.append(search.found)
    large = far.get(row.profile, ())
    cells = tuple(_cell(row, invariant, [*found, *large]) for invariant in INVARIANTS)
    return Decided(row, tuple(found), large, cells)


def futures(profile: str) -> Followed:
    """Liveness, decided for a profile that promises it."""
    return follow(Config(profile=profile), BEFORE, OVERLAP, lambda _: None)


def _cell(row: Row, invariant: Invariant, found: list[Explored]) -> Cell:
    promised = invariant.id in PROFILES[row.profile].promised
    premise = sum(explored.premises[invariant.id] for explored in found)
    traces = [explored.violations[invariant.id].trace for explored in found if invariant.id in explored.violations]
    by_hand = BY_HAND.get((row.profile, invariant.id))
    shortest = min(traces, key=lambda trace: len(trace.actions), default=by_hand)
    if shortest is not None and shortest is not _S10:  # which no judge judges
        shortest = shrink(shortest)
    proved = invariant.id in PROVED.get(row.profile, frozenset())
    strength = "PROVED" if proved else "EXHAUSTIVE" if premise else "moot"
    return Cell(invariant, promised, strength, premise, shortest, bool(traces))


def stored(row: Row, cell: Cell, folder: Path) -> Path:
    """Where the counterexample of a cell is kept."""
    return folder / "counterexamples" / f"{row.profile}-{cell.invariant.id}.json"


def alone(trace: Trace, tenant: int) -> Trace:
    """What is left of a trace where only one tenant moves; clocks stay."""
    kept = tuple(action for action in trace.actions if getattr(action, "tenant", tenant) == tenant)
    return evolve(trace, actions=kept)
