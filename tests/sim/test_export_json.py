"""Traces in other tools' formats. ITF is read by itf-py; tests/browser has Perfetto open Chrome trace events."""

import json
from pathlib import Path

import pytest
from itf_py import trace_from_json

from evidence_sim.cli import main
from evidence_sim.export_json import _Flows, itf, perfetto
from evidence_sim.labels import Land, Reply, parse
from evidence_sim.trace import Trace, load

LABELS = ["Start(a,1,h0)", "StatusRead(a,1):ok", "StatusOpen(a,1):unknown-later", "Land(a,1,StatusOpen)"]
LABELS += ["Clock(h0,+60000)", "Crash(a,1)"]


def _trace() -> Trace:
    fields = {"format": "evidence-trace/1", "machine": "kernel", "profile": "cloud-kv", "config": {}, "actions": LABELS}
    return load(json.dumps(fields))


def test_itf_has_each_state_in_itf_py() -> None:
    read = trace_from_json(json.loads(itf(_trace())))
    assert [state.values["action"] for state in read.states] == ["init", *LABELS]
    assert [len(state.values["late"]) for state in read.states] == [0, 0, 0, 1, 0, 0, 0]
    assert [len(state.values["store"]) for state in read.states] == [0, 0, 0, 0, 1, 1, 1]
    assert read.states[5].values["now"][0] - read.states[4].values["now"][0] == 60_000
    assert dict(read.states[2].values["T"]) == {"a-1": "STATUS_OPEN"}


def test_chrome_events_have_lanes_a_flow_and_the_crash() -> None:
    events = json.loads(perfetto(_trace()))["traceEvents"]
    steps = [event for event in events if event["ph"] in "Xi"]
    assert [event["name"] for event in steps] == LABELS
    assert [(event["pid"], event["tid"]) for event in steps] == [(2, 1), (2, 1), (2, 1), (1, 1), (1, 2), (2, 1)]
    start, end = [event for event in events if event["name"] == "lands"]
    assert (start["ph"], end["ph"]) == ("s", "f") and start["id"] == end["id"]
    assert steps[-1]["ph"] == "i"


@pytest.mark.parametrize("form", ["itf", "perfetto"])
def test_replay_exports_it(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "trace.json"
    path.write_text(
        json.dumps(
            {"format": "evidence-trace/1", "machine": "kernel", "profile": "cloud-kv", "config": {}, "actions": []}
        )
    )
    assert main(["replay", str(path), "--export", form]) == 0
    assert json.loads(capsys.readouterr().out)


def test_two_late_puts_of_one_phase_are_two_arrows() -> None:
    flows, [put, land] = _Flows(), map(parse, ("EvidencePut(a,1):unknown-later", "Land(a,1,EvidencePut)"))
    assert isinstance(put, Reply) and isinstance(land, Land)
    begun = [flows.begun(put)["id"], flows.begun(put)["id"]]
    assert begun == [flows.ended(land)["id"], flows.ended(land)["id"]] == [1, 2]
