"""The proof holds of the kernel, is not vacuous, and names the row of every break that is planted in it."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from evidence_kernel import Effect, EvidenceState, Expect, Expectation, Finding, Get, Observation, Phase, Put
from evidence_kernel.records.keys import evidence_key, publication_key
from evidence_kernel.requests import REQUESTS
from evidence_kernel.state import State
from evidence_kernel.tables import EVIDENCE, ROUTES, Row
from evidence_sim.machines import MACHINES
from evidence_sim.proof.check import Proof
from evidence_sim.proof.invariant import INVARIANT, PROMISED
from evidence_sim.proof.rows import Row as ProofRow
from evidence_sim.proof.rows import rows
from tests.long import one_in

SPEC = Path(__file__).parent.parent.parent / "spec"
F, E, P = Finding, EvidenceState, Phase
Patch = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture(scope="module")
def kernel_rows() -> frozenset[ProofRow]:
    return frozenset(rows())


def test_a_case_leads_one_way() -> None:
    assert [row.name for row in rows() if row.again] == []


def test_the_page_says_every_conjunct_in_its_words() -> None:
    [page] = [text for path in SPEC.glob("*.md") if "Why it holds" in (text := path.read_text(encoding="utf-8"))]
    said = [line for line in page.splitlines() if line in {f"| {one.name} | {one.says} |" for one in INVARIANT}]
    assert said == [f"| {one.name} | {one.says} |" for one in INVARIANT]
    assert [one.name.split()[0] for one in PROMISED[:10]] == [*(f"S{n}" for n in range(1, 10)), "S17"]


def broken_by(row: str, kernel_rows: frozenset[ProofRow], machine: str = "kernel") -> tuple[str, ...]:
    """The conjuncts that a row breaks which the kernel as shipped has not."""
    changed = tuple(one for one in rows(MACHINES[machine]) if one not in kernel_rows and one.name == row)
    assert len(changed) == 1
    [checked] = [one for one in islice(Proof(changed).survived(), 1) if one.name == row]
    assert not checked.undecided
    return checked.broken


def leading(phase: Phase, finding: Finding | EvidenceState, row: Row) -> Patch:
    """Another row in the table."""
    return lambda patch: patch.setitem(ROUTES[phase], finding, row)


def like(phase: Phase, finding: Finding, other: Finding) -> Patch:
    """One finding led as another is."""
    return leading(phase, finding, ROUTES[phase][other])


def asking(phase: Phase, change: Callable[[State, Effect], Effect]) -> Patch:
    """Another effect in the place of a phase's."""
    request = REQUESTS[phase]

    def changed(state: State, at: int) -> tuple[Effect, dict[str, object]]:
        effect, remembered = request(state, at)
        return change(state, effect), remembered

    return lambda patch: patch.setitem(REQUESTS, phase, changed)


def expecting(phase: Phase, expect: Callable[[State], Expectation]) -> Patch:
    """Another expectation of a phase's put."""

    def changed(state: State, effect: Effect) -> Effect:
        assert isinstance(effect, Put)
        return effect._replace(expect=expect(state))

    return asking(phase, changed)


def verified_unread(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(EVIDENCE, (E.MISSING, Observation.VALID), E.VERIFIED)


def other_trigger(state: State, effect: Effect) -> Effect:
    assert isinstance(effect, Put)
    [other] = [trigger for trigger in type(state.due.trigger) if trigger is not state.due.trigger]
    return effect._replace(key=publication_key(state.tenant, other))


BREAKS: dict[str, tuple[Patch, str, str]] = {
    "audit on any valid read-back": (
        leading(P.EVIDENCE_VERIFY, E.VALID, Row(P.TIMESTAMP_READ, audits=True)),
        "EVIDENCE_VERIFY:valid",
        "S4 AuditOnce",
    ),
    "any valid read-back verifies": (verified_unread, "EVIDENCE_VERIFY:valid", "S3 VerifiedIsMine"),
    "a put of evidence whatever is there": (
        expecting(P.EVIDENCE_PUT, lambda _: Expect.ANY),
        "EVIDENCE_READ:absent",
        "S2 NoClobber",
    ),
    "a put of evidence by a version": (
        expecting(P.EVIDENCE_PUT, lambda _: 7),
        "EVIDENCE_PUT:applied",
        "S1 WriteOnce",
    ),
    "generate without the claim": (
        leading(P.CLAIM_VERIFY, F.OTHERS, Row(P.GENERATE)),
        "CLAIM_VERIFY:others [AUTO_12H]",
        "S8 BackoffHeld",
    ),
    "generate on a conflict": (like(P.CLAIM, F.CONFLICT, F.APPLIED), "CLAIM:conflict [AUTO_24H]", "S8 BackoffHeld"),
    "an Unknown claim counts as applied": (
        like(P.CLAIM, F.UNKNOWN, F.APPLIED),
        "CLAIM:unknown-no [AUTO_12H]",
        "S8 BackoffHeld",
    ),
    "a claim without expectation": (
        expecting(P.CLAIM, lambda _: Expect.ANY),
        "DONE_READ:absent, free [AUTO_12H]",
        "S2 NoClobber",
    ),
    "a claim by a counter": (
        expecting(P.CLAIM, lambda state: state.due.number),
        "CLAIM:applied [AUTO_12H]",
        "S9 AttemptsCounted",
    ),
    "a settlement by a counter": (
        expecting(P.SETTLE, lambda state: state.due.number),
        "SETTLE:applied [AUTO_24H]",
        "S9 AttemptsCounted",
    ),
    "an Unknown claim counts as failed": (
        like(P.CLAIM, F.UNKNOWN, F.FAILED),
        "CLAIM:unknown-later [AUTO_12H]",
        "denials are certain",
    ),
    "an Unknown evidence counts as failed": (
        like(P.EVIDENCE_PUT, F.UNKNOWN, F.FAILED),
        "EVIDENCE_PUT:unknown-yes",
        "denials are certain",
    ),
    "an Unknown publication counts as failed": (
        like(P.PUBLISH, F.UNKNOWN, F.FAILED),
        "PUBLISH:unknown-yes [AUTO_24H]",
        "denials are certain",
    ),
    "generate again after a settlement": (
        leading(P.SETTLE, F.APPLIED, Row(P.GENERATE)),
        "SETTLE:applied [AUTO_12H]",
        "S9 AttemptsCounted",
    ),
    "a publication whatever is there": (
        expecting(P.PUBLISH, lambda _: Expect.ANY),
        "GENERATE:report [AUTO_12H]",
        "S2 NoClobber",
    ),
    "a publication under the other trigger": (
        asking(P.PUBLISH, other_trigger),
        "PUBLISH:applied [AUTO_12H]",
        "S7 DoneIsEarned",
    ),
    "another tenant's evidence": (
        asking(P.TIMESTAMP_READ, lambda *_: Get(evidence_key("another"))),
        "EVIDENCE_READ:valid",
        "isolated",
    ),
}


@pytest.mark.parametrize("broken", one_in(5, BREAKS))
def test_a_break_is_refuted_and_named_by_its_row(
    broken: str, kernel_rows: frozenset[ProofRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    patch, row, conjunct = BREAKS[broken]
    patch(monkeypatch)
    assert conjunct in broken_by(row, kernel_rows)


# What the simulator's specimens break, where their rows are rows of the kernel's own states.
SPECIMENS = {
    "no-read-back": ("EVIDENCE_PUT:applied", "S3 VerifiedIsMine"),
    "audit-before-read-back": ("EVIDENCE_PUT:unknown-no", "S4 AuditOnce"),
    "read-back-takes-any": ("EVIDENCE_VERIFY:valid", "S4 AuditOnce"),
    "overwrites-invalid": ("EVIDENCE_PUT:applied [other way 1]", "S1 WriteOnce"),
    "assumed-evidence": ("TIMESTAMP_READ:failed", "scheduled on evidence"),
    "check-generate-mark": ("DONE_READ:absent, free [AUTO_24H]", "S8 BackoffHeld"),
    "backoff-ignored": ("DONE_READ:absent, running [AUTO_12H]", "claims when free"),
    "no-tolerance": ("DONE_READ:absent, running [AUTO_24H]", "claims when free"),
    "early-generate": ("LEDGER_READ:absent, too young", "scheduled when due"),
    "unearned-publication": ("GENERATE:failed [AUTO_12H]", "publishes what it earned"),
    "truncated-key": ("Start", "isolated"),
    "no-identity-shared-key": ("Start, no identity", "isolated"),
}


@pytest.mark.parametrize("name", one_in(5, SPECIMENS))
def test_a_specimen_is_refuted_and_named_by_its_row(name: str, kernel_rows: frozenset[ProofRow]) -> None:
    row, conjunct = SPECIMENS[name]
    assert conjunct in broken_by(row, kernel_rows, name)
