"""Connections cut and delayed at each point: every call is answered as the port says, and the next one works."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import pytest
from attrs import frozen

from evidence_kernel import Absent, Applied, Conflict, Expect, Expectation, Failed, Found, Unknown
from evidence_runtime import Store, StoreError, aio, open_store
from evidence_runtime.conformance import Bridge
from evidence_runtime.limits import Limited
from tests.proxy import Cut, Proxy, proxied
from tests.runtime.served import FORMS, applied, emptied
from tests.servers import Server

SERVERS = ("postgres", "redis", "s3")
PATIENCE = 0.4  # seconds for an answer that is delayed
_LOOKS = 100  # ten seconds


@frozen
class Line:
    """A store by way of a proxy, and the same without it."""

    store: Store
    proxy: Proxy
    truth: Store

    def holds(self, key: str) -> bytes | None:
        """What the server has."""
        answer = self.truth.get(key)
        assert isinstance(answer, Found | Absent)
        return answer.value if isinstance(answer, Found) else None

    def asked(self, cut: Cut, call: Callable[[Store], object]) -> object:
        """What a call is answered whose request, or the connection before it, is cut there."""
        met = self.proxy.met
        self.proxy.cut(cut)
        answer = call(Limited(self.store, PATIENCE) if cut is Cut.DELAY else self.store)
        assert self.proxy.met > met, "nothing was cut"
        self.proxy.resume()
        return answer


@pytest.fixture
def line(kind: str, form: str, request: pytest.FixtureRequest) -> Iterator[Line]:
    server: Server = request.getfixturevalue(kind)
    url = emptied(kind, request.getfixturevalue)
    with proxied(server.port) as proxy, ExitStack() as stack:
        by_proxy = url.replace(f":{server.port}", f":{proxy.port}")
        opened = open_store(by_proxy) if form == "sync" else Bridge(aio.open_store(by_proxy))
        yield Line(stack.enter_context(opened), proxy, stack.enter_context(open_store(url)))
        proxy.resume()


@contextmanager
def still_works(store: Store, key: str) -> Iterator[None]:
    """Afterwards the same store object reads and writes."""
    yield
    version = applied(store.put(key, b"after", Expect.ABSENT))
    assert store.get(key) == Found(b"after", version)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize("cut", Cut)
def test_a_read_that_is_cut_is_failed(cut: Cut, line: Line) -> None:
    version = applied(line.store.put("k", b"1", Expect.ABSENT))
    with still_works(line.store, "a"):
        due = Found(b"1", version) if cut is Cut.WHILE_IDLE else Failed()
        assert line.asked(cut, lambda store: store.get("k")) == due


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize("cut", [Cut.BEFORE_REQUEST, Cut.LOST_ANSWER, Cut.HALF_ANSWER])
def test_a_scan_that_is_cut_says_so(cut: Cut, line: Line) -> None:
    applied(line.store.put("k", b"1", Expect.ABSENT))
    with still_works(line.store, "a"), pytest.raises(StoreError):
        line.asked(cut, lambda store: list(store.scan("k")))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize("cut", Cut)
def test_a_write_that_is_cut_is_unknown_and_the_store_has_what_reached_it(cut: Cut, line: Line) -> None:
    store = line.store
    gone = applied(store.put("lost", b"0", Expect.ABSENT))
    versions: dict[str, Expectation] = {
        "new": Expect.ABSENT,
        "any": Expect.ANY,
        "same": applied(store.put("same", b"0", Expect.ABSENT)),
        "deleted": applied(store.put("deleted", b"0", Expect.ABSENT)),
        "lost": gone,
    }
    applied(store.put("lost", b"other", gone))
    for key, expect in versions.items():
        before = line.holds(key)
        write = partial(_write, key=key, expect=expect)
        with still_works(store, f"after {key}"):
            answer = line.asked(cut, write)
        after = None if key == "deleted" else b"1"
        if cut is Cut.WHILE_IDLE:
            assert isinstance(answer, Conflict if key == "lost" else Applied), (key, answer)
        else:
            assert answer == Unknown(), (key, answer)
        reached = cut is not Cut.BEFORE_REQUEST and key != "lost"
        due = after if reached else before
        for _ in range(_LOOKS if cut is Cut.DELAY else 0):  # nobody waited for it: it lands when the server gets there
            if line.holds(key) == due:
                break
            time.sleep(0.1)
        assert line.holds(key) == due, key


def _write(store: Store, key: str, expect: Expectation) -> object:
    return store.delete(key, expect) if key == "deleted" else store.put(key, b"1", expect)
