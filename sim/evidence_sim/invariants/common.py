"""What the judges share. A verdict is None without a premise, "" where it held, or how it is violated."""

from evidence_kernel import Generate
from evidence_sim.cells import Origin
from evidence_sim.facts import Fact, Write
from evidence_sim.oracle import Role

Verdict = str | None


def ours(fact: Fact, by: Origin | None) -> bool:
    """Whether the invariants speak of the tick that wrote."""
    return by is not None and fact.before.config.judged(by.machine)


def worst(verdicts: list[str]) -> Verdict:
    """The first violation; "" where there were premises and none; None without a premise."""
    return next((verdict for verdict in verdicts if verdict), "" if verdicts else None)


def writes(fact: Fact, role: Role) -> list[Write]:
    """The writes of judged ticks to records of a role."""
    return [write for write in fact.writes if write.place.role is role and ours(fact, write.by)]


def generating(fact: Fact) -> Generate | None:
    """The call of the generator that a judged tick asks for."""
    return fact.asks if fact.judged and isinstance(fact.asks, Generate) else None


def text(value: bytes | None) -> str:
    """A record in a sentence."""
    return "nothing" if value is None else value.decode("utf-8", "backslashreplace")[:160]
