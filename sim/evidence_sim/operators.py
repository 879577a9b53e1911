"""What an operator's repair does to a tenant's records, as one compare-and-set."""

from evidence_kernel import Trigger
from evidence_kernel.repair import repaired_evidence, repaired_ledger
from evidence_sim.cells import Cells
from evidence_sim.config import records


def repaired(cells: Cells, tenant: int, generates: tuple[int, int], at: int, started: int) -> tuple[str, bytes] | None:
    """The key to replace and its new value; None where nothing is to be repaired.

    Evidence that is invalid or from the future is replaced by evidence of `at` (ms), which names the
    repair by the ticks `started` before it. Else a malformed ledger is replaced by an empty one with
    the calls of the generator that there have been.
    """
    keys = records(tenant).by_name
    evidence, ledger = (cells.at(keys[name]).value for name in ("evidence", "ledger"))
    if evidence is not None:
        value = repaired_evidence(evidence, at, at, f"repair-{started}")
        if value is not None:
            return keys["evidence"], value
    value = None if ledger is None else repaired_ledger(ledger, dict(zip(Trigger, generates, strict=True)))
    return None if value is None else (keys["ledger"], value)
