"""`evidence vectors`: the same bytes each time, every row and reason in them, and a port on node that replays them."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from evidence_kernel import EVIDENCE, SCHEDULER, Outcome, Reason, Warn
from evidence_runtime.command.app import run
from evidence_runtime.vectors import SCHEMA, vectors

PORT = Path(__file__).parent
VECTORS = json.loads(json.dumps(vectors()))
_COMMAND = "from evidence_runtime.command import main; raise SystemExit(main())"


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        command = [sys.executable, "-c", _COMMAND, "vectors", "--out", str(tmp_path / seed)]
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True)
    for name in ("vectors.json", "vectors.schema.json"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
    assert json.loads((tmp_path / "1/vectors.json").read_bytes()) == VECTORS


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert run(["vectors", "--out", str(tmp_path / "file")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "file" in said and "name a folder" in said


def test_they_are_as_their_schema_says() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(VECTORS, schema)
    wrong: tuple[dict[str, object], ...] = ({"format": "evidence-vectors/2"}, {"ticks": []}, {"more": 1})
    for changes in wrong:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**VECTORS, **changes}, schema)


def _observation(step: dict[str, Any], put: str | None) -> str:
    """Told apart from the kernel's own reading: by the answer's kind, its bytes and the state that came of it."""
    answer = step["answer"]
    if answer["kind"] != "Found":
        return str(answer["kind"]).upper()
    if answer["value"] == put:
        return "MINE" if step["phase"] == "EVIDENCE_VERIFY" else "STILL_MINE"
    return "VALID" if "installed_at" in answer["value"] else "INVALID"


def _uncovered(ticks: list[dict[str, Any]]) -> list[object]:
    """Rows, reasons, warnings and outcomes that no tick has."""
    rows: set[tuple[str | None, str]] = set()
    said = "\n".join(line["text"] for tick in ticks for of in (tick, *tick["steps"]) for line in of["log"])
    for tick in ticks:
        evidence = put = None
        for step in tick["steps"]:
            rows.add((step["phase"], step["finding"]))
            if step["phase"] == "EVIDENCE_PUT":
                put = step["effect"]["value"]
            if step["phase"] in ("EVIDENCE_READ", "EVIDENCE_VERIFY", "TIMESTAMP_READ"):
                rows.add((evidence, _observation(step, put)))
                evidence = step["evidence"]
    reasons = {tick["result"]["reason"] for tick in ticks}
    missing: list[object] = [row for row in (*SCHEDULER, *EVIDENCE) if row not in rows]
    missing += [one for one in Reason if one not in reasons and not re.search(rf"reason={one}\b", said)]
    missing += [warn for warn in Warn if f"warning={warn}" not in said]
    return missing + [one for one in Outcome if f"outcome={one} " not in said]


def test_ticks_take_every_row_and_say_every_reason() -> None:
    assert _uncovered(VECTORS["ticks"]) == []


def test_what_no_tick_takes_is_named() -> None:
    ticks = [tick for tick in VECTORS["ticks"] if all(step["finding"] != "IMPLAUSIBLE" for step in tick["steps"])]
    assert {("DONE_READ", "IMPLAUSIBLE"), Warn.BACKOFF_IMPLAUSIBLE} <= set(_uncovered(ticks))


def test_each_classification_has_both_sides() -> None:
    sides = {"identity": "tenant", "ledger": "entries", "publication": "bytes", "instants": "ms", "schedule": "due"}
    sides |= {"evidence": "installed_at"}
    for kind, name in sides.items():
        assert {case[name] is None for case in VECTORS["classification"][kind]} == {True, False}, kind
    assert {case["refuses"] for case in VECTORS["classification"]["evidence"]} == {
        None,
        Reason.TIMESTAMP_INVALID,
        Reason.READ_FAILED,
    }
    assert {case["implausible"] for case in VECTORS["classification"]["backoff"]} == {True, False}


def _replayed(given: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: it runs the port in JavaScript")
    path = folder / "vectors.json"
    path.write_text(json.dumps(given), encoding="ascii")
    command = [node, str(PORT / "replay.mjs"), str(path)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=60)


def test_the_port_replays_them(tmp_path: Path) -> None:
    ended = _replayed(VECTORS, tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    kinds = [line.partition(":")[0] for line in ended.stdout.splitlines()]
    assert sorted(kinds) == sorted(ERRORS)


Plant = Callable[[dict[str, Any]], None]


def _first(*path: str | int, **changes: object) -> Plant:
    """Changes fields of the case that the path leads to."""

    def planted(given: dict[str, Any]) -> None:
        found: Any = given
        for part in path:
            found = found[part]
        found.update(changes)

    return planted


# Of each kind that the replay tells of, one error in what is expected.
ERRORS: dict[str, Plant] = {
    "evidence": _first("classification", "evidence", 0, installed_at=1),
    "identity": _first("classification", "identity", 0, tenant="acme"),
    "ledger": _first("classification", "ledger", 0, entries=None),
    "publication": _first("classification", "publication", 0, bytes="{}"),
    "status": _first("classification", "status", 0, status=None),
    "instants": _first("classification", "instants", 0, ms=1),
    "schedule": _first("classification", "schedule", 0, due="AUTO_24H"),
    "tier": _first("classification", "tier", 0, tier=1),
    "backoff": _first("classification", "backoff", 0, implausible=True),
    "keys": _first("keys", 0, "publications", AUTO_12H="x"),
    "json encodings": _first("encodings", "json", 0, bytes="0"),
    "evidence encodings": _first("encodings", "evidence", 0, bytes="{}"),
    "status encodings": _first("encodings", "status", 0, bytes="{}"),
    "ledger encodings": _first("encodings", "ledger", 0, settled="{}"),
    "log lines": _first("log_lines", 0, level="WARNING"),
    "ticks": _first("ticks", 2, "steps", 1, "effect", value="{}"),
}


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_in_a_case_is_found(kind: str, tmp_path: Path) -> None:
    given = deepcopy(VECTORS)
    ERRORS[kind](given)
    ended = _replayed(given, tmp_path)
    assert ended.returncode == 1, ended.stderr
    assert [line for line in ended.stdout.splitlines() if ", 0 differ" not in line and "differ" in line] == [
        line for line in ended.stdout.splitlines() if line.startswith(f"{kind}: ") and line.endswith(" 1 differ")
    ]
    assert f"{kind}: " in ended.stdout


def test_an_error_in_a_row_is_found(tmp_path: Path) -> None:
    given = deepcopy(VECTORS)
    [row] = [one for one in given["tables"]["scheduler"] if (one["phase"], one["finding"]) == ("CLAIM", "UNKNOWN")]
    row["to"] = "GENERATE"
    ended = _replayed(given, tmp_path)
    [ticks] = [line for line in ended.stdout.splitlines() if line.startswith("ticks: ")]
    assert ended.returncode == 1 and not ticks.endswith(" 0 differ")


def test_the_decisions_of_the_port_are_short() -> None:
    assert len((PORT / "port.mjs").read_text(encoding="utf-8").splitlines()) <= 150
