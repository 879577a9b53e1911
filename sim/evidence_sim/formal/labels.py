"""The simulator's labels as names of actions in TLA+, which the checker can print.

Old releases of TLC print no parameters of an action. So the module that is checked names each label's
action, in one line that calls the specification's.
"""

from collections.abc import Iterator

from evidence_sim.codes import CAMEL, SPELLING, AnswerCode
from evidence_sim.config import MINUTE
from evidence_sim.explore.bounds import Bounds
from evidence_sim.faults import Profile
from evidence_sim.labels import COUNTED, RECORDS

READS = (
    "EVIDENCE_READ",
    "EVIDENCE_VERIFY",
    "TIMESTAMP_READ",
    "LEDGER_READ",
    "DONE_READ",
    "CLAIM_VERIFY",
    "PUBLISH_VERIFY",
)
WRITES = ("EVIDENCE_PUT", "CLAIM", "PUBLISH", "SETTLE")


def answers(codes: tuple[AnswerCode, ...]) -> list[str]:
    """How labels spell the answers that a search offers: stale goes two back, corrupt and torn are k = 0."""
    names = []
    for code in codes:
        counted = ("1", "2") if code is AnswerCode.STALE else ("0",)
        names += [f"{SPELLING[code]}:{k}" for k in counted] if code in COUNTED else [SPELLING[code]]
    return names


# What a tick may end with where a phase is answered; elsewhere it goes on.
_ENDS = {
    "TIMESTAMP_READ": ("SKIPPED", "EVIDENCE_IN_FUTURE"),
    "LEDGER_READ": ("STORE_FAILED", "LEDGER_INVALID", "NOT_DUE"),
    "DONE_READ": ("STORE_FAILED", "ALREADY_DONE", "BACKOFF"),
    "CLAIM": ("CONTENDED", "STORE_FAILED"),
    "CLAIM_VERIFY": ("STORE_FAILED",),
    "SETTLE": ("GENERATED", "ALREADY_DONE", "GENERATION_FAILED", "STORE_FAILED"),
}
NO_END = "NONE"


def said(label: str, outcome: str) -> str:
    """A label, and what the tick ended with."""
    return label if outcome == NO_END else f"{label} = {outcome}"


def replies(n: int, phase: str, answer: str) -> Iterator[tuple[str, str]]:
    """One answer to one phase of a tick, with each outcome that it may bring."""
    label, call = f"{CAMEL[phase]}(a,{n}):{answer}", f'{CAMEL[phase]}("t{n}", "{answer}")'
    ends = _ENDS.get(phase, ())
    for outcome in ends:
        yield said(label, outcome), f'{call} /\\ Outcome("t{n}", "{answer}") = "{outcome}"'
    if phase != "SETTLE":
        yield label, f'{call} /\\ Outcome("t{n}", "{answer}") = "none"' if ends else call


def calls(bounds: Bounds, profile: Profile) -> Iterator[tuple[str, str]]:
    """Every label within the bounds, and the action of the specification that it is."""
    for n in range(1, bounds.ticks + 1):
        yield f"Start(a,{n},h0)", f'Start("t{n}")'
        yield f"Crash(a,{n})", f'Crash("t{n}")'
        kinds = ((READS, profile.reads), (WRITES, profile.writes), (("GENERATE",), profile.generates))
        for phases, codes in kinds:
            for phase in phases:
                for answer in ("ok", *answers(codes)):
                    yield from replies(n, phase, answer)
        for phase in WRITES if AnswerCode.UNKNOWN_LATER in profile.writes else ():
            yield f"Land(a,{n},{CAMEL[phase]})", f'Land("t{n}", "{phase}")'
    for ms in bounds.clock:
        yield f"Clock(h0,{ms:+d})", f"Clock({ms // MINUTE})"
    for record in RECORDS if profile.outside else ():
        if record != "status":
            key = record.removeprefix("publication:")
            yield f"Outside(a.{record},corrupt:0)", f'Outside("{key}")'


def named(bounds: Bounds, profile: Profile) -> dict[str, tuple[str, str]]:
    """Name of the action -> its label and its call."""
    return {f"A{number}": pair for number, pair in enumerate(calls(bounds, profile))}
