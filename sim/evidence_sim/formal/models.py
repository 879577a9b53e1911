"""What the checker is asked: the specification within bounds, with one action a label or as it stands."""

from collections.abc import Sequence

from evidence_sim.explore.bounds import Bounds
from evidence_sim.faults import PROFILES
from evidence_sim.formal.labels import QUARTER, answers, named
from evidence_sim.formal.tlc import Model

BEGINS = ("absent", "valid-12h", "valid-24h", "invalid")


def _set(values: Sequence[object]) -> str:
    return "{" + ", ".join(f'"{v}"' if isinstance(v, str) else str(v) for v in values) + "}"


def constants(bounds: Bounds, profile: str, begins: Sequence[str], flaw: str = "none") -> dict[str, str]:
    """The values of the specification's constants."""
    grants = PROFILES[profile]
    return {
        "N": str(bounds.ticks),
        "Faults": str(bounds.faults),
        "Steps": str(bounds.steps),
        "ClockSteps": _set([ms // QUARTER for ms in bounds.clock]),
        "Begins": _set(begins),
        "Reads": _set(answers(grants.reads)),
        "Writes": _set(answers(grants.writes)),
        "Corrupts": "TRUE" if grants.outside else "FALSE",
        "Flaw": f'"{flaw}"',
    }


def _substituted(values: dict[str, str]) -> tuple[str, str]:
    """The constants as definitions, since a configuration takes no negative number."""
    defined = "\n".join(f"The{name} == {value}" for name, value in values.items())
    replaced = "\n".join(f"  {name} <- The{name}" for name in values)
    return defined, f"CONSTANTS\n{replaced}\n"


def model(
    base: str,
    values: dict[str, str],
    extends: dict[str, str],
    asks: Sequence[tuple[str, Sequence[str]]],
    behaviour: str = "SPECIFICATION Spec",
) -> Model:
    """The module `base` with its constants; `asks` are sections of the configuration and their names."""
    defined, replaced = _substituted(values)
    module = f"---- MODULE Check ----\nEXTENDS {base}\n{defined}\n====\n"
    sections = "".join(f"{section}\n  {' '.join(names)}\n" for section, names in asks if names)
    return Model("Check", module, f"{behaviour}\n{replaced}{sections}", extends)


def labelled(bounds: Bounds, profile: str, begins: Sequence[str], extends: dict[str, str]) -> Model:
    """The specification with an action for each label of the simulator, for its graph."""
    defined, replaced = _substituted(constants(bounds, profile, begins))
    actions = named(bounds, PROFILES[profile])
    # `TRUE /\` keeps the checker from looking into the call, and naming the action after it.
    lines = [f"{name} == TRUE /\\ {call}" for name, (_, call) in actions.items()]
    step = " \\/ ".join(actions)
    text = "\n".join(["---- MODULE Check ----", "EXTENDS Tick", defined, *lines, f"Labelled == {step}", "====", ""])
    return Model("Check", text, f"INIT Init\nNEXT Labelled\n{replaced}", extends)
