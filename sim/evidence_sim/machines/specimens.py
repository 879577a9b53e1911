"""The machines that must be caught, and what each is declared to violate where."""

from attrs import frozen

from evidence_sim.machines import SAYS


@frozen
class Specimen:
    """A machine with a known defect, and the profile in which the suite runs it.

    `violates`: exactly the invariants that it violates there at the suite's seeds; the profile promises all of
    the kernel. `at_most`: the number of actions of the longest of their shrunk traces.
    """

    name: str
    profile: str
    violates: frozenset[str]
    at_most: int

    @property
    def says(self) -> str:
        """The defect in one sentence."""
        return SAYS[self.name]


def _specimen(name: str, profile: str, violates: str, at_most: int) -> Specimen:
    return Specimen(name, profile, frozenset(violates.split()), at_most)


SPECIMENS = (
    _specimen("v2.20", "cloud-kv", "S1 S2 S3 S4 S6 S7 S8 S9 S13 S15 S16 S17 S18", 27),
    _specimen("v2.19", "cloud-kv", "S2 S6 S7 S8 S9 S13 S15 S17 S18 L1", 27),
    _specimen("plain-put", "cloud-kv", "S1 S2", 9),
    _specimen("no-read-back", "cloud-kv", "S3 S4", 10),
    _specimen("read-back-takes-any", "cloud-kv", "S3 S4", 13),
    _specimen("audit-before-read-back", "cloud-kv", "S4", 9),
    _specimen("backdated-evidence", "cloud-kv", "S16", 4),
    _specimen("overwrites-invalid", "cloud-kv", "S1 S2 S16", 5),
    _specimen("assumed-evidence", "cloud-kv", "S5 S13 S17 S19", 13),
    _specimen("backfill-writes-more", "cloud-kv", "S12 S14", 22),
    _specimen("unknown-as-failed", "cloud-kv", "S13", 10),
    _specimen("claim-without-cas", "cloud-kv", "S2 S9", 16),
    _specimen("check-generate-mark", "cloud-kv", "S2 S6 S8 S9", 18),
    _specimen("settle-by-counter", "cloud-kv", "S2 S9", 28),
    _specimen("backoff-ignored", "cloud-kv", "S8", 16),
    _specimen("no-tolerance", "crash-stop", "S8", 24),
    _specimen("early-generate", "cloud-kv", "S17", 8),
    _specimen("unearned-publication", "cloud-kv", "S7 S18", 13),
    _specimen("boastful-outcome", "cloud-kv", "S13 S18", 13),
    _specimen("reused-tick-id", "cloud-kv", "S4 S16", 12),
    _specimen("truncated-key", "cloud-kv", "S5 S7 S9 S10 S18 L1", 24),
    _specimen("no-identity-shared-key", "cloud-kv", "S5 S7 S9 S10 S11 S18", 24),
    _specimen("rosy-status", "cloud-kv", "S18 S19", 19),
    _specimen("status-by-plain-put", "cloud-kv", "S15", 30),
    _specimen("retry-in-tick", "cloud-kv", "S12 S13", 17),
    _specimen("untotal", "cloud-kv", "S12", 9),
)
