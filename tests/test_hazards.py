"""Each hazard of spec/hazards.md: its schedule is red on v2.20 and green on the kernel, in the same test.

A schedule names phases, which both machines share where they do the same; whatever else a tick asks for on
the way is answered `ok`.
"""

import json

from evidence_kernel import Applied, Event, Found, Get, Invocation, Put, Trigger, missed
from evidence_kernel.records.instants import format_instant
from evidence_kernel.records.keys import ledger_key, publication_key
from evidence_kernel.records.status import read_status
from evidence_kernel.schedule import HOUR
from evidence_kernel.trust import trust_status
from evidence_sim.config import EPOCH, Initial, records
from evidence_sim.machines import MACHINES, original_records
from tests.timeline import Timeline

OLD, NEW = "v2.20", "kernel"
FIVE, TWO_HOURS, DAY = 300_000, 2 * HOUR, 24 * HOUR
ID = records(0).tenant
STATE = original_records.state_key(f"cloudId:{ID}")


def both(begins: Initial | None = None) -> tuple[Timeline, Timeline]:
    """The same beginning for the original and the kernel."""
    return Timeline(OLD, begins), Timeline(NEW, begins)


def _apart(line: Timeline) -> Timeline:
    """Two ticks that both saw no evidence, five minutes apart."""
    line.start(1, 2).until("EVIDENCE_PUT", 1)
    return line.do(f"Clock(h0,+{FIVE})").until("EVIDENCE_PUT", 2)


def test_d1_double_backfill() -> None:
    old, new = (
        line.start(1, 2).until("EVIDENCE_PUT", 1, 2).until("EVIDENCE_VERIFY", 1, 2).finish(1, 2) for line in both()
    )
    assert "S4" in old.violated() and old.audits() == 2
    assert not new.violated() and new.audits() == 1


def test_d2_verified_evidence_is_overwritten() -> None:
    old, new = (_apart(line).finish(1).finish(2) for line in both())
    assert "S1" in old.violated()
    assert not new.violated()


def test_d3_the_read_back_is_anothers() -> None:
    old, new = (_apart(line).until("EVIDENCE_VERIFY", 1, 2).finish(1, 2) for line in both())
    assert "S3" in old.violated()
    assert not new.violated()


def test_d4_a_strange_record_is_destroyed() -> None:
    old, new = (line.start(1).finish(1) for line in both(Initial("empty")))
    assert {"S1", "S2"} <= old.violated()
    assert not new.violated() and new.outcomes() == ["SKIPPED"]


def test_d5_evidence_that_nobody_announced() -> None:
    old, new = (line.start(1).until("EVIDENCE_PUT", 1).do("EvidencePut(a,1):unknown-yes").finish(1) for line in both())
    assert old.audits() == 0
    assert new.audits() == 1 and not new.violated()


def test_d6_a_late_write() -> None:
    for line in (lines := both()):
        line.start(1).until("EVIDENCE_PUT", 1).do("EvidencePut(a,1):unknown-later", f"Clock(h0,+{FIVE})")
        line.finish(1).start(2).finish(2).do("Land(a,1,EvidencePut)")
    old, new = lines
    assert "S1" in old.violated()
    assert not new.violated()


def test_d7_a_report_without_its_marker_is_no_success() -> None:
    for line in (lines := both(Initial("valid-12h"))):
        line.start(1).until("PUBLISH", 1).do("Publish(a,1):failed").finish(1)
    old, new = lines
    assert "S13" in old.violated() and old.outcomes() == ["GENERATED"]
    assert not new.violated() and new.outcomes() == ["STORE_FAILED"]


def test_d8_a_second_report_after_a_crash() -> None:
    for line in (lines := both(Initial("valid-12h"))):
        line.start(1).until("PUBLISH", 1).do("Crash(a,1)").start(2).finish(2)
    old, new = lines
    assert old.calls() == 2
    assert new.calls() == 1 and new.outcomes() == ["BACKOFF"] and not new.violated()


def test_d9_overlapping_ticks_both_generate() -> None:
    for line in (lines := both(Initial("valid-12h"))):
        line.start(1, 2).until("GENERATE", 1, 2).finish(1, 2)
    old, new = lines
    assert old.calls() == 2 and "S6" not in new.violated()
    assert new.calls() == 1 and not new.violated()


def test_d10_d11_lost_attempts_and_a_bypassed_backoff() -> None:
    for line in (lines := both(Initial("valid-12h"))):
        line.start(1).until("GENERATE", 1).do("Generate(a,1):failed").until("SETTLE", 1)
        line.do("Settle(a,1):failed").finish(1).start(2).finish(2)
    old, new = lines
    assert old.calls() == 2 and old.record(STATE)["auto_12h_attempt_count"] == 1
    assert new.calls() == 1 and new.outcomes()[1] == "BACKOFF" and not new.violated()
    assert new.record(ledger_key(ID))["AUTO_12H"]["attempts"] == 1
    control = Timeline(OLD, Initial("valid-12h")).start(1).until("GENERATE", 1).do("Generate(a,1):failed").finish(1)
    assert control.start(2).finish(2).calls() == 1  # nothing was lost, and it waits


def test_d12_a_late_failure_beside_a_success() -> None:
    for line in (lines := both(Initial("valid-12h"))):
        line.start(1).until("GENERATE", 1).do("Generate(a,1):failed").start(2).finish(2).finish(1)
    old, new = lines
    assert old.outcomes() == ["GENERATED", "GENERATION_FAILED"]
    state = old.record(STATE)
    assert old.holds("AUTO_12H:DONE") and state["last_error"] and state["last_backoff_until"]
    assert state["auto_12h_generated_at"] is None
    assert new.outcomes() == ["BACKOFF", "GENERATION_FAILED"] and not new.violated()
    new.do("Clock(h0,+1800000)").start(3).finish(3)
    entry = new.record(ledger_key(ID))["AUTO_12H"]
    assert new.outcomes()[2] == "GENERATED" and entry["generated_at"] and entry["last_error"] is None


def test_d13_each_trigger_waits_for_itself() -> None:
    for line in (lines := both(Initial("valid-12h"))):
        for n in (1, 2, 3):
            line.start(n).until("GENERATE", n).do(f"Generate(a,{n}):failed").finish(n)
            line.do(f"Clock(h0,+{TWO_HOURS})", "Clock(h0,+300000)")
        line.do(f"Clock(h0,+{12 * HOUR})").start(4).finish(4)
    old, new = lines
    assert old.outcomes()[3] == "BACKOFF"
    assert new.outcomes()[3] == "GENERATED" and not new.violated()


def test_d14_a_missed_window_is_shown() -> None:
    for line in (lines := both(Initial("valid-12h"))):
        line.do(f"Clock(h0,+{12 * HOUR})").start(1).finish(1)
        assert line.facts[-1].result.trigger is Trigger.AUTO_24H
    old, new = lines
    assert not old.holds("12H:DONE") and "12H" not in old.said()
    installed_at = new.facts[-1].result.installed_at
    assert missed(installed_at, (Trigger.AUTO_24H,), EPOCH + 12 * HOUR)
    assert not missed(installed_at, (), EPOCH + 12 * HOUR - 1)
    assert not missed(installed_at, (Trigger.AUTO_12H,), EPOCH + 12 * HOUR)


def test_d15_a_publication_has_no_expiry() -> None:
    for line in (lines := both(Initial("valid-24h"))):
        line.start(1).finish(1).do(*[f"Clock(h0,+{DAY})"] * 90)
    old, new = lines
    assert set(Put._fields) == {"key", "value", "expect"}  # nothing that expires can be asked for
    old.lose(original_records.done_key(f"cloudId:{records(0).tenant}", Trigger.AUTO_24H))  # 90 days were asked for
    for line in lines:
        line.start(2).finish(2)
    assert old.calls() == 2
    assert new.outcomes() == ["GENERATED", "ALREADY_DONE"] and new.calls() == 1 and not new.violated()


def test_d16_evidence_from_the_future_is_shown_and_repaired() -> None:
    for line in (lines := both(Initial("future"))):
        line.start(1).finish(1)
    old, new = lines
    assert old.outcomes() == ["NOT_DUE"]
    status = new.world.cells.at(records(0).by_name["status"]).value
    assert status is not None and trust_status(read_status(status), EPOCH) == "BLOCKED"
    new.do("Outside(a,repair)").start(2).finish(2)
    assert new.outcomes() == ["EVIDENCE_IN_FUTURE", "NOT_DUE"] and not new.violated()


def test_d17_a_clock_that_steps_back() -> None:
    for line in (lines := both(Initial("valid-24h"))):
        line.do(f"Clock(h0,+{DAY})").start(1).until("GENERATE", 1).do("Generate(a,1):failed").finish(1)
        line.do(f"Clock(h0,-{TWO_HOURS})").start(2).finish(2)
    old, new = lines
    assert old.outcomes()[1] == "BACKOFF"
    assert new.outcomes()[1] == "GENERATED" and not new.violated()


def asked(machine: str, context: object) -> list[str]:
    """The keys that a tick asks for, of a tenant whose every record is the same evidence; none if refused."""
    held = Found(json.dumps({"installed_at": format_instant(EPOCH)}).encode(), 1)
    keys: list[str] = []
    now = MACHINES[machine].start(Invocation("a-1", context))
    while isinstance(now.effect, Get | Put):
        keys.append(now.effect.key)
        answer = held if isinstance(now.effect, Get) else Applied(1)
        now = MACHINES[machine].step(now.state, Event(answer, EPOCH))
    return keys


SITE = "ari:cloud:jira::site/"


def test_d18_a_missing_identity_reads_no_shared_key() -> None:
    nobody = {"installContext": "no id here", "cloudId": records(0).tenant}
    assert "phase4:evidence:installation:null" in asked(OLD, nobody)
    assert asked(NEW, nobody) == []


def test_d19_no_two_ids_become_one() -> None:
    xray, zulu = ({"installContext": f"{SITE}dead-{name}"} for name in ("xray", "zulu"))
    assert "phase4:evidence:installation:dead-" in {*asked(OLD, xray)} & {*asked(OLD, zulu)}
    assert asked(NEW, xray) == asked(NEW, zulu) == []
    whole = ({"installContext": f"{SITE}{records(tenant).tenant}"} for tenant in (0, 1))
    one, other = (set(asked(NEW, context)) for context in whole)
    assert one and other and not one & other


def test_d20_one_site_has_one_name() -> None:
    names = ({"installContext": SITE + records(0).tenant}, {"cloudId": records(0).tenant})
    old, new = ([asked(machine, name) for name in names] for machine in (OLD, NEW))
    assert old[0] != old[1]
    assert new[0] == new[1] != []


def test_d21_no_tenants_key_is_anothers() -> None:
    assert original_records.state_key("AUTO:DONE") == "phase5:scheduler:state:AUTO:DONE"
    assert original_records.done_key("state", Trigger.AUTO_12H) == original_records.state_key("AUTO_12H:DONE")
    assert publication_key("state", Trigger.AUTO_12H) != ledger_key("AUTO_12H:DONE")
    assert ledger_key("a:AUTO_12H:DONE") != publication_key("state:a", Trigger.AUTO_12H)


def test_d22_an_outage_is_no_success() -> None:
    results = []
    for line in both(Initial("valid-12h")):
        line.start(1)
        while line.phase(1) != "END":
            name = line.phase(1).title().replace("_", "")
            line.do(f"{name}(a,1):failed")
        results.append((line.facts[-1].result.success, "S13" in line.violated()))
    assert results == [(True, True), (False, False)]


def test_d23_a_wedge_is_shown_and_repaired() -> None:
    for wedge in ("no date", "9999-01-01T00:00:00.000Z"):
        old, new = both(Initial("valid-12h"))
        old.keep(original_records.state_key(f"cloudId:{records(0).tenant}"), {"last_backoff_until": wedge})
        entry = {"attempts": 1, "backoff_until": wedge}
        new.keep(ledger_key(records(0).tenant), {"AUTO_12H": entry})
        for line in (old, new):
            for n in range(1, 9):
                line.start(n).finish(n).do("Outside(a,repair)", f"Clock(h0,+{TWO_HOURS})")
        assert set(old.outcomes()) == {"BACKOFF"}
        assert new.outcomes()[0] == ("LEDGER_INVALID" if wedge == "no date" else "GENERATED")
        assert "GENERATED" in new.outcomes() and not new.violated()


def test_d24_a_new_installation() -> None:
    for line in (lines := both(Initial("valid-12h"))):
        line.start(1).finish(1).do("Outside(a,forget)")
        while line.world.tenants[0].forgetting:
            line.do("Outside(a,forget)")
        line.start(2).finish(2).do(f"Clock(h0,+{12 * HOUR})").start(3).finish(3)
    old, new = lines
    assert "S18" in old.violated() and old.outcomes() == ["GENERATED", "ALREADY_DONE", "ALREADY_DONE"]
    assert not new.violated() and new.outcomes() == ["GENERATED", "NOT_DUE", "GENERATED"]


def test_d25_the_status_keeps_its_success() -> None:
    old, new = (line.start(1).finish(1).start(2).finish(2) for line in both(Initial("valid-12h")))
    assert "S15" in old.violated()
    assert not new.violated()
