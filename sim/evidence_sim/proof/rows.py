"""The machine's transitions, read off by calling it: every reachable control state times every case.

Nothing of a table is written here. A row says where a case leads, what is asked there, and what the step says
and decides; change the kernel and the rows are others, and so are the obligations.
"""

from collections.abc import Hashable, Iterable, Iterator

from attrs import evolve, frozen

from evidence_kernel import Answer, Effect, Event, Invocation, Phase, Put, Reason, State, Step, ensure
from evidence_sim import oracle
from evidence_sim.config import records
from evidence_sim.machine import Machine
from evidence_sim.machines import KERNEL
from evidence_sim.proof.cases import Case, met
from evidence_sim.proof.seen import Asked, Seen

_TENANT, _TICK = records(0).tenant, "tick-1"
# The reasons that say of a put that it was not applied, and never will be.
_DENIES = {
    Reason.WRITE_FAILED: Phase.EVIDENCE_PUT,
    Reason.CLAIM_FAILED: Phase.CLAIM,
    Reason.CLAIM_CONFLICT: Phase.CLAIM,
    Reason.PUBLISH_FAILED: Phase.PUBLISH,
}


@frozen
class Row:
    """One transition of a tick. `effect` is answered as `case` says; `to` is where it stands then and asks `asks`.

    `trigger` is the one that is due before the answer; `due` the one after it. `verifies`: did_backfill became
    true; `audits`: for each audit line, whether its instant is that of the evidence this tick put; `denies`: the
    put that is said not to have been applied. `alone`: of the backfill alone; `ends_early`: of a tick without status.
    """

    phase: str
    case: Case
    to: str
    effect: Asked | None
    asks: Asked | None
    trigger: str | None = None
    due: str | None = None
    verifies: bool = False
    audits: tuple[bool, ...] = ()
    denies: str | None = None
    alone: bool = False
    ends_early: bool = False
    again: int = 0

    @property
    def name(self) -> str:
        """Its phase and case, and what else tells it from others of that name."""
        notes = [self.trigger] if self.trigger else []
        notes += ["alone"] if self.alone else []
        notes += ["without status"] if self.ends_early else []
        notes += [f"other way {self.again}"] if self.again else []
        head = f"{self.phase}:{self.case}" if self.phase else str(self.case)
        return f"{head} [{', '.join(notes)}]" if notes else head


@frozen
class At:
    """A representative control state: what the machine holds, what it asked, what it met."""

    state: State
    effect: Effect
    seen: Seen

    @property
    def name(self) -> Hashable:
        """What later steps, and what is read off them, may depend on; states of one name are one.

        What the machine takes for its own may be what it put, or not. A status matters by being there or not. Once
        there is a claim, the ledger matters by the number of the attempt and by what SETTLE will expect, an ending
        by its outcome, a publication by being there or not.
        """
        state, attempt = self.state, self.state.attempt
        asked = self.seen.abstract(self.effect, _remembered(state, self.effect))
        status, evidence = state.opened is None, (state.evidence, state.did_backfill)
        common = (state.phase, asked, state.alone, status, *evidence, *self._puts())
        if attempt is None or attempt.number == 0:
            return *common, state.backfill, state.installed_at, attempt, state.ending is None, self.seen
        ending = None if state.ending is None else (state.ending.outcome, state.ending.reason)
        if state.phase is Phase.STATUS_CLOSE:
            return *common, attempt.trigger, ending
        held = attempt.ledger.expect, self.seen.claimed
        return *common, attempt.trigger, attempt.number, held, attempt.publication is None, ending

    def _puts(self) -> Iterator[tuple[bool, bool]]:
        """Of evidence, claim and publication: whether it was put, and whether that is what a read-back is held to."""
        attempt, seen = self.state.attempt, self.seen
        yield seen.wrote is None, self.state.backfill == seen.wrote
        yield seen.claim is None, attempt is not None and attempt.ledger.value == seen.claim
        yield seen.published is None, attempt is not None and attempt.publication == seen.published


def rows(machine: Machine = KERNEL) -> tuple[Row, ...]:
    """All rows of the machine, in the order of its phases; where one case leads two ways there are two."""
    found = dict.fromkeys(_explored(machine))
    named: dict[str, int] = {}
    numbered = []
    for row in sorted(found, key=_place):
        again = named[row.name] = named.get(row.name, -1) + 1
        numbered.append(evolve(row, again=again) if again else row)
    return tuple(numbered)


_ORDER = ["", *(phase.value for phase in Phase)]


def _place(row: Row) -> tuple[int, str, str]:
    return _ORDER.index(row.phase), str(row.case), repr(row)


def _explored(machine: Machine) -> Iterator[Row]:
    waiting: list[At] = []
    names: set[Hashable] = set()
    for row, at in begun(machine):
        yield row
        waiting += _new(at, names)
    while waiting:
        at = waiting.pop()
        for case, answer, clock in met(at.effect, at.seen):
            row, after = taken(at, case, answer, machine.step(at.state, Event(answer, clock)))
            yield row
            waiting += _new(after, names)


def _new(at: At | None, names: set[Hashable]) -> Iterable[At]:
    if at is None or at.name in names:
        return ()
    names.add(at.name)
    return (at,)


def begun(machine: Machine = KERNEL) -> Iterator[tuple[Row, At | None]]:
    """How a tick, one without a tenant, and the backfill alone begin."""
    for begin, case, tenant in (
        (machine.start, Case("Start"), _TENANT),
        (machine.start, Case("Start", "no identity"), ""),
        (ensure, Case("Ensure"), _TENANT),
    ):
        out = begin(Invocation(_TICK, {"cloudId": tenant}))
        seen = Seen(tenant, _TICK)
        yield read_off(None, case, out, seen), _after(out, seen)


def taken(at: At, case: Case, answer: Answer, out: Step) -> tuple[Row, At | None]:
    """The row of a step, and the state that it leads to, None of an end."""
    seen = at.seen.answered(at.effect, answer)
    return read_off(at, case, out, seen), _after(out, seen)


def _after(out: Step, seen: Seen) -> At | None:
    return None if out.effect is None else At(out.state, out.effect, seen.asked(out.effect))


def read_off(at: At | None, case: Case, out: Step, seen: Seen) -> Row:
    """The row of a step from `at` (None of a start), whose answer is of that case and made the tick see `seen`."""
    state = out.state
    after = seen.asked(out.effect)
    lines = [said for line in out.log if (said := oracle.audited_at(line.text)) is not None]
    own = None if after.wrote is None else oracle.installed_at(after.wrote)
    was = at.state if at else None
    did = state.did_backfill or bool(out.result is not None and out.result.did_backfill)
    alone = state.alone
    return Row(
        phase="" if at is None else at.state.phase.value,
        case=case,
        to=state.phase.value,
        effect=None if at is None else at.seen.abstract(at.effect, _remembered(at.state, at.effect)),
        asks=None if out.effect is None else after.abstract(out.effect, _remembered(state, out.effect)),
        trigger=None if was is None or was.trigger is None else was.trigger.value,
        due=None if state.trigger is None else state.trigger.value,
        verifies=did and not (was is not None and was.did_backfill),
        audits=tuple(said == own for said in lines),
        denies=_denied(was, out),
        alone=alone,
        ends_early=not alone and out.effect is None and was is not None and was.phase is not Phase.STATUS_CLOSE,
    )


def _denied(was: State | None, out: Step) -> str | None:
    """The put that this step says was not applied."""
    reasons = []
    if was is not None and out.state.refusal is not was.refusal:
        reasons.append(out.state.refusal)
    if was is not None and was.ending is None and out.state.ending is not None:
        reasons.append(out.state.ending.reason)
    denied = [_DENIES[reason].value for reason in reasons if reason in _DENIES]
    return denied[0] if denied else None


def _remembered(state: State, effect: Effect) -> bytes | None:
    """What the machine will take for its own when it reads it back; None where it will not."""
    if isinstance(effect, Put) and state.phase is Phase.EVIDENCE_PUT:
        return state.backfill
    if state.attempt is not None and state.phase is Phase.CLAIM:
        return state.attempt.ledger.value
    return state.attempt.publication if state.attempt is not None and state.phase is Phase.PUBLISH else None
