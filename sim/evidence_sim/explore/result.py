"""What a search found, as a verdict for each invariant, and as JSON."""

from typing import Any

from attrs import frozen

from evidence_sim.explore.search import Explored, judges
from evidence_sim.faults import PROFILES
from evidence_sim.goals import faults, goals
from evidence_sim.invariants import Invariant
from evidence_sim.tally import ROWS

FORMAT = "evidence-explore/1"


@frozen
class Result:
    """A search that is over: what it found, in how many seconds and at which peak of memory in MiB."""

    found: Explored
    seconds: float
    memory: int

    @property
    def strength(self) -> str:
        """How much a verdict says: everything within the bounds, or what was met before the search stopped."""
        found = self.found
        return found.said if found.complete else f"PARTIAL({found.states} states, {found.said})"

    def promised(self, invariant: Invariant) -> bool:
        """Whether a violation breaks a promise: the profile's of the kernel, or anything of a specimen."""
        found = self.found
        return "kernel" not in found.machines or invariant.id in PROFILES[found.profile].promised

    def verdict(self, invariant: Invariant) -> str:
        """holds, violated, not-promised, or vacuous where its premise never held."""
        if not self.promised(invariant):
            return "not-promised"
        if invariant.id in self.found.violations:
            return "violated"
        return "holds" if self.found.premises[invariant.id] else "vacuous"

    def broken(self) -> bool:
        """Whether something that was promised is violated."""
        return any(self.verdict(invariant) == "violated" for invariant in judges(self.found.bounds.scope))

    def unreached(self) -> list[str]:
        """Outcomes and faults of the profile's goals that no move within the bounds has."""
        found = self.found
        machine = "kernel" if "kernel" in found.machines else found.machines[0]
        named = [f"outcome {outcome}" for outcome in found.outcomes] + [f"fired {fault}" for fault in found.faults]
        wanted = {f"fired {fault}" for fault in faults(PROFILES[found.profile])}
        wanted |= {goal for goal in goals(machine, found.profile) if goal.startswith("outcome ")}
        return sorted(wanted - set(named))

    def described(self) -> dict[str, Any]:
        """The search as JSON."""
        found = self.found
        return {
            "format": FORMAT,
            "machine": ",".join(found.machines),
            "profile": found.profile,
            "strength": self.strength,
            "complete": found.complete,
            "states": found.states,
            "edges": found.edges,
            "depth": found.depth,
            "levels": found.levels,
            "seconds": round(self.seconds, 3),
            "memory_mib": self.memory,
            "verdicts": [self._described(invariant) for invariant in judges(found.bounds.scope)],
            "coverage": {
                "answers": sorted(list(pair) for pair in found.answers),
                "outcomes": dict(sorted(found.outcomes.items())),
                "faults": dict(sorted(found.faults.items())),
                "rows": {"hit": len(found.rows), "total": ROWS},
                "unreached": self.unreached(),
            },
        }

    def _described(self, invariant: Invariant) -> dict[str, Any]:
        violation = self.found.violations.get(invariant.id)
        return {
            "invariant": invariant.id,
            "name": invariant.name,
            "verdict": self.verdict(invariant),
            "premise": self.found.premises[invariant.id],
            "says": None if violation is None else violation.says,
            "trace": None if violation is None else [str(action) for action in violation.trace.actions],
        }
