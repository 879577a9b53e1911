"""Every shape of a tick, run on a SQLite file with a knife in it."""

import json
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from evidence_kernel import Effect, Event, Expectation, Found, ReadAnswer, State, Unknown, WriteAnswer
from evidence_runtime import SqliteStore, Store
from evidence_sim.oracle import Role, place, written
from tests.runtime.witness import Journal, backfill, tick

TENANT = "c5b189a5-7cea-4038-9941-000000000000"
EVIDENCE = f"phase4:evidence:installation:{TENANT}"
LEDGER = f"phase5:scheduler:state:{TENANT}"
DONE = f"phase5:scheduler:{TENANT}:{{}}:DONE"
MINUTE = 60_000
HOUR = 60 * MINUTE
NOW = 1_767_456_000_000
BOTH = ("AUTO_12H", "AUTO_24H")
INSIDE = {"INSERT OR REPLACE": "counted", "COMMIT": "written"}  # what has happened before that statement


def bytes_of(record: object) -> bytes:
    """A record."""
    return json.dumps(record).encode()


def installed(at: int) -> bytes:
    """Evidence."""
    return bytes_of({"installed_at": written(at)})


def works(*by: object) -> Any:
    """A report that says whose it is."""
    return {"by": by[-1]}


def fails(*_: object) -> Any:
    """No report."""
    raise ValueError("no data")


class Knife:
    """Knows where a tick is, and stops it there for ever: whoever started the process kills it from outside."""

    def __init__(self, stop: Callable[[str, str], None], rival: Mapping[str, Callable[[], None]]) -> None:
        self.phase = "OPEN"
        self._stop = stop
        self._rival = rival
        self._traced: set[tuple[str, str]] = set()

    def observe(self, state: State, _event: Event | None, _effect: Effect | None) -> None:
        """Take the phase whose effect comes next."""
        self.phase = state.phase.value

    def gate(self, where: str) -> None:
        """A call begins or has ended; at its beginning a rival may come first."""
        if where == "entry" and self.phase in self._rival:
            self._rival[self.phase]()
        self._stop(self.phase, where)

    def trace(self, statement: str) -> None:
        """SQLite is about to execute a statement of the store's; once more for each trigger within it."""
        if self.phase == "OPEN":
            where = f"before {' '.join(statement.split()[:3])}"
        else:
            where = next((where for begins, where in INSIDE.items() if statement.startswith(begins)), "")
        if where and (self.phase, where) not in self._traced:
            self._traced.add((self.phase, where))
            self._stop(self.phase, where)


def wait_for_the_kill(phase: str, where: str) -> Callable[[str, str], None]:
    """Stop there: say so, and wait for ever."""

    def stop(*here: str) -> None:
        if here == (phase, where):
            print("here", os.getpid(), flush=True)
            while True:
                signal.pause()

    return stop


class Traced(SqliteStore):
    """A store whose statements the knife sees, from the first within its opening."""

    def __init__(self, path: Path, knife: Knife) -> None:
        self._knife = knife
        super().__init__(path)

    def _recognise(self) -> bool:
        self._database.set_trace_callback(self._knife.trace)
        return super()._recognise()


@frozen
class Doubt:
    """A store that does not say what became of a tick's claim; with `lost`, nothing became of it."""

    store: Store
    knife: Knife
    lost: bool

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def get(self, key: str) -> ReadAnswer:
        """As the store's."""
        return self.store.get(key)

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As the store's, unless it is a claim."""
        if self.knife.phase != "CLAIM":
            return self.store.put(key, value, expect)
        if not self.lost:
            self.store.put(key, value, expect)
        return Unknown()


Rival = Callable[[Store, Journal], None]


def _other_tick(at: int) -> Rival:
    def run(store: Store, journal: Journal) -> None:
        tick(store, journal, TENANT, works, lambda: at)

    return run


def _install(store: Store, journal: Journal) -> None:
    journal.give(store, EVIDENCE, installed(NOW - 13 * HOUR))


@frozen
class Shape:
    """What is there, what happens, and how a tick ends that finds things as they were given."""

    ends: str
    given: Mapping[str, bytes]
    reports: tuple[str, ...] = BOTH  # which there must be at last
    generate: Callable[..., Any] = works
    rival: Mapping[str, Rival] = {}  # at the beginning of which phase another comes first
    doubt: bool | None = None
    alone: bool = False
    fresh: str | None = None  # how a fresh tick ends, where that is not as `ends`

    def allowed(self, landed: list[str]) -> str:
        """How a fresh tick ends after these keys have changed: the rest of the tick was cut off."""
        roles = {place(key).role for key in landed}
        if EVIDENCE not in self.given and Role.EVIDENCE not in roles:
            return "NOT_DUE"
        if Role.PUBLICATION in roles:
            return "ALREADY_DONE"
        return "BACKOFF" if Role.LEDGER in roles else self.fresh or self.ends

    def run(self, path: Path, journal: Journal, stop: Callable[[str, str], None]) -> None:
        """Run the tick with a knife in it."""

        def against(rival: Rival) -> Callable[[], None]:
            def act() -> None:
                with SqliteStore(path) as other:
                    rival(other, journal)

            return act

        knife = Knife(stop, {phase: against(rival) for phase, rival in self.rival.items()})
        with Traced(path, knife) as opened:
            store: Store = opened if self.doubt is None else Doubt(opened, knife, self.doubt)
            if self.alone:
                backfill(store, journal, TENANT, lambda: NOW, gate=knife.gate, observe=knife.observe)
            else:
                tick(store, journal, TENANT, self.generate, lambda: NOW, gate=knife.gate, observe=knife.observe)
            knife.phase = "END"


def _entry(attempts: int, until: int, error: object = None) -> dict[str, object]:
    return {"attempts": attempts, "backoff_until": written(until), "claimed_by": "earlier", "last_error": error}


_DUE = {EVIDENCE: installed(NOW - 13 * HOUR)}
_TRIED = bytes_of({"AUTO_12H": _entry(1, NOW - 11 * HOUR), "AUTO_24H": _entry(1, NOW - HOUR), "kept": True})
_DONE = bytes_of({"published_by": "earlier", "report": 1})
SHAPES: Mapping[str, Shape] = {
    "first": Shape("NOT_DUE", {}, BOTH[1:]),
    "backfill alone": Shape("NOT_DUE", {}, BOTH[1:], alone=True),
    "not due": Shape("NOT_DUE", {EVIDENCE: installed(NOW - HOUR)}, BOTH[1:]),
    "generated": Shape("GENERATED", _DUE),
    "generated at the second attempt": Shape(
        "GENERATED",
        {EVIDENCE: installed(NOW - 30 * HOUR), LEDGER: _TRIED, DONE.format("AUTO_12H"): _DONE},
    ),
    "generation failed": Shape("GENERATION_FAILED", _DUE, generate=fails, fresh="GENERATED"),
    "already done": Shape("ALREADY_DONE", {**_DUE, DONE.format("AUTO_12H"): _DONE}),
    "backoff": Shape("BACKOFF", {**_DUE, LEDGER: bytes_of({"AUTO_12H": _entry(1, NOW + 20 * MINUTE, {})})}),
    "backoff of a clock far ahead": Shape("GENERATED", {**_DUE, LEDGER: bytes_of({"AUTO_12H": _entry(1, NOW + HOUR)})}),
    "invalid evidence": Shape("SKIPPED", {EVIDENCE: b'{"installed_at":"yesterday"}'}, ()),
    "future evidence": Shape("EVIDENCE_IN_FUTURE", {EVIDENCE: installed(NOW + HOUR)}, BOTH[1:]),
    "malformed ledger": Shape("LEDGER_INVALID", {**_DUE, LEDGER: b"[]"}, ()),
    "contended": Shape("CONTENDED", _DUE, rival={"CLAIM": _other_tick(NOW)}, fresh="GENERATED"),
    "overtaken": Shape("ALREADY_DONE", _DUE, rival={"GENERATE": _other_tick(NOW + 31 * MINUTE)}, fresh="GENERATED"),
    "claim in doubt": Shape("GENERATED", _DUE, doubt=False),
    "claim lost": Shape("STORE_FAILED", _DUE, doubt=True, fresh="GENERATED"),
    "longest": Shape("GENERATED", {}, rival={"EVIDENCE_PUT": _install}, doubt=False),
}


def found(store: Store, key: str) -> bytes | None:
    """What a key holds."""
    answer = store.get(key)
    return answer.value if isinstance(answer, Found) else None
