"""The store in a bucket: what each status means, what a deletion leaves, and which buckets are refused."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from obstore.store import LocalStore, MemoryStore

from evidence_kernel import Absent, Applied, Conflict, Expect, Expectation, Failed, Found, Unknown, WriteAnswer
from evidence_kernel.records.keys import evidence_key
from evidence_runtime import StoreError
from evidence_runtime.objects import ObjectStore
from evidence_runtime.operate import forget
from tests.runtime.served import applied
from tests.servers import HOST, S3_SETTINGS, free_port

KEY = "tests:key"


@contextmanager
def answering(statuses: Mapping[str, int], seen: list[str]) -> Iterator[ObjectStore]:
    """A store on a service that gives each method's requests one status, and nothing else."""

    class Answering(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.do_HEAD()

        def do_HEAD(self) -> None:
            seen.append(self.command)
            self.send_response(statuses[self.command])
            for name, value in (("ETag", '"1"'), ("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")):
                self.send_header(name, value)
            self.send_header("Content-Length", "40" if self.command == "HEAD" else "0")
            self.end_headers()

        do_GET = do_HEAD

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer((HOST, 0), Answering) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield ObjectStore.at(f"s3://bucket?endpoint=http://{HOST}:{server.server_address[1]}&{S3_SETTINGS}")
        server.shutdown()


@pytest.mark.parametrize("expect", [Expect.ABSENT, Expect.ANY, '"1"'], ids=["absent", "any", "version"])
@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, Applied('"1"')),
        (403, Failed()),
        (401, Failed()),
        (409, Unknown()),
        (412, Conflict()),
        (500, Unknown()),
        (503, Unknown()),
    ],
)
def test_each_status_has_its_meaning_and_nothing_is_sent_twice(
    status: int, answer: WriteAnswer, expect: Expectation
) -> None:
    seen: list[str] = []
    with answering({"PUT": status, "HEAD": 200}, seen) as store:
        assert store.put(KEY, b"a", expect) == answer
    assert seen.count("PUT") == 1


@pytest.mark.parametrize("status", [401, 403, 409, 500])
def test_a_read_that_is_not_answered_is_failed(status: int) -> None:
    with answering({"GET": status}, []) as store:
        assert store.get(KEY) == Failed()


def test_a_put_at_a_version_where_nothing_is_conflicts() -> None:
    with answering({"PUT": 404}, []) as store:
        assert (store.put(KEY, b"a", '"1"'), store.put(KEY, b"a", Expect.ABSENT)) == (Conflict(), Failed())


def test_a_service_that_is_not_there_is_unknown_to_a_write() -> None:
    store = ObjectStore.at(f"s3://bucket?endpoint=http://{HOST}:{free_port()}&{S3_SETTINGS}")
    assert (store.put(KEY, b"a", Expect.ABSENT), store.get(KEY)) == (Unknown(), Failed())
    with pytest.raises(StoreError, match="s3://bucket cannot be listed"):
        list(store.scan(""))


def test_one_value_put_twice_is_two_contents() -> None:
    bucket = MemoryStore()
    store, contents = ObjectStore(bucket), set()
    for _ in range(3):
        store.put(KEY, b"same", Expect.ANY)
        contents.add(bytes(bucket.get("tests/key").bytes()))
    assert len(contents) == 3


def test_a_deletion_leaves_nothing_of_the_record_and_a_sweep_nothing_at_all() -> None:
    bucket = MemoryStore()
    store = ObjectStore(bucket)
    version = applied(store.put(KEY, b"secret", Expect.ABSENT))
    assert isinstance(store.delete(KEY, version), Applied)
    assert len(bucket.get("tests/key").bytes()) == 16
    assert (store.get(KEY), list(store.scan(""))) == (Absent(), [])
    other = store.put("tests:key2", b"stays", Expect.ABSENT)
    for key in (KEY, "tests:key2", "tests:none"):
        store.sweep(key)
    assert [found["path"] for page in bucket.list() for found in page] == ["tests/key2"]
    assert store.get("tests:key2") == Found(b"stays", applied(other))


def test_what_is_forgotten_is_gone_from_the_bucket_and_nothing_else() -> None:
    bucket = MemoryStore()
    store = ObjectStore(bucket)
    for tenant in ("acme", "acme2"):
        store.put(evidence_key(tenant), b"{}", Expect.ABSENT)
    assert list(forget(store, "acme")) == [evidence_key("acme")]
    assert [found["path"] for page in bucket.list() for found in page] == ["phase4/evidence/installation/acme2"]


def test_a_deletion_that_was_overtaken_does_not_delete() -> None:
    """The reason why a deletion is a put: to read and then to delete would delete what came between."""
    store = ObjectStore(MemoryStore())
    old = applied(store.put(KEY, b"a", Expect.ABSENT))
    new = applied(store.put(KEY, b"b", old))
    assert (store.delete(KEY, old), store.get(KEY)) == (Conflict(), Found(b"b", new))


def test_an_object_that_was_cut_short_is_no_absence() -> None:
    bucket = MemoryStore()
    bucket.put("tests/key", b"torn")
    answer = ObjectStore(bucket).get(KEY)
    assert isinstance(answer, Found) and answer.value == b""


@pytest.mark.parametrize("key", ["", ":", "a::b", ".", "..", "a/b", "a=b", "a%3Ab", "~", "é", "a b:c", "x" * 300])
def test_a_key_has_its_own_object(key: str) -> None:
    store = ObjectStore(MemoryStore())
    store.put("other", b"", Expect.ABSENT)
    assert isinstance(store.put(key, key.encode(), Expect.ABSENT), Applied)
    assert sorted(store.scan("")) == sorted([key, "other"]) and key in store.scan(key)


def test_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot compare and set: give sqlite:PATH"):
        ObjectStore(LocalStore(tmp_path))


@pytest.mark.parametrize("url", ["s3://", "s3://bucket?no_such=1"])
def test_a_url_that_cannot_be_used_says_so(url: str) -> None:
    with pytest.raises(StoreError, match="s3://"):
        ObjectStore.at(url)
