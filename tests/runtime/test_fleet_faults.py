"""Rounds while the server is killed and while connections are cut: nothing is lost and nothing doubled.

Each key's history of reads, puts and answers, ended by what the server has, must have an order that explains it.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from attrs import define, field

from evidence_kernel import Expect, Expectation, Found, Outcome, ReadAnswer, TickResult, Trigger, WriteAnswer
from evidence_kernel.records.keys import evidence_key, publication_key
from evidence_kernel.schedule import HOUR
from evidence_runtime import MemoryStore, Round, Store, open_store, run_fleet
from evidence_runtime.conformance.histories import Record
from evidence_runtime.conformance.linear import fault_of
from evidence_sim import oracle
from tests.proxy import Cut, proxied
from tests.runtime.served import applied, emptied
from tests.servers import Server

SERVERS = ("postgres", "redis")
NOW = 1_767_456_000_000
OLD = b'{"installed_at":"2026-01-03T03:00:00Z"}'  # 13 hours before: the first report is due
TENANTS = [f"t{n:03}" for n in range(240)]
DUE = [tenant for n, tenant in enumerate(TENANTS) if n % 2]  # the others have no evidence yet


@define
class Watched:
    """A store whose calls and answers are written down, each key's apart."""

    store: Store
    records: dict[str, Record] = field(factory=dict)
    _lock: threading.Lock = field(factory=threading.Lock)

    def of(self, key: str) -> Record:
        """The key's history."""
        with self._lock:
            return self.records.setdefault(key, Record(key))

    def get(self, key: str) -> ReadAnswer:
        """As the store's."""
        return self.of(key).get(self.store)

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As the store's."""
        return self.of(key).put(self.store, value, expect)

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """No tick deletes."""
        raise AssertionError(f"a tick deletes {key} at {expect!r}")

    def scan(self, prefix: str) -> Iterator[str]:
        """As the store's."""
        return self.store.scan(prefix)


@define
class Rounds:
    """Rounds over a watched store, what was generated in them, and how each tick ended."""

    watched: Watched
    reports: dict[tuple[str, Trigger], list[Any]] = field(factory=lambda: defaultdict(list))
    results: list[TickResult] = field(factory=list)

    def run(self, at: int, ended: Callable[[int], None] = lambda _: None, patience: float = 0.5) -> Round:
        """One round at that time; `ended` is told how many ticks have ended in it; patience in seconds."""
        began = len(self.results)

        def one_more(result: TickResult) -> None:
            self.results.append(result)
            ended(len(self.results) - began)

        round = run_fleet(
            self.watched, TENANTS, self.generate, clock=lambda: at, store_timeout=patience, ended=one_more
        )
        assert round.ticks == len(TENANTS) and round.died == 0
        return round

    def generate(self, tenant: str, trigger: Trigger, _at: int, _attempt: int, tick_id: str) -> Any:
        """A report that says whose it is."""
        self.reports[tenant, trigger].append({"by": tick_id})
        return {"by": tick_id}


@contextmanager
def judged(store: Store, truth: Store) -> Iterator[Rounds]:
    """Rounds over a store with records; afterwards a calm one, hours later, and the judgement."""
    watched = Watched(store)
    for tenant in DUE:
        applied(watched.put(evidence_key(tenant), OLD, Expect.ABSENT))
    rounds = Rounds(watched)
    yield rounds
    watched.store = truth
    rounds.run(NOW + 3 * HOUR, patience=60)  # calm, however slow the machine is
    content = {key: watched.get(key) for key in sorted(truth.scan(""))}
    assert faults(watched) == {}
    assert set(watched.records) >= set(content)
    _nothing_lost_nothing_doubled(rounds, {key: a.value for key, a in content.items() if isinstance(a, Found)})


def faults(watched: Watched) -> Mapping[str, str]:
    """The keys whose history has no explanation."""
    found = {key: fault_of(record.operations) for key, record in watched.records.items()}
    return {key: fault for key, fault in found.items() if fault}


def _nothing_lost_nothing_doubled(rounds: Rounds, content: Mapping[str, bytes]) -> None:
    for tenant in TENANTS:
        assert oracle.installed_at(content[evidence_key(tenant)]) is not None
        done = content.get(publication_key(tenant, Trigger.AUTO_12H))
        reports = rounds.reports[tenant, Trigger.AUTO_12H]
        assert (done is not None) is (tenant in DUE) is bool(reports)
        if done is not None:
            assert (oracle.record(done) or {})["report"] in reports
            ledger = content[f"phase5:scheduler:state:{tenant}"]
            assert oracle.attempts(ledger, "AUTO_12H") >= len(reports)
    told = Counter((result.tenant, result.outcome) for result in rounds.results)
    assert all(count == 1 for (_, outcome), count in told.items() if outcome is Outcome.GENERATED)
    backfilled = Counter(result.tenant for result in rounds.results if result.did_backfill)
    assert all(count == 1 for count in backfilled.values()) and not backfilled.keys() & set(DUE)


@pytest.mark.parametrize("kind", SERVERS)
def test_a_server_that_is_killed_in_the_middle_of_a_round(kind: str, request: pytest.FixtureRequest) -> None:
    url, server = emptied(kind, request.getfixturevalue), request.getfixturevalue(kind)
    at: dict[int, Callable[[], None]] = {80: server.crash, 120: server.start}
    with open_store(url) as store, judged(store, store) as rounds:
        done = rounds.run(NOW, lambda ended: at.get(ended, lambda: None)())
        assert done.outcomes[Outcome.SKIPPED] >= 30 and len(TENANTS) - done.outcomes[Outcome.SKIPPED] >= 100


@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize("cut", Cut)
def test_connections_that_are_cut_during_a_round(cut: Cut, kind: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(kind)
    url = emptied(kind, request.getfixturevalue)
    with (
        proxied(server.port) as proxy,
        open_store(url.replace(f":{server.port}", f":{proxy.port}")) as store,
        open_store(url) as truth,
        judged(store, truth) as rounds,
    ):
        every = 24 if cut is Cut.DELAY else 6  # what is delayed keeps its connection, and there are 16
        done = rounds.run(NOW, lambda ended: None if ended % every else proxy.cut(cut))
        proxy.resume()
        assert proxy.met >= 120 // every
        assert cut is Cut.WHILE_IDLE or done.degraded + done.outcomes[Outcome.SKIPPED] >= 60 // every


@pytest.mark.parametrize(("then", "says"), [(b"1", "one put has two versions"), (b"9", "nobody put")])
def test_a_write_that_is_lost_or_came_from_elsewhere_is_seen(then: bytes, says: str) -> None:
    store = MemoryStore()
    watched = Watched(store)
    applied(watched.put("k", b"2", applied(watched.put("k", b"1", Expect.ABSENT))))
    store.put("k", then, Expect.ANY)
    watched.get("k")
    assert says in faults(watched)["k"]
