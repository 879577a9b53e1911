"""`evidence audit`, `evidence import` and `evidence status`: what a source or a store holds."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from evidence_kernel import TrustStatus
from evidence_runtime.audit import Judged, Summary
from evidence_runtime.audit import audit as judged
from evidence_runtime.command.shared import (
    LACKING,
    OK,
    JsonOption,
    StoreOption,
    Unusable,
    console,
    emit,
    opened,
    reading,
    table,
    tenants_in,
    when,
)
from evidence_runtime.command.status_page import status_page
from evidence_runtime.drive import system_clock
from evidence_runtime.memory import MemoryStore
from evidence_runtime.migrate import SETTLED, Account
from evidence_runtime.migrate import bring as brought
from evidence_runtime.overview import Overview, overview
from evidence_runtime.sources import SQLITE, Source, open_source
from evidence_runtime.store import Store

SourceArgument = Annotated[str, typer.Argument(metavar="SOURCE", help="A store's URL, or an export in JSON lines.")]
_SHOWN, _NAMED = 40, 8  # tenants that a table and a sentence have; --json has all


def audit(
    source: SourceArgument,
    tenants: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Who should have evidence, one id a line.")
    ] = None,
    audit_lines: Annotated[bool, typer.Option("--audit-lines", help="Also the line that each backfill has.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Judge every evidence record. Exit status 1 where one is missing or unfit, 2 where SOURCE cannot be used."""
    summary = Summary()
    expected = tenants_in(tenants) if tenants is not None else ()
    with open_source(source) as held, reading(held):
        for one in judged(held, system_clock(), summary, expected):
            _one(one, audit_lines, as_json)
    if as_json:
        print(json.dumps(summary.described()), file=sys.stderr)
    else:
        _summary(summary)
    return OK if summary.all_fit else LACKING


def _one(one: Judged, audit_lines: bool, as_json: bool) -> None:
    if as_json:
        emit(one.described())
    else:
        also = ", which the original accepted" if one.accepted_by_original and one.evidence != "VALID" else ""
        sys.stdout.write(f"{one.evidence:7} {ascii(one.key)[1:-1]}: {one.reason}{also}\n")
    if audit_lines and one.audit_line is not None:
        print(one.audit_line.text, file=sys.stderr if as_json else sys.stdout)


def _summary(summary: Summary) -> None:
    kinds = (
        ("valid", summary.valid),
        ("invalid", summary.invalid),
        ("from the future", summary.future),
        ("no evidence", summary.missing),
        ("key of no tenant", summary.unnamed),
    )
    out = console()
    out.print(table("Tenants", ("evidence", "tenants"), [(name, f"{count:,}") for name, count in kinds]))
    out.print(table("Keys", ("shape", "keys"), [(s.value, f"{n:,}") for s, n in sorted(summary.shapes.items())]))
    out.print(
        f"{summary.records:,} records; {summary.backfilled:,} backfilled; the original accepted"
        f" {summary.accepted_by_original:,} as evidence"
    )


def bring(
    source: SourceArgument,
    store: StoreOption,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; write nothing.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Bring evidence and DONE markers of the original into a store. Exit status 1 where one was left."""
    account = Account()
    with open_source(source) as held, reading(held):
        if dry_run and store.startswith(SQLITE) and not Path(store.removeprefix(SQLITE)).exists():
            _bring(held, MemoryStore(), account, dry_run, as_json)
        else:
            with opened(store, read_only=dry_run) as target:
                _bring(held, target, account, dry_run, as_json)
    rows = [(s.value, f.value, f"{n:,}") for (s, f), n in sorted(account.fates.items())]
    if as_json:
        fates = [{"shape": s.value, "fate": f.value, "lines": n} for (s, f), n in sorted(account.fates.items())]
        print(json.dumps({"lines": account.lines, "dry_run": dry_run, "fates": fates}), file=sys.stderr)
    else:
        out = console()
        out.print(table("Lines", ("shape", "fate", "lines"), rows))
        out.print(f"{account.lines:,} lines{', nothing was written' if dry_run else ''}")
    return OK if account.settled else LACKING


def _bring(source: Source, store: Store, account: Account, dry_run: bool, as_json: bool) -> None:
    for line in brought(source, store, account, dry_run):
        if as_json:
            emit(line.described())
        elif line.fate not in SETTLED:
            why = f"; {line.why}" if line.why else ""
            sys.stdout.write(f"line {line.line}: {ascii(line.key)[1:-1]}: {line.fate}{why}\n")


def status(
    store: StoreOption,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write every tenant as a page to search and sort.")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Show tenants by trust status and why. Exit status 1 where one is BLOCKED or DEGRADED."""
    with opened(store, read_only=True) as held:
        seen = overview(held, system_clock())
    if html is not None:
        _write_page(html, seen)
    if as_json:
        for one in seen.tenants:
            emit(one.described())
    else:
        _show(seen)
    worst = seen.tenants[0].trust if seen.tenants else TrustStatus.RUNNING
    return LACKING if worst in (TrustStatus.BLOCKED, TrustStatus.DEGRADED) else OK


def _write_page(path: Path, seen: Overview) -> None:
    try:
        path.write_text(status_page(seen), encoding="utf-8")
    except OSError as error:
        raise Unusable(f"cannot write {path}: {error.strerror}") from None


def _show(seen: Overview) -> None:
    out = console()
    out.print(table("Tenants by trust status", ("status", "why", "tenants"), _counted(seen)))
    unwell = [one for one in seen.tenants if one.trust in (TrustStatus.BLOCKED, TrustStatus.DEGRADED)]
    if unwell:
        rows = [(one.tenant, one.trust, one.reason, when(one.last_check_at)) for one in unwell[:_SHOWN]]
        more = f", the first {_SHOWN} of {len(unwell):,}" if len(unwell) > _SHOWN else ""
        out.print(table(f"Who needs a look{more}", ("tenant", "status", "why", "last check"), rows))
    missed = [one.tenant for one in seen.tenants if one.missed]
    out.print(f"{len(seen.tenants):,} tenants; {len(missed):,} missed their AUTO_12H window", end="")
    more = ", ..." if len(missed) > _NAMED else ""
    out.print(f": {', '.join(missed[:_NAMED])}{more}" if missed else "", markup=False)
    oldest = seen.oldest_check
    if oldest is not None:
        out.print(f"longest ago: {oldest.tenant}, checked {when(oldest.last_check_at)}", markup=False)


def _counted(seen: Overview) -> Iterator[tuple[str, str, str]]:
    for (trust, reason), count in seen.counts.items():
        yield trust.value, reason, f"{count:,}"
