"""Campaigns of the twin: the tables of a plan, seeds in chunks, and their tallies as the reference counts them."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial

from attrs import evolve, frozen

from evidence_kernel.tables import SCHEDULER
from evidence_sim.campaign import Chunk, NoTwin, Unconfirmed, one_seed
from evidence_sim.codes import SPELLING, ActionCode, AnswerCode, OutcomeCode
from evidence_sim.config import CLOCK_STEPS, EPOCH, EVIDENCE, INSTALLED
from evidence_sim.crew import Crew
from evidence_sim.fast import layout as at
from evidence_sim.fast.bulk import U_TENANT, run_seeds
from evidence_sim.fast.compiled import COMPILED, Words, hashes, words
from evidence_sim.fast.lower import lowered
from evidence_sim.faults import PROFILES
from evidence_sim.invariants import INVARIANTS
from evidence_sim.machines import MACHINES
from evidence_sim.sample import OF_EVIDENCE, OF_LEDGER, OF_PUBLICATION, OFFSETS, PACES, RATES, Plan
from evidence_sim.tally import CUT, Tally, Violation

# The machines that are the kernel but for rows, a threshold or the condition of a put.
LOWERED = (
    "kernel",
    "plain-put",
    "no-read-back",
    "read-back-takes-any",
    "audit-before-read-back",
    "backdated-evidence",
    "overwrites-invalid",
    "unearned-publication",
    "rosy-status",
    "untotal",
    "claim-without-cas",
    "status-by-plain-put",
    "backoff-ignored",
    "no-tolerance",
    "early-generate",
    "boastful-outcome",
    "retry-in-tick",
)
CHUNK = 2048 if COMPILED else 8  # seeds that a thread takes at a time
_ANSWERS = range(at.FAILED, at.DELETE)
ROW_NAMES = [(str(phase), str(finding)) for phase, finding in SCHEDULER]


FAULT_NAMES = {
    at.FIRED_CRASH: "crash",
    at.FIRED_OVERLAP: "overlap",
    at.FIRED_CLOCK: "clock-back",
    **{at.FIRED_READ + what - at.FAILED: f"read:{SPELLING[what]}" for what in AnswerCode if what in _ANSWERS},
    **{at.FIRED_WRITE + what - at.FAILED: f"write:{SPELLING[what]}" for what in AnswerCode if what in _ANSWERS},
    at.FIRED_GENERATE: "generate:failed",
    at.FIRED_SPOILT: "outside:corrupt",
    at.FIRED_DELETE: "outside:delete",
    at.FIRED_EXPIRE: "outside:expire",
}
MET_NAMES = {
    index * 16 + what: f"{ActionCode(at.STATUS_READ + index).name} {CUT if what == AnswerCode.NONE else SPELLING[what]}"
    for index in range(at.PHASES)
    for what in AnswerCode
    if what < AnswerCode.DELETE
}


@lru_cache(maxsize=16)
def tables(plan: Plan) -> tuple[int, ...]:
    """All that a compiled function reckons with: the machine's rows, the plan's faults and weights."""
    (name,) = plan.machines
    table = lowered(MACHINES[name])
    profile = PROFILES[plan.profile]
    table[at.K_RATES : at.K_RATES + len(RATES)] = RATES
    table[at.K_OFFSETS : at.K_OFFSETS + len(OFFSETS)] = OFFSETS
    table[at.K_STEPS : at.K_STEPS + len(CLOCK_STEPS)] = CLOCK_STEPS
    paces = [(at.K_PACES + index * 16, pace) for index, pace in enumerate(PACES)]
    begins = [(at.K_EVIDENCE, OF_EVIDENCE), (at.K_LEDGER, OF_LEDGER), (at.K_PUBLICATION, OF_PUBLICATION)]
    for first, weights in (*paces, *begins):
        table[first : first + 1 + len(weights)] = [sum(weights), *weights]
    table[at.K_INSTALLED : at.K_INSTALLED + len(EVIDENCE)] = [EPOCH + INSTALLED.get(kind, 0) for kind in EVIDENCE]
    for first, granted in (
        (at.K_READS, profile.reads),
        (at.K_WRITES, profile.writes),
        (at.K_GENERATES, profile.generates),
        (at.K_OUTSIDE, profile.outside),
    ):
        table[first : first + 1 + len(granted)] = [len(granted), *granted]
    assert len(table) == at.TABLES
    return tuple(table)


@frozen
class Twin:
    """What runs one plan: the tables, a world, the streams."""

    plan: Plan
    table: Words
    world: Words
    streams: Words

    @classmethod
    def of(cls, plan: Plan, judged: bool = True) -> "Twin":
        """Raises NoTwin, naming the machine, where there is none; unless `judged` it only runs, and counts nothing."""
        for name in plan.machines:
            if name not in LOWERED:
                raise NoTwin(f"no compiled twin of {name}: run it without --fast")
        size = at.X_TENANT + plan.tenants * (at.TENANT + plan.ticks * at.SIZE_EVIDENCE)
        world = words([0] * size)
        world[at.X_TENANTS], world[at.X_TICKS], world[at.X_JUDGED] = plan.tenants, plan.ticks, judged
        world[at.X_AUDITED] = at.X_TENANT + plan.tenants * at.TENANT
        return cls(plan, words(tables(plan)), world, hashes(U_TENANT + plan.tenants))

    def run(self, first: int, count: int) -> Tally:
        """The tally of so many seeds; those that outgrow the twin are run by the reference world."""
        whole, end = Tally(), first + count
        while first < end:
            done, tally = self._run(first, end - first)
            whole.add(tally)
            first += done
            if first < end:
                assert self.world[at.X_ERROR] != at.NOT_LOWERED, f"a step of seed {first} was not lowered"
                whole.add(untold(one_seed(self.plan, first)))
                first += 1
        return whole

    def _run(self, first: int, count: int) -> tuple[int, Tally]:
        """How many seeds were run before one that outgrows the twin, and their tally."""
        out, seeds = words([0] * at.COUNTED), hashes(count)
        for index in range(count):
            seeds[index] = first + index
        done = int(run_seeds(self.world, self.streams, self.table, out, seeds, count))
        tally = _tally(first, [int(digest) for digest in seeds[:done]], [int(n) for n in out])
        if self.plan.machines == ("kernel",):
            tally.rows = {row for index, row in enumerate(ROW_NAMES) if out[at.COUNTS + at.O_ROWS + index]}
        return done, tally


def untold(tally: Tally) -> Tally:
    """As the twin has it: a violation without its sentence."""
    for name, violation in tally.violations.items():
        tally.violations[name] = evolve(violation, says="")
    return tally


def _tally(first: int, digests: list[int], counted: list[int]) -> Tally:
    out = counted[at.COUNTS :]
    tally = Tally(out[at.O_ACTIONS], digests, verified=out[at.O_VERIFIED])
    for index, invariant in enumerate(INVARIANTS):
        if out[at.O_PREMISES + index]:
            tally.premises[invariant.id] = out[at.O_PREMISES + index]
        if counted[at.O_VIOLATED + index]:
            tally.violated[invariant.id] = counted[at.O_VIOLATED + index]
            seed = first + counted[at.O_FIRST + index]
            tally.violations[invariant.id] = Violation(seed, counted[at.O_AFTER + index], "")
    tally.fired = _counted(out, at.O_FIRED, FAULT_NAMES)
    tally.survived = _counted(out, at.O_SURVIVED, FAULT_NAMES)
    tally.met = _counted(out, at.O_MET, MET_NAMES)
    tally.outcomes = _counted(out, at.O_OUTCOMES, {int(code): code.name for code in OutcomeCode})
    return tally


def _counted(out: list[int], first: int, names: dict[int, str]) -> Counter[str]:
    return Counter({name: out[first + code] for code, name in names.items() if out[first + code]})


def threads(jobs: int) -> Crew:
    """So many threads: compiled code needs no interpreter."""
    return Crew(partial(ThreadPoolExecutor, jobs), ahead=4 * jobs)


def tallied(chunk: Chunk) -> Tally:
    """The tally of a chunk's seeds, by the twin."""
    return Twin.of(chunk.plan).run(chunk.seeds.first, chunk.seeds.count)


def checked(plan: Plan, seed: int) -> None:
    """Raises NoTwin where the plan has no twin, and Unconfirmed where that seed is not the world's."""
    if Twin.of(plan).run(seed, 1) != untold(one_seed(plan, seed)):
        raise Unconfirmed(f"the twin and the world disagree about seed {seed} of {plan}")
