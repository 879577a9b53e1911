"""The code's graph is the specification's, state by state and edge by edge; a change of either is seen."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest

from evidence_kernel import schedule
from evidence_kernel.codes import EvidenceState, Finding, Phase, Trigger
from evidence_kernel.tables import ROUTES
from evidence_sim.config import HOUR, MINUTE
from evidence_sim.explore.bounds import Bounds
from evidence_sim.explore.canonical import exact
from evidence_sim.faults import PROFILES
from evidence_sim.formal.graph import Comparison, compared, explored
from evidence_sim.formal.labels import calls
from evidence_sim.formal.models import BEGINS
from evidence_sim.formal.text import Space, parse, written
from spec.check import modules
from tests.long import LONG, long

SPEC = modules()
ONE, MORE, TWO = Bounds(1, 1, 0), Bounds(1, 2, 0), Bounds(2, 1, 0)
CLOCK, FAULTS, THREE = Bounds(2, 1, 1), Bounds(2, 2, 0), Bounds(3, 0, 0)
DAYS, DAY = Bounds(1, 1, 1), Bounds(2, 1, 1, clock=(24 * HOUR,))
SOME = ("absent", "valid-24h")
DUE = ("absent", "valid-12h")
# How large both graphs are. spec/check.py has cloud-kv with 2 faults, larger ones by --all.
SIZES = [
    ("crash-stop", FAULTS, BEGINS, 547, 1425),
    ("crash-stop", THREE, SOME, 1512, 3808),
    ("cloud-kv", TWO, BEGINS, 1650, 4373),
    ("lying-disk", TWO, SOME, 1858, 4450),
    ("lying-disk", MORE, BEGINS, 693, 1538),
    ("lying-disk", DAYS, BEGINS, 1586, 3022),
    *long(
        ("crash-stop", CLOCK, SOME, 3532, 9295),
        ("cloud-kv", THREE, SOME, 1512, 3808),
        ("cloud-kv", CLOCK, ("absent",), 6645, 18700),
        ("lying-disk", FAULTS, DUE, 8640, 29515),
        ("lying-disk", THREE, SOME, 1512, 3808),
        ("lying-disk", DAY, ("absent",), 5315, 13551),
    ),
]


@cache
def both(profile: str, bounds: Bounds, begins: tuple[str, ...]) -> Comparison:
    return compared(bounds, profile, begins, SPEC)


@pytest.mark.parametrize(("profile", "bounds", "begins", "states", "edges"), SIZES)
def test_the_code_and_the_specification_have_one_graph(
    profile: str, bounds: Bounds, begins: tuple[str, ...], states: int, edges: int
) -> None:
    found = both(profile, bounds, begins)
    assert found.difference is None, found.difference.said()
    assert (len(found.spec.states), len(found.spec.edges)) == (states, edges)
    assert not found.code.loose


FEW = ((MORE, BEGINS), (DAYS, BEGINS), (TWO, SOME))


def labels(cases: Iterable[tuple[Bounds, tuple[str, ...]]]) -> set[str]:
    """The labels of graphs under lying-disk, with outcomes."""
    return {label for case in cases for _, label, _ in both("lying-disk", *case).spec.edges}


def actions(cases: Iterable[tuple[Bounds, tuple[str, ...]]]) -> tuple[set[str], set[str]]:
    """The actions that occur in those graphs, and those that the bounds allow."""
    offered = {label.partition(" = ")[0] for label, _ in calls(Bounds(2, 1, 1), PROFILES["lying-disk"])}
    return {label.partition(" = ")[0] for label in labels(cases)}, offered


def test_every_action_occurs() -> None:
    """With every answer at every phase."""
    met, offered = actions(FEW)
    assert met <= offered
    assert {kind(label) for label in met} == {kind(label) for label in offered}


@LONG
def test_every_action_of_every_tick_occurs() -> None:
    """With every k of what is stale, and no other outcomes."""
    cases = (*FEW, (FAULTS, DUE))
    met, offered = actions(cases)
    assert met == offered and outcomes(cases) == outcomes(FEW)


def kind(label: str) -> str:
    """Without tick and k."""
    return re.sub(r",[12]\)|:[12]$", "", label)


def outcomes(cases: Iterable[tuple[Bounds, tuple[str, ...]]]) -> set[str]:
    """The outcomes of ticks in those graphs."""
    return {outcome for label in labels(cases) if (outcome := label.partition(" = ")[2])}


def test_every_outcome_occurs() -> None:
    assert outcomes(FEW) == {
        "SKIPPED", "EVIDENCE_IN_FUTURE", "NOT_DUE", "ALREADY_DONE", "BACKOFF", "CONTENDED", "GENERATED",
        "GENERATION_FAILED", "STORE_FAILED", "LEDGER_INVALID",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("profile", "bounds"),
    [("cloud-kv", Bounds(2, 1, 0)), ("lying-disk", Bounds(1, 2, 0)), ("crash-stop", Bounds(1, 1, 1))],
)
def test_the_map_is_of_the_world_alone(profile: str, bounds: Bounds) -> None:
    """Whole worlds, told apart by every byte and version, have the graph of those that a search tells apart."""
    space = Space()
    few, all_of_them = (explored(bounds, profile, BEGINS, space), explored(bounds, profile, BEGINS, space, exact))
    assert few.graph == all_of_them.graph and few.worlds < all_of_them.worlds
    assert not few.loose and not all_of_them.loose


def test_time_is_the_kernels() -> None:
    tiers = [schedule.tier(attempts) // MINUTE for attempts in range(5)]
    assert tiers == [0, 30, 120, 1440, 1440] and schedule.CLOCK_TOLERANCE == 15 * MINUTE
    assert [schedule.due(0, hours * schedule.HOUR) for hours in (11, 12, 23, 24)] == [
        None, Trigger.AUTO_12H, Trigger.AUTO_12H, Trigger.AUTO_24H
    ]  # fmt: skip
    lines = ("Tolerance == 15", "attempts = 1 -> 30 [] attempts = 2 -> 120 [] OTHER -> 1440", "age < 720")
    assert all(line in SPEC["Store"] for line in lines)


# A row of the kernel, what stands there instead, within which bounds, and where the graphs first differ.
ROWS = [
    (
        (Phase.EVIDENCE_VERIFY, EvidenceState.MISSING), (Phase.EVIDENCE_READ, EvidenceState.MISSING), "cloud-kv", ONE,
        "EvidencePut(a,1):unknown-no EvidenceVerify(a,1):ok",
    ),
    (
        (Phase.CLAIM, Finding.CONFLICT), (Phase.CLAIM, Finding.FAILED), "crash-stop", Bounds(2, 0, 0),
        "Claim(a,1):ok = CONTENDED",
    ),
    (
        (Phase.PUBLISH_VERIFY, Finding.ABSENT), (Phase.PUBLISH_VERIFY, Finding.MINE), "cloud-kv", ONE,
        "PublishVerify(a,1):ok",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("row", "instead", "profile", "bounds", "first"), ROWS)
def test_a_changed_row_of_the_kernel_is_seen(
    monkeypatch: pytest.MonkeyPatch,
    row: tuple[Any, Any],
    instead: tuple[Any, Any],
    profile: str,
    bounds: Bounds,
    first: str,
) -> None:
    monkeypatch.setitem(ROUTES[row[0]], row[1], ROUTES[instead[0]][instead[1]])
    found = compared(bounds, profile, SOME, SPEC)
    assert found.difference is not None and first in found.difference.said()


# A line of a module, what stands there instead, within which bounds, and where the graphs first differ.
LINES = [
    (
        "Store",
        "entry.until > at \\/ Flaw",
        "entry.until >= at \\/ Flaw",
        Bounds(2, 0, 1, clock=(30 * MINUTE,)),
        "DoneRead(a,1):ok",
    ),
    ("Tick", '!.doubt = said = "unknown"', "!.doubt = FALSE", ONE, "Publish(a,1):unknown-"),
    *long(("Tick", 'IF k = "ok" THEN "yes" ELSE "no"])\n  /\\ late', '"yes"])\n  /\\ late', TWO, "LedgerRead(a,")),
]


@pytest.mark.parametrize(("module", "line", "instead", "bounds", "first"), LINES)
def test_a_changed_line_of_the_specification_is_seen(
    module: str, line: str, instead: str, bounds: Bounds, first: str
) -> None:
    assert line in SPEC[module]
    changed = {**SPEC, module: SPEC[module].replace(line, instead, 1)}
    found = compared(bounds, "cloud-kv", ("valid-24h",), changed)
    assert found.difference is not None and first in " ".join(found.difference.trace)


def test_values_are_read_as_they_are_written() -> None:
    text = '[a |-> <<1, -2>>, b |-> {"x", "y z"}, c |-> [d |-> TRUE, e |-> {}, f |-> <<>>]]'
    assert written(parse(text)) == text
