"""Labels: one spelling each, and a clear refusal of any other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_sim.codes import PHASES, AnswerCode
from evidence_sim.labels import RECORDS, Clock, Crash, Land, Outside, Reply, Start, index, letter, parse

_TENANT = st.integers(0, 249)
_N = st.integers(1, 50_000)
_PHASE = st.sampled_from(PHASES)
_PLAIN = [
    what
    for what in AnswerCode
    if AnswerCode.OK <= what <= AnswerCode.TWICE and what not in (AnswerCode.STALE, AnswerCode.CORRUPT, AnswerCode.TORN)
]
ACTIONS = st.one_of(
    st.builds(Start, _TENANT, _N, st.integers(0, 15)),
    st.builds(Reply, _PHASE, _TENANT, _N, st.sampled_from(_PLAIN)),
    st.builds(Reply, _PHASE, _TENANT, _N, st.just(AnswerCode.STALE), st.integers(0, 9)),
    st.builds(Reply, _PHASE, _TENANT, _N, st.just(AnswerCode.ELSEWHERE), _TENANT),
    st.builds(Land, _TENANT, _N, _PHASE),
    st.builds(Crash, _TENANT, _N),
    st.builds(Clock, st.integers(0, 15), st.integers(-(10**9), 10**9).filter(bool)),
    st.builds(Outside, _TENANT, st.sampled_from(RECORDS), st.just(AnswerCode.CORRUPT), st.integers(0, 1)),
    st.builds(Outside, _TENANT, st.none(), st.sampled_from([AnswerCode.REPAIR, AnswerCode.FORGET])),
)


@given(ACTIONS)
def test_a_label_is_read_back(action: Start) -> None:
    assert parse(str(action)) == action


@given(st.text(max_size=40))
def test_any_other_text_is_refused_with_what_is_allowed(text: str) -> None:
    try:
        action = parse(text)
    except ValueError as error:
        assert str(error)
    else:
        assert str(action) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Evidence(a,1):ok", "is no phase; phases are StatusRead"),
        ("EvidenceRead(a,1):sideways", "is no answer; answers are ok, failed"),
        ("EvidenceRead(a,1):stale", "is written stale:1"),
        ("EvidenceRead(a,1):delete", "write Outside(a.evidence,delete)"),
        ("Outside(a.everything,delete)", "is no record; records are status, evidence"),
        ("Start(a,01,h0)", "is no action; actions look like"),
        ("Start(a,1,h0) ", "is no action; actions look like"),
    ],
)
def test_refusals(text: str, says: str) -> None:
    with pytest.raises(ValueError, match="is ") as refused:
        parse(text)
    assert says in str(refused.value)


def test_tenants_letters() -> None:
    assert [letter(n) for n in (0, 25, 26, 27, 249)] == ["a", "z", "aa", "ab", "ip"]
    assert all(index(letter(n)) == n for n in range(250))
