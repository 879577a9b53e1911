"""Goals: what a campaign must have reached, so that doing nothing does not pass for keeping every promise."""

from evidence_kernel import Outcome
from evidence_sim.codes import SPELLING
from evidence_sim.faults import PROFILES, Profile
from evidence_sim.tally import Tally

# Outcomes that a machine cannot end with, whatever happens.
_NEVER = {
    "v2.19": frozenset({"CONTENDED", "EVIDENCE_IN_FUTURE", "LEDGER_INVALID"}),
    "v2.20": frozenset({"CONTENDED", "EVIDENCE_IN_FUTURE", "LEDGER_INVALID"}),
    "claim-without-cas": frozenset({"CONTENDED"}),
    "check-generate-mark": frozenset({"CONTENDED"}),
    "backoff-ignored": frozenset({"BACKOFF"}),
    "unearned-publication": frozenset({"GENERATION_FAILED"}),
    "truncated-key": frozenset({"LEDGER_INVALID"}),  # where it looks, no world begins with a ledger
    "no-identity-shared-key": frozenset({"REFUSED"}),
}
_WITHOUT_BACKFILL = frozenset({"v2.19"})
# Where no answer is Failed or Unknown, nothing fails.
_PERFECT = frozenset({"crash-stop", "rollout"})


def faults(profile: Profile) -> tuple[str, ...]:
    """The names of a profile's faults, as facts have them."""
    kinds = (("read", profile.reads), ("write", profile.writes), ("generate", profile.generates))
    answers = [f"{kind}:{SPELLING[what]}" for kind, granted in kinds for what in granted]
    return ("crash", "overlap", "clock-back", *answers, *(f"outside:{SPELLING[what]}" for what in profile.outside))


def goals(machine: str, profile: str) -> tuple[str, ...]:
    """What is reachable for a machine under a profile, and so must be reached."""
    never = _NEVER.get(machine, frozenset()) | ({"STORE_FAILED"} if profile in _PERFECT else set())
    outcomes = [f"outcome {outcome}" for outcome in Outcome if outcome not in never]
    verified = [] if machine in _WITHOUT_BACKFILL else ["backfill verified"]
    named = faults(PROFILES[profile])
    return (*verified, *outcomes, *(f"fired {name}" for name in named), *(f"survived {name}" for name in named))


def missed(machine: str, profile: str, tally: Tally) -> list[str]:
    """The goals that a campaign did not reach."""
    reached = {f"outcome {outcome}" for outcome in tally.outcomes}
    reached |= {f"fired {name}" for name in tally.fired} | {f"survived {name}" for name in tally.survived}
    if tally.verified:
        reached.add("backfill verified")
    return [goal for goal in goals(machine, profile) if goal not in reached]
