"""What there is: machines, faults, invariants."""

from collections.abc import Callable, Mapping

from rich.console import Console

from evidence_sim.cells_table import CELLS
from evidence_sim.codes import SPELLING
from evidence_sim.faults import PROFILES
from evidence_sim.invariants import INVARIANTS
from evidence_sim.machines import SAYS
from evidence_sim.machines.specimens import SPECIMENS
from evidence_sim.report import show_list

_VIOLATES = {specimen.name: specimen for specimen in SPECIMENS}


def machines(out: Console) -> None:
    """list the machines, and what each violates"""
    rows = []
    for name, says in SAYS.items():
        specimen = _VIOLATES.get(name)
        violates = "" if specimen is None else " ".join(sorted(specimen.violates, key=_order))
        rows.append((name, specimen.profile if specimen else "every profile", violates, says))
    show_list(out, "Machines", ("machine", "profile", "violates there", "what it is"), rows)


def faults(out: Console) -> None:
    """list the profiles, their faults and contracts, and the cells of the algebra"""
    rows = []
    for profile in PROFILES.values():
        kinds = (("read", profile.reads), ("write", profile.writes), ("outside", profile.outside))
        granted = [f"{kind} {', '.join(SPELLING[what] for what in answers)}" for kind, answers in kinds if answers]
        broken = [i.id for i in INVARIANTS if i.id not in profile.promised]
        promised = f"all but {' '.join(broken)}" if broken else "all"
        rows.append((profile.name, profile.says, "; ".join(granted) or "none of the store", promised))
    show_list(out, "Profiles", ("profile", "what may happen", "answers beside ok", "promised"), rows)
    cells = [(c.kind, c.does, c.says, c.verdict, c.because) for c in CELLS]
    show_list(out, "What the store does and says", ("of", "it does", "it says", "", "as"), cells)


def invariants(out: Console) -> None:
    """list the invariants"""
    show_list(out, "Invariants", ("id", "name", "says"), [(i.id, i.name, i.says) for i in INVARIANTS])


def _order(name: str) -> tuple[str, int]:
    return name[0], int(name[1:])


LISTS: Mapping[str, Callable[[Console], None]] = {
    "machines": machines,
    "faults": faults,
    "invariants": invariants,
}
