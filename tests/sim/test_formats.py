"""What is written keeps its schema, and a changed file does not."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from evidence_sim.cli import main

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
    for wrong in ({"format": "evidence-trace/2"}, {"violates": "S99"}, {"actions": ["no action"]}):
        assert not valid(trace | wrong, "trace.schema.json")
