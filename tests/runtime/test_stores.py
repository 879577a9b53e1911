"""The store port's contract over every server's store, in both forms."""

from collections.abc import Iterator

import pytest

from evidence_runtime import Store
from evidence_runtime.conformance import RULES, Rule
from tests.runtime.served import FORMS, KINDS, empty_store

RACES = {"one_of_many_applies", "one_of_many_replaces", "racing_versions_differ"}


@pytest.fixture
def store(kind: str, form: str, request: pytest.FixtureRequest) -> Iterator[Store]:
    with empty_store(kind, form, request.getfixturevalue) as opened:
        yield opened


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        pytest.param(kind, rule, id=f"{kind}-{rule.name}")
        for kind in KINDS
        for rule in RULES
        if kind != "s3" or rule.name not in RACES  # moto's compare-and-set is for one client
    ],
)
def test_a_store_keeps_the_contract(rule: Rule, store: Store) -> None:
    rule.check(store)
