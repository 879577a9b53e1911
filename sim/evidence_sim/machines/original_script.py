"""The tick of the original as the script that it was: straight code whose storage calls throw."""

from collections.abc import Mapping

from evidence_kernel import Generate, Level, Outcome, Phase, Reason, Trigger
from evidence_kernel.records.instants import format_instant
from evidence_runtime.javascript import UNDEFINED, falsy, increment, number, parse_date
from evidence_runtime.original import installed_at
from evidence_sim.machines import original_records as records
from evidence_sim.machines.original_records import Ledger
from evidence_sim.machines.original_run import OriginalResult, Run, Script, Thrown

_TAG = "[PHASE4_BACKFILL] FAIL_CLOSED"
_THROWN: Mapping[str, Reason] = {
    Phase.LEDGER_READ: Reason.LEDGER_UNREADABLE,
    Phase.DONE_READ: Reason.DONE_UNREADABLE,
}


def tick(run: Run, backfills: bool) -> Script:
    """A tick with an identity, to its result."""
    run.say(f"[Phase5Scheduler] Starting for {run.key}", Level.INFO)
    yield from _snapshot(run, Phase.STATUS_OPEN, "PENDING")
    if backfills:
        try:
            yield from _backfill(run)
        except Thrown as error:
            run.say(str(error))
    missing = yield from _load_timestamp(run)
    if run.installed is None:
        run.say(f"Installation timestamp not found for {run.key}")
        message = "Installation timestamp not available; skipping generation"
        return run.ended(Outcome.SKIPPED, missing, message)
    try:
        return (yield from _schedule(run, run.installed))
    except Thrown as error:
        run.say(f"[Phase5Scheduler] {error}")
        run.say(f"Scheduler error: {error}")
        failure = {"success": False, "http_status": 500, "tenant": None}
        reason = _THROWN.get(run.phase, Reason.CLAIM_FAILED)
        return run.ended(Outcome.STORE_FAILED, reason, f"Scheduler error: {error}", **failure)


def _snapshot(run: Run, phase: Phase, check: str, success: bool = False) -> Script:
    if run.cloud_id is None:
        return
    failure = check if check == "GENERATION_ERROR" else None
    value = records.snapshot(check, run.started, run.start if success else None, failure)
    try:
        yield from run.put(phase, records.snapshot_key(run.cloud_id), value)
    except Thrown as error:
        run.say(f"[Phase5Scheduler] Snapshot not written: {error}")


def _backfill(run: Run) -> Script:
    """Read, write, read again; what is read again need not be what was written."""
    cloud_id = run.cloud_id
    if cloud_id is None:
        raise Thrown(f"{_TAG}: cloudId must be a non-empty string, got: object")
    try:
        yield from _ensure(run, cloud_id)
    except Thrown as error:
        if _TAG in str(error):
            raise
        raise Thrown(f"{_TAG}: Unexpected error for {cloud_id}: {error}") from error


def _ensure(run: Run, cloud_id: str) -> Script:
    key = records.evidence_key(cloud_id)
    text = installed_at((yield from run.get(Phase.EVIDENCE_READ, key)))
    if text is not UNDEFINED:
        if parse_date(text) is None:
            raise Thrown(f"{_TAG}: Invalid installed_at for {cloud_id}")
        return
    now = run.now
    yield from run.put(Phase.EVIDENCE_PUT, key, records.write_evidence(now))
    text = installed_at((yield from run.get(Phase.EVIDENCE_VERIFY, key)))
    if text is UNDEFINED or parse_date(text) is None:
        raise Thrown(f"{_TAG}: Verification failed for {cloud_id}")
    run.did_backfill = True
    run.say(
        f"[PHASE4_BACKFILL] cloudId={cloud_id} didBackfill=true"
        f" reason=missing_phase4_evidence_on_upgrade timestamp={format_instant(now)}",
        Level.INFO,
    )


def _load_timestamp(run: Run) -> Script:
    """Leaves the timestamp in `run.installed`, or says why there is none."""
    try:
        record = yield from run.get(Phase.TIMESTAMP_READ, records.evidence_key(run.cloud_id))
    except Thrown as error:
        run.say(f"[Phase5Scheduler] Installation timestamp not readable: {error}")
        return Reason.UNREADABLE
    text = installed_at(record)
    ms = parse_date(text) if text is not UNDEFINED else None
    if ms is None:
        reason = Reason.MISSING if text is UNDEFINED else Reason.INVALID
        run.say(f"[Phase5Scheduler] Installation timestamp {reason.value}")
        return reason
    run.installed = (text, ms)
    return None


def _schedule(run: Run, installed: tuple[object, int]) -> Script:
    ledger = Ledger((yield from run.get(Phase.LEDGER_READ, records.state_key(run.key))), run.start)
    done = []
    for trigger in Trigger:
        if (yield from _is_done(run, trigger)):
            done.append(trigger)
    due = yield from _decide(run, run.start - installed[1])
    if due is None:
        return (yield from _nothing_due(run, ledger, done))
    if (yield from _is_done(run, due)):
        message = f"{due} has already been generated (authoritative DONE marker exists)"
        run.say(f"[Phase5Scheduler] AUTHORITATIVE: {message}", Level.INFO)
        yield from _save(run, ledger)
        return run.ended(Outcome.ALREADY_DONE, Reason.DONE_EXISTS, message, trigger=due)
    if ledger.waits(run.start):
        minutes = ledger.minutes_left(run.start)
        run.say(f"[Phase5Scheduler] Backoff active for {due}: {minutes} min remaining", Level.INFO)
        yield from _save(run, ledger)
        message = f"Backoff period active for {due}; deferring to next run"
        until = ledger.until
        return run.ended(Outcome.BACKOFF, Reason.ATTEMPT_FAILED, message, trigger=due, backoff_until=until)
    return (yield from _attempt(run, ledger, due))


def _is_done(run: Run, trigger: Trigger) -> Script:
    """Whatever is stored counts, also null."""
    value = yield from run.get(Phase.DONE_READ, records.done_key(run.key, trigger))
    return value is not UNDEFINED


def _decide(run: Run, age: int) -> Script:
    """The trigger that is due. An error of a read is swallowed: nothing is."""
    try:
        for trigger in Trigger:
            if not (yield from _is_done(run, trigger)) and records.in_window(trigger, age):
                return trigger
    except Thrown as error:
        run.say(f"[Phase5Scheduler] Due trigger not decided: {error}")
    return None


def _nothing_due(run: Run, ledger: Ledger, done: list[Trigger]) -> Script:
    message = f"{done[0]} has already been generated" if done else "No trigger due at this time"
    run.say(f"[Phase5Scheduler] {message}", Level.INFO)
    yield from _save(run, ledger)
    if done:
        return run.ended(Outcome.ALREADY_DONE, Reason.DONE_EXISTS, message)
    return run.ended(Outcome.NOT_DUE, Reason.NOTHING_DUE, message)


def _save(run: Run, ledger: Ledger) -> Script:
    yield from run.put(Phase.SETTLE, records.state_key(run.key), ledger.write(run.start))


def _attempt(run: Run, ledger: Ledger, due: Trigger) -> Script:
    """The count is in memory until the state is saved, at the very end."""
    yield from run.put("ATTEMPT_PUT", records.attempt_key(run.key, due), records.dump(format_instant(run.start)))
    count = ledger.count(due)
    generated = yield from _generate(run, due, count)
    if generated:
        yield from _mark_done(run, ledger, due, count)
    else:
        ledger.fail(due, run.start, run.now, count, "generation failed")
    yield from _metrics(run, generated)
    yield from _save(run, ledger)
    yield from _snapshot(run, Phase.STATUS_CLOSE, "READY" if generated else "GENERATION_ERROR", generated)
    return _attempted(run, ledger, due, count, generated)


def _attempted(run: Run, ledger: Ledger, due: Trigger, count: float | str, generated: bool) -> OriginalResult:
    more = {"trigger": due, "attempt_count": None if count != count else count, "backoff_until": ledger.until}
    if generated:
        for line in ("Generation finished", "report generated successfully"):
            run.say(f"[Phase5Scheduler] {due} {line}", Level.INFO)
        message = f"{due} report generated successfully"
        return run.ended(Outcome.GENERATED, Reason.PUBLISHED, message, **more)
    message = f"{due} generation failed: generation failed"
    run.say(f"[Phase5Scheduler] {message}")
    run.say(f"[Phase5Scheduler] Backoff for {due} until {ledger.until}")
    more |= {"success": False, "http_status": 202}
    return run.ended(Outcome.GENERATION_FAILED, Reason.GENERATION_FAILED, message, **more)


def _generate(run: Run, due: Trigger, count: float | int | str) -> Script:
    n = number(count)
    installed = 0 if run.installed is None else run.installed[1]
    effect = Generate(run.tenant, due, installed, int(n) if n == n else 0, run.tick_id)
    try:
        yield from run.ask(Phase.GENERATE, effect)
    except Thrown:
        return False
    return True


def _mark_done(run: Run, ledger: Ledger, due: Trigger, count: float | int | str) -> Script:
    """An error here leaves a success with an error and the backoff of one attempt more."""
    key = records.done_key(run.key, due)
    try:
        if falsy((yield from run.get(Phase.DONE_READ, key))):
            yield from run.put(Phase.PUBLISH, key, records.dump({"completed_at": format_instant(run.now)}))
    except Thrown as error:
        ledger.fail(due, run.start, run.now, increment(count), str(error))
    else:
        ledger.succeed(due, run.start)


def _metrics(run: Run, generated: bool) -> Script:
    if run.cloud_id is None:
        return
    key = records.metrics_key(run.cloud_id)
    try:
        record = yield from run.get("METRICS_READ", key)
        since = run.installed if generated else None
        yield from run.put("METRICS_PUT", key, records.metrics(record, run.start, run.now, since))
    except Thrown as error:
        run.say(f"[Phase5Scheduler] Metrics not written: {error}")
