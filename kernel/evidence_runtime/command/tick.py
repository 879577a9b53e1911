"""`evidence tick`: one tick of one tenant, or one round over all of them."""

import json
import signal
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Event
from typing import Annotated, Any

import typer

from evidence_kernel import Outcome, TickResult
from evidence_kernel.records.instants import format_instant
from evidence_runtime.command.generators import Generator, chosen
from evidence_runtime.command.shared import (
    LACKING,
    OK,
    USAGE,
    JsonOption,
    StoreOption,
    Unusable,
    console,
    emit,
    log_to_stderr,
    opened,
    read_json,
    table,
    tenants_in,
)
from evidence_runtime.drive import invocation, run_tick
from evidence_runtime.fleet import run_fleet
from evidence_runtime.overview import known_tenants
from evidence_runtime.rounds import Round
from evidence_runtime.store import Store


def tick(
    store: StoreOption,
    tenant: Annotated[str | None, typer.Option(metavar="ID", help="One tick for this tenant.")] = None,
    context: Annotated[
        Path | None, typer.Option(metavar="FILE", help="One tick for the tenant of this JSON context; - to read it.")
    ] = None,
    everyone: Annotated[bool, typer.Option("--all", help="One tick for each tenant in the store.")] = False,
    tenants: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --all: for these tenants, one id a line.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="With --all: ticks at once.")] = 1,
    jitter: Annotated[float, typer.Option(min=0, help="With --all: seconds that a tick may wait first.")] = 0.0,
    report_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The report, as JSON, whichever is due.")
    ] = None,
    generate: Annotated[
        str | None, typer.Option(metavar="CMD", help="Makes the report: arguments on its stdin, JSON on its stdout.")
    ] = None,
    generate_timeout: Annotated[float, typer.Option(min=0.001, help="Seconds that CMD may take.")] = 60.0,
    store_timeout: Annotated[
        float | None, typer.Option(min=0.001, help="Seconds that the store may take; without, as long as it takes.")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Run one tick, or with --all one round; log lines go to standard error.

    Without --generate and --report-file a report that falls due is a failed generation, and is tried again
    after its backoff. Exit status 0 for an HTTP status of 200, 1 for 202 and 500, 2 for 400 and wrong usage.
    """
    if [tenant is not None, context is not None, everyone].count(True) != 1:
        raise Unusable("name one of --tenant ID, --context FILE and --all")
    if tenants is not None and not everyone:
        raise Unusable("--tenants goes with --all")
    makes = chosen(report_file, generate, generate_timeout)
    whom: object = read_json(context) if context is not None else tenant
    if context is not None and not isinstance(whom, Mapping):
        raise Unusable(f"{context} holds no JSON object")
    log_to_stderr()
    with opened(store) as held:
        if everyone:
            ids: Iterable[str] = tenants_in(tenants) if tenants is not None else sorted(known_tenants(held))
            return _round(held, ids, makes, jobs, jitter, store_timeout, as_json)
        result = run_tick(held, invocation(whom), makes, store_timeout=store_timeout)
    sys.stdout.write(json.dumps(_described(result), indent=None if as_json or not sys.stdout.isatty() else 2) + "\n")
    if result.outcome is Outcome.REFUSED:
        return USAGE
    return OK if result.http_status == 200 else LACKING


def _described(result: TickResult) -> dict[str, Any]:
    return {
        "tick_id": result.tick_id,
        "tenant": result.tenant,
        "outcome": result.outcome.value,
        "reason": result.reason.value,
        "trigger": None if result.trigger is None else result.trigger.value,
        "evidence": None if result.evidence is None else result.evidence.value,
        "installed_at": None if result.installed_at is None else format_instant(result.installed_at),
        "did_backfill": result.did_backfill,
        "success": result.success,
        "degraded": result.degraded,
        "http_status": result.http_status,
    }


def _round(
    store: Store,
    tenants: Iterable[str],
    generate: Generator,
    jobs: int,
    jitter: float,
    store_timeout: float | None,
    as_json: bool,
) -> int:
    stop = Event()

    def interrupted(*_: object) -> None:
        """Let the ticks in flight end; the second time do not wait for them."""
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        done = run_fleet(
            store,
            tenants,
            generate,
            workers=jobs,
            jitter=jitter,
            store_timeout=store_timeout,
            ended=(lambda result: emit(_described(result))) if as_json else (lambda _: None),
            stop=stop,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    if as_json:
        print(json.dumps(done.described()), file=sys.stderr)
    else:
        _show(done)
    if stop.is_set():
        raise KeyboardInterrupt
    return OK if done.all_well else LACKING


def _show(done: Round) -> None:
    out = console()
    rows = [(outcome, f"{done.outcomes[outcome]:,}") for outcome in Outcome if done.outcomes[outcome]]
    out.print(table("One round", ("outcome", "ticks"), rows))
    out.print(
        f"{done.ticks:,} ticks in {done.seconds:.1f} s, {done.backfilled:,} backfilled, {done.degraded:,} degraded,"
        f" {done.died:,} died{', stopped' if done.stopped else ''}"
    )
    shown = ", ".join(f"{done.latencies.percentile(p):g} ms" for p in (50, 90, 99))
    out.print(f"latency of half, 90 % and 99 % of them at most {shown}")
