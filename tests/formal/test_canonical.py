"""What a search takes for one world is one: the graph of whole worlds, seen through `canonical`, is its graph."""

from typing import Any

import pytest

from evidence_sim.config import Config, Initial
from evidence_sim.explore import canonical as identities
from evidence_sim.explore.bounds import Bounds, Move, Node, Scope, moves
from evidence_sim.explore.canonical import Key, canonical, exact, symmetric
from evidence_sim.explore.search import Identity, judges
from evidence_sim.world import initial
from tests.long import long

Edge = tuple[Key, str, Key, tuple[str, ...]]
BEGINNINGS = tuple(Initial(evidence) for evidence in ("absent", "valid-12h", "valid-24h", "invalid"))
CASES = [
    ("crash-stop", Bounds(2, 1, 0)),
    ("cloud-kv", Bounds(1, 1, 1)),
    ("cloud-kv", Bounds(2, 1, 0)),
    ("lying-disk", Bounds(1, 1, 1)),
    ("cloud-kv", Bounds(1, 1, 0, operators=1)),
    ("cloud-kv", Bounds(2, 1, 0, scope=Scope.STATUS)),
    ("lying-disk", Bounds(1, 1, 0, scope=Scope.ALL)),
    ("byzantine", Bounds(1, 1, 0)),
]
LARGE = [
    ("byzantine", Bounds(1, 2, 0)),
    ("lying-disk", Bounds(1, 2, 0)),
    ("cloud-kv", Bounds(2, 1, 0, operators=1)),
    ("crash-stop", Bounds(2, 0, 1, scope=Scope.STATUS)),
    ("lying-disk", Bounds(2, 1, 0, scope=Scope.STATUS)),
    ("lying-disk", Bounds(1, 2, 0, scope=Scope.ALL)),
]


def judged(move: Move, scope: Scope) -> tuple[str, ...]:
    """Per judge: no premise, held, or violated by whichever sentence."""
    said = [[invariant.judge(fact) for fact in move.facts] for invariant in judges(scope)]
    return tuple("".join("-" if v is None else "!" if v else "." for v in verdicts) for verdicts in said)


def edges(profile: str, bounds: Bounds, same: Identity, seen_as: Identity = canonical) -> set[Edge]:
    """Every edge between nodes that `same` tells apart, as `seen_as` sees it."""
    known: set[Any] = set()
    todo: list[Node] = []
    found: set[Edge] = set()

    def meet(node: Node) -> None:
        key = same(node, bounds.scope)
        if key not in known:
            known.add(key)
            todo.append(node)

    for begins in BEGINNINGS:
        world = initial(Config(profile=profile, initial=(begins,)))
        meet(Node(world, bounds.faults, bounds.steps, bounds.operators))
    while todo:
        node = todo.pop()
        before = seen_as(node, bounds.scope)
        for move in moves(node, bounds):
            found.add((before, str(move.action), seen_as(move.after, bounds.scope), judged(move, bounds.scope)))
            meet(move.after)
    return found


@pytest.mark.parametrize(("profile", "bounds"), [*CASES, *long(*LARGE)], ids=str)
def test_nothing_that_matters_is_left_out(profile: str, bounds: Bounds) -> None:
    whole, seen = edges(profile, bounds, exact), edges(profile, bounds, canonical)
    assert whole == seen
    assert len(seen) > 200


@pytest.mark.parametrize("part", ["_cell", "_pending", "_seen"])
def test_what_is_left_out_wrongly_is_noticed(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    """Without what a stale read brings, what is under way, or what the judges ask of a tick."""
    bounds = Bounds(1, 1, 1)
    monkeypatch.setattr(identities, part, lambda *_: ())
    assert edges("cloud-kv", bounds, canonical) != edges("cloud-kv", bounds, exact)


@pytest.mark.parametrize("profile", ["crash-stop", *long(("cloud-kv",))])
def test_the_names_of_ticks_make_no_difference(profile: str) -> None:
    bounds = Bounds(2, 1, 0)
    assert seen_without_names(profile, bounds, canonical) == seen_without_names(profile, bounds, symmetric)


def seen_without_names(profile: str, bounds: Bounds, same: Identity) -> set[tuple[Key, Key, tuple[str, ...]]]:
    """The edges up to renaming; a label names a tick, so it is left out."""
    return {(before, after, said) for before, _, after, said in edges(profile, bounds, same, symmetric)}


def test_keys_say_nothing_of_the_way_that_led_there() -> None:
    """A function of the world and the budget alone: what is remembered between calls changes no key."""
    bounds = Bounds(2, 1, 1)
    node = Node(initial(Config()), bounds.faults, bounds.steps, bounds.operators)
    path = [node]
    while following := list(moves(path[-1], bounds)):
        path.append(following[0].after)
    first = [canonical(each, bounds.scope) for each in path]
    identities.says.cache_clear()
    assert [canonical(each, bounds.scope) for each in reversed(path)] == first[::-1]
