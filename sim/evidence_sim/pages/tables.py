"""The kernel's two tables as drawings: states in a column, and beside it an arc for the rows between two of them.

An arc on the right goes down, one on the left goes up, a ring stays. What was taken is solid, what was not is dashed.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape

from evidence_kernel import EVIDENCE, SCHEDULER, EvidenceState, Observation, Phase

_STEP, _TOP, _WIDE, _HIGH, _LABEL = 34, 24, 132, 22, 50  # px
_OUT = 280  # px that the farthest arc's handles stand out: its middle stands out three quarters of that
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
    spans = [states.index(target) - states.index(source) for source, target in edges]
    arc = _OUT // max(map(abs, spans))
    left, right = (arc * 3 * far // 4 + _LABEL for far in (-min(spans), max(spans)))
    width, height = left + _WIDE + right, _TOP + _STEP * len(states)
    taken = [hit for found in edges.values() for _, hit in found]
    listed = {
        edge: ", ".join(f"{row}{'' if taken else ' (not taken)'}" for row, taken in found)
        for edge, found in edges.items()
    }
    said = ". ".join(f"{source} to {target}: {rows}" for (source, target), rows in listed.items())
    yield f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">'
    yield f"<title>{name}: {sum(taken)} of {len(taken)} rows are solid</title><desc>{escape(said)}</desc>"
    yield f'<text class="name" x="{left}" y="14">{name}</text>'
    for (source, target), found in edges.items():
        hits = sum(hit for _, hit in found)
        says = f"{source} to {target}: {listed[source, target]}"
        yield f'<g class="{"taken" if hits else "left"}"><title>{escape(says)}</title>'
        yield from _arc(states.index(source), states.index(target), left, arc, f"{hits}/{len(found)}")
        yield "</g>"
    for at, state in enumerate(states):
        y = _TOP + at * _STEP
        yield f'<rect class="state" x="{left}" y="{y}" width="{_WIDE}" height="{_HIGH}" rx="3"/>'
        yield f'<text x="{left + _WIDE // 2}" y="{y + 15}" text-anchor="middle">{escape(state)}</text>'
    yield "</svg>"


def _arc(source: int, target: int, left: int, arc: int, count: str) -> Iterator[str]:
    first, last = (_TOP + at * _STEP + _HIGH // 2 for at in (source, target))
    middle = (first + last) // 2 + 4
    if source == target:
        out = left - 26
        yield f'<path d="M{left} {first - 5} C{out} {first - 13} {out} {first + 13} {left} {first + 5}"/>'
        x, anchor = out + 4, "end"
    elif target == source + 1:
        below = left + _WIDE // 2
        first, last = first + _HIGH // 2, last - _HIGH // 2
        yield f'<path d="M{below} {first} L{below} {last - 5}"/>'
        yield f'<path class="head" d="M{below - 4} {last - 7} l4 7 l4 -7 z"/>'
        x, anchor = below + 8, "start"
    else:
        side = 1 if target > source else -1
        edge = left + (_WIDE if side > 0 else 0)
        out = edge + arc * (target - source)
        first, last = first + 5 * side, last - 5 * side
        yield f'<path d="M{edge} {first} C{out} {first} {out} {last} {edge + side * 6} {last}"/>'
        yield f'<path class="head" d="M{edge + side * 8} {last - 4} L{edge} {last} L{edge + side * 8} {last + 4} z"/>'
        x, anchor = (edge + 3 * out) // 4 + side * 3, "start" if side > 0 else "end"
    yield f'<text class="count" x="{x}" y="{middle}" text-anchor="{anchor}">{count}</text>'
