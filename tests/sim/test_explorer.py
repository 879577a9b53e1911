"""What the explorer shows of a trace: each step's facts, the diagram, and the nearest trace that passes."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from attrs import evolve

from evidence_runtime.pages import render
from evidence_sim.campaign import Chunk, Seeds, tallied
from evidence_sim.cli import main
from evidence_sim.config import Config, Initial
from evidence_sim.diagram import Diagram, drawn
from evidence_sim.export import picture
from evidence_sim.labels import Reply, Start, parse
from evidence_sim.machines.specimens import SPECIMENS, Specimen
from evidence_sim.near import nearest
from evidence_sim.pages.explorer import explored, page
from evidence_sim.sample import Plan, sample
from evidence_sim.story import violation
from evidence_sim.trace import Trace, dump, replay, verdicts
from evidence_sim.verdict import shrunk
from tests.sim.late import LATE, trace


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


@pytest.mark.parametrize("specimen", SPECIMENS, ids=[one.name for one in SPECIMENS])
def test_what_is_nearest_passes_from_beginning_to_end(specimen: Specimen) -> None:
    plan = Plan((specimen.name,), specimen.profile, ticks=6, tenants=2)
    tally = tallied(Chunk(plan, Seeds(0, 12)))
    for name, first in sorted(tally.violations.items()):
        found = shrunk(plan, name, first)
        near = nearest(found)
        if near is None:
            continue
        assert name in verdicts(found) and name not in verdicts(near.trace), name
        assert near.trace.actions[: near.step - 1] == found.actions[: near.step - 1]
        assert near.trace.actions[near.step - 1 : near.step] != found.actions[near.step - 1 : near.step]
        *_, last = replay(near.trace)
        assert not any(tenant.runs or tenant.pending for tenant in last.after.tenants)


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
