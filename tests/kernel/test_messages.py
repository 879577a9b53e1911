"""Every line is one of a closed set of formats, at its level, with nothing raw from outside."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_kernel import messages
from evidence_kernel.codes import Level, Outcome, Reason, Trigger, Warn
from evidence_kernel.identity import canonical_tenant
from evidence_kernel.messages import LogLine
from evidence_kernel.state import Invocation
from evidence_kernel.step import ensure, start
from tests.kernel.scenarios import SCENARIOS
from tests.kernel.walk import TENANT, Scenario, edges, walk

_ID = r"(?P<id>-|[A-Za-z0-9_.~%-]+)"
_INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
_TICK = r"\[Phase5Scheduler\] tick=(?P<tick>[A-Za-z0-9._-]{1,64}) cloudId=" + _ID
_BACKFILL = r"\[PHASE4_BACKFILL\] "
# name -> level, format.
FORMATS: Mapping[str, tuple[int, str]] = {
    "start": (20, _TICK + " start"),
    "warning": (30, _TICK + r" warning=(?P<warning>\w+)"),
    "end": (
        20,
        _TICK + r" outcome=(?P<outcome>[A-Z_0-9]+) reason=(?P<reason>\w+) due=(?P<due>-|AUTO_12H|AUTO_24H)",
    ),
    "audit": (
        20,
        f"{_BACKFILL}cloudId={_ID} didBackfill=true reason=missing_phase4_evidence_on_upgrade "
        f"timestamp=(?P<timestamp>{_INSTANT})",
    ),
    "refusal": (
        30,
        f"{_BACKFILL}FAIL_CLOSED cloudId={_ID} " + r"reason=(?P<reason>\w+): (?P<detail>[a-z ]+)",
    ),
    "not found": (30, f"Installation timestamp not found for {_ID}"),
}


# What drivers, stores and operators' calls say; no tick does.
REPAIRS: Mapping[str, tuple[int, str]] = {
    "fault": (30, r"\[Phase5Scheduler\] fault=\w+ at=[\w.~%:-]+ error=[\w.~%:-]*"),
    "repair": (30, rf"\[PHASE4_REPAIR\] cloudId={_ID} record=evidence timestamp=(?P<timestamp>{_INSTANT})"),
    "reset": (30, rf"\[PHASE4_REPAIR\] cloudId={_ID} record=ledger AUTO_12H=(?P<a>\d+) AUTO_24H=(?P<b>\d+)"),
}


def parse(line: LogLine) -> tuple[str, dict[str, str]]:
    """The one format of the line, and what it says."""
    assert re.fullmatch(r"[ -~]+", line.text), "a line is printable ASCII"
    found = {
        name: match.groupdict()
        for name, (level, pattern) in {**FORMATS, **REPAIRS}.items()
        if (match := re.fullmatch(pattern, line.text)) and level == line.level
    }
    assert len(found) == 1, line
    return found.popitem()


def _lines() -> Iterator[LogLine]:
    """Every line that any edge between any two states says, and those of a refused start."""
    for begin in (start, ensure):
        for context in ({"cloudId": TENANT}, None):
            yield from begin(Invocation("tick-1", context)).log
        for _, _, _, now in edges(begin):
            yield from now.log


def _all_of(field: str, name: str) -> set[str]:
    said = (parse(line) for line in set(_lines()))
    return {fields[field] for format_, fields in said if format_ == name}


def test_every_line_that_any_tick_can_say_has_one_format() -> None:
    assert {parse(line)[0] for line in set(_lines())} == set(FORMATS)


def test_every_code_is_said() -> None:
    assert _all_of("warning", "warning") == set(Warn)
    assert _all_of("outcome", "end") == set(Outcome)
    assert _all_of("due", "end") == {"-", *Trigger}
    assert _all_of("reason", "refusal") == set(messages.DETAILS)
    assert _all_of("detail", "refusal") == set(messages.DETAILS.values())
    never_an_end = {*messages.DETAILS, Reason.EXISTS, Reason.BACKFILLED} - {Reason.NO_IDENTITY}
    assert _all_of("reason", "end") == set(Reason) - never_an_end


def test_what_operators_say_has_a_format() -> None:
    assert parse(messages.repaired("a%20b", 0)) == ("repair", {"id": "a%20b", "timestamp": "1970-01-01T00:00:00.000Z"})
    assert parse(messages.reset("-", {Trigger.AUTO_24H: 3})) == ("reset", {"id": "-", "a": "0", "b": "3"})


def test_a_fault_has_a_format_whatever_it_names() -> None:
    for where, error in (("phase4:evidence:installation:a%20b", "OSError"), ("x\nINFO y", "K\u2028\u00e9 z"), ("", "")):
        assert parse(messages.fault("get", where, error))[0] == "fault"


def test_levels_are_those_of_the_standard_library() -> None:
    assert (Level.INFO, Level.WARNING) == (20, 30)


@settings(max_examples=300, deadline=None)
@given(SCENARIOS)
def test_a_tick_says_start_first_end_last_and_what_it_did_between(scenario: Scenario) -> None:
    walked = walk(scenario)
    said = [parse(line) for line in walked.log]
    names = [name for name, _ in said]
    assert (names[0], names[-1]) == ("start", "end")
    assert names.count("start") == names.count("end") == 1
    assert names.count("audit") == walked.result.did_backfill
    assert names.count("not found") == (walked.tick.outcome is Outcome.SKIPPED)
    end = said[-1][1]
    assert (end["outcome"], end["reason"]) == (walked.tick.outcome, walked.tick.reason)
    assert end["due"] == (walked.tick.trigger or "-")


@pytest.mark.parametrize(
    "tenant", ["a b", "é", "%", "a=b outcome=GENERATED", "a:b/c", "日本", "😀", "-x", "'\";--", "{0}%s"]
)
def test_an_id_stands_in_its_encoded_form(tenant: str) -> None:
    walked = walk(Scenario(context={"cloudId": tenant}, faults={"EVIDENCE_PUT": "failed"}))
    assert {parse(line)[1]["id"] for line in walked.log} == {quote(tenant, safe="")}


@pytest.mark.parametrize(
    "tenant",
    ["a\nb", "a\r", "\n", "a\x1b[31m", "\u2028x\u2029", "a\u202eb", "\ud800", " a", "a" * 129, "", None, 7],
)
@pytest.mark.parametrize("begin", [start, ensure])
def test_an_id_that_could_break_a_line_is_refused(begin: object, tenant: object) -> None:
    walked = walk(Scenario(context={"cloudId": tenant}), ensure if begin is ensure else start)
    assert {parse(line)[1]["id"] for line in walked.log} == {"-"}
    assert walked.steps == ()


@given(st.text(max_size=40))
def test_whatever_the_id_a_line_is_one_line(tenant: str) -> None:
    for line in start(Invocation("tick-1", {"cloudId": tenant})).log:
        said = parse(line)[1]["id"]
        canonical = canonical_tenant(tenant)
        assert said == ("-" if canonical is None else quote(canonical, safe=""))
