"""The states that a search knows: rows of words by number, found by a table of hashes; each state is kept whole.

What a block of states leads to is sifted in its order, so that the numbers of states do not depend on how many
threads do it: each thread sifts the states of one shard of the table, and then the new ones are numbered.
An entry of the table is a state's number + 1, with the upper bits of its hash above.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate

from attrs import define, field

from evidence_sim.fast.compiled import Words, compiled, entry, mixed, more, pointer, prefetch, words
from evidence_sim.fast.layout import *

ROOM = 1 << 12  # states at first
_SPARSE = 1 << 20  # below so many their table has more room, to be filled anew less often
TAG = 40  # the bits of a number; above them are those of the hash
_NUMBER = (1 << TAG) - 1
_FAR, _NEAR, _LINE = 16, 8, 8  # rows ahead of which the table, the known state is fetched; words that come together
_SHARDS = 12  # the bits of the hash that say the shard


@compiled
def is_of(h: int, shard: int, shards: int) -> bool:
    """Whether a hash is of a shard."""
    return (h >> HASH_BITS - _SHARDS) * shards >> _SHARDS == shard


@compiled
def hash_of(known: Words, row: int, width: int) -> int:
    """The hash of the state in a row."""
    h = 0
    for word in range(width):
        h = mixed(h, known[row + word])
    return h & HASH


@compiled
def alike(a: Words, row: int, b: Words, other: int, width: int) -> bool:
    """Whether two rows are one state."""
    for word in range(width):
        if a[row + word] != b[other + word]:
            return False
    return True


@compiled
def soon(h: int, table: Words, first: int, mask: int, kept: Words, known: int, width: int) -> None:
    """Have the known state fetched with which one of that hash will be compared."""
    there = table[first + (h & mask)]
    state = (there & _NUMBER) - 1
    if 0 <= state < known and there & ~_NUMBER == h >> TAG << TAG:
        prefetch(kept, state * (width + 1))
        prefetch(kept, state * (width + 1) + _LINE)


@entry
def sift(
    met: Words,
    ends: Words,
    part: int,
    states: Words,
    known: int,
    places: Words,
    first: int,
    mask: int,
    shard: int,
    shards: int,
    width: int,
    new: Words,
) -> None:
    """The new states of a shard among the rows of all parts: each gets its place in the table, what is known gets -1.

    A part has `part` words of `met`, its rows end at its entry of `ends`, and `new` counts its new ones by shard.
    The shard's places begin at `first`. Until it is numbered, a new state's number is that of its row, from `known` on.
    """
    rows, kept, table, wide = pointer(met), pointer(states), pointer(places), width + MET
    for number in range(len(ends)):
        fresh = 0
        for row in range(number * part, ends[number], wide):
            h = rows[row + width + M_HASH]
            if row + _FAR * wide < ends[number]:
                prefetch(table, first + (rows[row + _FAR * wide + width + M_HASH] & mask))
                soon(rows[row + _NEAR * wide + width + M_HASH], table, first, mask, kept, known, width)
            if not is_of(h, shard, shards):
                continue
            at, tag = h & mask, h >> TAG << TAG
            place = -1
            while True:
                there = table[first + at]
                if there == 0:
                    place = first + at
                    table[place] = tag | known + row // wide + 1
                    fresh += 1
                    break
                if there & ~_NUMBER == tag:
                    state = (there & _NUMBER) - 1
                    if state < known:
                        if alike(kept, state * (width + 1), rows, row, width):
                            break
                    elif alike(rows, (state - known) * wide, rows, row, width):
                        break
                at = at + 1 & mask
            rows[row + width + M_PLACE] = place
        new[number * shards + shard] = fresh


@entry
def numbered(
    met: Words, row: int, end: int, states: Words, ways: Words, places: Words, width: int, number: int
) -> None:
    """The new ones of some rows are known from now on, by numbers from one on."""
    rows, known, way, table = pointer(met), pointer(states), pointer(ways), pointer(places)
    while row < end:
        place = rows[row + width + M_PLACE]
        if place >= 0:
            for word in range(width + 1):
                known[number * (width + 1) + word] = rows[row + word]
            way[number] = rows[row + width + M_WAY]
            table[place] = table[place] & ~_NUMBER | number + 1
            number += 1
        row += width + MET


@entry
def placed(
    states: Words, known: int, places: Words, first: int, mask: int, shard: int, shards: int, width: int
) -> None:
    """The states of a shard in a new table."""
    kept, table = pointer(states), pointer(places)
    for state in range(known):
        h = hash_of(kept, state * (width + 1), width)
        if is_of(h, shard, shards):
            at = h & mask
            while table[first + at]:
                at = at + 1 & mask
            table[first + at] = h >> TAG << TAG | state + 1


@define
class Known:
    """States of `width` words, known by number, in a table of a shard for each of `jobs` threads.

    `met` has `parts` parts of up to `rows` rows, in which a block of states leaves what it leads to; `part` is the
    words of one.
    """

    width: int
    parts: int
    rows: int
    jobs: int
    count: int = 0
    states: Words = field(factory=lambda: words([]))
    ways: Words = field(factory=lambda: words([]))
    met: Words = field(factory=lambda: words([]))
    _places: Words = field(factory=lambda: words([]))

    @property
    def part(self) -> int:
        """The words of a part."""
        return self.rows * (self.width + MET)

    def room(self) -> Words:
        """`met`, with room for its parts. Raises MemoryError."""
        self.met = more(self.met, self.parts * self.part)
        return self.met

    def sift(self, pool: ThreadPoolExecutor, stops: list[int]) -> None:
        """Number what is new in the parts, each of which has rows up to its stop. Raises MemoryError."""
        jobs, width, part = self.jobs, self.width, self.part
        self._grow(pool, self.count + sum(stop - at * part for at, stop in enumerate(stops)) // (width + MET))
        size, ends, new = len(self._places) // jobs, words(stops), words([0] * (len(stops) * jobs))

        def sifted(shard: int) -> None:
            first = shard * size
            sift(self.met, ends, part, self.states, self.count, self._places, first, size - 1, shard, jobs, width, new)

        def told(at: int, number: int) -> None:
            numbered(self.met, at * part, stops[at], self.states, self.ways, self._places, width, number)

        list(pool.map(sifted, range(jobs)))
        numbers = accumulate(
            (int(sum(new[at * jobs : (at + 1) * jobs])) for at in range(len(stops))), initial=self.count
        )
        *firsts, count = numbers
        list(pool.map(told, range(len(stops)), firsts))
        self.count = count

    def _grow(self, pool: ThreadPoolExecutor, room: int) -> None:
        """Room for so many states, in a table that is at most half full."""
        if room <= len(self.ways):
            return
        jobs, room = self.jobs, max(room, len(self.ways) + len(self.ways) // 2, ROOM)
        self.states, self.ways = more(self.states, room * (self.width + 1)), more(self.ways, room)
        if 2 * room <= len(self._places):
            return
        size = 1 << (2 * room // jobs).bit_length() + (room < _SPARSE)
        self._places = words([])  # let go, before there is another
        self._places = more(self._places, size * jobs)

        def filled(shard: int) -> None:
            placed(self.states, self.count, self._places, shard * size, size - 1, shard, jobs, self.width)

        list(pool.map(filled, range(jobs)))
