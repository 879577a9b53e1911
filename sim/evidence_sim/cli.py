"""The command `evidence-sim`."""

import argparse
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve

from evidence_runtime import StoreError
from evidence_sim import (
    bench_cli,
    contract_cli,
    explore_cli,
    lists,
    liveness_cli,
    mutants_cli,
    prove_cli,
    run_cli,
    validate_cli,
)
from evidence_sim.campaign import NoTwin, Unconfirmed, processes, processors
from evidence_sim.ci_report import suite_junit, suite_summary
from evidence_sim.crew import NoWorkers
from evidence_sim.export import EXPORTS
from evidence_sim.machines import NoMachine
from evidence_sim.outputs import OUTPUTS, add_outputs, write_outputs
from evidence_sim.pages.explorer import page
from evidence_sim.pages.results import of_suite
from evidence_sim.parser import Parser, add_completion, refuse_misplaced
from evidence_sim.report import console, progress
from evidence_sim.story import tell
from evidence_sim.suite import planned, run_suite
from evidence_sim.suite_report import described as suite_described
from evidence_sim.suite_report import show_suite
from evidence_sim.trace import Trace, TraceError, load, verdicts
from evidence_sim.usage import (
    ANOTHER_FILE,
    DISAGREE,
    FOUND,
    INTERRUPTED,
    OK,
    USAGE,
    YOURS,
    Unusable,
    append_text,
    count,
    hired,
    interrupted,
    machines,
    write_json,
    write_text,
)

_EXAMPLES = """examples:
  evidence-sim                              the suite: every machine under every profile, and what each violates
  evidence-sim --jobs 2 --json suite.json   in two processes, the result as JSON too
  evidence-sim --report suite.html          the result as a page too
  evidence-sim run --help                   each command has its own
"""
_REPLAYS = """examples:
  evidence-sim replay traces/plain-put-cloud-kv-S2.json                    step by step
  evidence-sim replay traces/plain-put-cloud-kv-S2.json --machine kernel   does another machine do better?
  evidence-sim replay traces/plain-put-cloud-kv-S2.json --export pytest    as a test of its own
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    whole = parser()
    given = whole.parse_args(arguments)
    given.command = shlex.join(["evidence-sim", *(sys.argv[1:] if arguments is None else arguments)])
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that its processes end with it
    try:
        refuse_misplaced(whole, given)
        status: int = given.do(given)
        sys.stdout.flush()
    except (Unusable, NoMachine, NoTwin, NoWorkers, TraceError, StoreError) as error:
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


def parser() -> Parser:
    """The parser of the whole command."""
    parser = Parser(prog="evidence-sim", description="Break the kernel, if you can.", epilog=_EXAMPLES)
    parser.set_defaults(do=_suite)
    for name, (metavar, says) in OUTPUTS.items():
        parser.add_argument(f"--{name}", metavar=metavar, type=Path, help=says)
    parser.add_argument("--jobs", type=count(64), help="processes (default: one a processor)")
    parser.add_argument("--cluster", metavar="ADDRESS|local", help="work by dask.distributed instead (extra: cluster)")
    commands = parser.add_subparsers(
        title="commands",
        dest="named",
        metavar="run|explore|contract|liveness|prove|mutants|replay|validate|machines|faults|invariants|bench|completion",
    )
    run_cli.add(commands)
    explore_cli.add(commands)
    contract_cli.add(commands)
    liveness_cli.add(commands)
    mutants_cli.add(commands)
    replay = commands.add_parser("replay", help="tell a trace, and whether it still violates", epilog=_REPLAYS)
    replay.add_argument("trace", type=Path, metavar="TRACE")
    replay.add_argument("--machine", type=machines, help=f"another machine in the trace's place; {YOURS}")
    replay.add_argument("--export", choices=sorted(EXPORTS), help="print it in another form instead")
    add_outputs(replay, "report")
    replay.set_defaults(do=_replay)
    validate_cli.add(commands)
    for name, show in lists.LISTS.items():
        listing = commands.add_parser(name, help=show.__doc__, epilog=f"examples:\n  evidence-sim {name}\n")
        listing.set_defaults(do=_listing(show))
    bench_cli.add(commands)
    prove_cli.add(commands)
    add_completion(commands, parser)
    return parser


def _suite(given: argparse.Namespace) -> int:
    out = console(stderr=given.json == Path("-"))
    with (
        progress("suite", sum(seeds.count for _, seeds in planned())) as bar,
        hired(given.cluster, given.jobs, processes(given.jobs or processors())) as crew,
    ):
        report = run_suite(crew, bar.to)
    show_suite(out, report)
    write_outputs(
        given,
        json=lambda path: write_json(path, suite_described(report)),
        report=lambda path: write_text(path, of_suite(report, given.command).page(), ANOTHER_FILE),
        junit=lambda path: write_text(path, suite_junit(report), ANOTHER_FILE),
        summary=lambda path: append_text(path, suite_summary(report)),
    )
    if report.interrupted:
        done = (*report.runs, *(caught.run for caught in report.caught), *report.unshrunk)
        return interrupted(sum(run.seeds.count for run in done))
    return FOUND if report.wrong() else OK


def _replay(given: argparse.Namespace) -> int:
    try:
        text = given.trace.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise Unusable(f"cannot read {given.trace}: {reason}") from None
    trace = load(text, ",".join(given.machine) if given.machine else None)
    found = verdicts(trace)
    write_outputs(given, report=lambda path: _report(path, trace, next(iter(found), None)))
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


def _report(path: Path, trace: Trace, found: str | None) -> None:
    """Write the page of a trace, which is about what it says that it violates, or else about the first found."""
    write_text(path, page(trace if trace.violates is not None else evolve(trace, violates=found)), ANOTHER_FILE)


def _listing(show: Callable[[Any], None]) -> Callable[[argparse.Namespace], int]:
    def listed(_: argparse.Namespace) -> int:
        show(console())
        return OK

    return listed


if __name__ == "__main__":
    sys.exit(main())
