"""The command `evidence-sim contract`."""

import argparse
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from evidence_sim.campaign import processes, processors
from evidence_sim.contract import ROWS, Decided, decide, futures
from evidence_sim.contract_far import RECORD, Far, record, recorded, searched
from evidence_sim.contract_page import PAGE, described, files, page
from evidence_sim.explore.liveness import FOLLOWED, Followed
from evidence_sim.outputs import add_outputs, write_outputs
from evidence_sim.pages.results import of_contract
from evidence_sim.report import console, spinner
from evidence_sim.usage import ANOTHER_FILE, FOUND, GIVEN, OK, count, write_json, write_text

_Part = Callable[[], Decided | Followed]
_EXAMPLES = """examples:
  evidence-sim contract                 which invariant is kept under which profile
  evidence-sim contract --write out     the page, and a counterexample for each promise that is none
  evidence-sim contract --check spec    is that what is written there?
"""


def add(commands: Any) -> None:
    """The parser of the command."""
    parser = commands.add_parser(
        "contract", help="what is promised under each profile, and what breaks the rest", epilog=_EXAMPLES
    )
    kept = parser.add_mutually_exclusive_group()
    kept.add_argument("--write", metavar="DIR", type=Path, help=f"write {PAGE} and the counterexamples there")
    kept.add_argument("--check", metavar="DIR", type=Path, help="fail where they are not what is found now")
    parser.add_argument("--all", action="store_true", help="run the large searches too, by the compiled twin")
    parser.add_argument(
        "--jobs", type=count(64), default=GIVEN, help="processes, but of --all (default: one a processor)"
    )
    add_outputs(parser, "json", "report")
    parser.set_defaults(do=_contract)


def _contract(given: argparse.Namespace) -> int:
    rows: list[Decided] = []
    followed: list[Followed] = []
    folder = given.write or given.check or Path("spec")
    with spinner("contract") as now, processes(given.jobs or processors()) as crew:
        far = _far(given, folder / RECORD, now)
        parts: list[_Part] = [
            *(partial(decide, row, far) for row in ROWS),
            *(partial(futures, profile) for profile in FOLLOWED),
        ]
        for done in crew.results(_part, parts):
            if isinstance(done, Decided):
                rows.append(done)
            else:
                followed.append(done)
            now(f"{len(rows) + len(followed)} of {len(parts)} rows and futures")
    out = console(stderr=given.json == Path("-"))
    for line in page(rows, followed, folder).splitlines():
        out.print(line, markup=False, soft_wrap=True)
    wrong = [line for decided in rows for line in decided.wrong()]
    wrong += [
        f"{each.profile}, {b.name}: {' '.join(b.cycle)} for ever" for each in followed for b in each.bounds if b.cycle
    ]
    if given.write:
        for path, text in {folder / RECORD: record(far), **files(rows, followed, folder)}.items():
            write_text(path, text, "; name another folder")
    if given.check:
        wrong += [
            f"{path} is stale; run evidence-sim contract --all --write {folder}"
            for path in _stale({folder / RECORD: record(far), **files(rows, followed, folder)}, folder)
        ]
    write_outputs(
        given,
        json=lambda path: write_json(path, described(rows, followed)),
        report=lambda path: write_text(path, of_contract(rows, wrong, given.command).page(), ANOTHER_FILE),
    )
    for line in wrong:
        print(f"evidence-sim: {line}", file=sys.stderr)
    return FOUND if wrong else OK


def _part(part: _Part) -> Decided | Followed:
    return part()


def _far(given: argparse.Namespace, path: Path, now: Callable[[str], None]) -> Far:
    """What the large searches find, or found; who neither writes nor checks may go without."""
    if given.all:
        return searched(now)
    if given.write or given.check or path.is_file():
        return recorded(path)
    print(f"evidence-sim: there is no {path}, so the large searches are left out; --all runs them", file=sys.stderr)
    return {}


def _stale(wanted: Mapping[Path, str], folder: Path) -> list[Path]:
    """Files that are not what they would be, and those that no cell has any more."""
    stale = [path for path, text in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    return sorted({*stale, *(set((folder / "counterexamples").glob("*.json")) - set(wanted))})
