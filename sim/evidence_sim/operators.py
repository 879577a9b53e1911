"""What an operator's repair does to a tenant's records, as one compare-and-set."""

from evidence_kernel import Trigger
from evidence_kernel.records.evidence import write_repair
from evidence_kernel.records.ledger import read_ledger, reset
from evidence_kernel.schedule import CLOCK_TOLERANCE
from evidence_sim import oracle
from evidence_sim.cells import Cells
from evidence_sim.config import records


def repaired(cells: Cells, tenant: int, generates: tuple[int, int], at: int, started: int) -> tuple[str, bytes] | None:
    """The key to replace and its new value; None where nothing is to be repaired.

    Evidence that is invalid or from the future is replaced by evidence of `at` (ms), which names the
    repair by the ticks `started` before it. Else a malformed ledger is replaced by an empty one with
    the calls of the generator that there have been.
    """
    keys = records(tenant).by_name
    evidence = cells.at(keys["evidence"]).value
    if evidence is not None:
        installed_at = oracle.installed_at(evidence)
        if installed_at is None or installed_at > at + CLOCK_TOLERANCE:
            value = write_repair(at, at, f"repair-{started}", evidence)
            return None if value is None else (keys["evidence"], value)
    if read_ledger(cells.at(keys["ledger"]).value) is None:
        return keys["ledger"], reset(dict(zip(Trigger, generates, strict=True)))
    return None
