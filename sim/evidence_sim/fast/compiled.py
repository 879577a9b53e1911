"""How the twin is compiled: by numba where that is installed, else its functions run as the Python they are.

The functions index arrays of 64-bit integers and call each other, nothing else; without numba the arrays
are lists. Keyed choice alone is written twice, since 64-bit words wrap in the one and not in the other.
"""

import os
import tempfile
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar, cast

from evidence_sim import choice
from evidence_sim.sources import sources

# Whoever switches numba off by its own variable gets the functions as they are.
COMPILED = find_spec("numba") is not None and os.environ.get("NUMBA_DISABLE_JIT", "0") == "0"
_USERS = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/.cache")
_PLACES = (Path(__file__).parent / "__pycache__", Path(_USERS) / "evidence-sim")
Words = list[int]  # or an array of 64-bit integers
F = TypeVar("F", bound=Callable[..., Any])

# Where an array's words stand: indexed without a look at its length, and passed as one word.
pointer: Callable[[Words], Words]
# Have a word of an array, by its place there, fetched for whoever needs it soon.
prefetch: Callable[[Words, int], None]
# A word folded into another, as `choice.fold`; and the choice, 0 to m - 1, that a word of a stream is.
fold: Callable[[int, int], int]
bounded: Callable[[int, int], int]
# A word mixed into a hash of many, which nothing but a table sees.
mixed: Callable[[int, int], int]

if COMPILED:
    # By name, so that they are no types to a checker: they need not be there.
    _NAMES = ("numba", "numpy", "numba.core.types", "numba.extending", "llvmlite.ir")
    numba, numpy, types, extending, ir = map(import_module, _NAMES)

    _GAMMA, _FIRST, _SECOND = (numpy.uint64(n) for n in (choice.GAMMA, choice.FIRST, choice.SECOND))
    _BYTE, _INT = ir.IntType(8), ir.IntType(32)
    _SIGNED = choice.FIRST - (1 << 64)
    _OPTIONS = {"nogil": True, "error_model": "numpy"}

    def compiled(function: F) -> F:
        """A function of the twin, compiled when it is first needed."""
        return cast(F, numba.njit(**_OPTIONS)(function))

    def entry(function: F) -> F:
        """A function that Python calls: compiled with all that it calls, and kept where there is a place for it."""
        kept = numba.config.CACHE_DIR
        place = _cache()
        try:
            if place is None:
                return compiled(function)
            numba.config.CACHE_DIR = str(place)
            return cast(F, numba.njit(cache=True, **_OPTIONS)(function))
        finally:
            numba.config.CACHE_DIR = kept

    def _pointer(_context: Any, array: Any) -> Any:
        def taken(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return context.make_array(signature.args[0])(context, builder, arguments[0]).data

        return types.CPointer(array.dtype)(array), taken

    def _prefetch(_context: Any, array: Any, place: Any) -> Any:
        def fetched(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            word = builder.bitcast(builder.gep(arguments[0], [arguments[1]]), _BYTE.as_pointer())
            kinds = [word.type, _INT, _INT, _INT]
            call = builder.module.declare_intrinsic("llvm.prefetch", [word.type], ir.FunctionType(ir.VoidType(), kinds))
            read, kept, data = (ir.Constant(_INT, n) for n in (0, 3, 1))
            builder.call(call, [word, read, kept, data])
            return context.get_dummy_value()

        return types.void(array, place), fetched

    def _fold(h: Any, word: Any) -> Any:
        z = (h ^ numpy.uint64(word)) + _GAMMA
        z = (z ^ (z >> numpy.uint64(30))) * _FIRST
        z = (z ^ (z >> numpy.uint64(27))) * _SECOND
        return z ^ (z >> numpy.uint64(31))

    def _bounded(h: Any, m: int) -> Any:
        return numpy.int64(h >> numpy.uint64(32)) * m >> 32

    def _mixed(h: int, word: int) -> int:
        z = (h ^ word) * _SIGNED
        return z ^ z >> 29

    pointer = extending.intrinsic(_pointer)
    prefetch = extending.intrinsic(_prefetch)
    fold = numba.njit(inline="always")(_fold)
    bounded = numba.njit(inline="always")(_bounded)
    mixed = numba.njit(inline="always")(_mixed)

    def words(values: Iterable[int]) -> Words:
        """An array of signed words."""
        return cast(Words, numpy.array(list(values), dtype=numpy.int64))

    def more(array: Words, size: int) -> Words:
        """The array grown to a size, with zeros; in its place, where that has room."""
        if len(array) == 0:
            return cast(Words, numpy.zeros(size, dtype=numpy.int64))  # which takes no memory before it is written
        cast(Any, array).resize(size, refcheck=False)
        return array

    def hashes(size: int) -> Words:
        """An array of unsigned words, all 0."""
        return cast(Words, numpy.zeros(size, dtype=numpy.uint64))

else:

    def pointer(array: Words) -> Words:
        """See above."""
        return array

    def prefetch(array: Words, place: int) -> None:
        """See above."""

    def bounded(h: int, m: int) -> int:
        """See above."""
        return (h >> 32) * m >> 32

    fold = choice.fold

    def mixed(h: int, word: int) -> int:
        """See above."""
        z = (h ^ word) * choice.FIRST & choice.MASK
        return z ^ z >> 29

    def compiled(function: F) -> F:
        """A function of the twin, as it is."""
        return function

    def entry(function: F) -> F:
        """A function that Python calls, as it is."""
        return function

    def words(values: Iterable[int]) -> Words:
        """A list of words."""
        return list(values)

    def more(array: Words, size: int) -> Words:
        """The list grown to a size, with zeros."""
        array.extend([0] * (size - len(array)))
        return array

    def hashes(size: int) -> Words:
        """A list of words, all 0."""
        return [0] * size


def _cache() -> Path | None:
    """A writable folder for compiled code, named by its sources: numba looks at one file alone. None without one."""
    for folder in _PLACES:
        try:
            place = folder / f"fast-{sources()}"
            place.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=place):
                return place
        except OSError:
            continue
    return None
