"""How far a campaign is, in a file: what it runs, what was counted by then, and a sum that tells a damaged file."""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

from attrs import frozen

from evidence_sim.sample import Plan
from evidence_sim.sources import sources_of
from evidence_sim.tally import Tally, Violation
from evidence_sim.usage import Unusable, replace_text

FORMAT = "evidence-campaign/1"
_COUNTERS = ("premises", "violated", "fired", "survived", "met", "outcomes")


@frozen
class Standing:
    """A campaign of a plan over a store of some kind, from its first seed on, and the file that says how far it is."""

    path: Path
    plan: Plan
    store: str
    first: int

    def load(self) -> tuple[Tally, float]:
        """What was counted, and in how many seconds; nothing where there is no file.

        Raises Unusable where it cannot be read, is damaged, or is another campaign's.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return Tally(), 0.0
        except (OSError, UnicodeDecodeError) as error:
            raise self._unusable(error.strerror if isinstance(error, OSError) else "it is no text") from None
        fields = self._fields(text)
        theirs, ours = fields["campaign"], self._campaign()
        for name in ours:
            if theirs[name] != ours[name]:
                raise self._unusable(f"its campaign has {name} {theirs[name]}, and not {ours[name]}")
        return _tally(fields["tally"]), fields["seconds"]

    def save(self, tally: Tally, seconds: float) -> None:
        """Put it in the file's place: whoever reads, at whatever moment, has this or what was there before.

        Raises Unusable where it cannot be written.
        """
        fields = {"campaign": self._campaign(), "seconds": round(seconds, 3), "tally": _described(tally)}
        text = json.dumps({"format": FORMAT, "sum": _sum(fields), **fields}, indent=2) + "\n"
        replace_text(self.path, text, "; name another file with --resume")

    def _campaign(self) -> dict[str, Any]:
        plan = self.plan
        return {
            "machine": ",".join(plan.machines),
            "profile": plan.profile,
            "tenants": plan.tenants,
            "ticks": plan.ticks,
            "store": self.store,
            "first": self.first,
            "sources": sources_of(plan.machines),
        }

    def _fields(self, text: str) -> dict[str, Any]:
        """What stands in the file, once its sum has shown that we wrote it so."""
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            raise self._unusable("it is damaged: no JSON") from None
        named = fields.pop("format", None) if isinstance(fields, dict) else None
        if named != FORMAT:
            raise self._unusable(f"its format is {named!r}; this version reads {FORMAT!r}")
        if fields.pop("sum", None) != _sum(fields):
            raise self._unusable("it is damaged: its sum is another")
        found: dict[str, Any] = fields
        return found

    def _unusable(self, why: str | None) -> Unusable:
        return Unusable(f"cannot go on from {self.path}: {why}; name another file with --resume, or delete this one")


def _sum(fields: dict[str, Any]) -> str:
    text = json.dumps(fields, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _described(tally: Tally) -> dict[str, Any]:
    assert not tally.digests, "settle it first"
    violations = {name: [v.seed, v.actions, v.says] for name, v in tally.violations.items()}
    return {
        "seeds": tally.settled,
        "actions": tally.actions,
        "digest": f"{tally.digest:016x}",
        "verified": tally.verified,
        "violations": violations,
        "rows": sorted(tally.rows),
        **{name: dict(sorted(getattr(tally, name).items())) for name in _COUNTERS},
    }


def _tally(fields: dict[str, Any]) -> Tally:
    tally = Tally(fields["actions"], [], int(fields["digest"], 16), fields["seeds"], verified=fields["verified"])
    tally.violations = {name: Violation(*found) for name, found in fields["violations"].items()}
    tally.rows = {(phase, finding) for phase, finding in fields["rows"]}
    for name in _COUNTERS:
        setattr(tally, name, Counter(fields[name]))
    return tally
