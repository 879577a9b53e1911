"""The store port's contract over every store; for each rule a store that breaks only it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_runtime import MemoryStore, SqliteStore, Store
from evidence_runtime.conformance import RULES, Rule
from evidence_sim.store import SimulatedStore
from tests.runtime.broken_stores import BROKEN

STORES: dict[str, Callable[[Path], Store]] = {
    "memory": lambda _: MemoryStore(),
    "sqlite": lambda folder: SqliteStore(folder / "store.sqlite"),
    "simulated": lambda _: SimulatedStore(),
}


@pytest.mark.parametrize("store", list(STORES))
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_store_keeps_the_contract(rule: Rule, store: str, tmp_path: Path) -> None:
    made = STORES[store](tmp_path)
    rule.check(made)
    if isinstance(made, SqliteStore):
        made.close()


@pytest.mark.parametrize("broken", list(BROKEN))
def test_a_broken_store_breaks_its_rule_only(broken: str) -> None:
    red = []
    for rule in RULES:
        try:
            rule.check(BROKEN[broken]())
        except AssertionError:
            red.append(rule.name)
    assert red == [broken]


def test_every_rule_has_its_breach() -> None:
    assert list(BROKEN) == [rule.name for rule in RULES]
    assert all(rule.says.endswith(".") for rule in RULES)
