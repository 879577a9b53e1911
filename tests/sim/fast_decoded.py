"""A packed world of the twin told as the reference world is: values as bytes, and fields by their names."""

import json
from collections.abc import Iterable
from typing import Any

from evidence_kernel import Expect, Outcome, Phase, Reason, Status, Trigger
from evidence_kernel.codes import EvidenceState
from evidence_kernel.records.evidence import write_evidence, write_repair
from evidence_kernel.records.instants import format_instant
from evidence_kernel.records.publication import write_publication
from evidence_kernel.records.status import write_status
from evidence_sim.answers import corrupted, torn
from evidence_sim.codes import ActionCode, OutcomeCode
from evidence_sim.config import Initial, contents, records, tick_id
from evidence_sim.fast import layout as at
from evidence_sim.fast.compiled import Words
from evidence_sim.fast.store import value_at
from evidence_sim.values import Run, World

_NAMES = tuple(Trigger)
Told = dict[str, Any]


def _of(kind: Iterable[Any], code: int) -> Any:
    return None if code == 0 else tuple(kind)[code - 1]


def _instant(ms: int) -> int | None:
    return None if ms == at.NONE else ms


def _text(ms: int) -> str | None:
    return None if ms == at.NONE else format_instant(ms)


def _tick(code: int) -> str:
    return tick_id(code >> 16, code & 65535)


def _status(v: list[int]) -> bytes:
    codes = v[at.S_CODES]
    outcome = None if not codes >> 3 & 15 else Outcome(OutcomeCode(codes >> 3 & 15).name)
    status = Status(
        _of(EvidenceState, codes & 7),
        outcome,
        _of(Reason, codes >> 8 & 31),
        _of(Trigger, codes >> 16),
        _instant(v[at.S_INSTALLED]),
        _instant(v[at.S_CLOSED]),
        _instant(v[at.S_CHECK]),
        _instant(v[at.S_SUCCESS]),
        _tick(v[at.S_TICK]),
    )
    return write_status(status)


def _evidence(w: Words, v: list[int]) -> bytes | None:
    if v[0] & at.FORM == at.REPAIRED:
        place = at.X_PARENTS + (v[at.E_PARENT] - 1) * at.SIZE_EVIDENCE
        replaced = value(w, at.EVIDENCE, place, 0)
        return write_repair(v[at.E_AT], v[at.E_AT], f"repair-{v[at.E_ID]}", replaced or b"")
    if v[0] & at.FORM == at.BY_TICK:
        return write_evidence(v[at.E_AT], _tick(v[at.E_ID]))
    if v[0] & at.FORM == at.BY_OTHERS:
        return f'{{"installed_at":"{format_instant(v[at.E_AT])}"}}'.encode()
    kind = "empty" if v[0] & at.FORM == at.EMPTY else "invalid"
    return contents(0, Initial(kind))[records(0).evidence]


def _ledger(v: list[int]) -> bytes:
    if v[0] & at.FORM == at.MALFORMED:
        return contents(0, Initial(ledger="malformed"))[records(0).by_name["ledger"]]
    record = {}
    for index, trigger in enumerate(_NAMES):
        entry = v[1 + index * at.L_ENTRY :]
        head = entry[at.L_HEAD]
        reason = _of(Reason, head >> 2 & 63)
        full: Told = {
            "attempts": head >> 8,
            "backoff_until": _text(entry[at.L_UNTIL]),
            "claimed_by": _tick(entry[at.L_CLAIMED]) if entry[at.L_CLAIMED] else None,
            "generated_at": _text(entry[at.L_GENERATED]),
            "last_error": reason and {"at": _text(entry[at.L_ERROR]), "reason": reason},
        }
        if head & 3:
            record[trigger] = full if head & 3 == at.L_FULL else {"attempts": head >> 8}
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode()


def report(tick: int, attempt: int, trigger: str) -> bytes:
    """What the generator returned for that attempt of a tick."""
    fields = {"tenant": records(tick >> 16).tenant, "trigger": trigger, "tick": _tick(tick), "attempt": attempt}
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def _publication(v: list[int], trigger: Trigger) -> bytes | None:
    if v[0] & at.FORM == at.BEFORE:
        return contents(0, Initial(publication="AUTO_12H"))[records(0).by_name["publication:AUTO_12H"]]
    body = report(v[at.P_ID], v[at.P_ATTEMPT], trigger)
    return write_publication(body, v[at.P_ATTEMPT], _tick(v[at.P_ID]), v[at.P_AT])


def value(w: Words, record: int, place: int, trigger: int) -> bytes | None:
    """The bytes of a value; `trigger` is the index of a publication's."""
    v = list(w[place : place + at.SIZE_LEDGER])
    kind = v[0]
    if kind == 0:
        return None
    if record == at.STATUS:
        whole: bytes | None = _status(v)
    elif record == at.EVIDENCE:
        whole = _evidence(w, v)
    else:
        whole = _ledger(v) if record == at.LEDGER else _publication(v, _NAMES[trigger])
    assert whole is not None
    if kind >> at.TORN & at.FORM:
        whole = torn(whole, (kind >> at.TORN & at.FORM) - 1)
    return corrupted(whole, (kind >> at.SPOILT) - 1) if kind >> at.SPOILT else whole


def _expect(code: int) -> object:
    return {at.EX_ABSENT: Expect.ABSENT, at.EX_ANY: Expect.ANY}.get(code, code)


def _earned(tick: int, code: int) -> tuple[str, bytes] | None:
    trigger = "" if code == 0 else _NAMES[(code & 3) - 1].value
    return (trigger, report(tick, code >> 2, trigger)) if code else None


def _phase(code: int) -> str:
    return ActionCode(code).name


def _told_run(w: Words, tenant: int, run: int) -> Told:
    def word(place: int) -> int:
        return int(w[run + place])

    trigger = word(at.R_TRIGGER)
    opened, ended = word(at.R_OPENED), word(at.R_OUTCOME)
    told: Told = {name: word(place) for name, place in (("n", at.R_N), ("host", at.R_HOST), ("effects", at.R_EFFECTS))}
    told |= {
        "phase": _phase(word(at.R_PHASE)),
        "hurt": bool(word(at.R_HURT)),
        "evidence": _of(EvidenceState, word(at.R_EVIDENCE)),
        "installed_at": _instant(word(at.R_INSTALLED)),
        "did_backfill": bool(word(at.R_DID)),
        "status": (value(w, at.STATUS, run + at.R_STATUS, 0), _expect(word(at.R_STATUS_EXPECT))) if opened else None,
        "backfill": value(w, at.EVIDENCE, run + at.R_BACKFILL, 0),
        "trigger": _of(Trigger, trigger),
        "ledger": (value(w, at.LEDGER, run + at.R_HELD, 0), _expect(word(at.R_HELD_EXPECT))) if trigger else None,
        "number": word(at.R_NUMBER),
        "publication": value(w, at.PUBLICATION, run + at.R_PUBLICATION, trigger - 1),
        "ending": (OutcomeCode(ended).name, _of(Reason, word(at.R_REASON)), word(at.R_ENDED)) if ended else None,
    }
    instants = ("installed_at", "absent_at", "ledger_at", "looked_at")
    places = (at.SEEN_INSTALLED, at.SEEN_ABSENT, at.SEEN_LEDGER, at.SEEN_LOOKED)
    told |= {f"seen {name}": _instant(word(place)) for name, place in zip(instants, places, strict=True)}
    for name in ("grounded", "failed", "undecided", "held"):
        told[f"seen {name}"] = bool(word(getattr(at, f"SEEN_{name.upper()}")))
    return told | {
        "seen started_at": word(at.SEEN_STARTED),
        "seen decided_at": word(at.SEEN_DECIDED),
        "seen claims": word(at.SEEN_CLAIMS),
        "seen read_back": value(w, at.EVIDENCE, run + at.SEEN_BACK, 0),
        "seen earned": _earned(tenant << 16 | word(at.R_N), word(at.SEEN_EARNED)),
        "seen closed": OutcomeCode(word(at.SEEN_CLOSED)).name if word(at.SEEN_CLOSED) else None,
    }


def told_reference_run(run: Run) -> Told:
    """The same of a run of the reference."""
    state, seen, attempt, ending = run.state, run.seen, run.state.attempt, run.state.ending
    told: Told = {"n": run.n, "host": run.host, "effects": run.effects, "phase": str(run.phase), "hurt": run.hurt}
    told |= {
        "evidence": state.evidence,
        "installed_at": state.installed_at,
        "did_backfill": state.did_backfill,
        "status": state.opened and (write_status(state.opened.status), state.opened.expect),
        "backfill": state.backfill,
        "trigger": state.trigger,
        "ledger": attempt and (attempt.ledger.value, attempt.ledger.expect),
        "number": attempt.number if attempt else 0,
        "publication": attempt and attempt.publication,
        "ending": ending and (str(ending.outcome), ending.reason, ending.at),
    }
    if run.phase == Phase.STATUS_OPEN:
        assert seen.wrote is None
    for name in ("installed_at", "absent_at", "ledger_at", "looked_at", "grounded", "failed", "undecided", "held"):
        told[f"seen {name}"] = getattr(seen, name)
    for name in ("started_at", "decided_at", "claims", "read_back", "earned", "closed"):
        told[f"seen {name}"] = getattr(seen, name)
    return told


def _told_late(w: Words, tenant: int, late: int) -> Told:
    record, n = int(w[late + at.D_RECORD]), int(w[late + at.D_N])
    return {
        "n": n,
        "phase": _phase(int(w[late + at.D_PHASE])),
        "record": record,
        "value": value(w, record, late + at.D_VALUE, record - at.PUBLICATION),
        "expect": _expect(int(w[late + at.D_EXPECT])),
        "looked_at": _instant(int(w[late + at.D_LOOKED])),
        "earned": _earned(tenant << 16 | n, int(w[late + at.D_EARNED])),
    }


def _told_tenant(w: Words, tenant: int) -> Told:
    base = at.X_TENANT + tenant * at.TENANT
    runs = [base + at.T_RUN + int(w[base + at.T_ORDER + place]) * at.RUN for place in range(w[base + at.T_RUNS])]
    told: Told = {"started": w[base + at.T_STARTED], "forgetting": bool(w[base + at.T_FORGETTING])}
    told["runs"] = [_told_run(w, tenant, run) for run in runs]
    lates = [base + at.T_LATE + place * at.LATE for place in range(w[base + at.T_LATES])]
    told["lates"] = [_told_late(w, tenant, late) for late in lates]
    for record in range(at.RECORDS):
        cell = base + at.T_CELL + record * at.CELL
        places = [value_at(w, cell, k) for k in range(w[cell + at.C_PAST] + 1)]
        told[f"record {record}"] = [
            (value(w, record, place, record - at.PUBLICATION), w[place - 1]) for place in places
        ]
    wells = w[base + at.G_WELLS]
    kept = range(max(wells - at.WELLS, 0), wells)
    audited = w[at.X_AUDITED] + tenant * w[at.X_TICKS] * at.SIZE_EVIDENCE
    return told | {
        "generates": tuple(w[base + at.G_GENERATES : base + at.G_GENERATES + 2]),
        "reports": tuple(w[base + at.G_REPORTS : base + at.G_REPORTS + 2]),
        "published": tuple(bool(word) for word in w[base + at.G_PUBLISHED : base + at.G_PUBLISHED + 2]),
        "audited": tuple(
            value(w, at.EVIDENCE, audited + place * at.SIZE_EVIDENCE, 0) for place in range(w[base + at.G_AUDITED])
        ),
        "well": tuple(w[base + at.G_WELL + place % at.WELLS] for place in kept),
        "clean": bool(w[base + at.G_CLEAN]),
    }


def told_twin(w: Words) -> Told:
    """All of a packed world."""
    tenants = {f"tenant {index}": _told_tenant(w, index) for index in range(w[at.X_TENANTS])}
    return {"clocks": tuple(w[at.X_CLOCK : at.X_CLOCK + w[at.X_HOSTS]]), **tenants}


def told_reference(world: World) -> Told:
    """The same of the reference world."""
    told: Told = {"clocks": world.clocks}
    for index, tenant in enumerate(world.tenants):
        keys, ghost = list(records(index).by_name.values()), tenant.ghost
        mine: Told = {"started": tenant.started, "forgetting": tenant.forgetting}
        mine["runs"] = [told_reference_run(run) for run in tenant.runs]
        mine["lates"] = [
            {
                "n": late.n,
                "phase": str(late.phase),
                "record": keys.index(late.key),
                "value": late.value,
                "expect": late.expect,
                "looked_at": late.by.looked_at,
                "earned": late.by.earned,
            }
            for late in tenant.pending
        ]
        for record, key in enumerate(keys):
            cell = world.cells.at(key)
            mine[f"record {record}"] = [(cell.value, cell.version), *cell.past]
        for name in ("generates", "reports", "published", "audited", "well", "clean"):
            mine[name] = getattr(ghost, name)
        told[f"tenant {index}"] = mine
    return told
