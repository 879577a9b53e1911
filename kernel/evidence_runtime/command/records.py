"""`evidence repair` and `evidence forget`: what operators do to one tenant's records."""

import re
from typing import Annotated

import typer

from evidence_kernel import Found, Trigger
from evidence_kernel.records.instants import parse_instant
from evidence_runtime import operate
from evidence_runtime.command.shared import (
    LACKING,
    OK,
    StoreOption,
    TenantOption,
    Unusable,
    YesOption,
    agreed,
    canonical,
    console,
    log_to_stderr,
    opened,
)
from evidence_runtime.drive import invocation, system_clock
from evidence_runtime.store import Store

_ATTEMPTS = re.compile(rf"({'|'.join(Trigger)})=([0-9]{{1,9}})")
_SHOWN = 2000  # characters of a record


def repair(
    store: StoreOption,
    tenant: TenantOption,
    installed_at: Annotated[
        str | None, typer.Option(metavar="INSTANT", help="Replace invalid or future evidence by this instant.")
    ] = None,
    attempts: Annotated[
        list[str] | None,
        typer.Option(metavar="TRIGGER=N", help="Replace a malformed ledger by this count; once for each trigger."),
    ] = None,
    yes: YesOption = False,
) -> int:
    """Replace what is invalid; shows it first, keeps it in the record. Exit status 1 where nothing was repaired."""
    whom = canonical(tenant)
    if (installed_at is None) == (not attempts):
        raise Unusable("give --installed-at INSTANT for the evidence, or --attempts TRIGGER=N for the ledger")
    log_to_stderr()
    with opened(store) as held:
        try:
            planned = _planned(held, whom, installed_at, attempts or [])
        except operate.NothingToRepair as fit:
            console(stderr=True).print(f"nothing to repair: {fit}", markup=False, soft_wrap=True)
            return LACKING
        _show("before", planned.before)
        _show("after", planned.after)
        if not agreed(f"Replace {planned.key}?", yes):
            return LACKING
        operate.repair(held, planned)
    return OK


def _planned(store: Store, tenant: str, installed_at: str | None, attempts: list[str]) -> operate.Repair:
    if installed_at is None:
        return operate.plan_ledger(store, tenant, _counts(attempts))
    at = parse_instant(installed_at)
    if at is None:
        raise Unusable(f"--installed-at {installed_at!r} is no instant; write it as 2026-01-03T16:04:28.229Z")
    now = system_clock()
    if at > now:
        raise Unusable(f"--installed-at {installed_at!r} is in the future")
    return operate.plan_evidence(store, tenant, at, now, invocation(tenant).tick_id)


def _counts(texts: list[str]) -> dict[Trigger, int]:
    counts = {}
    for text in texts:
        match = _ATTEMPTS.fullmatch(text)
        if match is None:
            raise Unusable(f"--attempts {text!r} is no count; write AUTO_12H=0 or AUTO_24H=3")
        counts[Trigger(match[1])] = int(match[2])
    if set(counts) != set(Trigger):
        raise Unusable(f"--attempts is needed once for each of {', '.join(Trigger)}: a wrong count is a guess")
    return counts


def forget(store: StoreOption, tenant: TenantOption, yes: YesOption = False) -> int:
    """Delete all that is kept of a tenant that nothing schedules any more. Says what it removed."""
    whom = canonical(tenant)
    log_to_stderr()
    out = console()
    with opened(store) as held:
        for key in operate.records_of(whom):
            found = held.get(key)
            if isinstance(found, Found):
                _show(key, found.value)
        if not agreed(f"Delete all that is kept of {whom!r}? No tick of it may be scheduled or in flight.", yes):
            return LACKING
        removed = 0
        for key in operate.forget(held, whom):
            removed += 1
            out.print(f"removed {key}", markup=False, soft_wrap=True)
    out.print(f"{removed} records removed; nothing is kept of {whom!r}", markup=False, soft_wrap=True)
    return OK


def _show(what: str, value: bytes) -> None:
    text = ascii(value.decode("utf-8", "backslashreplace"))[1:-1]
    cut = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(value):,} bytes)"
    console().print(f"{what}: {cut}", markup=False, soft_wrap=True)
