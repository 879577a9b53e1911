"""The store port's contract over the stores that need no server; for each rule a store that breaks only it."""

from pathlib import Path

import pytest

from evidence_runtime import MemoryStore, SqliteStore, Store
from evidence_runtime.aio import Direct
from evidence_runtime.conformance import RULES, Bridge, Suite, verdicts
from evidence_sim.store import SimulatedStore
from tests.long import LONG
from tests.runtime.broken import BROKEN
from tests.runtime.broken_connections import Served

SLOW = {
    "scan_many",
    "scan_beside_a_deletion",
    "a_versioned_register_is_linearizable",
    "a_register_that_is_deleted_is_linearizable",
    "no_value_is_half_written",
    "a_write_that_timed_out_is_there_or_not",
}


class TestMemory(Suite):
    """Which lives in one process."""

    processes = False
    store: Store = MemoryStore()

    def open(self) -> Store:
        """The one."""
        return self.store


class TestSimulated(TestMemory):
    """The world's."""

    store = SimulatedStore()


class TestBridged(TestMemory):
    """An asyncio store by way of the bridge."""

    def open(self) -> Bridge:
        """The one, on an event loop of its own."""
        return Bridge(Direct(self.store))


class TestSqlite(Suite):
    """Each connection opens the file."""

    @pytest.fixture(autouse=True)
    def _in_a_folder(self, tmp_path: Path) -> None:
        self.path = tmp_path / "store.sqlite"

    def open(self) -> SqliteStore:
        """The file."""
        return SqliteStore(self.path)


@pytest.mark.parametrize("broken", list(BROKEN))
def test_a_broken_store_breaks_its_rule_only(broken: str, tmp_path: Path) -> None:
    """Of the others that are not slow; `test_it_breaks_no_slow_rule` tries those."""
    rules = [rule for rule in RULES if rule.name == broken or rule.name not in SLOW]
    assert [verdict.rule.name for verdict in verdicts(BROKEN[broken](tmp_path), rules) if verdict.broken] == [broken]


@LONG
@pytest.mark.parametrize("broken", list(BROKEN))
def test_it_breaks_no_slow_rule(broken: str, tmp_path: Path) -> None:
    rules = [rule for rule in RULES if rule.name in SLOW and rule.name != broken]
    assert [str(verdict) for verdict in verdicts(BROKEN[broken](tmp_path), rules) if verdict.broken] == []


def test_a_rule_that_did_not_run_says_so() -> None:
    assert {verdict.rule.name: verdict.not_run for verdict in verdicts(TestMemory()) if verdict.not_run} == {
        rule.name: f"not run: it needs {' and '.join(rule.needs)}" for rule in RULES if rule.needs
    }
    with pytest.raises(pytest.skip.Exception, match="not run: it needs processes"):
        next(rule for rule in RULES if rule.needs == ("processes",)).hold(TestMemory())


def test_every_rule_has_its_breach() -> None:
    assert list(BROKEN) == [rule.name for rule in RULES]
    assert all(rule.says.endswith(".") for rule in RULES)


def test_a_subject_that_no_other_process_can_have_is_told_what_to_do() -> None:
    class Local(Suite):
        def open(self) -> Store:
            return MemoryStore()

    rule = next(rule for rule in RULES if rule.needs == ("processes",))
    with pytest.raises(TypeError, match=r"Local cannot be sent to another process: .*; .*`processes = False`"):
        rule.hold(Local())


def test_a_store_that_raises_breaks_the_rule() -> None:
    served = Served(MemoryStore())
    served.stop()
    assert all("StoreError" in v.broken or "Applied was due" in v.broken for v in verdicts(served, RULES[:3]))
