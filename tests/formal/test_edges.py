"""Long random runs take no step that the specification does not allow; a forged one is told."""

from functools import cache

from attrs import evolve

from evidence_sim.formal.edges import Step, refused, steps
from evidence_sim.formal.text import Record
from evidence_sim.sample import Plan, sample
from spec.check import modules

SPEC = modules()
SEEDS = 12


@cache
def met(profile: str) -> list[Step]:
    runs = (fact for seed in range(SEEDS) for fact in sample(Plan(profile=profile, tenants=2, ticks=12), seed))
    return list(steps(runs, profile))


def test_random_runs_keep_to_the_specification() -> None:
    """With hosts whose clocks differ, up to three ticks at once, and operators between."""
    found = met("cloud-kv")
    assert refused(found, "cloud-kv", SPEC) is None
    assert (len(found), len({step.call.partition("(")[0] for step in found})) == (1115, 15)


def test_a_forged_edge_is_told() -> None:
    edges = met("cloud-kv")[:200]
    forged = evolve(edges[77], after=Record(sorted({**dict(edges[77].after), "faults": 2}.items())))
    assert refused([*edges[:77], forged, *edges[78:]], "cloud-kv", SPEC) == forged


def test_an_edge_under_another_label_is_told() -> None:
    edges = met("cloud-kv")[:200]
    at, honest = next((n, step) for n, step in enumerate(edges) if step.call.startswith("LedgerRead"))
    forged = evolve(honest, call=honest.call.replace("LedgerRead", "DoneRead"))
    assert refused([*edges[:at], forged, *edges[at + 1 :]], "cloud-kv", SPEC) == forged
