"""The probe refuses a store that cannot or silently does not; a clock that is off is told."""

import logging
import sys
from importlib.abc import MetaPathFinder

import pytest

from evidence_kernel import Absent, Applied, Conflict, Expect, Expectation, Failed, ReadAnswer, WriteAnswer
from evidence_kernel.schedule import CLOCK_TOLERANCE
from evidence_runtime import MemoryStore, Store, StoreError, open_store, system_clock
from evidence_runtime.objects import ObjectStore
from evidence_runtime.probe import probe, warn_of_skew
from evidence_runtime.redis import RedisStore
from evidence_runtime.sql import SqlStore
from tests.runtime.broken_stores import CountsAgain
from tests.runtime.served import KINDS, emptied, empty_store
from tests.runtime.test_objects import answering


class IgnoresIfNoneMatch(MemoryStore):
    """As some that speak S3's protocol."""

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        return super().put(key, value, Expect.ANY if expect is Expect.ABSENT else expect)


class IgnoresIfMatch(MemoryStore):
    """As others do."""

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        return super().put(key, value, expect if isinstance(expect, Expect) else Expect.ANY)


class CountsFromOne(CountsAgain):
    """After any deletion, and asks no version for it."""

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """As described."""
        return super().delete(key, Expect.ANY)


class CannotReplace(MemoryStore):
    """Knows no put at a version."""

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        return super().put(key, value, expect) if isinstance(expect, Expect) else Failed()


class SaysFailed(MemoryStore):
    """Has no word for a condition that did not hold."""

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        answer = super().put(key, value, expect)
        return Failed() if answer == Conflict() else answer


class CannotCreate(MemoryStore):
    """May only be read."""

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """As described."""
        return Failed()


class CannotDelete(MemoryStore):
    """May not delete."""

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """As described."""
        return Failed()


class CannotRead(MemoryStore):
    """May only be written."""

    def get(self, key: str) -> ReadAnswer:
        """As described."""
        return Failed()


class ReadsOld(MemoryStore):
    """Shows nothing of what was written."""

    def get(self, key: str) -> ReadAnswer:
        """As described."""
        return Absent()


@pytest.mark.parametrize(
    ("store", "why"),
    [
        (IgnoresIfNoneMatch(), "a put-if-absent writes over a value"),
        (IgnoresIfMatch(), "a put at a version that is gone writes"),
        (CountsFromOne(), "a version comes again after a deletion"),
        (CannotReplace(), "does not replace a value at its version: it answers Failed"),
        (SaysFailed(), "does not say that a condition failed: it answers Failed"),
        (CannotCreate(), "does not create a key that is absent: it answers Failed"),
        (CannotDelete(), "does not delete"),
        (CannotRead(), "does not say that a key is absent"),
        (ReadsOld(), "does not read back what it has acknowledged"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_store_that_cannot_is_refused_by_name(store: Store, why: str) -> None:
    with pytest.raises(StoreError, match=why):
        probe(store)


def test_a_service_that_ignores_its_conditions_is_refused() -> None:
    with answering({"GET": 404, "PUT": 200}, []) as store, pytest.raises(StoreError, match="put-if-absent writes over"):
        probe(store)


@pytest.mark.parametrize("kind", KINDS)
def test_a_probe_leaves_nothing(kind: str, request: pytest.FixtureRequest) -> None:
    with empty_store(kind, "sync", request.getfixturevalue) as store:
        probe(store)
        assert list(store.scan("")) == []


def test_a_bucket_is_as_empty_after_it_was_opened_as_before(request: pytest.FixtureRequest) -> None:
    with open_store(emptied("s3", request.getfixturevalue)) as store:
        assert isinstance(store, ObjectStore)
        assert [found for page in store._bucket.list() for found in page] == []


class Clock:
    """A server whose clock is off."""

    def __init__(self, off: int | None) -> None:
        self.off = off

    def server_time(self) -> int | None:
        """As described."""
        return None if self.off is None else system_clock() + self.off


@pytest.mark.parametrize(
    ("off", "lines"),
    [(None, 0), (0, 0), (CLOCK_TOLERANCE - 1000, 0), (CLOCK_TOLERANCE + 1000, 1), (-CLOCK_TOLERANCE - 1000, 1)],
)
def test_a_clock_beyond_tolerance_is_told(off: int | None, lines: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "evidence"):
        warn_of_skew(Clock(off), "redis")
    assert len(caplog.messages) == lines
    assert all("fault=clock at=redis error=" in line for line in caplog.messages)


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_tells_its_time(kind: str, request: pytest.FixtureRequest) -> None:
    with empty_store(kind, "sync", request.getfixturevalue) as store:
        assert isinstance(store, SqlStore | RedisStore | ObjectStore)
        assert abs((store.server_time() or 0) - system_clock()) < 60_000


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("store.sqlite", "'store.sqlite' is no store; name one as sqlite:PATH, postgresql://"),
        ("sqlite:", "'sqlite:' is no store"),
        ("mysql://me:secret@host/db", r"'mysql://\*\*\*@host/db' is no store"),
        ("redis:6379", "'redis:6379' is no store"),
        ("postgresql://me:secret@127.0.0.1:x/db", "the store's URL cannot be used"),
        ("postgresql://me:secret@127.0.0.1:1/db", r"postgresql://me:\*\*\*@127.0.0.1:1/db cannot be used: .*refused"),
        ("redis://:secret@127.0.0.1:1/0", "redis://127.0.0.1:1/0 cannot be used: .*refused"),
        ("redis://127.0.0.1:x/0", "the store's URL cannot be used"),
        ("s3://bucket?endpoint=http://127.0.0.1:1&access_key_id=a&secret_access_key=secret", "s3://bucket: the store"),
    ],
)
def test_a_url_that_is_no_use_is_refused_in_a_line(url: str, why: str) -> None:
    with pytest.raises(StoreError, match=why) as refusal, open_store(url):
        pass
    assert "secret" not in str(refusal.value) and "\n" not in str(refusal.value)


class Without(MetaPathFinder):
    """Finds no such package, and leaves the others to the next."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, name: str, *_: object) -> None:
        """As described."""
        if name == self.package:
            raise ModuleNotFoundError(name=name)


@pytest.mark.parametrize(
    ("url", "driver", "module", "extra"),
    [
        ("postgresql://h/d", "sqlalchemy", "sql", "sql"),
        ("postgresql://h/d", "psycopg", "sql", "sql"),
        ("redis://h", "redis", "redis", "redis"),
        ("s3://b", "obstore", "objects", "object"),
    ],
)
def test_a_driver_that_is_missing_is_named_with_its_extra(
    url: str, driver: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = f"evidence_runtime.{module}."
    for name in [name for name in sys.modules if f"{name}.".startswith((f"{driver}.", ours))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Without(driver), *sys.meta_path])
    with pytest.raises(StoreError) as refusal, open_store(url):
        pass
    assert str(refusal.value) == f"{driver} is missing; pip install 'evidence-kernel[{extra}]'"


def test_a_store_that_is_only_read_is_not_probed() -> None:
    url = "s3://bucket?endpoint=http://127.0.0.1:1&access_key_id=a&secret_access_key=b&region=r"
    with open_store(url, read_only=True) as store:
        assert store.get("tests:key") == Failed()


def test_local_stores_are_opened_by_url(tmp_path: object) -> None:
    for url in ("memory:", f"sqlite:{tmp_path}/store.sqlite"):
        with open_store(url) as store:
            assert isinstance(store.put("tests:key", b"a", Expect.ABSENT), Applied)
