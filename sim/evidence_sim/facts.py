"""What an action did, for the judges: ground truth that no machine can see or forge."""

from typing import Any

from attrs import frozen

from evidence_kernel import Answer, Effect, LogLine
from evidence_sim.cells import Cell, Origin
from evidence_sim.labels import Action
from evidence_sim.oracle import Place
from evidence_sim.values import Run, World


@frozen
class Write:
    """One write that reached the store, also where its condition failed and `after` is `before`.

    `owner` is the index of the tenant whose record it is, None of no tenant's; `by` is None for what
    faults and operators did.
    """

    key: str
    place: Place
    owner: int | None
    before: Cell
    after: Cell
    by: Origin | None

    @property
    def changed(self) -> bool:
        """Whether the value is another than before; a rewrite of the same bytes is no change."""
        return self.before.value != self.after.value

    @property
    def appeared(self) -> bool:
        """Whether there was nothing before and is something now."""
        return self.before.value is None and self.after.value is not None


@frozen
class Fact:
    """One action and all that it did.

    `run` before and `run_after` after it (None where there is none), `effect` that was answered by
    `answer`, `asks` that is asked next, `at` the clock of the tick's host; `judged` whether the
    invariants speak of this tick's machine; `broken` how the machine broke its protocol, if it did;
    `fault` the name of the fault that fired.
    """

    action: Action
    tenant: int | None
    before: World
    after: World
    run: Run | None = None
    run_after: Run | None = None
    effect: Effect | None = None
    answer: Answer | None = None
    asks: Effect | None = None
    at: int = 0
    writes: tuple[Write, ...] = ()
    log: tuple[LogLine, ...] = ()
    result: Any = None
    judged: bool = False
    broken: str | None = None
    fault: str | None = None

    @property
    def phase_after(self) -> str:
        """Where the tick stands after it; END without one."""
        return "END" if self.run_after is None else str(self.run_after.phase)

    @property
    def outcome(self) -> str:
        """The outcome that the tick ended with in this action, DIED where it broke, or NONE."""
        if self.broken is not None:
            return "DIED"
        return "NONE" if self.result is None else str(self.result.outcome)
