"""What the explorer shows of a trace: each step's facts, the diagram, and the nearest trace that passes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
from attrs import evolve

from evidence_runtime.pages import render
from evidence_sim.campaign import Chunk, Seeds, tallied
from evidence_sim.cli import main
from evidence_sim.config import Config, Initial
from evidence_sim.diagram import Diagram, drawn
from evidence_sim.export import mermaid, picture
from evidence_sim.labels import Reply, Start, parse
from evidence_sim.machines import MACHINES
from evidence_sim.machines.specimens import SPECIMENS, Specimen
from evidence_sim.near import nearest
from evidence_sim.pages.explorer import explored, page
from evidence_sim.sample import Plan, sample
from evidence_sim.story import tell, violation
from evidence_sim.trace import Trace, dump, replay, verdicts
from evidence_sim.verdict import shrunk
from tests.sim.late import LATE, Insistent, trace


def _row(diagram: Diagram, number: int) -> set[str]:
    return {attributes["class"].split()[0] for _, attributes, _ in diagram.rows[number - 1].marks}


def test_a_late_landing_a_crash_and_a_clock_step_are_drawn() -> None:
    facts = list(replay(LATE))
    diagram = drawn(facts, violation(LATE, facts))
    assert {"late", "lost"} <= _row(diagram, 5) and "written" not in _row(diagram, 5)
    assert "crash" in _row(diagram, 6)
    assert "clock" in _row(diagram, 7)
    assert "failed" in _row(diagram, 9)
    assert {"written", "verdict"} <= _row(diagram, 13)
    put, landed = diagram.rows[4], diagram.rows[12]
    (way,) = [attributes["d"] for _, attributes, _ in diagram.lines if attributes["class"] == "under-way"]
    assert way.endswith(str(landed.y + 15)) and f" {put.y + 12}V" in way


def test_puts_of_one_phase_land_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MACHINES, "insistent", Insistent())
    puts = ("EvidencePut(a,1):unknown-later",) * 3
    twice = trace("insistent", None, "Start(a,1,h0)", *puts, *("Land(a,1,EvidencePut)",) * 2)
    diagram = drawn(list(replay(twice)), None)
    tops = [row.y + 12 for row in diagram.rows[1:4]]
    ends = [diagram.rows[4].y + 15, diagram.rows[5].y + 15, diagram.height]  # the third is under way to the end
    ways = [attributes["d"] for _, attributes, _ in diagram.lines if attributes["class"] == "under-way"]
    assert [way.split()[1] for way in ways] == [f"{top}V{end}" for top, end in zip(tops, ends, strict=True)]
    assert len({way.split()[0] for way in ways}) == 3  # beside each other
    assert len(explored(twice)["steps"]) == 6 and ElementTree.fromstring(picture(twice)).tag.endswith("svg")


@pytest.mark.parametrize(
    "labels",
    [("EvidencePut(b,1):ok",), ("EvidencePut(b,1):unknown-later", "Land(b,1,EvidencePut)")],
    ids=["at once", "late"],
)
def test_a_write_is_drawn_at_the_store_that_it_reached(labels: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Tenant b's tick writes a record of tenant a, whose index is 0."""
    monkeypatch.setitem(MACHINES, "insistent", Insistent())
    actions = tuple(map(parse, ("Start(b,1,h0)", *labels)))
    diagram = drawn(list(replay(Trace(Config(2, machines=("insistent",)), actions))), None)
    (store,) = [attributes["x"] for _, attributes, text in diagram.head if text == "of a"]
    (diamond,) = [attributes["d"] for _, attributes, _ in diagram.rows[-1].marks if attributes["class"] == "written"]
    assert diamond.startswith(f"M{store} ")


def test_each_tick_has_a_lane_and_rows_do_not_overlap() -> None:
    diagram = drawn(list(replay(LATE)), None)
    lives = {attributes["d"].split()[0] for _, attributes, _ in diagram.lines if attributes["class"] == "life"}
    assert len(lives) == 2
    for row, following in zip(diagram.rows, diagram.rows[1:], strict=False):
        assert row.y + row.height == following.y


def test_a_step_shows_the_store_and_the_tick_before_and_after() -> None:
    shown = explored(LATE)
    put, landed = shown["steps"][10], shown["steps"][12]
    assert ("phase of a-2", "EVIDENCE_PUT", "EVIDENCE_VERIFY") in put["state"]
    assert ("evidence, known", "MISSING", "MISSING") in put["state"]
    ((record, fields),) = put["changes"]
    assert shown["records"][record]["name"] == "evidence" and "backfill_id: a-2" in fields
    assert ("puts under way", "a-1 EVIDENCE_PUT", "none") in landed["state"]
    assert "backfill_id: a-1" in landed["changes"][0][1]
    assert shown["violates"]["step"] == 13 and '"a-2"' in shown["violates"]["verdict"]
    assert json.loads(json.dumps(shown)) == json.loads(json.dumps(explored(LATE)))


def test_the_nearest_passing_trace_turns_on_one_decision() -> None:
    near = nearest(LATE)
    assert near is not None
    assert (near.kind, near.step) == ("answer", 5)  # had the put been done when it was asked for
    assert near.trace.actions[:4] == LATE.actions[:4]
    assert near.trace.actions[4] == parse("EvidencePut(a,1):ok")
    assert "S1" not in verdicts(near.trace)


def test_an_order_turns_it() -> None:
    ticks = trace(
        "plain-put", "S1", "Start(a,1,h0)", "Start(a,2,h0)", "StatusRead(a,1):failed", "StatusRead(a,2):failed",
        "EvidenceRead(a,1):ok", "EvidenceRead(a,2):ok", "EvidencePut(a,1):ok", "EvidencePut(a,2):ok",
    )  # fmt: skip
    near = nearest(ticks)
    assert near is not None and (near.kind, near.step) == ("order", 6)
    assert near.trace.actions[5:7] == (parse("EvidencePut(a,1):ok"), parse("EvidenceRead(a,2):ok"))


def test_leaving_out_turns_it() -> None:
    """The evidence lands when it has become old. Without that no stale read can be: it is answered ok there."""
    old = trace(
        "truncated-key", "S7", "Start(a,1,h0)", "StatusRead(a,1):failed", "EvidenceRead(a,1):ok",
        "EvidencePut(a,1):unknown-later", "Crash(a,1)", "Clock(h0,+43200000)", "Start(a,2,h0)",
        "StatusRead(a,2):failed", "Land(a,1,EvidencePut)", "EvidenceRead(a,2):stale:1", "Start(a,3,h0)",
        "StatusRead(a,3):ok", "StatusOpen(a,3):ok", "EvidenceRead(a,3):ok", "TimestampRead(a,3):ok",
        "LedgerRead(a,3):ok", "DoneRead(a,3):ok", "Claim(a,3):ok", "Generate(a,3):ok", "Publish(a,3):ok",
    )  # fmt: skip
    near = nearest(old)
    assert near is not None and (near.kind, near.step) == ("left out", 9)
    assert near.trace.actions[8:10] == (parse("EvidenceRead(a,2):ok"), parse("Start(a,3,h0)"))
    assert near.trace.actions[-1] == parse("Land(a,1,EvidencePut)")


def test_what_many_tenants_have_in_flight_is_ended() -> None:
    starts = tuple(Start(tenant, 1, 0) for tenant in range(1, 20))
    crowd = Trace(evolve(LATE.config, tenants=20, initial=(Initial(),) * 20), starts + LATE.actions, "S1")
    near = nearest(crowd)
    assert near is not None and (near.kind, near.step) == ("answer", 19 + 5)
    *_, last = replay(near.trace)
    assert not any(tenant.runs or tenant.pending for tenant in last.after.tenants)


def test_there_may_be_none() -> None:
    """The tick of a tenant without an id asks at once: no decision comes before it."""
    config = Config(machines=("no-identity-shared-key",), initial=(Initial(identity="none"),))
    asks = Trace(config, (Start(0, 1, 0),), "S11")
    assert "S11" in verdicts(asks)
    assert nearest(asks) is None
    assert explored(asks)["near"] is None


def test_a_passing_trace_has_no_other_beside_it() -> None:
    passing = evolve(LATE, actions=LATE.actions[:-1], violates=None)
    shown = explored(passing)
    assert shown["violates"] is None and shown["near"] is None
    assert nearest(passing) is None
    assert nearest(evolve(passing, violates="S1")) is None


# Where it is no other answer; None: nothing, since a tick asks at once for what it must not.
OTHERWISE: Mapping[tuple[str, str], str | None] = {
    ("v2.20", "S1"): "order",
    ("v2.20", "S6"): "order",
    ("v2.20", "S7"): "left out",
    ("v2.20", "S8"): "left out",
    ("v2.20", "S9"): "left out",
    ("claim-without-cas", "S9"): "order",
    ("settle-by-counter", "S9"): "order",
    ("truncated-key", "S5"): "left out",
    ("truncated-key", "S7"): "left out",
    ("truncated-key", "S9"): "left out",
    ("truncated-key", "S10"): None,
    ("truncated-key", "S18"): "left out",
    ("no-identity-shared-key", "S5"): "left out",
    ("no-identity-shared-key", "S7"): "left out",
    ("no-identity-shared-key", "S9"): "left out",
    ("no-identity-shared-key", "S10"): None,
    ("no-identity-shared-key", "S11"): None,
    ("no-identity-shared-key", "S18"): "left out",
    ("status-by-plain-put", "S15"): "order",
}


@pytest.mark.parametrize("specimen", SPECIMENS, ids=[one.name for one in SPECIMENS])
def test_what_is_nearest_passes_from_beginning_to_end(specimen: Specimen) -> None:
    plan = Plan((specimen.name,), specimen.profile, ticks=6, tenants=2)
    tally = tallied(Chunk(plan, Seeds(0, 12)))
    assert tally.violations.keys() >= {name for machine, name in OTHERWISE if machine == specimen.name}
    for name, first in sorted(tally.violations.items()):
        found = shrunk(plan, name, first)
        near = nearest(found)
        assert (near and near.kind) == OTHERWISE.get((specimen.name, name), "answer"), name
        if near is None:
            continue
        assert name in verdicts(found) and name not in verdicts(near.trace), name
        assert near.trace.actions[: near.step - 1] == found.actions[: near.step - 1]
        assert near.trace.actions[near.step - 1 : near.step] != found.actions[near.step - 1 : near.step]
        *_, last = replay(near.trace)
        assert not any(tenant.runs or tenant.pending for tenant in last.after.tenants)


def test_a_trace_that_names_no_invariant_claims_none() -> None:
    """It breaks S1, and nobody has looked."""
    silent = evolve(LATE, violates=None)
    assert "S1" in verdicts(silent)
    shown = explored(silent)
    assert (shown["title"], shown["id"]) == ("a trace of plain-put", "plain-put-cloud-kv")
    assert "<title>a trace of plain-put</title>" in picture(silent)
    assert explored(evolve(LATE, actions=LATE.actions[:-1]))["title"] == "plain-put keeps S1 here"


def test_story_and_mermaid_say_what_is_violated_where_it_is() -> None:
    longer = evolve(LATE, actions=(*LATE.actions, parse("Clock(h0,+300000)")))
    verdict = explored(longer)["violates"]["verdict"]
    story = list(tell(longer))
    assert story[:-1] == list(tell(LATE)) and story[-2] == f"     S1 WriteOnce: {verdict}"
    assert story[-1].startswith(" 14. ")
    assert mermaid(longer).startswith(mermaid(LATE))
    assert mermaid(LATE).splitlines()[-1].startswith("    Note over store: S1: ('backfill_id':'a-2'")


@pytest.mark.parametrize("actions", [0, 12])
def test_story_and_mermaid_say_that_nothing_is_violated(actions: int) -> None:
    kept = evolve(LATE, actions=LATE.actions[:actions])
    assert list(tell(kept))[-1] == "     S1 WriteOnce: not violated here any more"
    assert mermaid(kept).splitlines()[-1] == "    Note over store: S1: not violated here any more"


def test_what_data_says_is_no_markup() -> None:
    assert page(LATE).count("</script>") == 2
    hostile = explored(LATE)
    hostile["first"] = [["</script><script>alert(1)</script>"]]
    page_of = render("evidence_sim.pages", "trace.html", title="<script>", traces=[hostile])
    assert page_of.count("</script>") == 2 and "<script>alert" not in page_of
    assert ElementTree.fromstring(picture(LATE)).tag.endswith("svg")


def test_the_command_writes_the_page_and_the_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, report = tmp_path / "late.json", tmp_path / "late.html"
    file.write_text(dump(LATE), encoding="utf-8")
    assert main(["replay", str(file), "--report", str(report)]) == 1
    text = report.read_text(encoding="utf-8")
    assert "plain-put violates S1 WriteOnce" in text
    assert "src=" not in text.replace('src="data:', "")
    capsys.readouterr()
    assert main(["replay", str(file), "--export", "svg"]) == 0
    assert "plain-put violates S1 WriteOnce" in capsys.readouterr().out
    assert main(["replay", str(file), "--report", str(file / "late.html")]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_the_picture_in_the_spec_is_the_commands() -> None:
    drawn_there = (Path(__file__).parents[2] / "spec" / "late-put.svg").read_text(encoding="utf-8")
    assert drawn_there == picture(LATE), "draw it again: write picture(LATE) of tests/sim/late.py to spec/late-put.svg"


def test_a_passing_run_can_be_explored() -> None:
    facts = list(sample(Plan(("kernel",), "cloud-kv", ticks=4, tenants=2), 1))
    run = Trace(facts[0].before.config, tuple(fact.action for fact in facts))
    shown = explored(run)
    assert len(shown["steps"]) == len(shown["diagram"]["rows"]) == len(facts)
    assert any(isinstance(fact.action, Reply) for fact in facts)
