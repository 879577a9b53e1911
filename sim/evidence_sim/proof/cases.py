"""The answers that stand for all: each case of a phase with the values and clocks at its edges.

A case names what the model distinguishes. All its representatives must lead the same way; where they do not,
each way is a row of its own under the same name, and the proof has to hold for all.
"""

from collections.abc import Iterator

from attrs import frozen

from evidence_kernel import (
    Absent,
    Answer,
    Applied,
    Conflict,
    Effect,
    Failed,
    Found,
    GeneratorError,
    Get,
    Put,
    Report,
    Unknown,
)
from evidence_sim import oracle
from evidence_sim.config import EPOCH, HOUR, MINUTE
from evidence_sim.invariants.reports import QUARTER, tier
from evidence_sim.oracle import Role
from evidence_sim.proof.seen import Seen
from evidence_sim.watch import TRIGGERS

_UNTIL = EPOCH + 30 * HOUR
_FAR = 1000 * HOUR
_MALFORMED = (b"", b"[]", b'{"AUTO_12H":', b'{"AUTO_12H":7}', b'{"AUTO_24H":{"attempts":-1}}', b'{"AUTO_24H":null}')
_INVALID = (b"", b"null", b"{}", b'{"installed_at":"yesterday"}', b'{"installed_at":0}')
_OTHERS = (EPOCH - 40 * HOUR,)
REPORTS = (b'{"findings":3}', b"null")


@frozen
class Case:
    """One class of answers: `what` was answered, and `when`, where the clock at that moment matters."""

    what: str
    when: str = ""

    def __str__(self) -> str:
        return f"{self.what}, {self.when}" if self.when else self.what


Met = tuple[Case, Answer, int]


def met(effect: Effect, seen: Seen) -> Iterator[Met]:
    """Every case of an effect's answers, each by its representatives, with the clock at that moment."""
    if isinstance(effect, Put):
        yield from _PUT
    elif isinstance(effect, Get):
        yield Case("failed"), Failed(), EPOCH
        place = oracle.place(effect.key)
        yield from _READS[place.role](seen, place.trigger)
    else:
        yield from ((Case("report"), Report(body), EPOCH) for body in REPORTS)
        yield Case("unfit"), Report(b"{"), EPOCH
        yield Case("failed"), GeneratorError(), EPOCH


_PUT: tuple[Met, ...] = (
    (Case("applied"), Applied("applied"), EPOCH),
    (Case("conflict"), Conflict(), EPOCH),
    (Case("failed"), Failed(), EPOCH),
    (Case("unknown-no"), Unknown(), EPOCH),
    (Case("unknown-yes"), Unknown(), EPOCH),
    (Case("unknown-later"), Unknown(), EPOCH),
)


def _status(_seen: Seen, _trigger: str | None) -> Iterator[Met]:
    yield Case("absent"), Absent(), EPOCH
    yield Case("found"), Found(b"{}", "status"), EPOCH


def _evidence(seen: Seen, _trigger: str | None) -> Iterator[Met]:
    yield Case("absent"), Absent(), EPOCH
    for value in _INVALID:
        yield Case("invalid"), Found(value, "evidence"), EPOCH
    others = [f'{{"installed_at":"{oracle.written(at)}"}}'.encode() for at in _OTHERS]
    if seen.wrote is not None:  # the same in meaning, not in bytes
        others.append(seen.wrote.replace(b":", b": ", 1))
        others.append(seen.wrote.replace(seen.tick_id.encode(), b"tick-0"))
        yield from _dated("mine", seen.wrote)
    for value in others:
        yield from _dated("valid", value)


def _dated(what: str, value: bytes) -> Iterator[Met]:
    installed_at = oracle.installed_at(value)
    assert installed_at is not None
    for ahead in (-_FAR, 0, QUARTER, QUARTER + 1, _FAR):
        yield Case(what, "future" if ahead > QUARTER else ""), Found(value, "evidence"), installed_at - ahead


def _entries() -> Iterator[str]:
    until = oracle.written(_UNTIL)
    for attempts in (0, 1, 2, 3, 7):
        yield f'"attempts":{attempts}'
        yield f'"attempts":{attempts},"backoff_until":"{until}"'
    yield f'"attempts":1,"backoff_until":"{until}","last_error":{{}}'


def _ledger(seen: Seen, _trigger: str | None) -> Iterator[Met]:
    if seen.claim is not None:
        yield Case("absent"), Absent(), EPOCH
        yield Case("mine"), Found(seen.claim, "mine"), EPOCH
        yield Case("others"), Found(seen.claim.replace(seen.tick_id.encode(), b"tick-0"), "others"), EPOCH
        yield Case("others"), Found(seen.claim.replace(b":", b": ", 1), "others"), EPOCH
        return
    installed_at = seen.installed_at or 0
    for age in (-_FAR, 12 * HOUR - 1, 12 * HOUR, 24 * HOUR - 1, 24 * HOUR, _FAR):
        when = "too young" if age < 12 * HOUR else "12 h" if age < 24 * HOUR else "24 h"
        yield Case("absent", when), Absent(), installed_at + age
        for value in _MALFORMED:
            yield Case("malformed", when), Found(value, "ledger"), installed_at + age
        for due in TRIGGERS:
            for entry in _entries():
                other = '{"attempts":5}'
                fields = ",".join(f'"{name}":{"{" + entry + "}" if name == due else other}' for name in TRIGGERS)
                yield Case("found", when), Found(f"{{{fields}}}".encode(), "ledger"), installed_at + age


def _publication(seen: Seen, trigger: str | None) -> Iterator[Met]:
    if seen.published is not None:
        yield Case("absent"), Absent(), EPOCH
        yield Case("mine"), Found(seen.published, "publication"), EPOCH
        yield Case("others"), Found(seen.published.replace(seen.tick_id.encode(), b"tick-0"), "publication"), EPOCH
        yield Case("others"), Found(b"", "publication"), EPOCH
        return
    for value in (b"", b'{"report":1}'):
        yield Case("found"), Found(value, "publication"), EPOCH
    until, attempts = oracle.backoff_until(seen.ledger, trigger or ""), oracle.attempts(seen.ledger, trigger or "")
    if until is None:
        yield Case("absent", "free"), Absent(), EPOCH
        return
    plausible = tier(attempts) + QUARTER
    for ahead in (-_FAR, -MINUTE, 0, 1, plausible, plausible + 1, _FAR):
        when = "free" if ahead <= 0 else "running" if ahead <= plausible else "implausible"
        yield Case("absent", when), Absent(), until - ahead


_READS = {
    Role.STATUS: _status,
    Role.EVIDENCE: _evidence,
    Role.LEDGER: _ledger,
    Role.PUBLICATION: _publication,
}
