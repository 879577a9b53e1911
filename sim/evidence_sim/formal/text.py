"""Values of TLA+ as values of Python, both ways, and the graph that TLC writes.

A record or function is a `Record`, a set a frozenset, a sequence a tuple; strings, numbers and truth values
are themselves. So two states are equal here where they are equal there.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from attrs import frozen

Value = object


class Record(tuple[tuple[str, Value], ...]):
    """A record: its fields with their values, in the order of their names."""

    __slots__ = ()


State = Record
Edge = tuple[int, str, int]


def record(**fields: Value) -> Record:
    """The record with these fields."""
    return Record(sorted(fields.items()))


_TOKEN = re.compile(r'\s*(<<|>>|\|->|"[^"]*"|[\[\]{},]|-?\d+|\w+)')
_ENDS = {"[": "]", "{": "}", "<<": ">>"}


@lru_cache(maxsize=262144)
def parse(text: str) -> Value:
    """The value that TLC printed so."""
    tokens = _TOKEN.findall(text)
    value, end = _value(tokens, 0)
    assert end == len(tokens), f"no value of TLA+: {text}"
    return value


def _value(tokens: list[str], at: int) -> tuple[Value, int]:
    token = tokens[at]
    if token in _ENDS:
        return _many(tokens, at)
    if token.startswith('"'):
        return token[1:-1], at + 1
    if token in ("TRUE", "FALSE"):
        return token == "TRUE", at + 1
    return int(token), at + 1


def _many(tokens: list[str], at: int) -> tuple[Value, int]:
    opened, closed = tokens[at], _ENDS[tokens[at]]
    items: list[Value] = []
    names: list[str] = []
    at += 1
    while tokens[at] != closed:
        if opened == "[":
            names.append(tokens[at])
            at += 2
        item, at = _value(tokens, at)
        items.append(item)
        at += tokens[at] == ","
    if opened == "[":
        return record(**dict(zip(names, items, strict=True))), at + 1
    return (frozenset(items) if opened == "{" else tuple(items)), at + 1


def written(value: Value) -> str:
    """The value as TLA+ writes it."""
    if isinstance(value, Record):
        return "[" + ", ".join(f"{name} |-> {written(item)}" for name, item in value) + "]"
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(written(item) for item in value)) + "}"
    if isinstance(value, tuple):
        return "<<" + ", ".join(written(item) for item in value) + ">>"
    if isinstance(value, str):
        return f'"{value}"'
    return str(value).upper() if isinstance(value, bool) else str(value)


class Space:
    """States by number: a state is deep, and is compared once."""

    def __init__(self) -> None:
        self._numbers: dict[State, int] = {}
        self._states: list[State] = []

    def number(self, state: State) -> int:
        """The number of a state, a new one if it was never seen."""
        number = self._numbers.setdefault(state, len(self._states))
        if number == len(self._states):
            self._states.append(state)
        return number

    def state(self, number: int) -> State:
        """The state of a number."""
        return self._states[number]


@frozen
class Graph:
    """States, those in which a behaviour begins, and labelled edges; by their numbers in a space."""

    initial: frozenset[int]
    states: frozenset[int]
    edges: frozenset[Edge]


_NODE = re.compile(r'^(-?\d+) \[label="(.*)"(?:,style = (filled))?\];?$', re.MULTILINE)
_EDGE = re.compile(r'^(-?\d+) -> (-?\d+) \[label="(\w+)', re.MULTILINE)
_VARIABLE = re.compile(r"(?:^|\n)/\\ (\w+) = ")


def state(text: str) -> State:
    """A state, printed as a conjunction of its variables."""
    parts = _VARIABLE.split(text)
    return record(**{name: parse(value) for name, value in zip(parts[1::2], parts[2::2], strict=True)})


def graph(dump: str, space: Space, label: Callable[[str], str]) -> Graph:
    """The graph in a dump of TLC; `label` translates the names of actions."""
    nodes: dict[str, int] = {}
    initial = []
    for name, text, filled in _NODE.findall(dump):
        plain = text.replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
        nodes[name] = space.number(state(plain))
        if filled:
            initial.append(nodes[name])
    edges = {(nodes[a], label(name), nodes[b]) for a, b, name in _EDGE.findall(dump)}
    return Graph(frozenset(initial), frozenset(nodes.values()), frozenset(edges))
