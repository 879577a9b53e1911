"""Non-interference: what a tenant's ticks do is byte for byte the same alone and in a fleet (S10)."""

from typing import Any

from evidence_sim.facts import Fact
from evidence_sim.sample import Plan, sample


def projection(facts: list[Fact], tenant: int) -> list[tuple[Any, ...]]:
    """All that one tenant's actions did, were told and said."""
    return [
        (str(f.action), f.at, f.effect, f.answer, f.asks, f.log, f.result, f.broken, f.fault)
        for f in facts
        if f.tenant == tenant
    ]


def interference(plan: Plan, seed: int) -> str | None:
    """Where a tenant alone and in the fleet part for the first time, as a sentence; None where never."""
    fleet = list(sample(plan, seed))
    for tenant in range(plan.tenants):
        together = projection(fleet, tenant)
        alone = projection(list(sample(plan, seed, alone=tenant)), tenant)
        for number, (one, other) in enumerate(zip(alone, together, strict=False), 1):
            if one != other:
                return f"action {number} of tenant {tenant}: alone {one[0]} {one[3]}, in the fleet {other[3]}"
        if len(alone) != len(together):
            return f"tenant {tenant} makes {len(alone)} moves alone and {len(together)} in the fleet"
    return None
