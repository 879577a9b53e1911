"""The world's rules for Hypothesis (extra `bench`), which walks it by its own labels."""

from typing import ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from evidence_sim.config import Config
from evidence_sim.faults import PROFILES
from evidence_sim.invariants import INVARIANTS
from evidence_sim.labels import Action, Clock, Crash, Land, Outside, Reply, Start
from evidence_sim.values import World
from evidence_sim.world import actions, apply, initial


class Walk(RuleBasedStateMachine):
    """One tenant, one host; each rule is a kind of label, drawn from those that are enabled."""

    machine = "kernel"
    done: ClassVar[int] = 0  # actions, of all walks of the class
    world: World

    @initialize()
    def begin(self) -> None:
        """A new tenant."""
        self.world = initial(Config(machines=(self.machine,)))

    def _some(self, data: st.DataObject, kind: type[Action]) -> None:
        listed = [action for action in actions(self.world) if isinstance(action, kind)]
        if listed:
            self._apply(data.draw(st.sampled_from(listed)))

    def _apply(self, action: Action) -> None:
        before = self.world.config
        self.world, fact = apply(self.world, action)
        type(self).done += 1
        for invariant in INVARIANTS:
            if invariant.id in PROFILES[before.profile].promised:
                verdict = invariant.judge(fact)
                assert not verdict, f"{invariant.id}: {verdict}"

    def flying(self) -> int:
        """How many ticks are in flight."""
        return len(self.world.tenants[0].runs)

    @precondition(lambda self: self.flying() < 2)
    @rule()
    def start(self) -> None:
        """A tick starts."""
        if not self.world.tenants[0].forgetting:
            self._apply(Start(0, self.world.tenants[0].started + 1, 0))

    @precondition(lambda self: self.flying() > 0)
    @rule(which=st.integers(0, 1), steps=st.integers(1, 8))
    def go_on(self, which: int, steps: int) -> None:
        """A tick goes some steps on, each answered `ok`."""
        n = self.world.tenants[0].runs[which % self.flying()].n
        for _ in range(steps):
            run = next((run for run in self.world.tenants[0].runs if run.n == n), None)
            if run is not None:
                self._apply(Reply(run.phase, 0, n))

    @precondition(lambda self: self.flying() > 0)
    @rule(data=st.data())
    def reply(self, data: st.DataObject) -> None:
        """An effect is answered, or is not."""
        self._some(data, Reply)

    @precondition(lambda self: self.flying() > 0)
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        """A tick is cut off."""
        self._some(data, Crash)

    @rule(data=st.data())
    def clock(self, data: st.DataObject) -> None:
        """A clock steps."""
        self._some(data, Clock)

    @rule(data=st.data())
    def land(self, data: st.DataObject) -> None:
        """A late put lands."""
        self._some(data, Land)

    @rule(data=st.data())
    def outside(self, data: st.DataObject) -> None:
        """An operator does something."""
        self._some(data, Outside)


def walk(machine: str, examples: int) -> int:
    """Run the rules over a machine; how many actions that were. AssertionError where an invariant is violated."""
    chosen: type[Walk] = type("Chosen", (Walk,), {"machine": machine})
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    phases = [Phase.generate]  # what is found is shrunk by the simulator's own engine
    run_state_machine_as_test(
        chosen,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=checks,
            phases=phases,
        ),
    )
    return chosen.done
