"""The contract's large searches of the kernel, by the compiled twin; what they found is kept in a file."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from evidence_sim.config import Config
from evidence_sim.explore.bounds import Bounds
from evidence_sim.explore.search import Explored, Violation, beginnings
from evidence_sim.mutants import tables_hash
from evidence_sim.trace import TraceError, dump, load, verdicts
from evidence_sim.usage import Unusable

RECORD = "searched.json"
_FORMAT = "evidence-searched/1"
_MOST = 10**9  # states

# By profile: tenants, bounds.
FAR: Mapping[str, tuple[tuple[int, Bounds], ...]] = {
    "crash-stop": ((1, Bounds(3, 2, 1)), (2, Bounds(2, 2, 0))),
    "cloud-kv": ((1, Bounds(3, 2, 1)), (2, Bounds(2, 2, 0))),
    "lying-disk": ((1, Bounds(3, 2, 1)), (2, Bounds(2, 2, 0))),
    "byzantine": ((1, Bounds(3, 2, 0)), (2, Bounds(2, 1, 0))),
}
Far = Mapping[str, tuple[Explored, ...]]  # by profile


def searched(now: Callable[[str], None]) -> Far:
    """Run the searches. Raises Unusable where numba is missing."""
    if find_spec("numba") is None:
        raise Unusable("--all needs the compiled twin: pip install 'evidence-sim[fast]', or leave it out")
    from evidence_sim.fast.explore import FastSearch  # numba is long in coming

    found: dict[str, list[Explored]] = {profile: [] for profile in FAR}
    for profile, searches in FAR.items():
        for tenants, bounds in searches:
            config = Config(tenants, profile=profile)
            search = FastSearch(beginnings(config), bounds, _MOST)
            for states in search.levels():
                now(f"{bounds.said(config)}, {states:,} states")
            found[profile].append(search.found)
    return {profile: tuple(each) for profile, each in found.items()}


def recorded(path: Path) -> Far:
    """What the searches found when they were run. Raises Unusable where bounds or tables were others."""
    again = f"run evidence-sim contract --all --write {path.parent}"
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields["format"] != _FORMAT:
            raise Unusable(f"{path} has the format {fields['format']!r}; {again}")
        if fields["tables"] != tables_hash():
            raise Unusable(f"{path} is of other tables than the kernel's; {again}")
        return {
            profile: tuple(_explored(Config(tenants, profile=profile), bounds, fields) for tenants, bounds in searches)
            for profile, searches in FAR.items()
        }
    except OSError as error:
        raise Unusable(f"cannot read {path}: {error.strerror}; {again}") from None
    except (ValueError, KeyError, TypeError, TraceError) as error:
        raise Unusable(f"{path} does not say what was searched: {error}; {again}") from None


def _explored(config: Config, bounds: Bounds, of_all: Mapping[str, Any]) -> Explored:
    said = bounds.said(config)
    fields = of_all["searches"][said]
    violations = {}
    for name, kept in fields["violations"].items():
        trace = load(json.dumps(kept))
        violations[name] = Violation(name, verdicts(trace)[name][1], trace)
    return Explored(
        bounds,
        config.machines,
        config.profile,
        said,
        len(beginnings(config)),
        fields["states"],
        fields["edges"],
        fields["levels"],
        Counter(fields["premises"]),
        violations,
        complete=True,
    )


def record(far: Far) -> str:
    """The text of the file."""
    searches = {found.said: _described(found) for each in far.values() for found in each}
    return json.dumps({"format": _FORMAT, "tables": tables_hash(), "searches": searches}, indent=2) + "\n"


def _described(found: Explored) -> dict[str, Any]:
    return {
        "states": found.states,
        "edges": found.edges,
        "levels": found.levels,
        "premises": dict(sorted(found.premises.items())),
        "violations": {name: json.loads(dump(each.trace)) for name, each in sorted(found.violations.items())},
    }
