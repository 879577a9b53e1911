"""The digest of a run: one 64-bit word an action, folded in order.

A word is, from the high bits down: tenant 8, ordinal 16, action 8, answer 8, argument 8, phase after 8,
outcome 8. An action of no tenant has tenant 255; a clock's ordinal is its host and its argument the
index of the step in CLOCK_STEPS; a start's argument is its host; a record's argument from outside is
its index in RECORDS times 16 plus k.
"""

from collections.abc import Iterable

from evidence_sim.choice import fold
from evidence_sim.codes import ActionCode, AnswerCode, OutcomeCode
from evidence_sim.config import CLOCK_STEPS
from evidence_sim.labels import RECORDS, Action, Clock, Crash, Land, Outside, Reply, Start

_ACTION = {name: int(code) for name, code in ActionCode.__members__.items()}
_OUTCOME = {name: int(code) for name, code in OutcomeCode.__members__.items()}
_STEP = {ms: at for at, ms in enumerate(CLOCK_STEPS)}
_RECORD = {record: at for at, record in enumerate(RECORDS)}
_NOBODY = 255


def word(action: Action, phase_after: str, outcome: str) -> int:
    """The word of an action that left its tick at a phase (END without one) with an outcome, or NONE."""
    tenant, ordinal, code, answer, argument = _fields(action)
    upper = ((tenant & 0xFF) << 24 | ordinal << 8 | code) << 32
    return upper | answer << 24 | argument << 16 | _ACTION[phase_after] << 8 | _OUTCOME[outcome]


def _fields(action: Action) -> tuple[int, int, int, int, int]:
    match action:
        case Reply(phase=phase, tenant=tenant, n=n, what=what, arg=arg):
            return tenant, n, _ACTION[phase], what, arg
        case Start(tenant=tenant, n=n, host=host):
            return tenant, n, ActionCode.START, AnswerCode.NONE, host
        case Clock(host=host, ms=ms):
            return _NOBODY, host, ActionCode.CLOCK, AnswerCode.NONE, _STEP[ms]
        case Land(tenant=tenant, n=n, phase=phase):
            return tenant, n, ActionCode.LAND, AnswerCode.NONE, _ACTION[phase]
        case Crash(tenant=tenant, n=n):
            return tenant, n, ActionCode.CRASH, AnswerCode.NONE, 0
        case Outside(tenant=tenant, record=record, what=what, arg=arg):
            place = 0 if record is None else _RECORD[record] * 16 + arg
            return tenant, 0, ActionCode.OUTSIDE, what, place


def folded(words: Iterable[int], start: int = 0) -> int:
    """The digest of words, or of seeds' digests in seed order."""
    for item in words:
        start = fold(start, item)
    return start
