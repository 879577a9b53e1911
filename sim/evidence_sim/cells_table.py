"""The product of what a store does and what it says: each cell legal, equal to another, or excluded."""

from collections.abc import Mapping

from attrs import frozen

from evidence_sim.codes import AnswerCode

_A = AnswerCode


@frozen
class FaultCell:
    """One cell. `answer` is its label where it is legal; `because` says what it equals, or why it is out."""

    kind: str
    does: str
    says: str
    verdict: str
    because: str
    answer: AnswerCode | None = None


def _legal(kind: str, does: str, says: str, answer: AnswerCode) -> FaultCell:
    return FaultCell(kind, does, says, "legal", answer.name.lower().replace("_", "-"), answer)


def _equal(kind: str, does: str, says: str, to: str) -> FaultCell:
    return FaultCell(kind, does, says, "equal", to)


def _excluded(kind: str, does: str, says: str, because: str) -> FaultCell:
    return FaultCell(kind, does, says, "excluded", because)


_W, _R, _T, _O = "write", "read", "tick", "outside"
_AGAIN = "`twice` shows what a second application does, and that changes nothing of what {} makes this tick do"
_PAIR = "for this tick as `failed`, for the other tenant as `elsewhere`: no third thing is seen by anybody"

CELLS: tuple[FaultCell, ...] = (
    _legal(_W, "now", "ack", _A.OK),
    _legal(_W, "now", "failed", _A.FAILED_YES),
    _legal(_W, "now", "unknown", _A.UNKNOWN_YES),
    _legal(_W, "never", "ack", _A.LOST),
    _legal(_W, "never", "failed", _A.FAILED),
    _legal(_W, "never", "unknown", _A.UNKNOWN_NO),
    _legal(_W, "later", "ack", _A.LATER),
    _legal(_W, "later", "failed", _A.FAILED_LATER),
    _legal(_W, "later", "unknown", _A.UNKNOWN_LATER),
    _legal(_W, "torn", "ack", _A.TORN),
    _equal(_W, "torn", "failed", "failed-yes, then Outside corrupt of that record"),
    _equal(_W, "torn", "unknown", "unknown-yes, then Outside corrupt of that record"),
    _legal(_W, "wrong key", "ack", _A.ELSEWHERE),
    _excluded(_W, "wrong key", "failed", _PAIR),
    _excluded(_W, "wrong key", "unknown", _PAIR.replace("`failed`", "`unknown-no`")),
    _legal(_W, "twice", "ack", _A.TWICE),
    _excluded(_W, "twice", "failed", _AGAIN.format("`failed-yes`")),
    _excluded(_W, "twice", "unknown", _AGAIN.format("`unknown-yes`")),
    _legal(_R, "current", "ok", _A.OK),
    _legal(_R, "current", "failed", _A.FAILED),
    _legal(_R, "stale k", "ok", _A.STALE),
    _equal(_R, "stale k", "failed", "failed: what was not shown has no age"),
    _legal(_R, "corrupt", "ok", _A.CORRUPT),
    _equal(_R, "corrupt", "failed", "Outside corrupt of that record, then failed"),
    _legal(_R, "another's", "ok", _A.ELSEWHERE),
    _equal(_R, "another's", "failed", "failed: what was not shown is nobody's"),
    _equal(_T, "on time", "", "Start"),
    _equal(_T, "late", "", "Clock, then Start"),
    _equal(_T, "never", "", "Clock without a Start"),
    _equal(_T, "twice", "", "Start once more: a duplicate delivery is a tick of its own"),
    _equal(_T, "overlapping", "", "Start while another is in flight"),
    _equal(_T, "crash after any action", "", "Crash"),
    _legal(_O, "corruption", "", _A.CORRUPT),
    _legal(_O, "deletion", "", _A.DELETE),
    _legal(_O, "expiry", "", _A.EXPIRE),
    _legal(_O, "repair", "", _A.REPAIR),
    _legal(_O, "forget", "", _A.FORGET),
    _equal(_O, "clock steps", "", "Clock"),
)
# What each kind multiplies: CELLS has each combination once.
FACTORS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    _W: (("now", "never", "later", "torn", "wrong key", "twice"), ("ack", "failed", "unknown")),
    _R: (("current", "stale k", "corrupt", "another's"), ("ok", "failed")),
    _T: (("on time", "late", "never", "twice", "overlapping", "crash after any action"), ("",)),
    _O: (("corruption", "deletion", "expiry", "repair", "forget", "clock steps"), ("",)),
}
