"""States a second of TLC, on the specification, and of `explore --fast`, on the code, within the same bounds.

    python tests/bench/against_tlc.py [ROUNDS]

Both have both processors, in turn; their starting is taken apart. A state is not the same thing to both: the
specification leaves out what is named in spec/README.md. The exit status is 1 where the twin is not the faster one.
"""

import sys
from pathlib import Path
from statistics import median
from time import perf_counter

from attrs import evolve

from evidence_sim.bench.engines import BOUNDS
from evidence_sim.config import Config, Initial
from evidence_sim.explore.bounds import Bounds
from evidence_sim.explore.search import beginnings
from evidence_sim.fast.explore import FastSearch
from evidence_sim.formal import tlc
from evidence_sim.formal.cases import HOLD, Case
from evidence_sim.formal.models import BEGINS

MODULES = {path.stem: path.read_text(encoding="utf-8") for path in (Path(__file__).parents[2] / "spec").glob("*.tla")}
ROOTS = [root for root in beginnings(Config()) if root.initial[0] in [Initial(begin) for begin in BEGINS]]
[CASE] = [case for case in HOLD if (case.profile, case.bounds) == ("cloud-kv", BOUNDS)]
LEAST = evolve(CASE, bounds=Bounds(1, 0, 0))


def specification(case: Case) -> tuple[int, float]:
    """TLC's states, and its seconds."""
    began = perf_counter()
    answer = tlc.run(case.model(MODULES), long=True)
    assert answer.exit_code == tlc.HOLDS, answer.said
    return answer.states, perf_counter() - began


def code(bounds: Bounds) -> tuple[int, float]:
    """The twin's."""
    began, search = perf_counter(), FastSearch(ROOTS, bounds)
    for _ in search.levels():
        pass
    return search.found.states, perf_counter() - began


def main(rounds: int) -> int:
    """Measure and print the medians."""
    code(LEAST.bounds)
    rates: dict[str, list[float]] = {"TLC": [], "explore --fast": []}
    counts: dict[str, int] = {}
    for _ in range(rounds):
        _, idle = specification(LEAST)
        for name, (states, seconds) in (("TLC", specification(CASE)), ("explore --fast", code(BOUNDS))):
            counts[name] = states
            rates[name].append(states / (seconds - idle if name == "TLC" else seconds))
    for name, found in rates.items():
        print(f"{name}: {median(found):,.0f} states/s of {counts[name]:,}")
    return 0 if median(rates["explore --fast"]) > median(rates["TLC"]) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
