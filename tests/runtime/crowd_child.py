"""One of the processes that tick the same tenants of one file, until it is killed or told to stop."""

import os
import sys
import time
from pathlib import Path
from typing import Any

from evidence_kernel import Effect, Event, State, Trigger
from evidence_runtime import SqliteStore, system_clock
from evidence_sim.choice import H, Stream
from tests.runtime.cut_shapes import MINUTE, NOW
from tests.runtime.witness import Journal, listening, tick

SEED = 8
TENANTS = tuple(f"c5b189a5-7cea-4038-9941-0000000000{n:02}" for n in range(50))
AHEAD = 2 * MINUTE  # each process's clock is so much ahead of the one's before it; in all, within the tolerance
STOP = "stop"
TURN = 40  # ms for which half of all ticks are of one tenant


def generate(tenant: str, trigger: Trigger, installed_at: int, attempt: int, tick_id: str) -> Any:
    """A report that says whose it is, after a while; or none, at half of all first and second attempts."""
    time.sleep(0.004)
    if attempt < 3 and H(SEED, TENANTS.index(tenant), 2 * attempt + (trigger is Trigger.AUTO_12H)) % 2:
        raise ValueError("no data")
    return {"by": tick_id, "attempt": attempt}


def linger(state: State, _event: Event | None, _effect: Effect | None) -> None:
    """Stay a while between what was read and the put that builds on it: there others come first."""
    if state.phase.value in ("EVIDENCE_PUT", "CLAIM", "PUBLISH", "SETTLE"):
        time.sleep(0.003)


def clock(begun: int, factor: int, index: int) -> int:
    """What this process takes for the time: the same hurried clock for all, and a few minutes more or less."""
    return NOW + (system_clock() - begun) * factor + (index - 4) * AHEAD


def run(path: Path, index: int, life: int, begun: int, factor: int) -> None:
    """Tick one tenant after another: as the stream of this process's life has it, or as all others do now."""
    parent, stream = os.getppid(), Stream(SEED, 1000 * (index + 1) + life)
    journal = Journal(path.parent)
    with SqliteStore(path) as store, listening():
        while os.getppid() == parent and not (path.parent / STOP).exists():
            mine, everyones = stream.draw(len(TENANTS)), system_clock() // TURN % len(TENANTS)
            tenant = TENANTS[everyones if stream.draw(2) else mine]
            tick(store, journal, tenant, generate, lambda: clock(begun, factor, index), observe=linger)
    journal.close()


if __name__ == "__main__":
    run(Path(sys.argv[1]), *(int(argument) for argument in sys.argv[2:]))
