"""The page of `evidence status --html`: every tenant, for people to search."""

from evidence_runtime.command.shared import when
from evidence_runtime.overview import WORST_FIRST, Overview
from evidence_runtime.pages import render

_COLUMNS = {
    "tenant": "tenant",
    "trust": "status",
    "reason": "why",
    "missed": "AUTO_12H",
    "check": "last check",
    "success": "last success",
}


def status_page(seen: Overview) -> str:
    """The page. Its data names each kind, a status and a reason, once: `[tenant, kind, missed, check, success]`."""
    kinds = sorted(seen.counts, key=lambda kind: (WORST_FIRST.index(kind[0]), kind[1]))
    number = {kind: index for index, kind in enumerate(kinds)}
    rows = [
        [one.tenant, number[one.trust, one.reason], int(one.missed), one.last_check_at, one.last_success_at]
        for one in seen.tenants
    ]
    return render(
        "evidence_runtime.pages",
        "status.html",
        title="Installation evidence: tenants",
        at=when(seen.at),
        when=when,
        counted=len(seen.tenants),
        missed=sum(one.missed for one in seen.tenants),
        oldest=seen.oldest_check,
        kinds=[(trust.value, reason, seen.counts[trust, reason]) for trust, reason in kinds],
        trusts=list(dict.fromkeys(trust.value for trust, _ in kinds)),
        reasons=sorted({reason for _, reason in kinds}),
        columns=_COLUMNS.items(),
        status={"at": seen.at, "kinds": [(trust.value, reason) for trust, reason in kinds], "tenants": rows},
    )
