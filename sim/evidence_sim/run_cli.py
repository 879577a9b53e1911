"""The command `evidence-sim run`."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from attrs import define, field

from evidence_runtime.urls import FORMS
from evidence_sim.campaign import CHUNK, Seeds, chunks, placed, processes, tallied, told
from evidence_sim.ci_report import junit, step_summary
from evidence_sim.config import MOST_TENANTS
from evidence_sim.crew import NoWorkers
from evidence_sim.distinct import Distinct
from evidence_sim.faults import PROFILES
from evidence_sim.machines import ROLLOUT
from evidence_sim.outputs import add_outputs, write_outputs
from evidence_sim.pages.results import of_run
from evidence_sim.report import Advance, console, progress, show_run
from evidence_sim.resume import Standing
from evidence_sim.sample import Plan
from evidence_sim.story import tell
from evidence_sim.suite import unshown
from evidence_sim.tally import Tally
from evidence_sim.trace import Trace
from evidence_sim.usage import (
    ANOTHER_FILE,
    FOUND,
    GIVEN,
    OK,
    YOURS,
    Unusable,
    append_text,
    count,
    duration,
    hired,
    interrupted,
    keep,
    machines,
    replaying,
    write_json,
    write_text,
)
from evidence_sim.verdict import Run, described, shrunk

_SAVED_EACH = 1.0  # seconds, about
_EXAMPLES = """examples:
  evidence-sim run --profile byzantine --seeds 2000 --jobs 2   2000 seeds, in two processes
  evidence-sim run --machine plain-put --seeds 36:1            one seed again
  evidence-sim run --for 8h --fast --resume night.json         a night's fresh seeds; those of the next night come after
  evidence-sim run --cluster tcp://10.0.0.7:8786 --seeds 100000
"""


def add(commands: Any) -> None:
    """The parser of the command."""
    run = commands.add_parser(
        "run",
        help="a campaign of one machine, or of several over one store",
        epilog=_EXAMPLES,
    )
    run.add_argument(
        "--machine", type=machines, metavar="M[,M]", help=f"default: kernel; in rollout with the old ones; {YOURS}"
    )
    run.add_argument("--profile", choices=list(PROFILES), default="cloud-kv")
    run.add_argument("--seeds", type=_seeds, metavar="N|FIRST:COUNT|FIRST:", help="default: 100; with --for 0:, all")
    run.add_argument("--ticks", type=count(10_000), default=12, help="of each tenant (default: 12)")
    run.add_argument("--tenants", type=count(MOST_TENANTS), default=2, help="default: 2")
    run.add_argument("--jobs", type=count(64), default=GIVEN, help="processes (default: 1)")
    run.add_argument("--cluster", metavar="ADDRESS|local", default=GIVEN, help="by dask.distributed (extra: cluster)")
    run.add_argument("--store", metavar="URL", help=f"{FORMS} (default: the world's own memory)")
    run.add_argument("--fast", action="store_true", help="by the compiled twin of the world, in threads (extra: fast)")
    run.add_argument("--for", dest="seconds", type=duration, metavar="8h", help="only so long: hours, m or s")
    run.add_argument("--resume", metavar="FILE", type=Path, help="keep in FILE how far it is, and go on from there")
    run.add_argument("--require-coverage", action="store_true", help="fail where a goal or a premise was missed")
    add_outputs(run, "json", "report", "junit", "summary")
    run.add_argument("--out", metavar="DIR", type=Path, default=Path("traces"), help="for traces (default: traces)")
    run.set_defaults(do=_run)


def _seeds(text: str) -> Seeds:
    try:
        return Seeds.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _run(given: argparse.Namespace) -> int:
    campaign = _Campaign.of(given)
    ended = campaign.go_on()
    run = campaign.run()
    out = console(stderr=given.json == Path("-"))
    show_run(out, run)
    traces: dict[str, Trace] = {}
    files: dict[str, Path] = {}
    unwritten = None
    for invariant in run.broken():
        trace = traces[invariant.id] = shrunk(run.plan, invariant.id, run.tally.violations[invariant.id])
        out.print()
        for line in tell(trace):
            out.print(line, markup=False, soft_wrap=True)
        try:
            path = campaign.keep(trace)
        except Unusable as error:  # told it is all the same
            unwritten = error
            continue
        if path is not None:
            files[invariant.id] = path
            out.print(f"     replay it: {replaying(path, trace.machine)}", markup=False, soft_wrap=True)
    if given.seconds is not None and campaign.distinct.kept:
        out.print("\nDistinct violations that were met, each kept once:")
        for path in sorted(campaign.distinct.kept):
            out.print(f"  {path}", markup=False, soft_wrap=True)
    lacks = unshown(run) if given.require_coverage else None
    cut = ended is not None
    write_outputs(
        given,
        json=lambda path: write_json(path, described(run, traces)),
        report=lambda path: write_text(path, of_run(run, traces, given.command, cut).page(), ANOTHER_FILE),
        junit=lambda path: write_text(path, junit(run, traces, files, lacks, cut), ANOTHER_FILE),
        summary=lambda path: append_text(path, step_summary(run, files, cut)),
    )
    if unwritten is not None:
        raise unwritten
    if isinstance(ended, KeyboardInterrupt):
        return interrupted(run.seeds.count)
    if ended is not None:
        raise ended
    return FOUND if run.broken() or lacks else OK


@define
class _Campaign:
    """What the command runs, as far as it is, and where that is kept."""

    given: argparse.Namespace
    plan: Plan
    seeds: Seeds
    store: str
    standing: Standing | None
    tally: Tally
    _before: float  # seconds that it took up to now
    distinct: Distinct
    _began: float = field(factory=perf_counter)
    _saved: float = field(factory=perf_counter)

    @classmethod
    def of(cls, given: argparse.Namespace) -> "_Campaign":
        """As given; raises Unusable where that cannot be run."""
        named = given.machine or (ROLLOUT if given.profile == "rollout" else ("kernel",))
        if given.profile == "rollout" and len(set(named)) == 1:
            raise Unusable(f"rollout is about machines beside each other; name {named[0]} and others with --machine")
        plan = Plan(named, given.profile, given.tenants, given.ticks)
        seeds = given.seeds or (Seeds() if given.seconds is None else Seeds.parse("0:"))
        store = (given.store or "memory").partition(":")[0]
        standing, tally, before = None, Tally(), 0.0
        if given.resume is not None:
            standing = Standing(given.resume, plan, store, seeds.first)
            tally, before = standing.load()
            if tally.seeds > seeds.count:
                raise Unusable(f"{given.resume} has {tally.seeds} seeds already; ask for at least as many with --seeds")
        return cls(given, plan, seeds, store, standing, tally, before, Distinct(given.out))

    def run(self) -> Run:
        """What was done up to now."""
        done, seconds = Seeds(self.seeds.first, self.tally.seeds), self._before + perf_counter() - self._began
        return Run(self.plan, done, self.tally, seconds, self.store)

    def go_on(self) -> KeyboardInterrupt | NoWorkers | None:
        """Run what is left; what cut that short, if anything did."""
        ended, left, seconds = None, self.seeds.after(self.tally.seeds), self.given.seconds
        self._save()
        try:
            if left.count:
                bar = progress("seeds", self.seeds.count) if seconds is None else progress("seconds", seconds)
                with bar as now, self._tallies(left) as tallies:
                    for tally in tallies:
                        self._add(tally, now)
        except (KeyboardInterrupt, NoWorkers) as error:
            if isinstance(error, NoWorkers) and not self.tally.seeds:
                raise
            ended = error
        self._save()
        for name, found in self.tally.violations.items():
            if not found.says:
                self.tally.violations[name] = told(self.plan, name, found)
        return ended

    def keep(self, trace: Trace) -> Path | None:
        """The file of a trace, written unless the campaign is a long one that has it, or enough of its kind."""
        return keep(self.given.out, trace) if self.given.seconds is None else self.distinct.keep(trace)

    def _add(self, tally: Tally, now: Advance) -> None:
        """The next seeds: only the assignment counts them, so that no interrupt counts a part."""
        if self.given.seconds is not None:
            self.distinct.look(Run(self.plan, self.seeds, tally))
        self.tally = self.tally.then(tally)
        run = self.run()
        violations = sum(self.tally.violated[invariant.id] for invariant in run.broken())
        said = f"{self.tally.outcomes.total():,} ticks, {violations:,} violations"
        if self.given.seconds is None:
            now.to(run.seeds.count, said)
        else:
            now.to(int(perf_counter() - self._began), f"{run.seeds.count:,} seeds, {said}")
        if perf_counter() - self._saved > _SAVED_EACH:
            self._save()

    def _save(self) -> None:
        if self.standing is not None:
            self.standing.save(self.tally, self.run().seconds)
            self._saved = perf_counter()

    def _left(self) -> float | None:
        """The seconds that are left."""
        return None if self.given.seconds is None else self.given.seconds - (perf_counter() - self._began)

    @contextmanager
    def _tallies(self, seeds: Seeds) -> Iterator[Iterator[Tally]]:
        """The tallies of the seeds by the engine and the crew that were asked for, which stop when they are left."""
        given, work, size, crew = self.given, tallied, CHUNK, processes(self.given.jobs or 1)
        if given.fast:
            if given.store is not None:
                raise Unusable(f"--fast has a store of its own; leave out --store {given.store}")
            from evidence_sim.fast import campaign, compiled  # numba is as long in coming as a hundred seeds

            if not compiled.COMPILED:
                slow = "numba is missing, so it is slow: pip install 'evidence-sim[fast]'"
                print(f"evidence-sim: {slow}", file=sys.stderr)
            campaign.checked(self.plan, seeds.first)
            work, size, crew = campaign.tallied, campaign.CHUNK, campaign.threads(given.jobs or 1)
        with placed(given.store) as place, hired(given.cluster, given.jobs, crew) as at_work:
            yield at_work.results(work, chunks(self.plan, seeds, size, place), self._left)
