"""Each hazard of spec/hazards.md: its schedule is red on v2.20 and green on the kernel, in the same test.

A schedule names phases, which both machines share where they do the same; whatever else a tick asks for on
the way is answered `ok`.
"""

from evidence_kernel import Generate, Trigger, missed
from evidence_kernel.identity import identify
from evidence_kernel.records.keys import ledger_key, publication_key
from evidence_kernel.records.status import read_status
from evidence_kernel.schedule import HOUR
from evidence_kernel.trust import trust_status
from evidence_sim.config import EPOCH, Config, Initial, records
from evidence_sim.facts import Fact
from evidence_sim.invariants import INVARIANTS
from evidence_sim.labels import Action, Reply, Start, parse
from evidence_sim.machines import original_records
from evidence_sim.world import apply, initial

OLD, NEW = "v2.20", "kernel"
FIVE, TWO_HOURS, DAY = 300_000, 2 * HOUR, 24 * HOUR


class Timeline:
    """One tenant's world under one machine, and all that happened."""

    def __init__(self, machine: str, begins: Initial | None = None) -> None:
        self.world = initial(Config(machines=(machine,), initial=(begins or Initial(),)))
        self.facts: list[Fact] = []

    def do(self, *labels: str) -> "Timeline":
        """Apply labels."""
        for label in labels:
            self._apply(parse(label))
        return self

    def _apply(self, action: Action) -> None:
        self.world, fact = apply(self.world, action)
        self.facts.append(fact)

    def start(self, *ticks: int) -> "Timeline":
        """Start ticks."""
        for n in ticks:
            self._apply(Start(0, n, 0))
        return self

    def phase(self, n: int) -> str:
        """Where a tick stands; END where it has ended."""
        return next((run.phase for run in self.world.tenants[0].runs if run.n == n), "END")

    def until(self, phase: str, *ticks: int) -> "Timeline":
        """Answer `ok` until each tick stands at a phase, or has ended."""
        for n in ticks:
            while self.phase(n) not in (phase, "END"):
                self._apply(Reply(self.phase(n), 0, n))
        return self

    def finish(self, *ticks: int) -> "Timeline":
        """Answer `ok` to the end."""
        return self.until("END", *ticks)

    def violated(self) -> set[str]:
        """The ids of what has been violated."""
        return {invariant.id for fact in self.facts for invariant in INVARIANTS if invariant.judge(fact)}

    def calls(self) -> int:
        """How often the generator was asked."""
        return sum(isinstance(fact.asks, Generate) for fact in self.facts)

    def audits(self) -> int:
        """How many audit lines were written."""
        return sum("didBackfill=true" in line.text for fact in self.facts for line in fact.log)

    def outcomes(self) -> list[str]:
        """How the ticks ended."""
        return [fact.outcome for fact in self.facts if fact.result is not None]


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
    assert old.calls() == 2 and "S9" in old.violated()
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
    assert old.calls() == 2 and {"S8", "S9"} <= old.violated()
    assert new.calls() == 1 and new.outcomes()[1] == "BACKOFF" and not new.violated()


def test_d12_a_late_failure_beside_a_success() -> None:
    for line in (lines := both(Initial("valid-12h"))):
        line.start(1).until("GENERATE", 1).do("Generate(a,1):failed").start(2).finish(2).finish(1)
    old, new = lines
    assert old.outcomes() == ["GENERATED", "GENERATION_FAILED"]
    assert "GENERATED" not in new.outcomes() and not new.violated()


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
    assert missed(EPOCH, (), EPOCH + DAY)
    assert not missed(EPOCH, (Trigger.AUTO_12H,), EPOCH + DAY)
    assert not missed(EPOCH, (), EPOCH + DAY - 1)


def test_d15_a_publication_has_no_expiry() -> None:
    new = Timeline(NEW, Initial("valid-24h", publication="AUTO_24H")).do(*[f"Clock(h0,+{DAY})"] * 90)
    new.start(1).finish(1)
    assert new.outcomes() == ["ALREADY_DONE"] and new.calls() == 0


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


def test_d18_d19_d20_d21_identities_and_keys() -> None:
    site = "ari:cloud:jira::site/"
    xray, zulu = ({"installContext": f"{site}dead-{name}"} for name in ("xray", "zulu"))
    ids = [original_records.identify(context) for context in (xray, zulu)]
    assert ids[0] is not None and ids[1] is not None
    assert ids[0].cloud_id == ids[1].cloud_id
    assert identify(xray) is None and identify(zulu) is None
    nobody = original_records.identify({"installContext": "no id here", "cloudId": records(0).tenant})
    assert nobody is not None and nobody.cloud_id is None
    assert identify({"installContext": "no id here", "cloudId": records(0).tenant}) is None
    names = ({"installContext": site + records(0).tenant}, {"cloudId": records(0).tenant})
    assert len({original_records.identify(name) for name in names}) == 2
    assert len({identify(name) for name in names}) == 1
    assert original_records.state_key("AUTO:DONE") == "phase5:scheduler:state:AUTO:DONE"
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
    new = Timeline(NEW, Initial("valid-12h", ledger="malformed")).start(1).finish(1)
    assert new.outcomes() == ["LEDGER_INVALID"]
    new.do("Outside(a,repair)").start(2).finish(2)
    assert new.outcomes() == ["LEDGER_INVALID", "GENERATED"] and not new.violated()


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
