"""One key as a register of versions: whether what ticks wrote and read there can have happened in one order.

Nothing here trusts that a read is fresh, that a lost acknowledgement is a lost write, or that clocks agree
within less than CLOCK_TOLERANCE: it holds under `cloud-kv`. Conditional writes are taken one after the other,
so each version has one value and one writer, is replaced once, and a key is created once. A value carries the
id of the tick that put it: so a value that is read although its writer's line says that it was not written,
or under more versions than that tick put it, was not in any order. What nobody recorded precedes the recording, or
was written by a tick that a crash left without a line: it is counted and no contradiction.
"""

from hashlib import sha256

from attrs import define, field

from evidence_kernel import Applied, Conflict, Expect, Expectation, Failed, Found, Get, Put, Version
from evidence_kernel.records.instants import format_instant
from evidence_kernel.schedule import CLOCK_TOLERANCE
from evidence_runtime.recording import Recorded, Taken, redacted
from evidence_sim.validation.files import Place

KEPT = 16  # versions of a key that are remembered: ticks that overlap are not so many


@define
class _Value:
    """What the recorded ticks said of one version: `name` is the digest of its bytes; instants in ms."""

    name: bytes
    place: Place
    written: tuple[Place, int] | None = None
    read: tuple[Place, int] | None = None
    replaced: Place | None = None


@define
class _Puts:
    """The puts of one value: `unknown` those that may have been applied, with what they expected and when.

    `unexplained` are the versions at which the value was read and of which no put is known.
    """

    place: Place | None = None
    open: bool = False
    unknown: tuple[tuple[Expectation, Place, int], ...] = ()
    unexplained: tuple[Version, ...] = ()


@define
class Conflicting:
    """Why two lines cannot both be true."""

    says: str
    place: Place
    other: Place


@define
class Register:
    """One key; `publication` where reports stand in it, which are compared by their digests."""

    publication: bool
    created: Place | None = None
    repeatable: bool = False
    versions: dict[Version, _Value] = field(factory=dict)
    puts: dict[bytes, _Puts] = field(factory=dict)

    def take(self, tick: Recorded, steps: list[tuple[Taken, int]], place: Place) -> Conflicting | None:
        """The steps of a tick at this key, each with the instant at which it was asked; the first contradiction."""
        found, names = None, dict[bytes, None]()
        for taken, _ in steps:
            if isinstance(taken.effect, Get) and taken.event is not None and isinstance(taken.event.answer, Found):
                names[self._named(taken.event.answer.value)] = None
                found = found or self._read(taken.event.answer, taken.event.at, place)
        for taken, asked in steps:
            if isinstance(taken.effect, Put):
                names[self._named(taken.effect.value)] = None
                found = found or self._put(taken, taken.effect, asked, tick.result is None, place)
        for name in names:  # now that all of the tick is known
            found = found or self._explain(name)
        self._forget()
        return found

    def _named(self, value: bytes) -> bytes:
        return sha256(redacted(value) if self.publication else value).digest()[:16]

    def _put(self, taken: Taken, put: Put, asked: int, is_open: bool, place: Place) -> Conflicting | None:
        name, answer = self._named(put.value), None if taken.event is None else taken.event.answer
        puts = self.puts.setdefault(name, _Puts())
        puts.place, puts.open = place, puts.open or is_open
        if isinstance(answer, Applied):
            return self._applied(answer.version, name, put.expect, asked, place)
        if not isinstance(answer, Conflict | Failed):
            puts.unknown = (*puts.unknown, (put.expect, place, asked))
        return None

    def _applied(
        self, version: Version, name: bytes, expect: Expectation, asked: int, place: Place
    ) -> Conflicting | None:
        value = self.versions.setdefault(version, _Value(name, place))
        if value.written is not None:
            return Conflicting(f"version {version!r} was written a second time", place, value.written[0])
        if value.name != name:
            return Conflicting(f"version {version!r} has two values", place, value.place)
        value.written = (place, asked)
        puts = self.puts[name]
        puts.unexplained = tuple(one for one in puts.unexplained if one != version)
        return self._early(version, value) or self._replaces(expect, place)

    def _replaces(self, expect: Expectation, place: Place) -> Conflicting | None:
        if expect is Expect.ABSENT:
            before, self.created = self.created, place
            if before is not None and not self.repeatable:
                return Conflicting("the key was created a second time, which only a deletion allows", place, before)
        elif not isinstance(expect, Expect) and (replaced := self.versions.get(expect)) is not None:
            before, replaced.replaced = replaced.replaced, place
            if before is not None:
                return Conflicting(f"version {expect!r} was replaced a second time", place, before)
        return None

    def _read(self, answer: Found, at: int, place: Place) -> Conflicting | None:
        name = self._named(answer.value)
        value = self.versions.get(answer.version)
        if value is None:
            value = self.versions[answer.version] = _Value(name, place)
            puts = self.puts.setdefault(name, _Puts())
            puts.unexplained = (*puts.unexplained, answer.version)
        elif value.name != name:
            return Conflicting(f"version {answer.version!r} has two values", place, value.place)
        if value.read is None or at < value.read[1]:
            value.read = (place, at)
        return self._early(answer.version, value)

    def _early(self, version: Version, value: _Value) -> Conflicting | None:
        if value.read is None or value.written is None or value.read[1] + CLOCK_TOLERANCE >= value.written[1]:
            return None
        read, asked = format_instant(value.read[1]), format_instant(value.written[1])
        says = f"version {version!r} was read at {read}, and asked for at {asked} only"
        return Conflicting(says, value.read[0], value.written[0])

    def _explain(self, name: bytes) -> Conflicting | None:
        """Versions that no acknowledged put wrote must be those of puts whose acknowledgement was lost."""
        puts = self.puts.get(name)
        if puts is None or puts.place is None or puts.open or not puts.unexplained:
            return None
        if len(puts.unexplained) > len(puts.unknown):
            version = puts.unexplained[-1]
            says = f"version {version!r} holds a value that its tick did not write at that version"
            return Conflicting(says, self.versions[version].place, puts.place)
        if len(puts.unknown) == 1:
            [(expect, place, asked)], [version] = puts.unknown, puts.unexplained
            puts.unknown = puts.unexplained = ()
            self.versions[version].written = (place, asked)
            return self._early(version, self.versions[version]) or self._replaces(expect, place)
        return None

    def _forget(self) -> None:
        while len(self.versions) > KEPT:
            value = self.versions.pop(next(iter(self.versions)))
            self.puts.pop(value.name, None)  # else the version, read once more, would lack its writer
        while len(self.puts) > KEPT:
            del self.puts[next(iter(self.puts))]

    @property
    def unexplained(self) -> int:
        """Versions that were read and of which no line says who wrote them."""
        return sum(len(puts.unexplained) for puts in self.puts.values())
