"""The compiled twin beside the world, by pytest-benchmark, and the ratios between them in one run (extra `fast`)."""

from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from evidence_sim.bench import engines, growth, twin
from evidence_sim.bench.timing import Session, Timing
from evidence_sim.explore.bounds import Bounds
from evidence_sim.fast.campaign import Twin
from evidence_sim.fast.compiled import COMPILED
from evidence_sim.report import Advance
from evidence_sim.sample import Plan
from tests.bench.test_speed import alone

pytestmark = pytest.mark.skipif(not COMPILED, reason="numba is not installed: the extra fast brings it")
OVER_WORLD = 200
OF_LIMIT = 0.5
OVER_SEARCH = 10
ROUNDS = 5


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What is closed at the end."""
    with ExitStack() as closed:
        yield closed


@pytest.mark.benchmark(group="actions")
@pytest.mark.parametrize("judged", [True, False], ids=["judged", "limit"])
def test_seeds_of_the_twin(judged: bool, benchmark: BenchmarkFixture) -> None:
    one = Twin.of(Plan(), judged)
    assert benchmark(lambda: one.run(0, 100)).actions > 0


@pytest.mark.benchmark(group="search")
def test_the_search_of_the_twin(benchmark: BenchmarkFixture) -> None:
    assert benchmark(lambda: twin.explored(Bounds(1, 1))) == 1114


@alone
def test_a_campaign_of_the_twin_beside_the_world_and_without_judges(stack: ExitStack) -> None:
    judged, limit, world = twin.bulk(stack, 1, 0.2), twin.limit(stack, 1, 0.2), engines.reference(stack)
    rounds = [(judged()[1], limit()[0], world()[0]) for _ in range(ROUNDS)]
    assert median(bulk / slow for bulk, _, slow in rounds) >= OVER_WORLD
    assert median(bulk / free for bulk, free, _ in rounds) >= OF_LIMIT


def test_every_series_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "_SECONDS", 0.01)
    monkeypatch.setattr(growth, "_FLEETS", (1, 10, 100))
    session, points = Session(), growth.points()
    session.run(points, 1, Advance())
    found = session.results(points)
    assert len(found) == len(points) and all(isinstance(one, Timing) and one.median > 0 for one in found)
    faults = [one.median for one in found if isinstance(one, Timing) and one.figure.name == "states-of-2-ticks"]
    assert faults == [4122, 30109, 106405]


@alone
def test_the_search_of_the_twin_beside_the_world_s(stack: ExitStack) -> None:
    fast, slow = twin.search(stack), engines.search(stack)
    assert max(fast()[0] / slow()[0] for _ in range(3)) >= OVER_SEARCH
