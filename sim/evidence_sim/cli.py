"""The command `evidence-sim`."""

import argparse
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from evidence_runtime import StoreError
from evidence_runtime.urls import FORMS
from evidence_sim import (
    bench,
    bench_round,
    bench_store,
    contract_cli,
    explore_cli,
    lists,
    liveness_cli,
    mutants_cli,
    prove_cli,
    validate_cli,
)
from evidence_sim.campaign import NoTwin, Seeds, Unconfirmed, Workers, placed, processors
from evidence_sim.config import MOST_TENANTS
from evidence_sim.export import EXPORTS
from evidence_sim.faults import PROFILES
from evidence_sim.machines import ROLLOUT
from evidence_sim.report import console, progress, show_run
from evidence_sim.sample import Plan
from evidence_sim.story import tell
from evidence_sim.suite import planned, run_suite
from evidence_sim.suite_report import described as suite_described
from evidence_sim.suite_report import show_suite
from evidence_sim.tally import Tally
from evidence_sim.trace import TraceError, load, verdicts
from evidence_sim.usage import (
    DISAGREE,
    FOUND,
    GIVEN,
    INTERRUPTED,
    OK,
    USAGE,
    Unusable,
    count,
    keep,
    machines,
    write_json,
)
from evidence_sim.verdict import Run, described, shrunk


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    given = _parser().parse_args(arguments)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that its processes end with it
    try:
        status: int = given.do(given)
        sys.stdout.flush()
    except (Unusable, NoTwin, TraceError, StoreError) as error:
        print(f"evidence-sim: {error}", file=sys.stderr)
        return USAGE
    except Unconfirmed as error:
        print(f"evidence-sim: {error}", file=sys.stderr)
        return DISAGREE
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would cut the way out short
        print("evidence-sim: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # who reads has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="evidence-sim", description="Break the kernel, if you can.")
    parser.set_defaults(do=_suite)
    parser.add_argument("--json", metavar="PATH", type=Path, help="also write the result as JSON; - for stdout")
    parser.add_argument("--jobs", type=count(64), help="processes (default: one a processor)")
    commands = parser.add_subparsers(
        title="commands",
        metavar="run|explore|contract|liveness|prove|mutants|replay|validate|machines|faults|invariants|bench",
    )
    _add_run(commands)
    explore_cli.add(commands)
    contract_cli.add(commands)
    liveness_cli.add(commands)
    mutants_cli.add(commands)
    replay = commands.add_parser("replay", help="tell a trace, and whether it still violates")
    replay.add_argument("trace", type=Path, metavar="TRACE")
    replay.add_argument("--machine", type=machines, help="another machine in the trace's place")
    replay.add_argument("--export", choices=sorted(EXPORTS), help="print it in another form instead")
    replay.set_defaults(do=_replay)
    validate_cli.add(commands)
    for name, show in lists.LISTS.items():
        listing = commands.add_parser(name, help=show.__doc__)
        listing.set_defaults(do=_listing(show))
    timing = commands.add_parser("bench", help="time the kernel, the same walk in transitions, and the world")
    timing.add_argument("--json", metavar="PATH", type=Path, default=GIVEN, help="also write them as JSON")
    timing.add_argument("--store", metavar="URL", help="time the driver on a store instead")
    timing.add_argument("--tenants", type=count(10**7), metavar="N", help="of the store: one round over N new tenants")
    timing.set_defaults(do=_bench)
    prove_cli.add(commands)
    return parser


def _add_run(commands: Any) -> None:
    run = commands.add_parser("run", help="a campaign of one machine, or of several over one store")
    run.add_argument("--machine", type=machines, metavar="M[,M]", help="default: kernel; in rollout with the old ones")
    run.add_argument("--profile", choices=list(PROFILES), default="cloud-kv")
    run.add_argument("--seeds", type=_seeds, default=Seeds(), metavar="N|FIRST:COUNT", help="default: 100")
    run.add_argument("--ticks", type=count(10_000), default=12, help="of each tenant (default: 12)")
    run.add_argument("--tenants", type=count(MOST_TENANTS), default=2, help="default: 2")
    run.add_argument("--jobs", type=count(64), default=GIVEN, help="processes (default: 1)")
    run.add_argument("--store", metavar="URL", help=f"{FORMS} (default: the world's own memory)")
    run.add_argument("--fast", action="store_true", help="by the compiled twin of the world, in threads (extra: fast)")
    run.add_argument("--require-coverage", action="store_true", help="fail where a goal or a premise was missed")
    run.add_argument("--json", metavar="PATH", type=Path, default=GIVEN, help="also write it as JSON; - for stdout")
    run.add_argument("--out", metavar="DIR", type=Path, default=Path("traces"), help="for traces (default: traces)")
    run.set_defaults(do=_run)


def _seeds(text: str) -> Seeds:
    try:
        return Seeds.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _suite(given: argparse.Namespace) -> int:
    out = console(stderr=given.json == Path("-"))
    with progress("suite", sum(seeds.count for _, seeds in planned())) as bar:
        report = run_suite(given.jobs or processors(), bar.to)
    show_suite(out, report)
    write_json(given.json, suite_described(report))
    if report.interrupted:
        done = (*report.runs, *(caught.run for caught in report.caught), *report.unshrunk)
        return _interrupted(sum(run.seeds.count for run in done))
    return FOUND if report.wrong() else OK


def _interrupted(seeds: int) -> int:
    print(f"evidence-sim: interrupted after {seeds:,} seeds", file=sys.stderr)
    return INTERRUPTED


def _run(given: argparse.Namespace) -> int:
    named = given.machine or (ROLLOUT if given.profile == "rollout" else ("kernel",))
    if given.profile == "rollout" and len(set(named)) == 1:
        raise Unusable(f"rollout is about machines beside each other; name {named[0]} and others with --machine")
    plan = Plan(named, given.profile, given.tenants, given.ticks)
    out = console(stderr=given.json == Path("-"))
    run, interrupted = _campaign(plan, given)
    show_run(out, run)
    traces, unwritten = {}, None
    for invariant, first in run.violated():
        if run.promised(invariant):
            trace = traces[invariant.id] = shrunk(run, invariant, first)
            out.print()
            for line in tell(trace):
                out.print(line, markup=False, soft_wrap=True)
            try:
                path = keep(given.out, trace)
            except Unusable as error:  # told it is all the same
                unwritten = error
                continue
            out.print(f"     replay it: evidence-sim replay {shlex.quote(str(path))}", markup=False, soft_wrap=True)
    write_json(given.json, described(run, traces))
    if unwritten is not None:
        raise unwritten
    if interrupted:
        return _interrupted(run.seeds.count)
    uncovered = given.require_coverage and (run.missed() or run.vacuous())
    return FOUND if run.broken() or uncovered else OK


def _campaign(plan: Plan, given: argparse.Namespace) -> tuple[Run, bool]:
    """The run, also where it was interrupted: then with the seeds that were done."""
    began, whole, interrupted = perf_counter(), Tally(), False
    with progress("seeds", given.seeds.count) as bar, _tallies(plan, given) as tallies:
        try:
            for tally in tallies:
                whole.add(tally)
                whole.settle()
                bar.to(whole.seeds)
        except KeyboardInterrupt:
            interrupted = True
    if given.fast:
        _confirmed(plan, whole)
    done = Seeds(given.seeds.first, whole.seeds)
    return Run(plan, done, whole, perf_counter() - began, (given.store or "memory").partition(":")[0]), interrupted


@contextmanager
def _tallies(plan: Plan, given: argparse.Namespace) -> Iterator[Iterator[Tally]]:
    """The tallies of the seeds by the engine that was asked for, which stops when it is left."""
    if not given.fast:
        with placed(given.store) as place, Workers(given.jobs or 1) as workers:
            yield workers.tallies(plan, given.seeds, place)
        return
    if given.store is not None:
        raise Unusable(f"--fast has a store of its own; leave out --store {given.store}")
    from evidence_sim.fast import campaign, compiled  # numba is as long in coming as a hundred seeds

    if not compiled.COMPILED:
        print("evidence-sim: numba is missing, so it is slow: pip install 'evidence-sim[fast]'", file=sys.stderr)
    with campaign.Threads(given.jobs or 1) as threads:
        yield threads.tallies(plan, given.seeds)


def _confirmed(plan: Plan, whole: Tally) -> None:
    """The violations that the twin found, told by the world."""
    from evidence_sim.fast.campaign import confirm

    confirm(plan, whole)


def _replay(given: argparse.Namespace) -> int:
    try:
        text = given.trace.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise Unusable(f"cannot read {given.trace}: {reason}") from None
    trace = load(text, ",".join(given.machine) if given.machine else None)
    found = verdicts(trace)
    if given.export:
        sys.stdout.write(EXPORTS[given.export](trace))
        return OK
    for line in tell(trace):
        print(line)
    for name, (number, says) in found.items():
        print(f"{name} is violated at action {number}: {says}")
    if not found:
        print("No invariant is violated.")
    return FOUND if found else OK


def _listing(show: Callable[[Any], None]) -> Callable[[argparse.Namespace], int]:
    def listed(_: argparse.Namespace) -> int:
        show(console())
        return OK

    return listed


def _bench(given: argparse.Namespace) -> int:
    out = console(stderr=given.json == Path("-"))
    if given.store is None:
        if given.tenants is not None:
            raise Unusable(f"--tenants {given.tenants} is of a round on a store; add --store URL")
        results = bench.run(_timing)
        bench.show(out, results)
    elif given.tenants is not None:
        results = bench_round.run_on(given.store, given.tenants, _timing)
        bench_round.show(out, results)
    else:
        results = bench_store.run_on(given.store, _timing)
        bench_store.show(out, results)
    write_json(given.json, {"results": [result.described() for result in results]})
    return OK


def _timing(now: str) -> None:
    print(f"timing {now}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
