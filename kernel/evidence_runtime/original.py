"""What the first system of this kind, release v2.20, took for evidence, and how it named its records."""

import base64
import json
import re
from enum import StrEnum

from attrs import frozen

from evidence_kernel import Trigger
from evidence_kernel.identity import canonical_tenant, identify
from evidence_kernel.records.keys import (
    EVIDENCE_PREFIX,
    LEDGER_PREFIX,
    PUBLICATION_PREFIX,
    STATUS_PREFIX,
    decode_tenant,
)
from evidence_runtime.javascript import UNDEFINED, falsy, member, parse_date

METRICS_PREFIX = "governance:metrics:"
_CLOUD_ID = "cloudId:"
_ENCODED = "tenant:"  # later releases write base64url after this
_OF_TRIGGER = re.compile(rf"{PUBLICATION_PREFIX}(.+):({'|'.join(Trigger)}):(DONE|ATTEMPT)", re.DOTALL)


def load(value: bytes | None) -> object:
    """What the platform's client returns; ValueError where the bytes are no JSON: then it throws."""
    if value is None:
        return UNDEFINED
    try:
        return json.loads(value, parse_constant=_no_json)
    except RecursionError as deep:
        raise ValueError("too deep") from deep


def _no_json(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def installed_at(record: object) -> object:
    """The timestamp as it stands; undefined where the record, or the timestamp in it, is falsy."""
    text = UNDEFINED if falsy(record) else member(record, "installed_at")
    return UNDEFINED if falsy(text) else text


def accepts(value: bytes) -> bool:
    """Whether v2.20 took the stored bytes for valid evidence: anything that JavaScript reads as a date."""
    try:
        text = installed_at(load(value))
    except ValueError:
        return False
    return text is not UNDEFINED and parse_date(text) is not None


class Shape(StrEnum):
    """What a key is, by its spelling."""

    EVIDENCE = "evidence"
    STATUS = "status"
    METRICS = "metrics"
    LEDGER = "ledger"
    PUBLICATION = "publication"
    ORIGINAL_STATE = "scheduler state of the original"
    ORIGINAL_DONE = "DONE marker of the original"
    ORIGINAL_ATTEMPT = "ATTEMPT marker of the original"
    UNKNOWN = "unknown"


@frozen
class Named:
    """A key: its shape, the part that names a tenant as it is spelt there, and the trigger, if it has one."""

    shape: Shape
    whom: str
    trigger: Trigger | None = None


def name(key: str) -> Named:
    """What a key is. A scheduler's key is ours where an encoded tenant id stands in it, else the original's."""
    for prefix, shape in ((EVIDENCE_PREFIX, Shape.EVIDENCE), (STATUS_PREFIX, Shape.STATUS)):
        if key.startswith(prefix):
            return Named(shape, key.removeprefix(prefix))
    if key.startswith(METRICS_PREFIX):
        return Named(Shape.METRICS, key.removeprefix(METRICS_PREFIX))
    match = _OF_TRIGGER.fullmatch(key)
    if match is not None:
        whom, trigger, kind = match[1], Trigger(match[2]), match[3]
        if kind == "ATTEMPT":
            return Named(Shape.ORIGINAL_ATTEMPT, whom, trigger)
        ours = decode_tenant(whom) is not None
        return Named(Shape.PUBLICATION if ours else Shape.ORIGINAL_DONE, whom, trigger)
    if key.startswith(LEDGER_PREFIX):
        whom = key.removeprefix(LEDGER_PREFIX)
        return Named(Shape.LEDGER if decode_tenant(whom) is not None else Shape.ORIGINAL_STATE, whom)
    return Named(Shape.UNKNOWN, "")


def tenant_of(tenant_key: str) -> str | None:
    """The canonical id behind a tenantKey of the original, or None where it names no one site."""
    if tenant_key.startswith(_ENCODED):
        text = _decoded(tenant_key.removeprefix(_ENCODED))
        return None if text is None else tenant_of(text)
    if tenant_key.startswith(_CLOUD_ID):
        return canonical_tenant(tenant_key.removeprefix(_CLOUD_ID))
    return identify({"installContext": tenant_key})


def _decoded(text: str) -> str | None:
    try:
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("utf-8")
    except ValueError:
        return None
    return None if decoded.startswith(_ENCODED) else decoded
