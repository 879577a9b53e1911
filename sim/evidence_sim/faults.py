"""The fault model, the profiles that grant it, and the table of what it leaves out.

What may happen. A store does one thing and says another: it applies a put never, now, later, torn, to
another key or twice, and acknowledges it, refuses it or says nothing; it answers a read with what is
there, what was there, what is spoilt, what is another's, or not at all. A tick starts on time, late,
never, twice, beside another, and is cut anywhere. Clocks of hosts differ and step both ways. Records are
spoilt, deleted and expire from outside; operators repair and forget. A generator fails.

Where. Every answer of every effect of every tick may be faulty, and every number of them at once: no
fault budget, for none would be known to a service. A late put lands at any later moment, or never, under
the condition that it was sent with. What is torn or corrupt stays so: a second read sees it again.

Why the kernel must survive it. Each profile names what it takes from a store and what is promised under
it in return. A fault that breaks a promise outside of its profile is no defect of the kernel; one inside
is. `crash-stop` is the least that any service has; `cloud-kv` is every store behind a network, whose
time-outs decide nothing; `lying-disk` is hardware that acknowledges what it lost; `rollout` has the old
releases beside us; `byzantine` is what no store should do, and shows what evidence alone still holds.
"""

from collections.abc import Mapping

from attrs import evolve, frozen

from evidence_sim.codes import AnswerCode

_A = AnswerCode


@frozen
class Profile:
    """A named set of faults with a contract.

    `reads`, `writes`, `generates`, `outside`: the answers beside `ok`, and what happens to records.
    `promised`: ids of the invariants that hold of the kernel under it; `moot`: those whose premise cannot arise,
    since no read or write of a tick ever fails.
    """

    name: str
    says: str
    reads: tuple[AnswerCode, ...] = ()
    writes: tuple[AnswerCode, ...] = ()
    generates: tuple[AnswerCode, ...] = (_A.FAILED,)
    outside: tuple[AnswerCode, ...] = ()
    promised: frozenset[str] = frozenset()
    moot: frozenset[str] = frozenset()


SAFETY = tuple(f"S{n}" for n in range(1, 20))
EVERY = frozenset({*SAFETY, "L1"})

_CRASH_STOP = Profile(
    "crash-stop",
    "a perfect store; ticks overlap, are cut, late, missed, doubled; clocks differ and step",
    promised=EVERY,
    moot=frozenset({"S13"}),
)
_CLOUD_KV = evolve(
    _CRASH_STOP,
    name="cloud-kv",
    says="reads and writes fail, time out applied or not, land later; reads are stale",
    reads=(_A.FAILED, _A.STALE),
    writes=(_A.FAILED, _A.UNKNOWN_NO, _A.UNKNOWN_YES, _A.UNKNOWN_LATER),
    moot=frozenset(),
)
_LYING_DISK = evolve(
    _CLOUD_KV,
    name="lying-disk",
    says="acknowledged writes that never happened, torn writes, corruption",
    reads=(*_CLOUD_KV.reads, _A.CORRUPT),
    writes=(*_CLOUD_KV.writes, _A.TORN, _A.LOST),
    outside=(_A.CORRUPT,),
    promised=EVERY - {"S7", "S9", "S15"},
)
_ROLLOUT = evolve(
    _CRASH_STOP,
    name="rollout",
    says="old machines beside the kernel over one perfect store",
)
_BYZANTINE = evolve(
    _LYING_DISK,
    name="byzantine",
    says="wrong keys, another's reads, writes done twice or in spite of a refusal, deletion, expiry",
    reads=(*_LYING_DISK.reads, _A.ELSEWHERE),
    writes=(*_LYING_DISK.writes, _A.FAILED_YES, _A.FAILED_LATER, _A.LATER, _A.TWICE, _A.ELSEWHERE),
    outside=(_A.CORRUPT, _A.DELETE, _A.EXPIRE),
    promised=EVERY - {"S5", "S6", "S7", "S8", "S9", "S10", "S15", "S18", "S19"},
)
PROFILES: Mapping[str, Profile] = {
    profile.name: profile for profile in (_CRASH_STOP, _CLOUD_KV, _LYING_DISK, _ROLLOUT, _BYZANTINE)
}
