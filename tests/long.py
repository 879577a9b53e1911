"""The tests that are left out unless asked for (`pytest -m long`): what takes minutes, and CI runs."""

from collections.abc import Iterable
from typing import Any

import pytest

LONG = pytest.mark.long


def long(*cases: Any) -> list[Any]:
    """Cases, each a tuple of arguments, as long ones."""
    return [pytest.param(*case, marks=LONG) for case in cases]


def some(values: Iterable[Any], of: int) -> list[Any]:
    """One of so many in each run, the others as long ones."""
    return [value if number % of == 0 else pytest.param(value, marks=LONG) for number, value in enumerate(values)]
