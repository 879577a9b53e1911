"""The machines that must be caught, and what each is declared to violate where."""

from attrs import frozen

from evidence_sim.machines import SAYS


@frozen
class Specimen:
    """A machine with a known defect, and the profile in which the suite runs it.

    `violates`: exactly the invariants that it violates there at the suite's seeds; `at_most`: the number
    of actions of the longest of their shrunk traces; `hazards`: the D numbers of spec/hazards.md it shows.
    """

    name: str
    profile: str
    violates: frozenset[str]
    at_most: int
    hazards: tuple[int, ...] = ()

    @property
    def says(self) -> str:
        """The defect in one sentence."""
        return SAYS[self.name]


def _specimen(name: str, profile: str, violates: str, at_most: int, *hazards: int) -> Specimen:
    return Specimen(name, profile, frozenset(violates.split()), at_most, hazards)


SPECIMENS = (
    _specimen("v2.20", "cloud-kv", "S1 S2 S3 S4 S6 S7 S8 S9 S13 S15 S16 S18", 40, *range(1, 18), 22, 23, 25),
    _specimen("v2.19", "cloud-kv", "S2 S6 S7 S8 S9 S13 S15 S18", 40, *range(7, 18), 22, 23, 25),
    _specimen("plain-put", "cloud-kv", "S1 S2", 10, 1, 2, 6),
    _specimen("no-read-back", "cloud-kv", "S3 S4", 12, 3),
    _specimen("read-back-takes-any", "cloud-kv", "S3 S4", 12, 3),
    _specimen("audit-before-read-back", "cloud-kv", "S4", 12, 5),
    _specimen("backdated-evidence", "cloud-kv", "S16", 6),
    _specimen("overwrites-invalid", "cloud-kv", "S1 S2", 6, 4),
    _specimen("assumed-evidence", "cloud-kv", "S5 S13 S17", 24, 22),
    _specimen("backfill-writes-more", "cloud-kv", "S14", 7),
    _specimen("unknown-as-failed", "cloud-kv", "S13", 14),
    _specimen("claim-without-cas", "cloud-kv", "S2 S8 S9", 24, 9, 10, 11),
    _specimen("check-generate-mark", "cloud-kv", "S2 S6 S8 S9", 26, 8, 9),
    _specimen("settle-by-counter", "lying-disk", "S9", 40),
    _specimen("backoff-ignored", "cloud-kv", "S8", 24, 11),
    _specimen("no-tolerance", "cloud-kv", "S8", 24, 17),
    _specimen("early-generate", "cloud-kv", "S17", 14),
    _specimen("unearned-publication", "cloud-kv", "S7 S18", 14),
    _specimen("boastful-outcome", "cloud-kv", "S13 S18", 18, 7),
    _specimen("reused-tick-id", "cloud-kv", "S4 S8 S9 S16", 24, 20),
    _specimen("truncated-key", "cloud-kv", "S10", 6, 19),
    _specimen("no-identity-shared-key", "cloud-kv", "S11", 2, 18),
    _specimen("rosy-status", "cloud-kv", "S18 S19", 12, 22),
    _specimen("status-by-plain-put", "cloud-kv", "S15", 20, 25),
    _specimen("retry-in-tick", "cloud-kv", "S12", 20),
    _specimen("untotal", "cloud-kv", "S12", 6),
)
