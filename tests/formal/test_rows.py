"""The representatives stand for all: whatever the sampled world answers, the kernel's step is a row of the proof."""

from collections.abc import Iterator

from evidence_kernel import Absent, Applied, Conflict, Effect, Event, Found, GeneratorError, Get, Put, step
from evidence_sim import oracle
from evidence_sim.codes import SPELLING
from evidence_sim.config import HOUR, MINUTE, records
from evidence_sim.facts import Fact
from evidence_sim.labels import Reply, Start
from evidence_sim.oracle import Role
from evidence_sim.proof.cases import Case
from evidence_sim.proof.rows import At, Row, read_off, rows
from evidence_sim.proof.seen import Seen
from evidence_sim.sample import Plan, sample

SEEDS = 150
TOLERANCE, TIERS = 15 * MINUTE, (0, 30 * MINUTE, 120 * MINUTE, 24 * HOUR)


def case_of(effect: Effect, fact: Fact, seen: Seen) -> Case:
    """The case of an answer that the world gave."""
    answer = fact.answer
    assert answer is not None and isinstance(fact.action, Reply)
    if isinstance(effect, Put):
        plain = "applied" if isinstance(answer, Applied) else "conflict" if isinstance(answer, Conflict) else None
        return Case(plain or SPELLING[fact.action.what])
    if not isinstance(effect, Get):
        return Case("failed" if isinstance(answer, GeneratorError) else "report")
    place = oracle.place(effect.key)
    if not isinstance(answer, Found | Absent):
        return Case("failed")
    value = answer.value if isinstance(answer, Found) else None
    if place.role is Role.EVIDENCE:
        return _evidence(value, seen, fact.at)
    if place.role is Role.LEDGER:
        return _ledger(value, seen, fact.at)
    return _publication(value, seen, place.trigger or "", fact.at) if place.role is Role.PUBLICATION else _there(value)


def _there(value: bytes | None) -> Case:
    return Case("absent" if value is None else "found")


def _whose(value: bytes | None, mine: bytes) -> Case:
    return Case("absent" if value is None else "mine" if value == mine else "others")


def _evidence(value: bytes | None, seen: Seen, at: int) -> Case:
    installed_at = oracle.installed_at(value)
    if value is None or installed_at is None:
        return Case("absent" if value is None else "invalid")
    return Case("mine" if value == seen.wrote else "valid", "future" if installed_at > at + TOLERANCE else "")


def _ledger(value: bytes | None, seen: Seen, at: int) -> Case:
    if seen.claim is not None:
        return _whose(value, seen.claim)
    assert seen.installed_at is not None
    age = at - seen.installed_at
    when = "too young" if age < 12 * HOUR else "12 h" if age < 24 * HOUR else "24 h"
    malformed = value is not None and oracle.record(value) is None
    return Case("malformed" if malformed else _there(value).what, when)


def _publication(value: bytes | None, seen: Seen, trigger: str, at: int) -> Case:
    if seen.published is not None:
        return _whose(value, seen.published)
    if value is not None:
        return Case("found")
    until, attempts = oracle.backoff_until(seen.ledger, trigger), oracle.attempts(seen.ledger, trigger)
    if until is None or until <= at:
        return Case("absent", "free")
    return Case("absent", "running" if until <= at + TIERS[min(attempts, 3)] + TOLERANCE else "implausible")


def steps(seed: int) -> Iterator[Row]:
    """The rows of every step of a seed's run, read off it."""
    ticks: dict[tuple[int, int], Seen] = {}
    for fact in sample(Plan(), seed):
        if isinstance(fact.action, Start) and fact.run_after is not None:
            begun = Seen(records(fact.action.tenant).tenant, fact.run_after.state.tick_id)
            ticks[fact.action.tenant, fact.action.n] = begun.asked(fact.asks)
        elif isinstance(fact.action, Reply) and fact.run is not None:
            tick = fact.action.tenant, fact.action.n
            state, effect, answer = fact.run.state, fact.run.effect, fact.answer
            assert answer is not None
            seen = ticks[tick].answered(effect, answer)
            case = case_of(effect, fact, ticks[tick])
            yield read_off(At(state, effect, ticks[tick]), case, step(state, Event(answer, fact.at)), seen)
            ticks[tick] = seen.asked(fact.asks)


def test_every_step_of_sampled_runs_is_a_row_of_the_proof() -> None:
    met = {row for seed in range(SEEDS) for row in steps(seed)}
    every = rows()
    assert met - set(every) == set()
    kernel = [row for row in every if row.phase and not row.alone]
    unmet = [row.name for row in kernel if row not in met]
    assert len(unmet) < len(kernel) / 4, unmet
