"""One tick of a machine over a dictionary, with answers and races at named phases."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from evidence_kernel import Effect, Event, Expect, Get, Invocation, Put, TickResult, Trigger
from evidence_kernel.events import (
    Absent,
    Answer,
    Applied,
    Conflict,
    Found,
    Report,
)
from evidence_kernel.records.keys import evidence_key, ledger_key, publication_key, status_key
from evidence_sim.machines.variant import Variant

ID = "c5b189a5-7cea-4038-9941-000000000000"
NOW = 1_767_456_000_000  # 2026-01-03T16:00:00Z
MINUTE = 60_000
HOUR = 60 * MINUTE
EVIDENCE, LEDGER, STATUS = evidence_key(ID), ledger_key(ID), status_key(ID)
DONE = publication_key(ID, Trigger.AUTO_12H)
OTHERS = json.dumps({"installed_at": "2026-01-03T15:59:00Z"}).encode()


class Walk:
    """One tick over a dictionary of (value, version), with answers and races at named phases.

    A made-up answer of a phase in `landed` hides that the put was performed.
    """

    def __init__(
        self,
        machine: Variant,
        store: Mapping[str, bytes] | None = None,
        wrong: Mapping[str, Sequence[Answer]] | None = None,
        race: Mapping[str, tuple[str, bytes]] | None = None,
        landed: str = "",
        tick_id: str = "a-1",
        context: object = {"cloudId": ID},
    ) -> None:
        self.store = {key: (value, 1) for key, value in (store or {}).items()}
        self.asked: list[tuple[str, Effect]] = []
        wrongs = {phase: list(answers) for phase, answers in (wrong or {}).items()}
        now = machine.start(Invocation(tick_id, context))
        self.log = list(now.log)
        while now.effect is not None:
            phase = str(now.state.phase)
            self.asked.append((phase, now.effect))
            if race and phase in race:
                self.set(*race[phase])
            made_up = wrongs[phase].pop(0) if wrongs.get(phase) else None
            done = self.perform(now.effect) if made_up is None or phase == landed else Absent()
            event = Event(made_up or done, NOW)
            again, now = machine.step(now.state, event), machine.step(now.state, event)
            assert (now, hash(now.state)) == (again, hash(again.state))  # pure, over values
            self.log += now.log
        assert isinstance(now.result, TickResult)
        self.result = now.result
        self.seen = (self.asked, self.log, self.result, self.store)
        self.phases = [phase for phase, _ in self.asked]
        self.audits = [line.text[-24:] for line in self.log if "didBackfill=true" in line.text]

    def set(self, key: str, value: bytes) -> int:
        version = self.store[key][1] + 1 if key in self.store else 1
        self.store[key] = value, version
        return version

    def perform(self, effect: Effect) -> Answer:
        if isinstance(effect, Get):
            return Found(*self.store[effect.key]) if effect.key in self.store else Absent()
        if isinstance(effect, Put):
            held = self.store[effect.key][1] if effect.key in self.store else Expect.ABSENT
            fits = effect.expect in (held, Expect.ANY)
            return Applied(self.set(effect.key, effect.value)) if fits else Conflict()
        return Report(json.dumps({"tick": effect.tick_id}).encode())

    def record(self, key: str) -> Any:
        return json.loads(self.store[key][0])
