"""What a campaign counts: premises, violations, coverage, digests. Tallies of seeds add up in seed order."""

from collections import Counter
from copy import deepcopy

from attrs import define, field, frozen

from evidence_kernel.findings import FINDINGS
from evidence_kernel.tables import SCHEDULER
from evidence_sim.choice import fold
from evidence_sim.codes import SPELLING
from evidence_sim.digest import folded, word
from evidence_sim.facts import Fact
from evidence_sim.invariants import INVARIANTS
from evidence_sim.labels import Clock, Crash, Land, Outside, Reply

ROWS = len(SCHEDULER)
CUT = "crash"  # what an effect met that nobody heard the answer of


@frozen
class Violation:
    """The first violation of an invariant by a seed: the number of actions up to it, and the sentence."""

    seed: int
    actions: int
    says: str


@define
class Tally:
    """The count of one or more seeds.

    `violations` holds each invariant's first one, `violated` how many seeds had one; `digests` are those of
    the seeds that are not folded yet into `digest`, which is of the first `settled` seeds.
    `met` counts what each effect met, as PHASE ANSWER, or PHASE crash where nobody heard an answer: those of a phase
    together are the effects that a fault could have met.
    """

    actions: int = 0
    digests: list[int] = field(factory=list)
    digest: int = 0
    settled: int = 0
    premises: Counter[str] = field(factory=Counter)
    violations: dict[str, Violation] = field(factory=dict)
    violated: Counter[str] = field(factory=Counter)
    fired: Counter[str] = field(factory=Counter)
    survived: Counter[str] = field(factory=Counter)
    met: Counter[str] = field(factory=Counter)
    outcomes: Counter[str] = field(factory=Counter)
    rows: set[tuple[str, str]] = field(factory=set)
    verified: int = 0

    def add(self, other: "Tally") -> None:
        """Count the seeds of `other`, which come after these."""
        self.actions += other.actions
        self.digests += other.digests
        for mine, more in (
            (self.premises, other.premises),
            (self.fired, other.fired),
            (self.survived, other.survived),
            (self.met, other.met),
            (self.outcomes, other.outcomes),
            (self.violated, other.violated),
        ):
            mine.update(more)
        for invariant, violation in other.violations.items():
            self.violations.setdefault(invariant, violation)
        self.rows |= other.rows
        self.verified += other.verified

    def then(self, other: "Tally") -> "Tally":
        """This and `other`, whose seeds come after these, settled; this one stays as it is, whatever interrupts."""
        both = deepcopy(self)
        both.add(other)
        both.settle()
        return both

    @property
    def seeds(self) -> int:
        """How many seeds were counted."""
        return self.settled + len(self.digests)

    def settle(self) -> None:
        """Fold the digests: a tally of many seeds is no longer than one of few."""
        self.digest = folded(self.digests, self.digest)
        self.settled += len(self.digests)
        self.digests = []


class Counting:
    """Counts one seed, fact by fact."""

    def __init__(self, seed: int, tenants: int) -> None:
        self.seed = seed
        self.tally = Tally()
        self._digest = 0
        # Per tenant: each fault that a later tick has yet to survive, and the last ordinal that had started then.
        self._endured: list[dict[str, int]] = [{} for _ in range(tenants)]
        self._rows = Rows()

    def count(self, fact: Fact) -> None:
        """One action more."""
        tally = self.tally
        tally.actions += 1
        self._digest = fold(self._digest, word(fact.action, fact.phase_after, fact.outcome))
        for invariant in INVARIANTS:
            verdict = invariant.judge(fact)
            if verdict is None:
                continue
            tally.premises[invariant.id] += 1
            if verdict and invariant.id not in tally.violations:
                tally.violations[invariant.id] = Violation(self.seed, tally.actions, verdict)
                tally.violated[invariant.id] = 1
        if fact.fault is not None:
            self._fault(fact, fact.fault)
        if fact.judged:
            self._cover(fact)

    def done(self) -> Tally:
        """The tally of the seed."""
        self.tally.digests = [self._digest]
        return self.tally

    def _fault(self, fact: Fact, fault: str) -> None:
        self.tally.fired[fault] += 1
        for index in range(len(self._endured)) if fact.tenant is None else (fact.tenant,):
            self._endured[index].setdefault(fault, fact.after.tenants[index].started)

    def _cover(self, fact: Fact) -> None:
        if fact.result is not None and fact.tenant is not None:
            self.tally.outcomes[fact.outcome] += 1
            self.tally.verified += fact.result.did_backfill
            if fact.result.success and not isinstance(fact.action, Outside | Clock | Land | Crash):
                endured, n = self._endured[fact.tenant], fact.action.n
                survived = [fault for fault, last in endured.items() if last < n]
                self.tally.survived.update(survived)
                for fault in survived:
                    del endured[fault]
        match fact.action:
            case Reply(phase=phase, what=what):
                self.tally.met[f"{phase} {SPELLING[what]}"] += 1
            case Crash() if fact.run is not None:
                self.tally.met[f"{fact.run.phase} {CUT}"] += 1
        self._row(fact)

    def _row(self, fact: Fact) -> None:
        row = self._rows.of(fact)
        if row is not None:
            self.tally.rows.add(row)


class Rows:
    """Which row of SCHEDULER a step of the shipped kernel took; the kernel is asked once for each kind of step."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[str, str]] = {}

    def of(self, fact: Fact) -> tuple[str, str] | None:
        """The phase and the finding; None where no kernel took a step."""
        if fact.run is None or fact.answer is None or fact.broken is not None:
            return None
        run, after = fact.run, fact.run_after
        if fact.before.config.machines[run.machine] != "kernel":
            return None
        if after is None:
            ending, evidence = fact.result.reason, None
        else:
            ending, evidence = after.state.ending and after.state.ending.reason, after.state.evidence
        warned = tuple(line.text.rpartition("=")[2] for line in fact.log)
        kind = (run.phase, type(fact.answer), fact.phase_after, ending, evidence, warned)
        if kind not in self._known:
            finding, _ = FINDINGS[run.state.phase](run.state, fact.answer, fact.at)
            self._known[kind] = (run.phase, str(finding))
        return self._known[kind]
