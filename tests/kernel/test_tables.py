"""The tables: total over what answers can mean, every row reached, the longest path, no forbidden row."""

from functools import cache

import pytest

from evidence_kernel.codes import EvidenceState, Finding, Observation, Outcome, Phase, Reason, Warn
from evidence_kernel.effects import Effect, Expect, Get, Put
from evidence_kernel.errors import Misuse
from evidence_kernel.events import (
    Absent,
    Answer,
    Applied,
    Conflict,
    Event,
    Failed,
    Found,
    GeneratorError,
    Report,
    Unknown,
)
from evidence_kernel.findings import FINDINGS
from evidence_kernel.messages import DETAILS
from evidence_kernel.requests import REQUESTS
from evidence_kernel.state import State
from evidence_kernel.step import ensure, step
from evidence_kernel.tables import ANSWERS, ASKS, BACKFILL_ALONE, EVIDENCE, SCHEDULER, WITHOUT_STATUS, Ask
from tests.kernel.walk import EVIDENCE as EVIDENCE_KEY
from tests.kernel.walk import NOW, edges

_ANSWERS: tuple[Answer, ...] = (
    Found(b"{}", 1),
    Absent(),
    Failed(),
    Applied(2),
    Conflict(),
    Unknown(),
    Report(b"null"),
    GeneratorError(),
)
_KINDS: dict[Ask, set[type]] = {
    Ask.READ: {Found, Absent, Failed},
    Ask.WRITE: {Applied, Conflict, Failed, Unknown},
    Ask.GENERATE: {Report, GeneratorError},
}
_AWAITING = [phase for phase in Phase if phase is not Phase.END]


@cache
def _states() -> dict[Phase, tuple[State, Effect]]:
    """A reached state of each phase, with the effect whose answer it awaits."""
    return {state.phase: (state, effect) for state, effect, _, _ in edges()}


@cache
def _met() -> frozenset[tuple[Phase, Finding | EvidenceState]]:
    """Every (phase, finding) of the walk through all abstract states."""
    return frozenset(
        (state.phase, FINDINGS[state.phase](state, event.answer, event.at)[0]) for state, _, event, _ in edges()
    )


@pytest.mark.parametrize("answer", _ANSWERS, ids=lambda answer: type(answer).__name__)
@pytest.mark.parametrize("phase", _AWAITING)
def test_s12_every_phase_takes_its_own_kind_of_answer_and_refuses_every_other(phase: Phase, answer: Answer) -> None:
    state, effect = _states()[phase]
    kind = Ask.READ if isinstance(effect, Get) else Ask.WRITE if isinstance(effect, Put) else Ask.GENERATE
    assert ASKS[phase] is kind
    before = repr(state)
    if type(answer) in _KINDS[kind]:
        now = step(state, Event(answer, NOW))
        assert (now.effect is None) is (now.result is not None) is (now.state.phase is Phase.END)
    else:
        with pytest.raises(Misuse, match=f"^{phase} takes no {type(answer).__name__}"):
            step(state, Event(answer, NOW))
    assert repr(state) == before


@pytest.mark.parametrize("answer", _ANSWERS, ids=lambda answer: type(answer).__name__)
def test_s12_an_ended_tick_takes_no_answer(answer: Answer) -> None:
    ended = next(now.state for _, _, _, now in edges() if now.effect is None)
    with pytest.raises(Misuse, match=f"^END takes no {type(answer).__name__}"):
        step(ended, Event(answer, NOW))


def test_s12_every_row_is_met_and_every_finding_that_is_met_has_its_row() -> None:
    assert _met() == set(SCHEDULER)


def test_each_phase_has_a_finding_a_request_a_kind_and_rows() -> None:
    awaiting = set(_AWAITING)
    assert awaiting == set(FINDINGS) == set(REQUESTS) == set(ASKS) == {phase for phase, _ in SCHEDULER}
    assert {kind: set(types) for kind, types in ANSWERS.items()} == _KINDS


def test_s12_the_longest_path_asks_for_fifteen_effects() -> None:
    def longest(phase: Phase, before: tuple[Phase, ...]) -> int:
        assert phase not in before, "a tick could go on for ever"
        if phase is Phase.END:
            return 0
        onward = {row.to for (at, _), row in SCHEDULER.items() if at is phase}
        return 1 + max(longest(to, (*before, phase)) for to in onward)

    assert longest(Phase.STATUS_READ, ()) == 15


def test_every_phase_is_reached_from_the_start_and_leads_to_the_end() -> None:
    onward = {phase: {row.to for (at, _), row in SCHEDULER.items() if at is phase} for phase in Phase}

    def reached(phase: Phase) -> set[Phase]:
        return {phase}.union(*(reached(to) for to in onward[phase]))

    assert reached(Phase.STATUS_READ) == set(Phase)
    assert all(Phase.END in reached(phase) for phase in Phase)


def test_an_outcome_is_decided_exactly_once_on_every_path() -> None:
    """So that `ending` is known where SETTLE and STATUS_CLOSE need it, and never changes."""
    late = {Phase.SETTLE, Phase.STATUS_CLOSE, Phase.END}
    for (phase, finding), row in SCHEDULER.items():
        decides = row.to in late and phase not in late
        assert (row.outcome is not None) is (row.reason is not None) is decides, (phase, finding)


def test_only_the_phases_of_a_claim_lead_to_settle() -> None:
    to_settle = {phase for (phase, _), row in SCHEDULER.items() if row.to is Phase.SETTLE}
    assert to_settle == {Phase.GENERATE, Phase.PUBLISH, Phase.PUBLISH_VERIFY}
    to_generate = {key for key, row in SCHEDULER.items() if row.to is Phase.GENERATE}
    assert to_generate == {(Phase.CLAIM, Finding.APPLIED), (Phase.CLAIM_VERIFY, Finding.MINE)}


def test_every_code_is_used_by_a_row_but_those_of_a_refusal_and_of_ensure() -> None:
    rows = SCHEDULER.values()
    assert {row.outcome for row in rows} - {None} == set(Outcome) - {Outcome.REFUSED}
    assert {row.warns for row in rows} - {None} == set(Warn)
    unused = {Reason.NO_IDENTITY, Reason.EXISTS, Reason.BACKFILLED}
    assert {row.reason for row in rows} | {row.refuses for row in rows} == {None, *Reason} - unused
    assert set(DETAILS) == {row.refuses for row in rows} - {None} | {Reason.NO_IDENTITY}


def _evidence_inputs() -> set[tuple[EvidenceState | None, Observation]]:
    """Every pair that a tick can meet: what the first read, the read-back and the last read can say."""
    anyones = {Observation.ABSENT, Observation.VALID, Observation.INVALID, Observation.FAILED}
    first = {(None, seen) for seen in anyones}
    back = {(EvidenceState.MISSING, seen) for seen in (*anyones, Observation.MINE)}
    without_put = {state for key in first if (state := EVIDENCE[key]) is not EvidenceState.MISSING}
    with_put = {EVIDENCE[key] for key in back}  # a put that Failed leaves MISSING, which is among them
    last = {(state, seen) for state in without_put | with_put for seen in anyones}
    return first | back | last | {(state, Observation.STILL_MINE) for state in with_put}


def test_evidence_decides_every_pair_that_a_tick_can_meet_and_no_other() -> None:
    assert set(EVIDENCE) == _evidence_inputs()


@pytest.mark.parametrize(("before", "seen"), list(EVIDENCE))
def test_evidence_says_what_was_read(before: EvidenceState | None, seen: Observation) -> None:
    """The rule of the table in words: a failed read changes nothing, all others say what is there."""
    said = {Observation.ABSENT: "MISSING", Observation.VALID: "VALID", Observation.INVALID: "INVALID"}
    if seen is Observation.FAILED:
        expected = before
    elif seen is Observation.MINE:
        expected = EvidenceState.VERIFIED
    elif seen is Observation.STILL_MINE:
        expected = before if before is EvidenceState.VERIFIED else EvidenceState.VALID
    else:
        expected = EvidenceState(said[seen])
    assert EVIDENCE[before, seen] is expected


def test_s3_verified_comes_only_from_a_read_back_that_is_mine() -> None:
    to_verified = {(before, seen) for (before, seen), after in EVIDENCE.items() if after is EvidenceState.VERIFIED}
    kept = {(EvidenceState.VERIFIED, Observation.FAILED), (EvidenceState.VERIFIED, Observation.STILL_MINE)}
    assert to_verified == {(EvidenceState.MISSING, Observation.MINE)} | kept
    assert {key for key, row in SCHEDULER.items() if row.audits} == {(Phase.EVIDENCE_VERIFY, EvidenceState.VERIFIED)}
    for state, _, event, now in edges():
        if now.state.did_backfill and not state.did_backfill:
            assert state.phase is Phase.EVIDENCE_VERIFY
            assert isinstance(event.answer, Found)
            assert event.answer.value == state.backfill


def test_s2_invalid_evidence_is_never_put_over() -> None:
    to_put = {key for key, row in SCHEDULER.items() if row.to is Phase.EVIDENCE_PUT}
    assert to_put == {(Phase.EVIDENCE_READ, EvidenceState.MISSING)}
    for state, _, event, now in edges():
        if isinstance(now.effect, Put) and now.effect.key == EVIDENCE_KEY:
            assert (state.phase, event.answer) == (Phase.EVIDENCE_READ, Absent())
            assert now.effect.expect is Expect.ABSENT


def test_s2_no_put_is_unconditional() -> None:
    puts = [now.effect for _, _, _, now in edges() if isinstance(now.effect, Put)]
    assert puts
    assert all(put.expect is not Expect.ANY for put in puts)


def test_s5_the_ledger_is_read_only_where_this_tick_read_valid_evidence() -> None:
    to_ledger = {key for key, row in SCHEDULER.items() if row.to is Phase.LEDGER_READ}
    states = (EvidenceState.VALID, EvidenceState.VERIFIED)
    assert to_ledger == {(Phase.TIMESTAMP_READ, state) for state in states}


def test_the_two_cut_tails() -> None:
    assert WITHOUT_STATUS == {Phase.STATUS_CLOSE: Phase.END}
    assert BACKFILL_ALONE == {Phase.TIMESTAMP_READ: Phase.END}


def test_s14_the_backfill_alone_asks_three_effects_of_one_key() -> None:
    asked = {(state.phase, type(effect)) for state, effect, _, _ in edges(ensure)}
    assert asked == {
        (Phase.EVIDENCE_READ, Get), (Phase.EVIDENCE_PUT, Put), (Phase.EVIDENCE_VERIFY, Get)
    }  # fmt: skip
    for _, effect, _, _ in edges(ensure):
        assert isinstance(effect, Get | Put)
        assert effect.key == EVIDENCE_KEY
