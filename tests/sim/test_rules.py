"""Hypothesis walks the world by its own labels: finds planted defects, and none in the kernel."""

import pytest

from evidence_sim.rules import walk


def test_the_kernel_keeps_its_promises() -> None:
    walk("kernel", 200)


@pytest.mark.parametrize("machine", ["plain-put", "no-read-back", "rosy-status"])
def test_planted_defects_are_found(machine: str) -> None:
    with pytest.raises(AssertionError, match=r"[SL]\d+: "):
        walk(machine, 100)
