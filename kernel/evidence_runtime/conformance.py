"""The store port's contract as named rules, for any store: `for rule in RULES: rule.check(new_store())`.

Each rule wants an empty store and raises AssertionError with what it saw; also under `python -O`.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from attrs import frozen

from evidence_kernel import Absent, Applied, Conflict, Expect, Found, ReadAnswer, Version, WriteAnswer
from evidence_runtime.store import Store

KEY = "rule:key"
_LARGE = bytes(range(256)) * 4096  # 1 MiB
_RACERS = 8


def _must(holds: bool, says: str) -> None:
    if not holds:
        raise AssertionError(says)


def _applied(answer: WriteAnswer) -> Version:
    if not isinstance(answer, Applied):
        raise AssertionError(f"{answer} where Applied was due")
    return answer.version


def _is(answer: ReadAnswer, value: bytes, version: Version) -> None:
    _must(answer == Found(value, version), f"{answer} where {Found(value, version)} was due")


def put_if_absent_applies_once(store: Store) -> None:
    """A put that expects absence applies to an absent key, and conflicts with a present one."""
    version = _applied(store.put(KEY, b"first", Expect.ABSENT))
    again = store.put(KEY, b"second", Expect.ABSENT)
    _must(again == Conflict(), f"{again} for a second put-if-absent")
    _is(store.get(KEY), b"first", version)


def put_at_a_version(store: Store) -> None:
    """A put that expects a version applies at that version only."""
    old = _applied(store.put(KEY, b"a", Expect.ABSENT))
    new = _applied(store.put(KEY, b"b", old))
    _must(store.put(KEY, b"c", old) == Conflict(), "a put at a version that is gone applied")
    _is(store.get(KEY), b"b", new)


def a_version_needs_a_value(store: Store) -> None:
    """A put at a version conflicts where the key was deleted."""
    version = _applied(store.put(KEY, b"a", Expect.ABSENT))
    _applied(store.delete(KEY, version))
    _must(store.put(KEY, b"b", version) == Conflict(), "a put at a version applied to an absent key")
    _must(store.get(KEY) == Absent(), "the deleted key is there")


def put_whatever_is_there(store: Store) -> None:
    """A put that expects anything applies to an absent and to a present key."""
    _applied(store.put(KEY, b"a", Expect.ANY))
    version = _applied(store.put(KEY, b"b", Expect.ANY))
    _is(store.get(KEY), b"b", version)


def values_are_bytes(store: Store) -> None:
    """What was put is read back byte for byte: empty, no UTF-8, 1 MiB."""
    for number, value in enumerate((b"", b"\x00\xff\xfe", _LARGE)):
        version = _applied(store.put(f"{KEY}{number}", value, Expect.ABSENT))
        _is(store.get(f"{KEY}{number}"), value, version)


def no_version_twice(store: Store) -> None:
    """No key has one version twice, not for the same value, not after a deletion."""
    seen: list[Version] = []
    for _ in range(3):
        seen.append(_applied(store.put(KEY, b"same", Expect.ANY)))
        seen.append(_applied(store.put(KEY, b"same", Expect.ANY)))
        _applied(store.delete(KEY, Expect.ANY if len(seen) % 4 else seen[-1]))
    _must(len(set(seen)) == len(seen), f"versions {seen}")


def delete_at_a_version(store: Store) -> None:
    """A deletion that expects a version applies at that version only."""
    old = _applied(store.put(KEY, b"a", Expect.ABSENT))
    new = _applied(store.put(KEY, b"b", old))
    _must(store.delete(KEY, old) == Conflict(), "a deletion at a version that is gone applied")
    _is(store.get(KEY), b"b", new)
    _applied(store.delete(KEY, new))
    _must(store.get(KEY) == Absent(), "the deleted key is there")


def delete_what_is_absent(store: Store) -> None:
    """A deletion of an absent key is Applied, also at a version that was once there."""
    _applied(store.delete(KEY, Expect.ANY))
    version = _applied(store.put(KEY, b"a", Expect.ABSENT))
    _applied(store.delete(KEY, version))
    _applied(store.delete(KEY, version))
    _must(store.get(KEY) == Absent(), "the key is there")


def scan_by_prefix(store: Store) -> None:
    """A scan yields the keys with the prefix, each once: no wildcards, no other case, nothing deleted."""
    keys = ["s:a", "s:b", "S:a", "s_a", "s%a", "sx", "t:a"]
    for key in [*keys, "s:gone"]:
        _applied(store.put(key, b"v", Expect.ABSENT))
    _applied(store.delete("s:gone", Expect.ANY))
    for prefix, due in (("s:", ["s:a", "s:b"]), ("s_", ["s_a"]), ("s%", ["s%a"]), ("", sorted(keys)), ("u", [])):
        found = sorted(store.scan(prefix))
        _must(found == sorted(due), f"scan({prefix!r}) gives {found}")


def scan_many(store: Store) -> None:
    """A scan of many keys yields each once."""
    keys = [f"m:{number}" for number in range(1000)]
    for key in keys:
        _applied(store.put(key, b"", Expect.ABSENT))
    found = list(store.scan("m:"))
    _must(sorted(found) == sorted(keys), f"{len(found)} keys of {len(keys)}, {len(set(found))} different")


def scan_beside_a_deletion(store: Store) -> None:
    """A scan that a deletion overtakes yields each key that was there throughout exactly once."""
    keys = [f"d:{number:03}" for number in range(600)]
    for key in keys:
        _applied(store.put(key, b"", Expect.ABSENT))
    scan = store.scan("d:")
    first = next(scan)
    _applied(store.delete(first, Expect.ANY))
    rest = [first, *scan]
    _must(sorted(rest) == keys, f"{len(rest)} keys of {len(keys)}, {len(set(rest))} different")


def keys_differ_by_every_character(store: Store) -> None:
    """Keys that differ anywhere are different keys."""
    keys = ["k", "K", "k ", " k", "k:", "k%20", "k\u00e9", "ke\u0301", "k" * 200, "k" * 201]
    for number, key in enumerate(keys):
        _applied(store.put(key, b"%d" % number, Expect.ABSENT))
    for number, key in enumerate(keys):
        answer = store.get(key)
        _must(isinstance(answer, Found) and answer.value == b"%d" % number, f"{key!r} holds {answer}")


def one_of_many_applies(store: Store) -> None:
    """Of eight put-if-absent at once, one applies and seven conflict."""
    with ThreadPoolExecutor(_RACERS) as racers:
        answers = list(racers.map(lambda n: store.put(KEY, b"%d" % n, Expect.ABSENT), range(_RACERS)))
    applied = [answer for answer in answers if isinstance(answer, Applied)]
    _must(len(applied) == 1 and answers.count(Conflict()) == _RACERS - 1, f"{answers}")
    _is(store.get(KEY), b"%d" % answers.index(applied[0]), applied[0].version)


def one_of_many_replaces(store: Store) -> None:
    """Of eight puts at one version at once, one applies and seven conflict."""
    version = _applied(store.put(KEY, b"before", Expect.ABSENT))
    with ThreadPoolExecutor(_RACERS) as racers:
        answers = list(racers.map(lambda n: store.put(KEY, b"%d" % n, version), range(_RACERS)))
    applied = [answer for answer in answers if isinstance(answer, Applied)]
    _must(len(applied) == 1 and answers.count(Conflict()) == _RACERS - 1, f"{answers}")
    _is(store.get(KEY), b"%d" % answers.index(applied[0]), applied[0].version)


def racing_versions_differ(store: Store) -> None:
    """Of eight puts that expect anything at once, no two have one version."""
    with ThreadPoolExecutor(_RACERS) as racers:
        answers = list(racers.map(lambda n: store.put(KEY, b"%d" % n, Expect.ANY), range(_RACERS)))
    versions = {_applied(answer) for answer in answers}
    _must(len(versions) == _RACERS, f"{answers}")


@frozen
class Rule:
    """One rule of the contract."""

    check: Callable[[Store], None]

    @property
    def name(self) -> str:
        """As its function is called."""
        return self.check.__name__

    @property
    def says(self) -> str:
        """The rule in a sentence."""
        return (self.check.__doc__ or "").strip()


RULES: tuple[Rule, ...] = (
    Rule(put_if_absent_applies_once),
    Rule(put_at_a_version),
    Rule(a_version_needs_a_value),
    Rule(put_whatever_is_there),
    Rule(values_are_bytes),
    Rule(no_version_twice),
    Rule(delete_at_a_version),
    Rule(delete_what_is_absent),
    Rule(scan_by_prefix),
    Rule(scan_many),
    Rule(scan_beside_a_deletion),
    Rule(keys_differ_by_every_character),
    Rule(one_of_many_applies),
    Rule(one_of_many_replaces),
    Rule(racing_versions_differ),
)
