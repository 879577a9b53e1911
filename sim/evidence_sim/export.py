"""A trace in other forms: a picture, a Mermaid sequence diagram, states, events, and a pytest file."""

from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files

from evidence_sim.config import tick_id
from evidence_sim.diagram import drawn, svg
from evidence_sim.export_json import itf, perfetto
from evidence_sim.facts import Fact
from evidence_sim.invariants import BY_ID
from evidence_sim.labels import Reply, Start
from evidence_sim.story import KEPT, aloud, answered, asked, happened, title, violation
from evidence_sim.trace import Trace, TraceError, dump, replay


def mermaid(trace: Trace) -> str:
    """The sequence diagram: a lifeline a tick, and the store's; a note where it violates. Raises TraceError."""
    ticks = [tick_id(a.tenant, a.n) for a in trace.actions if isinstance(a, Start)]
    lines = ["sequenceDiagram", *(f"    participant {_life(tick)} as {tick}" for tick in ticks)]
    lines.append("    participant store")
    facts = list(replay(trace))
    violated = violation(trace, facts)
    for number, fact in enumerate(facts, 1):
        lines += _drawn(fact)
        if violated is not None and violated.step == number:
            lines.append(f"    Note over store: {_plain(f'{trace.violates}: {violated.verdict}')}")
    if trace.violates is not None and violated is None:
        lines.append(f"    Note over store: {trace.violates}: {KEPT}")
    return "\n".join(lines) + "\n"


def _drawn(fact: Fact) -> Iterator[str]:
    if isinstance(fact.action, Reply):
        life = _life(tick_id(fact.action.tenant, fact.action.n))
        yield f"    {life}->>store: {_plain(asked(fact.effect))}"
        yield f"    store-->>{life}: {_plain(answered(fact))}"
        for said in aloud(fact):
            yield f"    Note over {life}: {_plain(said)}"
    else:
        yield f"    Note over store: {_plain(happened(fact))}"


def _life(tick: str) -> str:
    return tick.replace("-", "")


def _plain(text: str) -> str:
    """Without what Mermaid reads as syntax."""
    return text.replace(";", ",").replace("#", "no.").replace('"', "'").replace("{", "(").replace("}", ")")


_TEST = '''"""{id} {name}: {says}

Red as long as {machine} violates it; green once it is mended. Where its steps are others since, the trace
does not apply any more: then record one anew.
"""

from evidence_sim.trace import load, verdicts

TRACE = r\'\'\'
{trace}\'\'\'


def test_{function}() -> None:
    assert verdicts(load(TRACE{imported})).get("{id}") is None
'''


def pytest_file(trace: Trace) -> str:
    """The test's text. Raises TraceError where the trace names no invariant."""
    if trace.violates is None:
        raise TraceError("the trace names no invariant that it violates, and a test needs one: add it as `violates`")
    invariant = BY_ID[trace.violates]
    name = f"{trace.machine}_keeps_{invariant.name}".lower()
    function = "".join(character if character.isalnum() else "_" for character in name)
    return _TEST.format(
        id=invariant.id,
        name=invariant.name,
        says=invariant.says,
        machine=trace.machine,
        trace=dump(trace),
        function=function,
        imported=f', "{trace.machine}"' if ":" in trace.machine else "",
    )


def picture(trace: Trace) -> str:
    """The space-time diagram as an SVG file, light or dark as its reader is. Raises TraceError."""
    facts = list(replay(trace))
    violated = violation(trace, facts)
    base = (files("evidence_runtime.pages") / "base.css").read_text(encoding="utf-8")
    colours = base[: base.index("}") + 1]
    style = (files("evidence_sim") / "pages" / "diagram.css").read_text(encoding="utf-8")
    return svg(drawn(facts, violated), title(trace, violated), f"{colours}\n{style}")


EXPORTS: Mapping[str, Callable[[Trace], str]] = {
    "itf": itf,
    "mermaid": mermaid,
    "perfetto": perfetto,
    "pytest": pytest_file,
    "svg": picture,
}
