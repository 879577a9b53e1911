"""What the checker is asked: the specification within bounds, with one action a label or as it stands."""

from collections.abc import Mapping, Sequence

from evidence_sim.config import MINUTE
from evidence_sim.explore.bounds import Bounds
from evidence_sim.faults import PROFILES
from evidence_sim.formal.labels import answers, named
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
        "ClockSteps": _set([ms // MINUTE for ms in bounds.clock]),
        "Begins": _set(begins),
        "Reads": _set(answers(grants.reads)),
        "Writes": _set(answers(grants.writes)),
        "Corrupts": "TRUE" if grants.outside else "FALSE",
        "Flaw": f'"{flaw}"',
    }


def model(
    base: str,
    values: Mapping[str, str],
    extends: Mapping[str, str],
    behaviour: str,
    invariants: Sequence[str] = (),
    properties: Sequence[str] = (),
    more: str = "",
) -> Model:
    """The module `base` with its constants and `more` definitions; `behaviour` is a line of the configuration."""
    # As definitions: a configuration takes no negative number.
    defined = "\n".join(f"The{name} == {value}" for name, value in values.items())
    replaced = "\n".join(f"  {name} <- The{name}" for name in values)
    asks = (("INVARIANT", invariants), ("PROPERTY", properties))
    asked = "".join(f"{section}\n  {' '.join(names)}\n" for section, names in asks if names)
    text = f"---- MODULE Check ----\nEXTENDS {base}\n{defined}\n{more}\n====\n"
    return Model("Check", text, f"{behaviour}\nCONSTANTS\n{replaced}\n{asked}", extends)


def labelled(
    bounds: Bounds,
    profile: str,
    begins: Sequence[str],
    extends: Mapping[str, str],
    *,
    base: str = "Tick",
    flaw: str = "none",
    invariants: Sequence[str] = (),
    properties: Sequence[str] = (),
) -> Model:
    """The specification with an action for each label of the simulator: for its graph, and for traces."""
    actions = named(bounds, PROFILES[profile])
    # `TRUE /\\` keeps the checker from looking into the call, and naming the action after it.
    lines = [f"{name} == TRUE /\\ {call}" for name, (_, call) in actions.items()]
    either = " \\/ ".join(actions)
    more = "\n".join([*lines, f"Labelled == {either}"])
    values = constants(bounds, profile, begins, flaw)
    return model(base, values, extends, "INIT Init\nNEXT Labelled", invariants, properties, more)
