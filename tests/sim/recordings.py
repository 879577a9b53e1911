"""Recordings for the tests, what forgers do to them, and what must be found."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from evidence_kernel.records.keys import ledger_key
from evidence_runtime import Store, invocation, run_tick
from evidence_runtime.recorder import Recorder
from evidence_runtime.recording import digest
from evidence_sim.cli import main
from tests.runtime.recorder_child import MINUTE, NOW

Lines = list[dict[str, Any]]
OLD = b'{"installed_at":"2025-01-01T00:00:00Z"}'


def record(path: Path, store: Store, tenants: str, at: int = NOW) -> None:
    """A tick of each, one after the other, five minutes apart."""
    with Recorder(path) as recorder:
        for number, tenant in enumerate(tenants):
            now = at + 5 * MINUTE * number
            run_tick(store, invocation(tenant), lambda *_: {"a": 1}, clock=partial(int, now), observe=recorder)


def save(path: Path, lines: Lines, chain: bool = False) -> Path:
    """As a file; with `chain` by a forger who reckons the digests anew."""
    text, previous = b"", None
    for line in lines:
        line = line | ({"previous": previous} if chain else {})
        data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        text, previous = text + data, digest(data)
    path.write_bytes(text)
    return path


def judged(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[tuple[str, int, str]]:
    """The findings: kind, line, what it says. The exit status must be theirs."""
    status = main(["validate", "--json", "-", *map(str, arguments)])
    found = json.loads(capsys.readouterr().out)["findings"]
    assert status == bool(found)
    return [(one["kind"], one["line"], one["says"]) for one in found]


def step(line: dict[str, Any], phase: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [one for one in line["steps"] if one["phase"] == phase]
    return found[0]


def forged_outcome(lines: Lines) -> None:
    lines[2]["result"]["outcome"] = "ALREADY_DONE"


def _result_left_out(lines: Lines) -> None:
    lines[2]["result"] = None


def _key(lines: Lines) -> None:
    step(lines[2], "LEDGER_READ")["effect"]["get"] = ledger_key("b")


def _phase(lines: Lines) -> None:
    step(lines[2], "LEDGER_READ")["phase"] = "DONE_READ"


def _put(lines: Lines) -> None:
    effect = step(lines[2], "STATUS_CLOSE")["effect"]
    effect["value"] = effect["value"].replace("NOT_DUE", "BACKOFF")


def _tenant(lines: Lines) -> None:
    lines[2]["tenant"] = "b"


def _step_left_out(lines: Lines) -> None:
    del lines[2]["steps"][3]


def _end_left_out(lines: Lines) -> None:
    del lines[2]["steps"][-1]


def _answer_of_another_kind(lines: Lines) -> None:
    step(lines[2], "EVIDENCE_READ")["answer"] = {"is": "Conflict"}


def _clock(lines: Lines) -> None:
    step(lines[2], "LEDGER_READ")["at"] += 1


def _clock_of_no_year(lines: Lines) -> None:
    step(lines[2], "STATUS_OPEN")["at"] = 10**20


def _version_of_use(lines: Lines) -> None:
    step(lines[2], "STATUS_OPEN")["answer"]["version"] = 99


def _value_read(lines: Lines) -> None:
    answer = step(lines[2], "STATUS_READ")["answer"]
    answer["value"] = answer["value"].replace('"last_success_at":"2026', '"last_success_at":"2027')


def _attempt(lines: Lines) -> None:
    step(lines[1], "GENERATE")["effect"]["attempt"] = 2


def _report(lines: Lines) -> None:
    answer = step(lines[1], "GENERATE")["answer"]
    answer["body"] = answer["body"].replace("a", "b")


DIVERGENT: tuple[tuple[Callable[[Lines], None], int, str], ...] = (
    (forged_outcome, 3, "outcome 'ALREADY_DONE'"),
    (_result_left_out, 3, "recorded no result; the kernel ends with outcome 'NOT_DUE'"),
    (_key, 3, f"the kernel LEDGER_READ, gets '{ledger_key('a')}'"),
    (_phase, 3, "recorded DONE_READ"),
    (_put, 3, "the kernel STATUS_CLOSE, puts"),
    (_tenant, 3, "at step 1"),
    (_step_left_out, 3, "at step 4"),
    (_end_left_out, 3, "the kernel STATUS_CLOSE"),
    (_answer_of_another_kind, 3, "EVIDENCE_READ takes no Conflict"),
    (_clock, 3, "at step 6"),
    (_clock_of_no_year, 3, "is no instant"),
    (_version_of_use, 3, "if 99"),
    (_value_read, 3, "the kernel STATUS_OPEN"),
    (_attempt, 2, "attempt 1"),
    (_report, 2, "the kernel PUBLISH"),
)


def _backfill_at_another_version(lines: Lines) -> None:
    step(lines[0], "EVIDENCE_PUT")["answer"]["version"] = 99


def _close_at_another_version(lines: Lines) -> None:
    step(lines[2], "STATUS_CLOSE")["answer"]["version"] = 99


def _close_at_a_version_given_before(lines: Lines) -> None:
    answer = step(lines[0], "STATUS_CLOSE")["answer"]
    step(lines[2], "STATUS_CLOSE")["answer"]["version"] = answer["version"]


def _close_not_applied(lines: Lines) -> None:
    step(lines[2], "STATUS_CLOSE")["answer"] = {"is": "Conflict"}


def _close_failed(lines: Lines) -> None:
    step(lines[2], "STATUS_CLOSE")["answer"] = {"is": "Failed"}
    lines[2]["result"]["degraded"] = True


def _evidence_of_another(lines: Lines) -> None:
    for phase in ("EVIDENCE_READ", "TIMESTAMP_READ"):
        answer = step(lines[3], phase)["answer"]
        answer["value"] = answer["value"].replace("true", "false")


INCONSISTENT: tuple[tuple[Callable[[Lines], None], int, str], ...] = (
    (_backfill_at_another_version, 1, "holds a value that its tick did not write at that version"),
    (_close_at_another_version, 4, "holds a value that its tick did not write at that version"),
    (_close_at_a_version_given_before, 3, "was written a second time"),
    (_close_not_applied, 4, "holds a value that its tick did not write at that version"),
    (_close_failed, 4, "holds a value that its tick did not write at that version"),
    (_evidence_of_another, 4, "has two values"),
)
