"""Scenarios drawn by Hypothesis: records of every sort, faults and races at any phase, clocks that step."""

from typing import Any

from hypothesis import strategies as st

from evidence_kernel.codes import Phase
from evidence_kernel.records.instants import format_instant
from tests.kernel import walk as world
from tests.kernel.walk import (
    DONE_12H,
    DONE_24H,
    EVIDENCE,
    HOUR,
    LEDGER,
    MINUTE,
    NOW,
    STATUS,
    TENANT,
    Scenario,
)

_INSTANTS = [
    *(format_instant(NOW - ago) for ago in (0, 12 * HOUR - 300, 12 * HOUR, 24 * HOUR - 700, 24 * HOUR)),
    *(format_instant(NOW - ago) for ago in (13 * HOUR, 40 * HOUR, -15 * MINUTE - 600, -HOUR)),
    "2026-01-03T04:30:00.1239+01:30",
    "2026-01-02T22:59:59-05:00",
    *("2026-02-30T00:00:00Z", "yesterday", "2026-01-03T16:00:00", None, 7),
]
_BACKOFFS = [
    *(format_instant(NOW + ahead) for ahead in (-1, 0, 700, 701, 30 * MINUTE, 45 * MINUTE + 700)),
    *(format_instant(NOW + ahead) for ahead in (45 * MINUTE + 701, 3 * HOUR, 25 * HOUR, 40 * HOUR)),
]
_JUNK = st.sampled_from([b"", b"null", b"[]", b"{}", b"{", b"\xff", b'"x"', b"7"])
_EVIDENCE = st.sampled_from(_INSTANTS).map(lambda at: world.record(installed_at=at, origin="elsewhere"))
_ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "attempts": st.sampled_from([0, 1, 2, 3, 4, 9, -1, True, 1.0, None, 2**53 - 2, 2**53]),
        "backoff_until": st.sampled_from([*_BACKOFFS, None, "soon", 5]),
        "claimed_by": st.sampled_from(["tick-0", None, 1]),
        "generated_at": st.sampled_from([format_instant(NOW - HOUR), None, 1]),
        "last_error": st.sampled_from([{"reason": "generation_failed"}, {}, None, "bad"]),
        "unknown_to_us": st.just([1, {"x": None}]),
    },
)
_PLAUSIBLE: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"attempts": st.integers(0, 4)},
    optional={"backoff_until": st.sampled_from(_BACKOFFS), "last_error": st.sampled_from([{}, None])},
)
_ENTRIES: st.SearchStrategy[Any] = _PLAUSIBLE | _ENTRY | st.sampled_from([[], None])
_LEDGER = st.fixed_dictionaries(
    {}, optional={"AUTO_12H": _ENTRIES, "AUTO_24H": _ENTRIES, "other": st.just({"kept": 1})}
).map(lambda fields: world.record(**fields))
_STATUS = st.fixed_dictionaries(
    {
        "evidence": st.sampled_from(["VALID", None]),
        "outcome": st.sampled_from(["GENERATED", None]),
        "reason": st.sampled_from(["published", None]),
        "trigger": st.sampled_from(["AUTO_24H", None]),
        "tick_id": st.sampled_from(["tick-0", "", 5]),
        **{f"{name}_at": st.sampled_from(_INSTANTS) for name in ("installed", "closed", "last_check")},
        "last_success_at": st.sampled_from([*_INSTANTS[:9], None, "often"]),
    },
    optional={"extra": st.just(1)},
).map(lambda fields: world.record(**fields))
_RECORDS: dict[str, st.SearchStrategy[bytes]] = {
    EVIDENCE: _EVIDENCE | _JUNK,
    LEDGER: _LEDGER | _JUNK,
    STATUS: _STATUS | _JUNK,
    DONE_12H: _JUNK,
    DONE_24H: _JUNK,
}
PHASES = [phase.value for phase in Phase if phase is not Phase.END]
_FAULTS = st.sampled_from(["failed", "failed", "unknown-yes", "unknown-no", "conflict", "absent"])
_RACE = st.sampled_from(sorted(_RECORDS)).flatmap(lambda key: st.tuples(st.just(key), _RECORDS[key]))
SCENARIOS = st.builds(
    Scenario,
    records=st.fixed_dictionaries({}, optional=_RECORDS),
    faults=st.dictionaries(st.sampled_from(PHASES), _FAULTS, max_size=4),
    races=st.dictionaries(st.sampled_from(PHASES), _RACE, max_size=2),
    clock=st.just(tuple(range(0, 1500, 100)))
    | st.lists(st.integers(-2 * HOUR, 2 * HOUR), min_size=1, max_size=15).map(tuple),
    report=st.sampled_from([b'{"findings":3}', b"null", b'"\\u00e9"', b"{"]),
    context=st.sampled_from([{"cloudId": TENANT}] * 9 + [{"cloudId": " "}]),
)
