"""The command `evidence-sim bench`."""

import argparse
import platform
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from evidence_sim.bench import growth, memory, show, store, subjects
from evidence_sim.bench.timing import Session, Subject, Timing
from evidence_sim.campaign import processors
from evidence_sim.outputs import add_outputs, write_outputs
from evidence_sim.pages.results import of_timings
from evidence_sim.report import console, progress
from evidence_sim.usage import ANOTHER_FILE, INTERRUPTED, OK, Unusable, count, write_json, write_text

ROUNDS, GROWTH_ROUNDS = 11, 5
_EXAMPLES = """examples:
  evidence-sim bench                                      all, in about a minute
  evidence-sim bench --only bulk-actions,limit-actions    a few figures
  evidence-sim bench --only tenants --plot tenants.svg    how cost grows with tenants, drawn
  evidence-sim bench --store sqlite:bench.sqlite          the driver on a store
  evidence-sim bench --store sqlite:bench.sqlite --tenants 100000    whether its memory stays flat
"""


def add(commands: Any) -> None:
    """The parser of the command."""
    parser = commands.add_parser(
        "bench",
        help="time the kernel beside its peers, the engines, and how their cost grows",
        epilog=_EXAMPLES,
    )
    add_outputs(parser, "json", "report")
    parser.add_argument("--only", metavar="NAME,...", type=_names, help="figures by name, or an axis of how cost grows")
    parser.add_argument("--plot", metavar="FILE", type=Path, help="draw how cost grows: .svg, .png, .pdf")
    parser.add_argument("--store", metavar="URL", help="time the driver on a store instead")
    parser.add_argument("--tenants", type=count(10**7), metavar="N", help="of the store: one round over N new tenants")
    parser.set_defaults(do=_bench)


def _names(text: str) -> tuple[str, ...]:
    try:
        return subjects.names(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _bench(given: argparse.Namespace) -> int:
    if given.store is not None:
        return _on_store(given)
    if given.tenants is not None:
        raise Unusable(f"--tenants {given.tenants} is of a round on a store; add --store URL")
    out = console(stderr=given.json == Path("-"))
    rows = subjects.chosen(subjects.rows(), given.only or ())
    points = subjects.chosen(growth.points(), given.only or ())
    if given.plot is not None:
        _must_be_drawable(given.plot, points)
    session, interrupted = Session(), False
    with progress("bench", len(rows) * (ROUNDS + 1) + len(points) * (GROWTH_ROUNDS + 1)) as bar:
        try:
            session.run(rows, ROUNDS, bar)
            session.run(points, GROWTH_ROUNDS, bar)
        except KeyboardInterrupt:
            interrupted = True
    found, grown = session.results(rows), session.results(points)
    if found:
        show.show_rows(out, found)
    if grown:
        show.show_growth(out, grown)
    described, timed = _described(found, grown, interrupted), [one for one in grown if isinstance(one, Timing)]
    picture = _drawn(timed, "svg") if given.report is not None and timed and find_spec("matplotlib") else None
    told = {name: str(value) for name, value in described["machine"].items()}
    told |= {"complete": "no, interrupted" if interrupted else "yes", "command": given.command}
    write_outputs(
        given,
        json=lambda path: write_json(path, described),
        report=lambda path: write_text(path, of_timings(found, grown, picture, told).page(), ANOTHER_FILE),
    )
    if given.plot is not None and grown:
        _draw(given.plot, timed)
    if interrupted:
        print("evidence-sim: interrupted; the figures are of the rounds until then", file=sys.stderr)
    return INTERRUPTED if interrupted else OK


def _on_store(given: argparse.Namespace) -> int:
    for option, value in (("--only", given.only), ("--plot", given.plot), ("--report", given.report)):
        if value is not None:
            raise Unusable(f"bench --store times the driver alone; leave out {option}")
    out = console(stderr=given.json == Path("-"))
    if given.tenants is None:
        results = store.run_on(given.store, _now)
        store.show(out, results)
    else:
        results = memory.run_on(given.store, given.tenants, _now)
        memory.show(out, results)
    write_outputs(given, json=lambda path: write_json(path, {"results": [one.described() for one in results]}))
    return OK


def _now(said: str) -> None:
    print(f"timing {said}", file=sys.stderr, flush=True)


def _described(found: show.Known, grown: show.Known, interrupted: bool) -> dict[str, Any]:
    return {
        "machine": {"processors": processors(), "system": platform.system(), "python": platform.python_version()},
        "complete": not interrupted,
        "results": [one.described() for one in found],
        "growth": [one.described() for one in grown],
    }


def _must_be_drawable(path: Path, points: Sequence[Subject]) -> None:
    """Raises Unusable before anything is timed in vain."""
    if find_spec("matplotlib") is None:
        raise Unusable("--plot needs matplotlib; install it with: pip install 'evidence-sim[bench]'")
    from evidence_sim.bench.plot import FORMATS

    if path.suffix[1:] not in FORMATS:
        raise Unusable(f"cannot draw {path}: its suffix is none of {', '.join(FORMATS)}")
    if not points:
        axes = ", ".join(axis.name for axis in growth.AXES)
        raise Unusable(f"--plot draws how cost grows; name one of {axes} with --only as well")


def _draw(path: Path, grown: Sequence[Timing]) -> None:
    try:
        path.write_bytes(_drawn(grown, path.suffix[1:]))
    except OSError as error:
        raise Unusable(f"cannot write {path}: {error.strerror}") from None


def _drawn(grown: Sequence[Timing], form: str) -> bytes:
    from evidence_sim.bench.plot import drawn

    machine = f"{processors()} processors, {platform.system()}, Python {platform.python_version()}"
    return drawn(grown, f"evidence-sim bench on {machine}", form)
