"""The tests that are left out unless asked for (`pytest -m long`): they take minutes in all, and CI runs them."""

from collections.abc import Iterable
from typing import Any

import pytest

LONG = pytest.mark.long


def long(*cases: Any) -> list[Any]:
    """Cases, each a tuple of arguments, as long ones."""
    return [pytest.param(*case, marks=LONG) for case in cases]


def one_in(many: int, values: Iterable[Any]) -> list[Any]:
    """One value in so many as it is, the others as long ones."""
    return [value if number % many == 0 else pytest.param(value, marks=LONG) for number, value in enumerate(values)]
