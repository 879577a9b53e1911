"""A NOT_DUE tick of the kernel, without a store: on the tables alone, and with its records."""

from collections.abc import Callable, Iterator, Sequence

from evidence_kernel import EVIDENCE, SCHEDULER, Event, Expect, Invocation, Phase, start, step
from evidence_kernel import Finding as F
from evidence_kernel import Observation as Sees
from evidence_runtime import MemoryStore, perform
from evidence_sim.config import EPOCH, Initial, contents, records

Rows = Sequence[tuple[str, str, str]]  # of a table: what is found or seen, from, to

# What a NOT_DUE tick meets, phase by phase: an evidence phase says what it sees.
WALK: tuple[F | Sees, ...] = (F.FOUND, F.APPLIED, Sees.VALID, Sees.VALID, F.NOT_DUE, F.APPLIED)


def bare_tick() -> Phase:
    """A NOT_DUE tick on the tables alone, its answers already decoded."""
    phase, evidence = Phase.STATUS_READ, None
    for seen in WALK:
        if isinstance(seen, Sees):
            evidence = EVIDENCE[evidence, seen]
            assert evidence is not None
            phase = SCHEDULER[phase, evidence].to
        else:
            phase = SCHEDULER[phase, seen].to
    return phase


def records_tick() -> Callable[[], Phase]:
    """A NOT_DUE tick with all its records decoded and encoded; its answers were recorded from a store."""
    store = MemoryStore()
    for key, value in contents(0, Initial("valid")).items():
        store.put(key, value, Expect.ABSENT)
    context = {"cloudId": records(0).tenant}
    for n in range(3):  # the third tick finds what the second left
        events = list(_recorded(store, Invocation(f"a-{n}", context)))
    invocation = Invocation("a-3", context)

    def tick() -> Phase:
        now = start(invocation)
        for event in events:
            now = step(now.state, Event(event.answer, event.at))
        return now.state.phase

    return tick


def _recorded(store: MemoryStore, invocation: Invocation) -> Iterator[Event]:
    now = start(invocation)
    while now.effect is not None:
        event = Event(perform(store, never, now.effect), EPOCH)
        yield event
        now = step(now.state, event)


def never(*_: object) -> None:
    """The generator of ticks that need none."""
    raise AssertionError("nothing is due")
