"""The lines of recordings, in the order in which they were written."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from attrs import frozen

from evidence_runtime.recording import FORMAT, Recorded, RecordingError, digest, read
from evidence_sim.trace import FORMAT as TRACE
from evidence_sim.trace import format_of
from evidence_sim.usage import Unusable

_PUT_ASIDE = re.compile(r"(.+)\.([1-9][0-9]*)")
_SHORT = 2**20  # bytes of a file that are looked at to say what else it is


@frozen(order=True)
class Place:
    """Where a line stands, from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


@frozen
class Line:
    """A tick, where it stands, and the digest of its line."""

    place: Place
    digest: str
    tick: Recorded


def in_order(paths: Iterable[Path]) -> list[Path]:
    """The files as a recorder wrote them: of PATH.2, PATH.1 and PATH the last is the newest."""

    def age(path: Path) -> tuple[str, int]:
        match = _PUT_ASIDE.fullmatch(str(path))
        return (match[1], -int(match[2])) if match else (str(path), 0)

    return sorted(paths, key=age)


def lines(path: Path, read_bytes: Callable[[int], None], torn: Callable[[Place], None]) -> Iterator[Line]:
    """The lines of a file; `read_bytes` is told of each how long it was, `torn` of a last one that has no end.

    Raises Unusable where it cannot be read, or at the first line that is none of a recording.
    """
    try:
        with path.open("rb") as file:
            for number, text in enumerate(file, 1):
                place = Place(str(path), number)
                read_bytes(len(text))
                if text.endswith(b"\n"):
                    yield Line(place, digest(text), _read(path, place, text))
                else:
                    torn(place)
    except OSError as error:
        raise Unusable(f"cannot read {path}: {error.strerror}") from None


def _read(path: Path, place: Place, text: bytes) -> Recorded:
    try:
        return read(text)
    except RecordingError as error:
        if place.line == 1 and _is_trace(path):
            raise Unusable(f"{path} is a trace, {TRACE}; tell it with evidence-sim replay") from None
        raise Unusable(f"{place}: {error}; give a recording, {FORMAT}") from None


def _is_trace(path: Path) -> bool:
    with path.open("rb") as file:
        return format_of(file.read(_SHORT).decode("utf-8", "replace")) == TRACE


def size(paths: Iterable[Path]) -> int:
    """Bytes in all. Raises Unusable where there is no such file."""
    try:
        return sum(path.stat().st_size for path in paths)
    except OSError as error:
        raise Unusable(f"cannot read {error.filename}: {error.strerror}") from None
