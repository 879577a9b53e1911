"""The name that somebody may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def meant(name: str, names: Iterable[str]) -> str:
    """`; did you mean NAME?` of the names the nearest, or nothing where none is near."""
    return "".join(f"; did you mean {near}?" for near in get_close_matches(name, list(names), n=1))
