"""What a campaign found, invariant by invariant, with the shrunk trace of each violation."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from evidence_sim.campaign import Seeds
from evidence_sim.digest import folded
from evidence_sim.faults import PROFILES
from evidence_sim.goals import goals, missed
from evidence_sim.invariants import INVARIANTS, Invariant
from evidence_sim.sample import Plan, sample
from evidence_sim.shrink import shrink
from evidence_sim.tally import ROWS, Tally, Violation
from evidence_sim.trace import Trace

MOOT = "moot: nothing can fail that would put it to the test"
FORMAT = "evidence-run/1"


@frozen
class Run:
    """One campaign, over."""

    plan: Plan
    seeds: Seeds
    tally: Tally
    seconds: float = 0.0
    store: str = "memory"

    @property
    def machine(self) -> str:
        """The machines, as the command line spells them."""
        return ",".join(self.plan.machines)

    @property
    def is_kernel(self) -> bool:
        """Whether the kernel is judged, and the profile's contract with it."""
        return "kernel" in self.plan.machines

    @property
    def digest(self) -> str:
        """The fold of the seeds' digests, in hexadecimal."""
        return f"{folded(self.tally.digests, self.tally.digest):016x}"

    def promised(self, invariant: Invariant) -> bool:
        """Whether a violation breaks a promise: the profile's of the kernel, or anything of a specimen."""
        return not self.is_kernel or invariant.id in PROFILES[self.plan.profile].promised

    def is_moot(self, invariant: Invariant) -> bool:
        """Whether nothing can fail under the profile that would put the invariant to the test."""
        return invariant.id in PROFILES[self.plan.profile].moot

    def verdict(self, invariant: Invariant) -> str:
        """holds, violated, not-promised, or vacuous where its premise never held."""
        if not self.promised(invariant):
            return "not-promised"
        if invariant.id in self.tally.violations:
            return "violated"
        return "holds" if self.tally.premises[invariant.id] else "vacuous"

    def broken(self) -> list[Invariant]:
        """The invariants that are violated though they were promised."""
        return [invariant for invariant in INVARIANTS if self.verdict(invariant) == "violated"]

    def vacuous(self) -> list[Invariant]:
        """The promised invariants whose premise never held."""
        return [i for i in INVARIANTS if self.promised(i) and not self.is_moot(i) and not self.tally.premises[i.id]]

    def missed(self) -> list[str]:
        """The goals that were not reached."""
        return missed("kernel" if self.is_kernel else self.machine, self.plan.profile, self.tally)

    def violated(self) -> Iterator[tuple[Invariant, Violation]]:
        """Each violated invariant with its first violation, promised or not."""
        for invariant in INVARIANTS:
            if invariant.id in self.tally.violations:
                yield invariant, self.tally.violations[invariant.id]


def shrunk(plan: Plan, invariant: str, violation: Violation) -> Trace:
    """The smallest trace found of a violation."""
    actions, config = [], None
    for fact in sample(plan, violation.seed):
        config = fact.before.config
        actions.append(fact.action)
        if len(actions) == violation.actions:
            break
    assert config is not None
    return shrink(Trace(config, tuple(actions), invariant))


def described(run: Run, traces: Mapping[str, Trace]) -> dict[str, Any]:
    """The run as evidence-run/1; `traces` by invariant, where they were shrunk."""
    tally, count = run.tally, run.seeds.count
    reachable = goals("kernel" if run.is_kernel else run.machine, run.plan.profile)
    return {
        "format": FORMAT,
        "machine": run.machine,
        "profile": run.plan.profile,
        "store": run.store,
        "seeds": [run.seeds.first, count],
        "ticks": run.plan.ticks,
        "tenants": run.plan.tenants,
        "actions": tally.actions,
        "seconds": round(run.seconds, 3),
        "digest": run.digest,
        "verdicts": [_verdict(run, invariant, traces.get(invariant.id)) for invariant in INVARIANTS],
        "coverage": {
            "faults": {name: [tally.fired[name], tally.survived[name]] for name in sorted(tally.fired)},
            "met": {name: tally.met[name] for name in sorted(tally.met)},
            "outcomes": {name: tally.outcomes[name] for name in sorted(tally.outcomes)},
            "rows": {"hit": len(tally.rows), "total": ROWS},
            "goals": {"reached": len(reachable) - len(run.missed()), "missed": run.missed()},
        },
    }


def _verdict(run: Run, invariant: Invariant, trace: Trace | None) -> dict[str, Any]:
    first = run.tally.violations.get(invariant.id)
    return {
        "invariant": invariant.id,
        "name": invariant.name,
        "verdict": run.verdict(invariant),
        "strength": f"SAMPLED({run.seeds.count})",
        "premise": run.tally.premises[invariant.id],
        "seed": None if first is None else first.seed,
        "trace": None if trace is None else [str(action) for action in trace.actions],
    }
