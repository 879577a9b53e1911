"""The default suite: every specimen caught, every promise of the kernel kept, the same on every machine."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from time import perf_counter

from attrs import frozen

from evidence_sim.campaign import Seeds, chunks, tallied
from evidence_sim.crew import Crew
from evidence_sim.digest import folded
from evidence_sim.faults import PROFILES
from evidence_sim.isolation import interference
from evidence_sim.machines import ROLLOUT
from evidence_sim.machines.specimens import SPECIMENS, Specimen
from evidence_sim.sample import Plan
from evidence_sim.tally import Tally
from evidence_sim.trace import Trace
from evidence_sim.verdict import Run, shrunk

# (machines, profile, seeds): the kernel under every profile.
KERNEL = (
    (("kernel",), "crash-stop", Seeds(0, 160)),
    (("kernel",), "cloud-kv", Seeds(0, 320)),
    (("kernel",), "lying-disk", Seeds(0, 240)),
    (ROLLOUT, "rollout", Seeds(0, 160)),
    (("kernel",), "byzantine", Seeds(0, 320)),
)
SPECIMEN_SEEDS = Seeds(0, 96)
TICKS = 12
TENANTS = 2
_REPEATED = ("cloud-kv", "lying-disk")  # more than 100,000 actions

Now = Callable[[int, str], None]


@frozen
class Caught:
    """A specimen's campaign, and its shrunk traces by invariant."""

    specimen: Specimen
    run: Run
    traces: dict[str, Trace]

    def faults(self) -> list[str]:
        """Where the specimen is not what it is declared to be."""
        found, declared = set(self.traces), set(self.specimen.violates)
        wrong = [f"{name} is declared and not violated" for name in sorted(declared - found)]
        wrong += [f"{name} is violated and not declared" for name in sorted(found - declared)]
        wrong += [f"not reached: {goal}" for goal in self.run.missed()]
        longest = max((len(trace.actions) for trace in self.traces.values()), default=0)
        if longest > self.specimen.at_most:
            wrong.append(f"a trace has {longest} actions, at most {self.specimen.at_most} are declared")
        return wrong


@frozen
class Check:
    """One line of the suite; `wrong` is empty where it passed."""

    name: str
    detail: str
    wrong: tuple[str, ...]


@frozen
class Report:
    """The whole suite, or what was done of it when it was `interrupted`: then `unshrunk` are specimens' campaigns."""

    runs: tuple[Run, ...]
    caught: tuple[Caught, ...]
    checks: tuple[Check, ...]
    seconds: float
    interrupted: bool = False
    unshrunk: tuple[Run, ...] = ()

    @property
    def digest(self) -> str:
        """The fold of all campaigns' digests."""
        campaigns = (*self.runs, *(caught.run for caught in self.caught))
        return f"{folded(int(run.digest, 16) for run in campaigns):016x}"

    @property
    def actions(self) -> int:
        """Of all campaigns."""
        return sum(run.tally.actions for run in (*self.runs, *(caught.run for caught in self.caught)))

    def judged(self, run: Run) -> list[str]:
        """Where a campaign of the kernel is not what is promised, or, if whole, did not show it."""
        return _broken(run) if self.interrupted else kernel_faults(run)

    def wrong(self) -> list[str]:
        """All that is not as it must be."""
        found = [f"{run.machine} under {run.plan.profile}: {text}" for run in self.runs for text in self.judged(run)]
        found += [f"{caught.specimen.name}: {text}" for caught in self.caught for text in caught.faults()]
        return found + [f"{check.name}: {text}" for check in self.checks for text in check.wrong]


def _broken(run: Run) -> list[str]:
    """The broken promises of a campaign of the kernel, each with the command that tells its story."""
    found = []
    for invariant in run.broken():
        first = run.tally.violations[invariant.id]
        again = f"evidence-sim run --machine {run.machine} --profile {run.plan.profile} --seeds {first.seed}:1"
        found.append(f"{invariant.id} {invariant.name} is violated: {first.says}; see {again}")
    return found


def kernel_faults(run: Run) -> list[str]:
    """Where a whole campaign of the kernel is not what is promised, or did not show it."""
    return _broken(run) + unshown(run)


def unshown(run: Run) -> list[str]:
    """What a campaign should have shown and did not: promises whose premise never held, goals that were missed."""
    idle = [f"the premise of {i.id} {i.name} never held" for i in run.vacuous()]
    return idle + [f"not reached: {goal}" for goal in run.missed()]


def planned() -> list[tuple[Plan, Seeds]]:
    """The campaigns, in their order; the specimens' come last."""
    kernels = [(Plan(machines, profile, TENANTS, TICKS), seeds) for machines, profile, seeds in KERNEL]
    return kernels + [(Plan((s.name,), s.profile, TENANTS, TICKS), SPECIMEN_SEEDS) for s in SPECIMENS]


def run_suite(crew: Crew, now: Now) -> Report:
    """Run everything; `now` is told how many seeds are done, and of what. Ctrl-C gives what was done by then."""
    began, interrupted = perf_counter(), False
    runs: list[Run] = []
    caught: list[Caught] = []
    checks: list[Check] = []
    try:
        for run in _campaigns(crew, now):
            runs.append(run)
        total = sum(run.seeds.count for run in runs)
        for specimen, run in zip(SPECIMENS, runs[len(KERNEL) :], strict=True):
            now(total, f"shrinking {specimen.name}")
            caught.append(_caught(specimen, run))
        now(total, "isolation and determinism")
        checks += _checks(runs[: len(KERNEL)])
    except KeyboardInterrupt:
        interrupted = True
    kernels, left = tuple(runs[: len(KERNEL)]), tuple(runs[len(KERNEL) + len(caught) :])
    return Report(kernels, tuple(caught), tuple(checks), perf_counter() - began, interrupted, left)


def _campaigns(crew: Crew, now: Now) -> Iterator[Run]:
    done, campaigns = 0, planned()
    tallies = crew.results(tallied, (chunk for plan, seeds in campaigns for chunk in chunks(plan, seeds)))
    for plan, seeds in campaigns:
        whole, began = Tally(), perf_counter()
        try:
            while whole.seeds < seeds.count:
                tally = next(tallies)
                whole = whole.then(tally)
                done += tally.seeds
                now(done, f"{','.join(plan.machines)} under {plan.profile}")
        except KeyboardInterrupt:
            if whole.seeds:
                yield Run(plan, Seeds(seeds.first, whole.seeds), whole, perf_counter() - began)
            raise
        yield Run(plan, seeds, whole, perf_counter() - began)


def _caught(specimen: Specimen, run: Run) -> Caught:
    return Caught(specimen, run, {i.id: shrunk(run.plan, i.id, first) for i, first in run.violated()})


def _checks(kernels: list[Run]) -> Iterator[Check]:
    for machines, profile, _ in KERNEL:
        if "S10" in PROFILES[profile].promised:
            found = [text for seed in range(4) if (text := interference(Plan(machines, profile, 3, 8), seed))]
            yield Check("non-interference", f"kernel under {profile}: alone as in a fleet of 3", tuple(found[:1]))
    plan = Plan(("truncated-key",), "crash-stop", 3, 8)
    seen = any(interference(plan, seed) for seed in range(4))
    wrong = () if seen else ("it is not seen in the machine that shares keys",)
    yield Check("non-interference", "truncated-key interferes", wrong)
    repeated = [run for run in kernels if run.plan.profile in _REPEATED]
    differs = [run for run in repeated if elsewhere(run.plan, run.seeds) != run.digest]
    said = tuple(f"{run.plan.profile} has another digest in another process" for run in differs)
    actions = sum(run.tally.actions for run in repeated)
    yield Check("determinism", f"{actions:,} actions again under PYTHONHASHSEED=1", said)


def elsewhere(plan: Plan, seeds: Seeds, hash_seed: str = "1") -> str:
    """The digest of a campaign in a new process with another hash seed."""
    code = (
        "from evidence_sim.campaign import one_seed\n"
        "from evidence_sim.digest import folded\n"
        "from evidence_sim.sample import Plan\n"
        f"plan = Plan({plan.machines!r}, {plan.profile!r}, {plan.tenants}, {plan.ticks})\n"
        f"seeds = range({seeds.first}, {seeds.first + seeds.count})\n"
        "print(format(folded(one_seed(plan, seed).digests[0] for seed in seeds), '016x'))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()
