"""The labels of the world's actions: frozen values with one spelling each.

    Start(a,1,h0)                        tenant a's first tick starts on host 0
    EvidenceRead(a,1):stale:1            the store answers that effect of that tick
    Land(a,1,EvidencePut)                a put that was still under way takes effect
    Crash(a,1)                           the tick is gone; what it asked for may still land
    Clock(h0,+300000)                    host 0's clock steps, in ms
    Outside(a.publication:AUTO_12H,delete)   delete, expire or corrupt:k of one record
    Outside(a,repair)  Outside(a,forget)     what operators do

A label applies alone: it holds every choice that was made.
"""

import re
from collections.abc import Callable

from attrs import frozen

from evidence_sim.codes import CAMEL, FROM_CAMEL, SPELLED, SPELLING, AnswerCode

RECORDS = ("status", "evidence", "ledger", "publication:AUTO_12H", "publication:AUTO_24H")
MOST_K = 15  # a digest has four bits for k of a record from outside
COUNTED = frozenset({AnswerCode.STALE, AnswerCode.CORRUPT, AnswerCode.TORN})
WHOLE_TENANT = frozenset({AnswerCode.REPAIR, AnswerCode.FORGET})
ONE_RECORD = frozenset({AnswerCode.DELETE, AnswerCode.EXPIRE, AnswerCode.CORRUPT})


def letter(tenant: int) -> str:
    """The name of a tenant's index: a to z, then aa, ab and on."""
    name = ""
    tenant += 1
    while tenant:
        tenant, rest = divmod(tenant - 1, 26)
        name = chr(ord("a") + rest) + name
    return name


def index(name: str) -> int:
    """The index of the tenant that `letter` names so."""
    at = 0
    for character in name:
        at = at * 26 + ord(character) - ord("a") + 1
    return at - 1


@frozen
class Start:
    """A tick begins; `n` is the tick's ordinal within the tenant."""

    tenant: int
    n: int
    host: int

    def __str__(self) -> str:
        return f"Start({letter(self.tenant)},{self.n},h{self.host})"


@frozen
class Reply:
    """The effect of a tick is answered; `arg` is k of stale, corrupt and torn, the tenant of elsewhere."""

    phase: str
    tenant: int
    n: int
    what: AnswerCode = AnswerCode.OK
    arg: int = 0

    def __str__(self) -> str:
        return f"{CAMEL[self.phase]}({letter(self.tenant)},{self.n}):{_spell(self.what, self.arg)}"


@frozen
class Land:
    """A put that was under way takes effect, if what it expected still holds."""

    tenant: int
    n: int
    phase: str

    def __str__(self) -> str:
        return f"Land({letter(self.tenant)},{self.n},{CAMEL[self.phase]})"


@frozen
class Crash:
    """A tick is cut off."""

    tenant: int
    n: int

    def __str__(self) -> str:
        return f"Crash({letter(self.tenant)},{self.n})"


@frozen
class Clock:
    """A host's clock steps by `ms`."""

    host: int
    ms: int

    def __str__(self) -> str:
        return f"Clock(h{self.host},{self.ms:+d})"


@frozen
class Outside:
    """Something other than a tick touches a tenant's records; `record` is None for repair and forget."""

    tenant: int
    record: str | None
    what: AnswerCode
    arg: int = 0

    def __str__(self) -> str:
        whom = letter(self.tenant) if self.record is None else f"{letter(self.tenant)}.{self.record}"
        return f"Outside({whom},{_spell(self.what, self.arg)})"


Action = Start | Reply | Land | Crash | Clock | Outside


def _spell(what: AnswerCode, arg: int) -> str:
    if what in COUNTED:
        return f"{SPELLING[what]}:{arg}"
    return f"elsewhere:{letter(arg)}" if what is AnswerCode.ELSEWHERE else SPELLING[what]


_T, _N, _P, _A = r"([a-z]{1,2})", r"([1-9][0-9]{0,4})", r"([A-Za-z0-9]+)", r"([a-z-]+)(?::([0-9]{1,2}|[a-z]{1,2}))?"
_FORMS: tuple[tuple[re.Pattern[str], Callable[..., Action]], ...] = (
    (re.compile(rf"Start\({_T},{_N},h([0-9]{{1,2}})\)"), lambda t, n, h: Start(index(t), int(n), int(h))),
    (re.compile(rf"Land\({_T},{_N},{_P}\)"), lambda t, n, p: Land(index(t), int(n), _phase(p))),
    (re.compile(rf"Crash\({_T},{_N}\)"), lambda t, n: Crash(index(t), int(n))),
    (re.compile(r"Clock\(h([0-9]{1,2}),([+-][1-9][0-9]{0,11})\)"), lambda h, ms: Clock(int(h), int(ms))),
    (re.compile(rf"Outside\({_T}(?:\.([a-zA-Z0-9:_]+))?,{_A}\)"), lambda *parts: _outside(*parts)),
    (re.compile(rf"{_P}\({_T},{_N}\):{_A}"), lambda p, t, n, *what: _reply(p, t, n, *what)),
)


def parse(text: str) -> Action:
    """The action that `text` spells. Raises ValueError, naming what is allowed."""
    for pattern, build in _FORMS:
        match = pattern.fullmatch(text)
        if match is not None:
            action = build(*match.groups())
            if str(action) == text:
                return action
    forms = "Start(a,1,h0), EvidenceRead(a,1):ok, Land(a,1,EvidencePut), Crash(a,1), Clock(h0,+300000)"
    raise ValueError(f"{text!r} is no action; actions look like {forms}, Outside(a.evidence,delete)")


def _phase(text: str) -> str:
    if text not in FROM_CAMEL:
        raise ValueError(f"{text!r} is no phase; phases are {', '.join(FROM_CAMEL)}")
    return FROM_CAMEL[text]


def _answer(text: str, argument: str | None) -> tuple[AnswerCode, int]:
    what = SPELLED.get(text)
    if what is None or what is AnswerCode.NONE:
        raise ValueError(f"{text!r} is no answer; answers are {', '.join(list(SPELLED)[1:])}")
    wanted = "[0-9]+" if what in COUNTED else "[a-z]+" if what is AnswerCode.ELSEWHERE else ""
    if not re.fullmatch(wanted, argument or ""):
        form = {"[0-9]+": f"{text}:1", "[a-z]+": f"{text}:b", "": text}[wanted]
        raise ValueError(f"{text!r} is written {form}, not {text}{'' if argument is None else ':' + argument}")
    return what, (index if what is AnswerCode.ELSEWHERE else int)(argument) if argument else 0


def _reply(phase: str, tenant: str, n: str, text: str, argument: str | None) -> Reply:
    what, arg = _answer(text, argument)
    if what >= AnswerCode.DELETE:
        raise ValueError(f"{text!r} is done from outside: write Outside({tenant}.evidence,delete)")
    return Reply(_phase(phase), index(tenant), int(n), what, arg)


def _outside(tenant: str, record: str | None, text: str, argument: str | None) -> Outside:
    what, arg = _answer(text, argument)
    if what not in (WHOLE_TENANT if record is None else ONE_RECORD):
        raise ValueError(f"{text!r} is nothing that is done from outside to {record or 'a whole tenant'}")
    if arg > MOST_K:
        raise ValueError(f"{text}:{arg} goes beyond {text}:{MOST_K}")
    if record is not None and record not in RECORDS:
        raise ValueError(f"{record!r} is no record; records are {', '.join(RECORDS)}")
    return Outside(index(tenant), record, what, arg)
