"""Write spec/transitions.md from the kernel's tables; `--check` fails where the file is stale.

    python spec/render.py [--check]

The diagrams are drawn by the diagram support of `transitions` over a machine built from the same rows.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transitions.extensions import GraphMachine

from evidence_kernel import EVIDENCE, SCHEDULER, Phase, Row
from evidence_kernel.tables import ASKS

TARGET = Path(__file__).with_name("transitions.md")
_UNREAD = "(unread)"

HEAD = """# The two tables

Written by `python spec/render.py` from `evidence_kernel.tables`; CI fails when this page is stale.

`EVIDENCE` is the only place that changes an evidence state. `SCHEDULER` is the only place that changes a
phase: its finding is the evidence state that `EVIDENCE` names, or what the answer means to the phase.
A tick whose status could not be read leaves `STATUS_CLOSE` out. The backfill alone runs from
`EVIDENCE_READ` and ends where a row goes to `TIMESTAMP_READ`.
"""


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _evidence_rows() -> Iterator[tuple[str, ...]]:
    for (before, observation), after in EVIDENCE.items():
        yield before or _UNREAD, observation, after or _UNREAD


def _notes(row: Row) -> str:
    notes = []
    if row.outcome is not None and row.reason is not None:
        notes.append(f"outcome {row.outcome} ({row.reason.value})")
    if row.refuses is not None:
        notes.append(f"FAIL_CLOSED {row.refuses.value}")
    if row.warns is not None:
        notes.append(f"warning {row.warns.value}")
    if row.audits:
        notes.append("audit line")
    return ", ".join(notes)


def _scheduler_rows() -> Iterator[tuple[str, ...]]:
    for (phase, finding), row in SCHEDULER.items():
        yield phase, ASKS[phase].value.lower(), finding, row.to, _notes(row)


def _diagram(edges: list[tuple[str, str, str]], initial: str) -> str:
    states = list(dict.fromkeys(state for source, _, target in edges for state in (source, target)))
    machine = GraphMachine(
        states=states,
        transitions=[{"trigger": on, "source": source, "dest": target} for source, on, target in edges],
        initial=initial,
        auto_transitions=False,
        graph_engine="mermaid",
        title="",
    )
    graph: Any = machine.get_combined_graph()  # its protocol does not name the Mermaid text
    drawn = str(graph.source).strip()
    return f"```mermaid\n{drawn}\n```"


def render() -> str:
    """The whole page."""
    evidence = [(before or "UNREAD", on.value, after or "UNREAD") for (before, on), after in EVIDENCE.items()]
    scheduler = [(phase.value, on.value, row.to.value) for (phase, on), row in SCHEDULER.items()]
    parts = [
        HEAD,
        "## EVIDENCE\n",
        _table(("state", "a read says", "state after"), _evidence_rows()),
        "",
        _diagram(evidence, "UNREAD"),
        "\n## SCHEDULER\n",
        _table(("phase", "effect", "finding", "goes to", "decides and says"), _scheduler_rows()),
        "",
        _diagram(scheduler, Phase.STATUS_READ.value),
        "",
    ]
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Write or check; 1 where `--check` finds the file stale."""
    if arguments not in ([], ["--check"]):
        print("usage: python spec/render.py [--check]", file=sys.stderr)
        return 2
    page = render()
    if not arguments:
        TARGET.write_text(page, encoding="utf-8")
        return 0
    if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == page:
        return 0
    print(f"{TARGET.name} is stale: run python spec/render.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
