"""S1-S9 and S14 over a file's history and the journals of those who ticked on it.

Records are read with `evidence_sim.oracle`, which shares no reader with the kernel. A line of a journal is
written before what it asks for and after what it was told: it may know of more than was done, never of less.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

from evidence_sim import oracle
from evidence_sim.oracle import Role
from tests.runtime.history import Change, Line

GIVEN = "given"  # who wrote what a test begins with
TRIGGERS = ("AUTO_12H", "AUTO_24H")
_MINUTE = 60_000
_TIERS = (0, 30 * _MINUTE, 120 * _MINUTE, 1440 * _MINUTE)
_TOLERANCE = 15 * _MINUTE
_GUARDED = frozenset({Role.EVIDENCE, Role.LEDGER, Role.PUBLICATION})


class Case:
    """What is judged: each record's changes, and each tick's lines."""

    def __init__(self, history: Sequence[Change], lines: Sequence[Line]) -> None:
        self.history = history
        self.records: dict[str, list[Change]] = defaultdict(list)
        for change in history:
            self.records[change.key].append(change)
        self.ticks: dict[str, list[Line]] = defaultdict(list)
        for line in lines:
            self.ticks[line["tick"]].append(line)
        self.given = {(line["key"], _bytes(line)) for line in self.ticks.pop(GIVEN, []) if line["what"] == "put"}
        self.held = {(change.key, change.value) for change in history}

    def steps(self, role: Role) -> Iterator[tuple[Change | None, Change]]:
        """Each change of records of a role, with the one before it."""
        for key, changes in self.records.items():
            if oracle.place(key).role is role:
                yield None, changes[0]
                yield from pairwise(changes)

    def tenant(self, tick: str) -> str | None:
        """Whose tick it is; None where no journal knows it."""
        return next((line["tenant"] for line in self.ticks.get(tick, ()) if line["what"] == "start"), None)

    def lines(self, what: str) -> Iterator[tuple[str, int, Line]]:
        """Each line of a kind: its tick, where it stands there, and itself."""
        for tick, lines in self.ticks.items():
            for at, line in enumerate(lines):
                if line["what"] == what:
                    yield tick, at, line


def _bytes(line: Line) -> bytes | None:
    value = line["value"]
    return None if value is None else value.encode("latin-1")


def _role(line: Line) -> Role | None:
    return oracle.place(line["key"]).role if "key" in line else None


def _told(lines: Sequence[Line], at: int) -> str | None:
    """What the put at that place was answered; None where its tick was cut before that."""
    return next((line["said"] for line in lines[at + 1 :] if line["what"] == "said"), None)


def _write_once(case: Case) -> Iterator[str]:
    for before, after in case.steps(Role.EVIDENCE):
        if before is not None and before.value is not None:
            yield f"{after.key} was {before.value!r} and became {after.value!r}"


def _no_clobber(case: Case) -> Iterator[str]:
    for before, after in case.steps(Role.EVIDENCE):
        if before is not None and before.value is not None and oracle.installed_at(before.value) is None:
            yield f"{after.key} held the invalid {before.value!r} and became {after.value!r}"
    for tick, _, line in case.lines("put"):
        if line["expect"] == "ANY" and _role(line) in _GUARDED:
            yield f"{tick} puts {line['key']} unconditionally"


def _verified_is_mine(case: Case) -> Iterator[str]:
    for tick, at, line in case.lines("result"):
        if not line["did_backfill"]:
            continue
        calls = [one for one in case.ticks[tick][:at] if _role(one) is Role.EVIDENCE]
        put = next((n for n, one in enumerate(calls) if one["what"] == "put"), None)
        mine = None if put is None else _bytes(calls[put])
        verify = None if put is None else next((one for one in calls[put + 1 :]), None)
        if mine is None or verify is None or _bytes(verify) != mine:
            yield f"{tick} reports a backfill of {mine!r} and did not read it back"
        elif (calls[0]["key"], mine) not in case.held:
            yield f"{tick} reports a backfill of {mine!r}, which was never there"


def _audit_once(case: Case) -> Iterator[str]:
    said: Counter[tuple[str | None, int | None]] = Counter(
        (case.tenant(tick), at)
        for tick, _, line in case.lines("log")
        if (at := oracle.audited_at(line["text"])) is not None
    )
    records: Counter[tuple[str | None, int | None]] = Counter()
    for _, after in case.steps(Role.EVIDENCE):
        if (after.key, after.value) not in case.given:
            records[oracle.place(after.key).tenant, oracle.installed_at(after.value)] += 1
    for (tenant, at), count in (said - records).items():
        yield f"{count} audit lines too many of {tenant} at {at}"


def _grounded(case: Case) -> Iterator[str]:
    for tick, at, line in case.lines("asked"):
        reads = [one for one in case.ticks[tick][:at] if one["what"] == "got" and _role(one) is Role.EVIDENCE]
        if line["tenant"] != case.tenant(tick) or line["by"] != tick:
            yield f"{tick} generates for {line['tenant']} in the name of {line['by']}"
        elif not any(
            oracle.place(one["key"]).tenant == line["tenant"]
            and oracle.installed_at(_bytes(one)) == line["installed_at"]
            and (one["key"], _bytes(one)) in case.held
            for one in reads
        ):
            yield f"{tick} generates and read no evidence that says {line['installed_at']}"


def _report_once(case: Case) -> Iterator[str]:
    for before, after in case.steps(Role.PUBLICATION):
        if before is not None:
            yield f"{after.key} was {before.value!r} and became {after.value!r}"


def _done_is_earned(case: Case) -> Iterator[str]:
    earned = {
        (line["tenant"], line["trigger"], tick, json.dumps(line["report"], sort_keys=True, separators=(",", ":")))
        for tick, _, line in case.lines("returned")
    }
    for _, after in case.steps(Role.PUBLICATION):
        if after.value is None or (after.key, after.value) in case.given:
            continue
        place = oracle.place(after.key)
        by = (oracle.record(after.value) or {}).get("published_by")
        if (place.tenant, place.trigger, by, (oracle.report(after.value) or b"").decode()) not in earned:
            yield f"{after.key} became {after.value!r}, which no generate of {by} returned"


def _tier(attempts: int) -> int:
    return _TIERS[min(attempts, 3)]


def _backoff_held(case: Case) -> Iterator[str]:
    for before, after in case.steps(Role.LEDGER):
        old = None if before is None else before.value
        for trigger in TRIGGERS:
            if (after.key, after.value) in case.given or oracle.attempts(after.value, trigger) <= oracle.attempts(
                old, trigger
            ):
                continue
            yield from _claimed(case, after, old, trigger)
    for tick, at, _ in case.lines("asked"):
        lines = case.ticks[tick][:at]
        claims = [n for n, one in enumerate(lines) if one["what"] == "put" and _role(one) is Role.LEDGER]
        if len(claims) != 1:
            yield f"{tick} generates after {len(claims)} claims"
        elif not _stands(case, lines, claims[0]):
            yield f"{tick} generates after a claim that nobody acknowledged"


def _claimed(case: Case, after: Change, old: bytes | None, trigger: str) -> Iterator[str]:
    until, attempts = oracle.backoff_until(after.value, trigger), oracle.attempts(after.value, trigger)
    by = (oracle.record(after.value or b"") or {})[trigger].get("claimed_by")
    at = _looked_at(case.ticks.get(by, ()), trigger)
    if at is None or until != at + _tier(attempts):
        yield f"{after.key} is claimed by {by} until {until}, and it looked at {at}"
        return
    ends = oracle.backoff_until(old, trigger)
    if ends is not None and at < ends <= at + _tier(oracle.attempts(old, trigger)) + _TOLERANCE:
        yield f"{after.key} is claimed by {by} at {at}, in a backoff until {ends}"


def _looked_at(lines: Sequence[Line], trigger: str) -> int | None:
    """The clock at the first answer about that trigger's publication."""
    for n, line in enumerate(lines):
        if line["what"] == "got" and _role(line) is Role.PUBLICATION and oracle.place(line["key"]).trigger == trigger:
            return next((one["at"] for one in lines[n + 1 : n + 2] if one["what"] == "clock"), None)
    return None


def _stands(case: Case, lines: Sequence[Line], claim: int) -> bool:
    """Whether a claim was acknowledged, or in doubt and then read back; and was there."""
    key, value, said = lines[claim]["key"], _bytes(lines[claim]), _told(lines, claim)
    back = [_bytes(one) for one in lines[claim + 1 :] if one["what"] == "got" and one["key"] == key]
    return (key, value) in case.held and (said == "Applied" or (said == "Unknown" and back == [value]))


def _attempts_counted(case: Case) -> Iterator[str]:
    asked = Counter((line["tenant"], line["trigger"]) for _, _, line in case.lines("asked"))
    last = {oracle.place(key).tenant: changes[-1].value for key, changes in case.records.items() if _is_ledger(key)}
    for (tenant, trigger), count in asked.items():
        if count > (persisted := oracle.attempts(last.get(tenant), trigger)):
            yield f"{trigger} of {tenant} was generated {count} times, and {persisted} attempts are persisted"


def _is_ledger(key: str) -> bool:
    return oracle.place(key).role is Role.LEDGER


def _evidence_only(case: Case) -> Iterator[str]:
    for tick, lines in case.ticks.items():
        reads = [n for n, one in enumerate(lines) if one["what"] == "got" and _role(one) is Role.EVIDENCE]
        first, last = (reads[0], reads[-1]) if len(reads) > 1 else (reads[0] if reads else len(lines), len(lines))
        if lines[0].get("alone"):
            first, last = 0, len(lines)
        for line in lines[first:last]:
            if line["what"] == "put" and _role(line) is not Role.EVIDENCE:
                yield f"{tick} puts {line['key']} in its backfill"


def _port(case: Case) -> Iterator[str]:
    """What was acknowledged is there, what was refused is not, and nothing else is."""
    there = {(change.key, change.value, change.version) for change in case.history}
    may: Counter[tuple[str, bytes | None]] = Counter(case.given)
    for tick, at, line in case.lines("put"):
        told = _told(case.ticks[tick], at)
        may[line["key"], _bytes(line)] += told not in ("Conflict", "Failed")
        answer = next((one for one in case.ticks[tick][at + 1 :] if one["what"] == "said"), {})
        if told == "Applied" and (line["key"], _bytes(line), answer["version"]) not in there:
            yield f"{tick} was told that {line['key']} has version {answer['version']}, which is lost"
    for (key, value), count in (Counter((c.key, c.value) for c in case.history) - may).items():
        yield f"{key} became {value!r} {count} times more than anybody put it"
    versions = Counter(change.version for change in case.history if change.version is not None)
    yield from (f"version {version} was given {count} times" for version, count in versions.items() if count > 1)


PREDICATES: Mapping[str, Callable[[Case], Iterator[str]]] = {
    "S1 WriteOnce": _write_once,
    "S2 NoClobber": _no_clobber,
    "S3 VerifiedIsMine": _verified_is_mine,
    "S4 AuditOnce": _audit_once,
    "S5 Grounded": _grounded,
    "S6 ReportOnce": _report_once,
    "S7 DoneIsEarned": _done_is_earned,
    "S8 BackoffHeld": _backoff_held,
    "S9 AttemptsCounted": _attempts_counted,
    "S14 EvidenceOnly": _evidence_only,
    "store": _port,
}


def violations(history: Sequence[Change], lines: Sequence[Line]) -> list[str]:
    """Each breach, by the name of what is broken."""
    case = Case(history, lines)
    return [f"{name}: {says}" for name, judge in PREDICATES.items() for says in judge(case)]
