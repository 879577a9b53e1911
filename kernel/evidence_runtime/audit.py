"""Judge the evidence of a whole source: one line for every evidence key, in constant memory."""

from collections import Counter
from collections.abc import Iterable, Iterator

from attrs import Factory, define, frozen

from evidence_kernel import EvidenceState, LogLine
from evidence_kernel.identity import canonical_tenant
from evidence_kernel.messages import audit as audit_line
from evidence_kernel.records.encoding import decode
from evidence_kernel.records.evidence import read_installed_at
from evidence_kernel.records.keys import decode_tenant, encode_tenant, evidence_key
from evidence_kernel.repair import evidence_fault
from evidence_runtime.original import Shape, accepts, name
from evidence_runtime.roll import Roll
from evidence_runtime.sources import Entry, Source, SourceError

ABSENT = "absent"
VALID = "valid"
IN_FUTURE = "installed in the future"
NOT_ENCODED = "the key is not how a tenant id is encoded"
NO_TENANT = "the key of those without an id"  # where the original read the evidence of no tenant


@frozen
class Judged:
    """One evidence key, or a tenant that should have one: `key` is then where it would be.

    `tenant` is the id that the key names, None where it names none. `reason` says why the kernel takes the
    record or not; `accepted_by_original` whether release v2.20 did; `installed_at` in ms.
    """

    key: str
    tenant: str | None
    evidence: EvidenceState
    reason: str
    accepted_by_original: bool = False
    installed_at: int | None = None
    backfilled: bool = False

    @property
    def audit_line(self) -> LogLine | None:
        """The line that announced the record, if it is a backfill's."""
        if not self.backfilled or self.tenant is None or self.installed_at is None:
            return None
        return audit_line(encode_tenant(self.tenant), self.installed_at)

    def described(self) -> dict[str, object]:
        """For JSON."""
        return {
            "key": self.key,
            "tenant": self.tenant,
            "evidence": self.evidence.value,
            "reason": self.reason,
            "accepted_by_original": self.accepted_by_original,
        }


@define
class Summary:
    """What the whole source holds: how many keys of each shape, how many tenants of each kind."""

    records: int = 0
    shapes: Counter[Shape] = Factory(Counter)
    valid: int = 0
    invalid: int = 0
    future: int = 0
    missing: int = 0
    unnamed: int = 0
    backfilled: int = 0
    accepted_by_original: int = 0

    @property
    def all_fit(self) -> bool:
        """Whether every tenant has evidence that is valid now, under a key of its own."""
        return not (self.invalid or self.future or self.missing or self.unnamed)

    def described(self) -> dict[str, object]:
        """For JSON."""
        counted = ("records", "valid", "invalid", "future", "missing", "unnamed", "backfilled", "accepted_by_original")
        keys = {shape.value: self.shapes[shape] for shape in Shape if self.shapes[shape]}
        return {**{name: getattr(self, name) for name in counted}, "keys": keys}

    def count(self, judged: Judged) -> None:
        """One line more."""
        self.backfilled += judged.backfilled
        self.accepted_by_original += judged.accepted_by_original
        if judged.evidence is EvidenceState.MISSING:
            self.missing += 1
        elif judged.reason in (NOT_ENCODED, NO_TENANT):
            self.unnamed += 1
        elif judged.evidence is EvidenceState.INVALID:
            self.invalid += 1
        elif judged.reason == IN_FUTURE:
            self.future += 1
        else:
            self.valid += 1


def audit(source: Source, at: int, summary: Summary, tenants: Iterable[str] = ()) -> Iterator[Judged]:
    """Each evidence key of the source judged at `at` (ms), then each of `tenants` that has none, by id.

    `summary` is filled on the way. Raises SourceError where an export names a key twice.
    """
    with Roll() as roll:
        for tenant in tenants:
            roll.expect(tenant)
        for entry in source.entries:
            summary.records += 1
            named = name(entry.key)
            summary.shapes[named.shape] += 1
            if named.shape is Shape.EVIDENCE:
                judged = judge(entry, named.whom, at, source.is_export)
                earlier = roll.see(entry.key, judged.tenant, entry.line)
                if earlier is not None:
                    raise SourceError(f"{source.name}, line {entry.line}: the key of line {earlier} once more")
                summary.count(judged)
                yield judged
        for tenant in roll.absent():
            judged = Judged(evidence_key(tenant), tenant, EvidenceState.MISSING, ABSENT)
            summary.count(judged)
            yield judged


def judge(entry: Entry, whom: str, at: int, is_export: bool = False) -> Judged:
    """One evidence record; `whom` is the part of the key after the prefix, in an export perhaps a raw id."""
    tenant = decode_tenant(whom)
    readable = tenant is not None and canonical_tenant(tenant) == tenant
    why = _reason(entry.value, at)
    if is_export and whom == "null":
        tenant, why = None, NO_TENANT
    elif not readable:
        tenant, why = canonical_tenant(whom), NOT_ENCODED
    installed_at = read_installed_at(entry.value)
    state = EvidenceState.INVALID if installed_at is None else EvidenceState.VALID
    record = decode(entry.value) or {}
    return Judged(entry.key, tenant, state, why, accepts(entry.value), installed_at, record.get("backfilled") is True)


def _reason(value: bytes, at: int) -> str:
    if evidence_fault(value, at) is None:
        return VALID
    record = decode(value)
    if record is None:
        return "no JSON object of an allowed form"
    if "installed_at" not in record:
        return "no installed_at"
    if not isinstance(record["installed_at"], str):
        return "installed_at is no text"
    return "installed_at names no instant" if read_installed_at(value) is None else IN_FUTURE
