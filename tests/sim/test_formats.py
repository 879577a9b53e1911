"""What is written keeps its schema, and a changed file does not."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from evidence_sim.campaign import Seeds, one_seed
from evidence_sim.cli import main
from evidence_sim.machines.specimens import SPECIMENS
from evidence_sim.sample import Plan, sample
from evidence_sim.suite import Caught, Report
from evidence_sim.suite_report import described
from evidence_sim.trace import Trace, TraceError, dump, load
from evidence_sim.verdict import Run

SPEC = Path(__file__).parent.parent.parent / "spec"


def valid(value: Any, schema: str) -> bool:
    """Whether a value keeps a schema of spec/."""
    validator = jsonschema.Draft202012Validator(json.loads((SPEC / schema).read_text(encoding="utf-8")))
    return bool(validator.is_valid(value))


def test_runs_and_traces(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["run", "--machine", "plain-put", "--seeds", "4", "--out", str(tmp_path), "--json", "-"]
    assert main(arguments) == 1
    run = json.loads(capsys.readouterr().out)
    assert valid(run, "run.schema.json")
    assert not valid(run | {"digest": "none"}, "run.schema.json")
    trace = json.loads((tmp_path / "plain-put-cloud-kv-S2.json").read_text())
    assert valid(trace, "trace.schema.json")
    for wrong in ({"format": "evidence-trace/2"}, {"violates": "S99"}, {"actions": ["Bogus(zzz)"]}, {"more": 1}):
        assert not valid(trace | wrong, "trace.schema.json")
        with pytest.raises(TraceError):
            load(json.dumps(trace | wrong))


@pytest.mark.parametrize("profile", ["cloud-kv", "byzantine"])
def test_every_label_that_is_drawn_keeps_the_schema(profile: str) -> None:
    for seed in range(6):
        facts = list(sample(Plan(profile=profile), seed))
        trace = Trace(facts[0].before.config, tuple(fact.action for fact in facts))
        assert valid(json.loads(dump(trace)), "trace.schema.json")


def test_a_suite_holds_runs() -> None:
    run = Run(Plan(), Seeds(0, 2), one_seed(Plan(), 0), 1.0)
    run.tally.add(one_seed(Plan(), 1))
    caught = Caught(SPECIMENS[2], run, {})
    suite = described(Report((run,), (caught,), (), 1.0))
    for part in (*suite["runs"], *suite["specimens"]):
        assert valid(part["run"], "run.schema.json") and part["wrong"]
