"""The machines that the world can run: the kernel, the original's releases, the kernel with one defect."""

from collections.abc import Mapping
from importlib import import_module

from evidence_sim.machine import Machine
from evidence_sim.machines import backfill_defects, report_defects, tick_defects
from evidence_sim.machines.original import V2_19, V2_20, Original
from evidence_sim.machines.variant import Variant
from evidence_sim.meant import meant

__all__ = ["DEFECTS", "KERNEL", "MACHINES", "ROLLOUT", "SAYS", "V2_19", "V2_20", "NoMachine"]

_PORT = ("longest", "start", "step")


class NoMachine(ValueError):
    """A name brings no machine; the message names it and says why."""


class _Machines(dict[str, Machine]):
    """The machines by name; one of another module, MODULE:ATTRIBUTE, is imported when it is first asked for."""

    def __missing__(self, name: str) -> Machine:
        self[name] = machine = _imported(name)
        return machine


def _imported(name: str) -> Machine:
    module, colon, attribute = name.partition(":")
    if not colon:
        raise NoMachine(
            f"{name!r} is no machine; machines are {', '.join(MACHINES)}, or one of yours: MODULE:ATTRIBUTE"
            f"{meant(name, MACHINES)}"
        )
    try:
        machine = getattr(import_module(module), attribute)
    except (Exception, SystemExit) as died:  # the module is the user's, and may raise anything
        raise NoMachine(f"{name!r} is no machine: {died!r}") from died
    if isinstance(machine, type):
        raise NoMachine(f"{name!r} is no machine: it is a class; name an instance of it")
    if lacks := [what for what in _PORT if not hasattr(machine, what)]:
        raise NoMachine(
            f"{name!r} is no machine: it has no {', '.join(lacks)}; evidence_sim.machine.Machine says what it needs"
        )
    if type(machine.longest) is not int:
        raise NoMachine(f"{name!r} is no machine: its longest is {machine.longest!r}, and not a number of effects")
    found: Machine = machine
    return found


KERNEL = Variant("kernel", "the shipped kernel")
DEFECTS = backfill_defects.DEFECTS + report_defects.DEFECTS + tick_defects.DEFECTS

_ALL: tuple[Variant | Original, ...] = (KERNEL, V2_19, V2_20, *DEFECTS)
MACHINES: Mapping[str, Machine] = _Machines({machine.name: machine for machine in _ALL})
# What is wrong with each, in one sentence.
SAYS: Mapping[str, str] = {machine.name: machine.says for machine in _ALL}
# What stands beside each other during an upgrade or a rollback.
ROLLOUT = (KERNEL.name, V2_20.name, V2_19.name)
