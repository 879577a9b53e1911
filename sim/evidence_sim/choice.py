"""Keyed choice: every random decision is a pure function of (seed, stream, n).

`H` folds three 64-bit words with the finalizer of splitmix64 (Steele, Lea, Flood, "Fast splittable
pseudorandom number generators", OOPSLA 2014). Streams: a tenant's index, or one of the four below.
"""

from collections.abc import Sequence

MASK = 2**64 - 1
GAMMA = 0x9E3779B97F4A7C15
FIRST, SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB

CLOCKS = 2**32
ORDER = 2**32 + 1
SWARM = 2**32 + 2
HOSTS = 2**32 + 3


def mix(z: int) -> int:
    """The finalizer of splitmix64, a permutation of the 64-bit words."""
    z = ((z ^ (z >> 30)) * FIRST) & MASK
    z = ((z ^ (z >> 27)) * SECOND) & MASK
    return z ^ (z >> 31)


def fold(h: int, word: int) -> int:
    """One word more: mix((h ^ word) + GAMMA), modulo 2**64."""
    return mix(((h ^ word) + GAMMA) & MASK)


def H(seed: int, stream: int, n: int) -> int:
    """The n-th 64-bit word of a stream of a seed; all three from 0 to 2**64 - 1."""
    return fold(fold(fold(0, seed), stream), n)


class Stream:
    """One stream of one seed, read in order."""

    __slots__ = ("_n", "_prefix")

    def __init__(self, seed: int, stream: int) -> None:
        self._prefix = fold(fold(0, seed), stream)
        self._n = 0

    def draw(self, m: int) -> int:
        """The next choice, 0 to m - 1 (m below 2**32)."""
        word = fold(self._prefix, self._n)
        self._n += 1
        return (word >> 32) * m >> 32

    def weighted(self, weights: Sequence[int]) -> int:
        """The next choice of an index, by integer weights whose sum is positive."""
        at = self.draw(sum(weights))
        for index, weight in enumerate(weights):
            at -= weight
            if at < 0:
                return index
        raise AssertionError("weights were summed")
