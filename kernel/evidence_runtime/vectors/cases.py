"""Cases of each decision below the tick, with the kernel's verdict: records, identity, time, keys, log lines."""

from itertools import cycle
from typing import Any

from evidence_kernel import (
    Absent,
    Answer,
    Event,
    Failed,
    Found,
    Invocation,
    Level,
    Outcome,
    Reason,
    Trigger,
    Warn,
    due,
    ensure,
    messages,
    missed,
    read_status,
    step,
    tier,
)
from evidence_kernel.identity import identify
from evidence_kernel.records.encoding import decode_value, encode
from evidence_kernel.records.evidence import write_evidence
from evidence_kernel.records.instants import parse_instant
from evidence_kernel.records.keys import encode_tenant, evidence_key, ledger_key, publication_key, status_key
from evidence_kernel.records.ledger import claimed, failed, read_ledger, settled
from evidence_kernel.records.publication import write_publication
from evidence_kernel.records.status import write_status
from evidence_kernel.schedule import CLOCK_TOLERANCE, HOUR, implausible
from evidence_runtime.vectors.inputs import (
    ATTEMPTS,
    CONTEXTS,
    EVIDENCES,
    INSTALLED,
    INSTANTS,
    LEDGERS,
    NOW,
    REPORTS,
    STATUSES,
    TENANT,
    TENANTS,
    TICK,
    VALUES,
)


def classification() -> dict[str, Any]:
    """Inputs and what they are taken for; null where they are malformed or refused."""
    return {
        "evidence": [_evidence(Found(value, 1)) for value in EVIDENCES] + [_evidence(Absent()), _evidence(Failed())],
        "identity": [{"context": context, "tenant": identify(context)} for context in CONTEXTS],
        "ledger": [{"value": value.decode(), "entries": _entries(value)} for value in LEDGERS],
        "publication": [_publication(report) for report in REPORTS],
        "status": [{"value": value.decode(), "status": read_status(value)._asdict()} for value in STATUSES],
        "instants": [{"text": text, "ms": parse_instant(text)} for text in INSTANTS],
        "schedule": [_scheduled(installed, at) for installed in INSTALLED for at in _around(installed)],
        "tier": [{"attempts": attempts, "tier": tier(attempts)} for attempts in ATTEMPTS],
        "backoff": [_backoff(attempts, until) for attempts in ATTEMPTS for until in _ends(attempts)],
    }


def _evidence(answer: Answer) -> dict[str, Any]:
    """What the first read says; bytes that are no UTF-8 are told in hexadecimal."""
    state = step(ensure(Invocation(TICK, {"cloudId": TENANT})).state, Event(answer, NOW)).state
    told: dict[str, Any] = {"kind": type(answer).__name__}
    if isinstance(answer, Found):
        told["hex"] = answer.value.hex()
    return {**told, "state": state.evidence, "installed_at": state.installed_at, "refuses": state.refusal}


def _entries(value: bytes) -> dict[str, Any] | None:
    entries = read_ledger(value)
    if entries is None:
        return None
    return {
        trigger: {"attempts": one.attempts, "backoff_until": one.backoff_until, "failed": one.failed}
        for trigger, one in entries.items()
    }


def _publication(report: bytes) -> dict[str, Any]:
    written = write_publication(report, 1, TICK, NOW)
    return {
        "report": report.decode(),
        "attempt": 1,
        "tick_id": TICK,
        "completed_at": NOW,
        "bytes": None if written is None else written.decode(),
    }


def _around(installed: int) -> list[int]:
    edges = (0, 12 * HOUR, 24 * HOUR, 7 * 24 * HOUR, 30 * 24 * HOUR)
    return [installed + edge + by for edge in edges for by in (-1, 0, 1)]


def _scheduled(installed: int, at: int) -> dict[str, Any]:
    return {"installed_at": installed, "at": at, "due": due(installed, at), "missed": missed(installed, (), at)}


def _ends(attempts: int) -> list[int]:
    latest = NOW + tier(attempts) + CLOCK_TOLERANCE
    return [NOW, NOW + 1, latest, latest + 1]


def _backoff(attempts: int, until: int) -> dict[str, Any]:
    ignored = implausible(until, attempts, NOW)
    return {"backoff_until": until, "attempts": attempts, "at": NOW, "implausible": ignored}


def keys() -> list[dict[str, Any]]:
    """Tenant ids, encoded, and the keys of their records."""
    return [
        {
            "tenant": tenant,
            "encoded": encode_tenant(tenant),
            "evidence": evidence_key(tenant),
            "ledger": ledger_key(tenant),
            "status": status_key(tenant),
            "publications": {trigger: publication_key(tenant, trigger) for trigger in Trigger},
        }
        for tenant in TENANTS
    ]


def encodings() -> dict[str, Any]:
    """Records as bytes, told as text: all of them are ASCII."""
    ledgers = [value for value in (None, *LEDGERS) if read_ledger(value) is not None]
    written = [(value, claimed(value, trigger, 2, NOW, TICK)) for value in ledgers for trigger in Trigger]
    return {
        "json": [{"text": text, "bytes": _encoded(text)} for text in VALUES],
        "evidence": [
            {"installed_at": at, "tick_id": TICK, "bytes": write_evidence(at, TICK).decode()} for at in INSTALLED
        ],
        "status": [_status(value) for value in STATUSES],
        "ledger": [
            {
                "value": None if value is None else value.decode(),
                "trigger": trigger,
                "attempt": 2,
                "at": NOW,
                "tick_id": TICK,
                "reason": Reason.PUBLISH_FAILED,
                "claimed": claim.decode(),
                "generated": settled(claim, trigger, NOW).decode(),
                "settled": settled(claim, trigger, None).decode(),
                "failed": failed(claim, trigger, Reason.PUBLISH_FAILED, NOW).decode(),
            }
            for (value, claim), trigger in zip(written, list(Trigger) * len(ledgers), strict=True)
        ],
    }


def _encoded(text: str) -> str | None:
    value = decode_value(text.encode())
    encoded = None if value is None else encode(value[0])
    return None if encoded is None else encoded.decode()


def _status(value: bytes) -> dict[str, Any]:
    status = read_status(value)
    return {"status": status._asdict(), "bytes": write_status(status).decode()}


def log_lines() -> list[dict[str, Any]]:
    """Each format of the ticks' lines with each code that stands in it."""
    tenant = encode_tenant("acme & söhne")
    lines: list[tuple[messages.LogLine, dict[str, Any]]] = [
        (messages.started(TICK, tenant), {"line": "started", "tick_id": TICK}),
        (messages.audit(tenant, NOW), {"line": "audit", "installed_at": NOW}),
        (messages.not_found(tenant), {"line": "not_found"}),
    ]
    lines += [(messages.fail_closed(tenant, why), {"line": "fail_closed", "reason": why}) for why in messages.DETAILS]
    lines += [(messages.warned(TICK, tenant, one), {"line": "warned", "tick_id": TICK, "warn": one}) for one in Warn]
    for outcome, reason, trigger in zip(cycle(Outcome), Reason, cycle([None, *Trigger]), strict=False):
        fields = {"line": "ended", "tick_id": TICK, "outcome": outcome, "reason": reason, "due": trigger}
        lines.append((messages.ended(TICK, tenant, outcome, reason, trigger), fields))
    return [{**fields, "tenant": tenant, **said(line)} for line, fields in lines]


def said(line: messages.LogLine) -> dict[str, Any]:
    """A log line as JSON."""
    return {"level": Level(line.level).name, "text": line.text}
