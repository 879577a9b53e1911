"""The machines that the world can run: the kernel, the original's releases, the kernel with one defect."""

from collections.abc import Mapping

from evidence_sim.machine import Machine
from evidence_sim.machines import backfill_defects, report_defects, tick_defects
from evidence_sim.machines.original import V2_19, V2_20, Original
from evidence_sim.machines.variant import Variant

__all__ = ["DEFECTS", "KERNEL", "MACHINES", "ROLLOUT", "SAYS", "V2_19", "V2_20"]

KERNEL = Variant("kernel", "the shipped kernel")
DEFECTS = backfill_defects.DEFECTS + report_defects.DEFECTS + tick_defects.DEFECTS

_ALL: tuple[Variant | Original, ...] = (KERNEL, V2_19, V2_20, *DEFECTS)
MACHINES: Mapping[str, Machine] = {machine.name: machine for machine in _ALL}
# What is wrong with each, in one sentence.
SAYS: Mapping[str, str] = {machine.name: machine.says for machine in _ALL}
# What stands beside each other during an upgrade or a rollback.
ROLLOUT = (KERNEL.name, V2_20.name, V2_19.name)
