"""The distinct violations of a long campaign, each kept once as a trace, and never more than so many."""

import hashlib
from collections import Counter
from pathlib import Path

from attrs import define, field

from evidence_sim.campaign import told
from evidence_sim.labels import Action, Clock, Crash, Land, Outside, Reply, Start
from evidence_sim.trace import Trace, dump
from evidence_sim.usage import ANOTHER_FOLDER, named, replace_text
from evidence_sim.verdict import Run, shrunk

MOST = 16  # traces of one invariant, machine and profile in a folder
LOOKS = 64  # violations of an invariant that a campaign shrinks


def shape(trace: Trace) -> str:
    """What two traces of one violation have in common, as eight hexadecimal digits.

    That is which steps there are, once shrunk: phases with their answers, crashes, late landings, what came from
    outside. Not their order, not whose and how many: the schedules of one defect differ in those.
    """
    steps = sorted({_step(action) for action in trace.actions})
    return hashlib.blake2b(" ".join(steps).encode(), digest_size=4).hexdigest()


def _step(action: Action) -> str:
    match action:
        case Start() | Crash() | Clock():
            return type(action).__name__
        case Land(phase=phase):
            return f"Land:{phase}"
        case Reply(phase=phase, what=what):
            return f"{phase}:{what.name}"
        case Outside(record=record, what=what):
            return f"Outside:{record}:{what.name}"


@define
class Distinct:
    """Keeps what is new of the promises that a campaign breaks in a folder; `kept` are the files."""

    folder: Path
    kept: dict[Path, None] = field(factory=dict)
    _looked: Counter[str] = field(factory=Counter)

    def look(self, run: Run) -> None:
        """At the first violation of each promise in a part of the campaign.

        Raises Unconfirmed where the world does not find it, and Unusable where a trace cannot be written.
        """
        for invariant in run.broken():
            if self._looked[invariant.id] < LOOKS:
                self._looked[invariant.id] += 1
                found = run.tally.violations[invariant.id]
                told(run.plan, invariant.id, found)
                self.keep(shrunk(run.plan, invariant.id, found))

    def keep(self, trace: Trace) -> Path | None:
        """The file of a trace that is as this one, which is written if it is new; None where there are enough."""
        path = self.folder / f"{named(trace)}-{shape(trace)}.json"
        if not path.exists():
            if len([*self.folder.glob(f"{named(trace)}-*.json")]) >= MOST:
                return None
            replace_text(path, dump(trace), ANOTHER_FOLDER)
        self.kept[path] = None
        return path
