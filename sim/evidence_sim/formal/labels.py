"""The simulator's labels as names of actions in TLA+, which the checker can print.

Old releases of TLC print no parameters of an action. So the module that is checked names each label's
action, in one line that calls the specification's.
"""

from collections.abc import Iterator

from evidence_sim.codes import CAMEL, SPELLING
from evidence_sim.config import MINUTE
from evidence_sim.explore.bounds import Bounds
from evidence_sim.faults import Profile
from evidence_sim.labels import COUNTED, RECORDS

QUARTER = 15 * MINUTE  # the specification's unit of time
READS = ("EVIDENCE_READ", "EVIDENCE_VERIFY", "TIMESTAMP_READ", "LEDGER_READ", "DONE_READ", "CLAIM_VERIFY", "PUBLISH_VERIFY")
WRITES = ("EVIDENCE_PUT", "CLAIM", "PUBLISH", "SETTLE")


def answers(codes: tuple[int, ...]) -> list[str]:
    """How labels spell the answers that a search offers: stale goes two back, corrupt and torn are k = 0."""
    spelled = {code: SPELLING[code] for code in SPELLING}
    names = []
    for code, name in spelled.items():
        if code in codes:
            counted = ("1", "2") if name == "stale" else ("0",)
            names += [f"{name}:{k}" for k in counted] if code in COUNTED else [name]
    return names


def record_of(key: str) -> str:
    """The simulator's name of a record that the specification names by its trigger alone."""
    return f"publication:{key}" if key.startswith("AUTO") else key


def calls(bounds: Bounds, profile: Profile) -> Iterator[tuple[str, str]]:
    """Every label within the bounds, and the action of the specification that it is."""
    for n in range(1, bounds.ticks + 1):
        yield f"Start(a,{n},h0)", f'Start("t{n}")'
        yield f"Crash(a,{n})", f'Crash("t{n}")'
        kinds = ((READS, profile.reads), (WRITES, profile.writes), (("GENERATE",), profile.generates))
        for phases, codes in kinds:
            for phase in phases:
                for answer in ("ok", *answers(codes)):
                    yield f"{CAMEL[phase]}(a,{n}):{answer}", f'{CAMEL[phase]}("t{n}", "{answer}")'
        for phase in WRITES:
            yield f"Land(a,{n},{CAMEL[phase]})", f'Land("t{n}", "{phase}")'
    for ms in bounds.clock:
        yield f"Clock(h0,{ms:+d})", f"Clock({ms // QUARTER})"
    for record in RECORDS if profile.outside else ():
        if record != "status":
            key = record.removeprefix("publication:")
            yield f"Outside(a.{record},corrupt:0)", f'Outside("{key}")'


def named(bounds: Bounds, profile: Profile) -> dict[str, tuple[str, str]]:
    """Name of the action -> its label and its call."""
    return {f"A{number}": pair for number, pair in enumerate(calls(bounds, profile))}
