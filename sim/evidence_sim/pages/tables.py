"""The kernel's two tables as drawings: states in a column, and beside it an arc for the rows between two of them.

An arc on the right goes down, one on the left goes up, a ring stays. What was taken is solid, what was not is dashed.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape

from evidence_kernel import EVIDENCE, SCHEDULER, EvidenceState, Observation, Phase

_STEP, _TOP, _WIDE, _HIGH, _LEFT = 34, 24, 132, 22, 110
_ARC = 15  # px that an arc stands out for each state that it passes
_UNREAD = "UNREAD"
_Edges = Mapping[tuple[str, str], Sequence[tuple[str, bool]]]  # from, to: what leads there, and whether it was taken

# A row of SCHEDULER by which only one row of EVIDENCE can have named the finding.
_NAMES: Mapping[tuple[str, str], tuple[EvidenceState | None, Observation]] = {
    ("EVIDENCE_READ", "MISSING"): (None, Observation.ABSENT),
    ("EVIDENCE_READ", "VALID"): (None, Observation.VALID),
    ("EVIDENCE_READ", "INVALID"): (None, Observation.INVALID),
    ("EVIDENCE_READ", "FAILED"): (None, Observation.FAILED),
    ("EVIDENCE_VERIFY", "VERIFIED"): (EvidenceState.MISSING, Observation.MINE),
    ("EVIDENCE_VERIFY", "INVALID"): (EvidenceState.MISSING, Observation.INVALID),
    ("EVIDENCE_VERIFY", "MISSING"): (EvidenceState.MISSING, Observation.ABSENT),
    ("EVIDENCE_VERIFY", "FAILED"): (EvidenceState.MISSING, Observation.FAILED),
    ("TIMESTAMP_READ", "VERIFIED"): (EvidenceState.VERIFIED, Observation.STILL_MINE),
}


def drawn(taken: set[tuple[str, str]]) -> tuple[list[tuple[str, str]], str]:
    """The rows of SCHEDULER that are not among the `taken` (phase, finding), and both tables as SVG."""
    missing = [(str(phase), str(finding)) for phase, finding in SCHEDULER if (phase, finding) not in taken]
    scheduler = defaultdict(list)
    for (phase, finding), row in SCHEDULER.items():
        scheduler[str(phase), str(row.to)].append((str(finding), (phase, finding) in taken))
    seen = {_NAMES[row] for row in taken if row in _NAMES}
    evidence = defaultdict(list)
    for (before, observation), after in EVIDENCE.items():
        edge = (str(before or _UNREAD), str(after or _UNREAD))
        evidence[edge].append((str(observation), (before, observation) in seen))
    phases = [str(phase) for phase in Phase]
    states = [_UNREAD, *(str(state) for state in EvidenceState)]
    return missing, "".join([*_picture("SCHEDULER", phases, scheduler), *_picture("EVIDENCE", states, evidence)])


def _picture(name: str, states: Sequence[str], edges: _Edges) -> Iterator[str]:
    farthest = max(abs(states.index(a) - states.index(b)) for a, b in edges)
    width, height = _LEFT + _WIDE + _ARC * farthest + 60, _TOP + _STEP * len(states)
    rows = [taken for found in edges.values() for _, taken in found]
    says = f"{name}: {sum(rows)} of {len(rows)} rows are solid; the list of rows says the same"
    yield f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">'
    yield f"<title>{says}</title>"
    yield f'<text class="name" x="{_LEFT}" y="14">{name}</text>'
    for (source, target), found in edges.items():
        yield from _arc(states.index(source), states.index(target), f"{source} to {target}", found)
    for at, state in enumerate(states):
        y = _TOP + at * _STEP
        yield f'<rect class="state" x="{_LEFT}" y="{y}" width="{_WIDE}" height="{_HIGH}" rx="3"/>'
        yield f'<text x="{_LEFT + _WIDE // 2}" y="{y + 15}" text-anchor="middle">{escape(state)}</text>'
    yield "</svg>"


def _arc(source: int, target: int, between: str, found: Sequence[tuple[str, bool]]) -> Iterator[str]:
    taken = sum(hit for _, hit in found)
    kind = "taken" if taken else "left"
    first, last = (_TOP + at * _STEP + _HIGH // 2 for at in (source, target))
    listed = ", ".join(f"{name}{'' if hit else ' (not taken)'}" for name, hit in found)
    yield f'<g class="{kind}"><title>{escape(between)}: {escape(listed)}</title>'
    if source == target:
        x, out = _LEFT, 26
        yield f'<path d="M{x} {first - 5} c{-out} -8 {-out} 18 0 10"/>'
        label = (x - out - 2, first + 4, "end")
    elif target == source + 1:
        x = _LEFT + _WIDE // 2
        yield f'<path d="M{x} {first + _HIGH // 2} L{x} {last - _HIGH // 2 - 5}"/>'
        yield f'<path class="head" d="M{x - 4} {last - _HIGH // 2 - 7} l4 7 l4 -7 z"/>'
        label = (x + 8, (first + last) // 2 + 4, "start")
    else:
        side = 1 if target > source else -1
        x = _LEFT + (_WIDE if side > 0 else 0)
        out = x + side * _ARC * abs(target - source)
        first, last = first + 5 * side, last - 5 * side
        middle = (first + last) // 2
        yield f'<path d="M{x} {first} C{out} {first} {out} {last} {x + side * 6} {last}"/>'
        yield f'<path class="head" d="M{x + side * 8} {last - 4} L{x} {last} L{x + side * 8} {last + 4} z"/>'
        label = ((x + 3 * out) // 4 + side * 3, middle + 4, "start" if side > 0 else "end")
    yield f'<text class="count" x="{label[0]}" y="{label[1]}" text-anchor="{label[2]}">{taken}/{len(found)}</text></g>'
