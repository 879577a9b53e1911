"""Recordings: finished ticks as lines of JSON, from which the kernel can be run again.

A line holds all that the kernel decided on: each effect, its answer, the clock at its arrival. The payloads are
the reports alone; unless they are asked for, a report stands as its digest, in the publication that holds it
too. The kernel run on the digest publishes exactly the redacted publication, so nothing else is lost.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from attrs import frozen

from evidence_kernel import (
    Absent,
    Answer,
    Applied,
    Conflict,
    Effect,
    Event,
    Expect,
    Expectation,
    Failed,
    Found,
    Generate,
    GeneratorError,
    Get,
    Put,
    Report,
    Trigger,
    Unknown,
    Version,
)
from evidence_kernel.records.encoding import decode, decode_value, encode
from evidence_kernel.records.publication import write_publication

FORMAT = "evidence-recording/1"
HEAD = f'{{"format":"{FORMAT}",'.encode()  # how every line begins
_DIGEST = re.compile("[0-9a-f]{64}")
_TICK_ID = re.compile("[A-Za-z0-9._-]{1,64}")


class RecordingError(ValueError):
    """A line is none of a recording of this version; the message says why."""


@frozen
class Taken:
    """One step: what the phase asked for, and the event that answered it, None where none did."""

    phase: str
    effect: Effect
    event: Event | None


@frozen
class Recorded:
    """One tick, or with `alone` the backfill alone.

    `writer` is the process's recorder, `number` the line's among its own, from 1, and `previous` the digest
    of the one before; `lost` counts the ticks that it could not record until then. `result` has the fields
    of the kernel's; it is None where the tick had not ended: cut, or too long in flight.
    """

    writer: str
    number: int
    previous: str | None
    lost: int
    tick_id: str
    tenant: str | None
    alone: bool
    steps: tuple[Taken, ...]
    result: Mapping[str, Any] | None


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return sha256(data).hexdigest()


def redacted(value: bytes) -> bytes:
    """A publication with its report's digest in the report's place; any other value as its own digest.

    What two values differ in, their redactions differ in. A redacted value stays as it is.
    """
    record = decode(value)
    if record is None or encode(record) != value:
        return _encoded({"sha256": digest(value)})
    if "report" not in record:
        return value if _is_digest(record) else _encoded({"sha256": digest(value)})
    return _encoded({**record, "report": _stand_in(record["report"])})


def redacted_report(body: bytes, asked: Generate, at: int) -> bytes:
    """A report as its digest: JSON where the kernel can publish it at `at`, and none where it cannot."""
    if write_publication(body, asked.attempt, asked.tick_id, at) is None:
        return f"sha256:{digest(body)}".encode()
    value = decode_value(body)
    assert value is not None
    return _encoded(_stand_in(value[0]))


def _stand_in(report: object) -> object:
    return report if _is_digest(report) else {"sha256": digest(_encoded(report))}


def _is_digest(value: object) -> bool:
    return (
        isinstance(value, dict) and value.keys() == {"sha256"} and _DIGEST.fullmatch(str(value["sha256"])) is not None
    )


def _encoded(value: object) -> bytes:
    data = encode(value)
    assert data is not None
    return data


def write(tick: Recorded) -> bytes:
    """The line, its end included."""
    fields = {
        "format": FORMAT,
        "writer": tick.writer,
        "number": tick.number,
        "previous": tick.previous,
        "lost": tick.lost,
        "tick_id": tick.tick_id,
        "tenant": tick.tenant,
        "alone": tick.alone,
        "steps": [_step(taken) for taken in tick.steps],
        "result": None if tick.result is None else dict(tick.result),
    }
    return json.dumps(fields, separators=(",", ":")).encode("ascii") + b"\n"


def _step(taken: Taken) -> dict[str, Any]:
    event = taken.event
    return {
        "phase": taken.phase,
        "effect": _effect(taken.effect),
        "answer": None if event is None else _answer(event.answer),
        "at": None if event is None else event.at,
    }


def _effect(effect: Effect) -> dict[str, Any]:
    match effect:
        case Get(key=key):
            return {"get": key}
        case Put(key=key, value=value, expect=expect):
            expected = expect.value if isinstance(expect, Expect) else {"version": _version(expect)}
            return {"put": key, "value": _bytes(value), "expect": expected}
        case Generate():
            return {"generate": effect.tenant, **dict(list(effect._asdict().items())[1:])}


def _answer(answer: Answer) -> dict[str, Any]:
    fields: dict[str, Any] = {"is": type(answer).__name__}
    if isinstance(answer, Found | Applied):
        fields["version"] = _version(answer.version)
    if isinstance(answer, Found):
        fields["value"] = _bytes(answer.value)
    if isinstance(answer, Report):
        fields["body"] = _bytes(answer.body)
    return fields


def _version(version: Version) -> object:
    return {"base64": b64encode(version).decode()} if isinstance(version, bytes) else version


def _bytes(value: bytes) -> object:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": b64encode(value).decode()}


def read(line: bytes) -> Recorded:
    """The tick that a line tells. Raises RecordingError where it is none of this version."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"this is no JSON: {error}") from None
    found = fields.get("format") if isinstance(fields, dict) else None
    if found != FORMAT:
        raise RecordingError(f"the format is {found!r}; this version reads {FORMAT!r}")
    try:
        return _recorded(fields)
    except (KeyError, TypeError, ValueError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else error
        raise RecordingError(f"this is no line of {FORMAT}: {what}") from None


def _recorded(fields: dict[str, Any]) -> Recorded:
    if len(fields) != len(Recorded.__attrs_attrs__) + 1:
        raise ValueError(f"it has {len(fields)} fields")
    steps = tuple(_taken(step) for step in _of(fields["steps"], list))
    result, previous, tenant = fields["result"], fields["previous"], fields["tenant"]
    if not _TICK_ID.fullmatch(_of(fields["tick_id"], str)):
        raise ValueError(f"{fields['tick_id']!r} is no tick id")
    if None in [step.event for step in steps[:-1]] or (result is not None and steps and steps[-1].event is None):
        raise ValueError("a step without an answer is not the last")
    return Recorded(
        writer=_of(fields["writer"], str),
        number=_of(fields["number"], int),
        previous=None if previous is None else _of(previous, str),
        lost=_of(fields["lost"], int),
        tick_id=fields["tick_id"],
        tenant=None if tenant is None else _of(tenant, str),
        alone=_of(fields["alone"], bool),
        steps=steps,
        result=None if result is None else _of(result, dict),
    )


def _of(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r:.80} is no {kind.__name__}")
    return value


def _taken(step: Any) -> Taken:
    answer = _of(step, dict)["answer"]
    event = None if answer is None else Event(_read_answer(answer), _of(step["at"], int))
    return Taken(_of(step["phase"], str), _read_effect(_of(step["effect"], dict)), event)


def _read_effect(effect: dict[str, Any]) -> Effect:
    if effect.keys() == {"get"}:
        return Get(_of(effect["get"], str))
    if "put" in effect:
        return Put(_of(effect["put"], str), _read_bytes(effect["value"]), _read_expected(effect["expect"]))
    tenant, tick_id = _of(effect["generate"], str), _of(effect["tick_id"], str)
    installed_at, attempt = _of(effect["installed_at"], int), _of(effect["attempt"], int)
    return Generate(tenant, Trigger(effect["trigger"]), installed_at, attempt, tick_id)


def _read_expected(expected: Any) -> Expectation:
    return _read_version(expected["version"]) if isinstance(expected, dict) else Expect(expected)


_PLAIN: Mapping[str, Callable[[], Answer]] = {
    kind.__name__: kind for kind in (Absent, Failed, Conflict, Unknown, GeneratorError)
}


def _read_answer(answer: Any) -> Answer:
    match _of(answer, dict)["is"]:
        case "Found":
            return Found(_read_bytes(answer["value"]), _read_version(answer["version"]))
        case "Applied":
            return Applied(_read_version(answer["version"]))
        case "Report":
            return Report(_read_bytes(answer["body"]))
        case str() as kind if kind in _PLAIN:
            return _PLAIN[kind]()
        case other:
            raise ValueError(f"{other!r} is no answer")


def _read_version(version: Any) -> Version:
    if isinstance(version, dict):
        return b64decode(version["base64"], validate=True)
    if type(version) not in (int, str):
        raise TypeError(f"{version!r:.80} is no version")
    known: Version = version
    return known


def _read_bytes(value: Any) -> bytes:
    return b64decode(value["base64"], validate=True) if isinstance(value, dict) else _of(value, str).encode("utf-8")
