"""Rules that one connection can try."""

from evidence_kernel import Absent, Conflict, Expect, Found, Version
from evidence_runtime.conformance.rule import Rule, Trial, applied, fill, holds, must

LARGE = bytes(range(256)) * 4096  # 1 MiB
_MORE = 30  # keys than a page has


def put_if_absent_applies_once(trial: Trial) -> None:
    """A put that expects absence applies to an absent key, and conflicts with a present one."""
    store, key = trial.store, trial.key()
    version = applied(store.put(key, b"first", Expect.ABSENT))
    again = store.put(key, b"second", Expect.ABSENT)
    must(again == Conflict(), f"{again} for a second put-if-absent")
    holds(store.get(key), b"first", version)


def put_at_a_version(trial: Trial) -> None:
    """A put that expects a version applies at that version only."""
    store, key = trial.store, trial.key()
    old = applied(store.put(key, b"a", Expect.ABSENT))
    new = applied(store.put(key, b"b", old))
    must(store.put(key, b"c", old) == Conflict(), "a put at a version that is gone applied")
    holds(store.get(key), b"b", new)


def a_version_needs_a_value(trial: Trial) -> None:
    """A put at a version conflicts where the key was deleted."""
    store, key = trial.store, trial.key()
    version = applied(store.put(key, b"a", Expect.ABSENT))
    applied(store.delete(key, version))
    must(store.put(key, b"b", version) == Conflict(), "a put at a version applied to an absent key")
    must(store.get(key) == Absent(), "the deleted key is there")


def put_whatever_is_there(trial: Trial) -> None:
    """A put that expects anything applies to an absent and to a present key."""
    store, key = trial.store, trial.key()
    applied(store.put(key, b"a", Expect.ANY))
    version = applied(store.put(key, b"b", Expect.ANY))
    holds(store.get(key), b"b", version)


def values_are_bytes(trial: Trial) -> None:
    """What was put is read back byte for byte: empty, no UTF-8, 1 MiB."""
    store, key = trial.store, trial.key()
    for number, value in enumerate((b"", b"\x00\xff\xfe", LARGE)):
        version = applied(store.put(f"{key}{number}", value, Expect.ABSENT))
        holds(store.get(f"{key}{number}"), value, version)


def no_version_twice(trial: Trial) -> None:
    """No key has one version twice, not for the same value, not after a deletion."""
    store, key = trial.store, trial.key()
    seen: list[Version] = []
    for _ in range(3):
        seen.append(applied(store.put(key, b"same", Expect.ANY)))
        seen.append(applied(store.put(key, b"same", Expect.ANY)))
        applied(store.delete(key, Expect.ANY if len(seen) % 4 else seen[-1]))
    must(len(set(seen)) == len(seen), f"versions {seen}")


def delete_at_a_version(trial: Trial) -> None:
    """A deletion that expects a version applies at that version only."""
    store, key = trial.store, trial.key()
    old = applied(store.put(key, b"a", Expect.ABSENT))
    new = applied(store.put(key, b"b", old))
    must(store.delete(key, old) == Conflict(), "a deletion at a version that is gone applied")
    holds(store.get(key), b"b", new)
    applied(store.delete(key, new))
    must(store.get(key) == Absent(), "the deleted key is there")


def delete_what_is_absent(trial: Trial) -> None:
    """A deletion of an absent key is Applied, also at a version that was once there."""
    store, key = trial.store, trial.key()
    applied(store.delete(key, Expect.ANY))
    version = applied(store.put(key, b"a", Expect.ABSENT))
    applied(store.delete(key, version))
    applied(store.delete(key, version))
    must(store.get(key) == Absent(), "the key is there")


def scan_by_prefix(trial: Trial) -> None:
    """A scan yields the keys with the prefix, each once: no wildcards, no other case, nothing deleted."""
    store = trial.store
    names = ["s:a", "s:b", "S:a", "s_a", "s%a", "sx", "t:a"]
    fill(store, [trial.key(name) for name in [*names, "s:gone"]])
    applied(store.delete(trial.key("s:gone"), Expect.ANY))
    for prefix, due in (("s:", ["s:a", "s:b"]), ("s_", ["s_a"]), ("s%", ["s%a"]), ("", names), ("u", [])):
        _scans(trial, trial.key(prefix), [trial.key(name) for name in due])
    _scans(trial, "", [trial.key(name) for name in names])


def _scans(trial: Trial, prefix: str, due: list[str]) -> None:
    found = sorted(key for key in trial.store.scan(prefix) if key.startswith(trial.prefix) or prefix)
    must(found == sorted(due), f"scan({prefix!r}) gives {found}")


def scan_many(trial: Trial) -> None:
    """A scan of more keys than a page has, a thousand unless the subject says otherwise, yields each once."""
    keys = [trial.key(f"m:{number}") for number in range(trial.subject.page + _MORE)]
    fill(trial.store, keys)
    found = list(trial.store.scan(trial.key("m:")))
    must(sorted(found) == sorted(keys), f"{len(found)} keys of {len(keys)}, {len(set(found))} different")


def scan_beside_a_deletion(trial: Trial) -> None:
    """A scan that a deletion overtakes yields each key that was there throughout exactly once."""
    store = trial.store
    keys = [trial.key(f"d:{number:04}") for number in range(trial.subject.page + _MORE)]
    fill(store, keys)
    scan = store.scan(trial.key("d:"))
    first = next(scan)
    applied(store.delete(first, Expect.ANY))
    rest = [first, *scan]
    must(sorted(rest) == keys, f"{len(rest)} keys of {len(keys)}, {len(set(rest))} different")


def keys_differ_by_every_character(trial: Trial) -> None:
    """Keys that differ anywhere are different keys."""
    store = trial.store
    names = ["k", "K", "k ", " k", "k:", "k%20", "k\u00e9", "ke\u0301", "k" * 200, "k" * 201]
    for number, name in enumerate(names):
        applied(store.put(trial.key(name), b"%d" % number, Expect.ABSENT))
    for number, name in enumerate(names):
        answer = store.get(trial.key(name))
        must(isinstance(answer, Found) and answer.value == b"%d" % number, f"{name!r} holds {answer}")


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
)
