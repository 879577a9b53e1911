"""Each single-defect machine differs from the kernel in its defect, and in nothing else."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from evidence_kernel import Outcome, Trigger
from evidence_kernel.events import (
    Absent,
    Answer,
    Failed,
    Found,
    GeneratorError,
    Unknown,
)
from evidence_kernel.records.instants import format_instant
from evidence_kernel.records.keys import evidence_key
from evidence_sim.machines import DEFECTS, KERNEL, MACHINES, SAYS
from evidence_sim.machines.specimens import SPECIMENS
from evidence_sim.machines.variant import Variant
from tests.sim.walk import DONE, EVIDENCE, HOUR, ID, LEDGER, MINUTE, NOW, OTHERS, STATUS, Walk


def both(name: str, *args: Any, **kwargs: Any) -> tuple[Walk, Walk]:
    """The same exchange with the kernel and with the variant."""
    variant = MACHINES[name]
    assert isinstance(variant, Variant)
    return Walk(KERNEL, *args, **kwargs), Walk(variant, *args, **kwargs)


def installed(age: int) -> dict[str, bytes]:
    return {EVIDENCE: json.dumps({"installed_at": format_instant(NOW - age)}).encode()}


def claimed(until: int) -> dict[str, bytes]:
    entry = {"attempts": 1, "backoff_until": format_instant(until), "mine": 1}
    return installed(13 * HOUR) | {LEDGER: json.dumps({"AUTO_12H": entry}).encode()}


DUE = installed(13 * HOUR)
RACE = {"EVIDENCE_PUT": (EVIDENCE, OTHERS)}

WALKS: Mapping[str, Mapping[str, Any]] = {
    "not-due": {"store": installed(HOUR)},
    "first": {},
    "misread": {"wrong": {"EVIDENCE_VERIFY": [Found(b"{}", 9)]}},
    "due": {"store": DUE},
    "nobody": {"context": {"cloudId": " "}},
}
# The walks in which each defect shows; in every other the machine must be the kernel.
SHOWS = {
    "plain-put": "first misread",
    "no-read-back": "first misread",
    "audit-before-read-back": "misread",
    "backdated-evidence": "first misread",
    "backfill-writes-more": "first misread",
    "claim-without-cas": "due",
    "check-generate-mark": "due",
    "settle-by-counter": "due",
    "truncated-key": "not-due first misread due",
    "no-identity-shared-key": "nobody",
    "rosy-status": "due",
    "status-by-plain-put": "not-due first misread due",
}


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("variant", DEFECTS, ids=lambda variant: variant.name)
def test_elsewhere_it_is_the_kernel(variant: Variant, walk: str) -> None:
    same = Walk(KERNEL, **WALKS[walk]).seen == Walk(variant, **WALKS[walk]).seen
    assert same is (walk not in SHOWS.get(variant.name, "").split())


def test_plain_put() -> None:
    kernel, variant = both("plain-put", race=RACE)
    assert kernel.store[EVIDENCE][0] == OTHERS != variant.store[EVIDENCE][0]


@pytest.mark.parametrize("name", ["no-read-back", "read-back-takes-any", "audit-before-read-back"])
def test_another_s_record_is_audited_as_mine(name: str) -> None:
    kernel, variant = both(name, race=RACE)
    assert (kernel.audits, kernel.result.did_backfill) == ([], False)
    assert variant.audits == ["2026-01-03T16:00:00.000Z"]
    assert variant.result.did_backfill is (name != "audit-before-read-back")
    assert ("EVIDENCE_VERIFY" in variant.phases) is (name != "no-read-back")
    assert variant.record(EVIDENCE)["installed_at"] == "2026-01-03T15:59:00Z"


def test_backdated_evidence() -> None:
    _, variant = both("backdated-evidence")
    assert variant.record(EVIDENCE)["installed_at"] == "2026-01-02T16:00:00.000Z"
    assert variant.audits == ["2026-01-02T16:00:00.000Z"]
    assert variant.result.trigger is Trigger.AUTO_24H


def test_overwrites_invalid() -> None:
    kernel, variant = both("overwrites-invalid", {EVIDENCE: b"{}"})
    assert (kernel.result.outcome, kernel.record(EVIDENCE)) == (Outcome.SKIPPED, {})
    assert (variant.result.outcome, variant.store[EVIDENCE][1]) == (Outcome.NOT_DUE, 2)


def test_assumed_evidence() -> None:
    kernel, variant = both("assumed-evidence", DUE, {"EVIDENCE_READ": [Failed()], "TIMESTAMP_READ": [Failed()]})
    assert kernel.result.outcome is Outcome.SKIPPED
    assert (variant.result.outcome, variant.result.trigger) == (Outcome.GENERATED, Trigger.AUTO_24H)


def test_backfill_writes_more() -> None:
    kernel, variant = both("backfill-writes-more")
    assert set(variant.store) - set(kernel.store) == {f"governance:metrics:{ID}"}
    assert [phase for phase in variant.phases if phase != "METRICS_PUT"] == kernel.phases


def test_unknown_as_failed() -> None:
    kernel, variant = both("unknown-as-failed", DUE, {"CLAIM": [Unknown()]}, landed="CLAIM")
    assert kernel.result.outcome is Outcome.GENERATED
    assert (variant.result.outcome, variant.result.success) == (Outcome.CONTENDED, True)
    assert variant.phases[-3:] == ["CLAIM", "ATTEMPT_PUT", "STATUS_CLOSE"]


def test_claim_without_cas() -> None:
    others = {"CLAIM": (LEDGER, b"{}")}
    kernel, variant = both("claim-without-cas", DUE, race=others)
    assert (kernel.result.outcome, variant.result.outcome) == (Outcome.CONTENDED, Outcome.GENERATED)


def test_check_generate_mark() -> None:
    others = {"PUBLISH": (DONE, b"{}")}
    kernel, variant = both("check-generate-mark", DUE, race=others)
    assert (kernel.result.outcome, kernel.record(DONE)) == (Outcome.ALREADY_DONE, {})
    assert variant.record(DONE)["published_by"] == "a-1"
    assert [phase for phase in kernel.phases if phase != "CLAIM"] == variant.phases
    assert variant.record(LEDGER)["AUTO_12H"]["attempts"] == 1


def test_settle_by_counter() -> None:
    others = json.dumps({"AUTO_12H": {"attempts": 2}}).encode()
    kernel, variant = both("settle-by-counter", DUE, race={"SETTLE": (LEDGER, others)})
    assert kernel.record(LEDGER)["AUTO_12H"] == {"attempts": 2}
    assert variant.record(LEDGER)["AUTO_12H"]["attempts"] == 1
    kernel, variant = both("settle-by-counter", DUE, race={"SETTLE_READ": (LEDGER, others)})
    assert variant.record(LEDGER)["AUTO_12H"] == {"attempts": 2}
    assert variant.result == Walk(KERNEL, DUE, race={"SETTLE": (LEDGER, others)}).result


@pytest.mark.parametrize(
    ("name", "ahead", "differs"),
    [
        ("backoff-ignored", 1, True),
        ("no-tolerance", 30 * MINUTE, False),
        ("no-tolerance", 30 * MINUTE + 1, True),
        ("no-tolerance", 45 * MINUTE + 1, False),  # implausible to the kernel as well
    ],
)
def test_a_backoff_that_holds_is_not_held(name: str, ahead: int, differs: bool) -> None:
    kernel, variant = both(name, claimed(NOW + ahead))
    assert (kernel.result.outcome is not variant.result.outcome) is differs
    assert not differs or variant.result.outcome is Outcome.GENERATED
    entry = variant.record(LEDGER)["AUTO_12H"]
    assert (entry["attempts"], entry["mine"]) == (1 if variant.result.outcome is Outcome.BACKOFF else 2, 1)


@pytest.mark.parametrize(("age", "trigger"), [(12 * HOUR, "AUTO_12H"), (24 * HOUR, "AUTO_24H")])
def test_early_generate(age: int, trigger: str) -> None:
    kernel, variant = both("early-generate", installed(age - 15 * MINUTE))
    assert kernel.result.trigger != variant.result.trigger == trigger
    assert variant.result.installed_at == NOW - age + 15 * MINUTE
    kernel, variant = both("early-generate", installed(age - 15 * MINUTE - 1))
    assert kernel.seen == variant.seen


def test_unearned_publication() -> None:
    _, variant = both("unearned-publication", DUE, {"GENERATE": [GeneratorError()]})
    assert variant.record(DONE)["report"] == {"unavailable": True}


@pytest.mark.parametrize("answer", [Failed(), Absent(), Found(b"{}", 3)])
def test_boastful_outcome(answer: Answer) -> None:
    kernel, variant = both("boastful-outcome", DUE, {"PUBLISH_VERIFY": [answer]})
    assert kernel.result.outcome is not Outcome.GENERATED is variant.result.outcome


def test_a_reused_tick_id_takes_a_predecessor_s_record_for_its_own() -> None:
    race = {"EVIDENCE_PUT": (EVIDENCE, both("reused-tick-id")[1].store[EVIDENCE][0])}
    kernel, variant = both("reused-tick-id", race=race, tick_id="a-2")
    assert (kernel.audits, len(variant.audits)) == ([], 1)
    assert variant.result.tick_id == "a-1"
    assert both("reused-tick-id", tick_id="a-3")[1].result.tick_id == "a-3"


def test_truncated_key() -> None:
    one, other = (both("truncated-key", context={"cloudId": ID[:-1] + last})[1] for last in "01")
    assert set(one.store) == set(other.store)


def test_no_identity_shared_key() -> None:
    kernel, variant = both("no-identity-shared-key", context={})
    assert (kernel.asked, kernel.result.outcome) == ([], Outcome.REFUSED)
    assert evidence_key("null") in variant.store


def test_rosy_status() -> None:
    kernel, variant = both("rosy-status", {EVIDENCE: b"{}"})
    shown = [[walk.record(STATUS)[name] for name in ("outcome", "last_success_at")] for walk in (kernel, variant)]
    assert shown == [["SKIPPED", None], ["NOT_DUE", "2026-01-03T16:00:00.000Z"]]


def test_status_by_plain_put() -> None:
    others = {"STATUS_CLOSE": (STATUS, b"{}")}
    kernel, variant = both("status-by-plain-put", race=others)
    assert kernel.record(STATUS) == {}
    assert variant.record(STATUS)["tick_id"] == "a-1"


def test_retry_in_tick() -> None:
    kernel, variant = both("retry-in-tick", DUE, {"TIMESTAMP_READ": [Failed()] * 20})
    assert kernel.result.outcome is Outcome.SKIPPED
    assert variant.phases.count("TIMESTAMP_READ") == 21
    assert variant.result.outcome is Outcome.GENERATED


def test_untotal() -> None:
    with pytest.raises(KeyError, match="UNKNOWN"):
        both("untotal", wrong={"EVIDENCE_PUT": [Unknown()]})


def test_the_registry_knows_every_specimen() -> None:
    assert {specimen.name for specimen in SPECIMENS} == set(MACHINES) - {"kernel"}
    assert all(specimen.says == SAYS[specimen.name] != "" for specimen in SPECIMENS)
    violated = frozenset[str]().union(*(specimen.violates for specimen in SPECIMENS))
    assert violated >= {f"S{n}" for n in range(1, 20)}
