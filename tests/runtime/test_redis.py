"""The Redis store: what is Failed and what Unknown, and that nothing is sent twice."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest
import redis as client

from evidence_kernel import Absent, Applied, Conflict, Expect, Failed, Found, Unknown
from evidence_runtime import StoreError
from evidence_runtime.aio.redis import RedisStore as AsyncRedisStore
from evidence_runtime.redis import RedisStore
from tests.runtime.served import applied, emptied, value
from tests.servers import HOST, Server, free_port

KEY = "tests:key"


@contextmanager
def cutting(seen: list[bytes]) -> Iterator[str]:
    """The URL of a server that takes what a client says of itself, and cuts the connection at anything else."""

    class Cutting(BaseRequestHandler):
        def handle(self) -> None:
            while said := self.request.recv(65536):
                seen.append(said)
                if not (greetings := said.count(b"SETINFO")):
                    return
                self.request.sendall(b"+OK\r\n" * greetings)

    with ThreadingTCPServer((HOST, 0), Cutting) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"redis://{HOST}:{server.server_address[1]}/0"
        server.shutdown()


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    return emptied("redis", request.getfixturevalue)


@pytest.fixture
def server(url: str) -> Iterator[client.Redis]:
    with client.Redis.from_url(url) as connected:
        yield connected


@pytest.mark.parametrize("parameters", ["", "?retry_on_timeout=true"])
def test_a_command_whose_answer_is_lost_is_unknown_and_sent_once(parameters: str) -> None:
    seen: list[bytes] = []
    with cutting(seen) as url:
        store = RedisStore(url + parameters)
        assert store.put(KEY, b"a", Expect.ABSENT) == Unknown()
        assert store.get(KEY) == Failed()
        assert [b"EVALSHA" in said for said in seen].count(True) == 1
        assert [b"HMGET" in said for said in seen].count(True) == 1
        store.close()


def test_an_answer_that_takes_too_long_is_unknown_and_of_a_read_failed(url: str, server: client.Redis) -> None:
    with RedisStore(url, timeout_ms=200) as store:
        server.client_pause(1000)
        assert (store.put(KEY, b"a", Expect.ANY), store.get(KEY)) == (Unknown(), Failed())
        server.client_unpause()
        assert isinstance(store.put(KEY, b"b", Expect.ANY), Applied) and value(store.get(KEY)) == b"b"


def test_a_call_that_is_cancelled_leaves_no_answer_to_the_next(url: str, server: client.Redis) -> None:
    async def calls() -> bytes:
        async with AsyncRedisStore(url) as store:
            await store.put(KEY, b"a", Expect.ANY)
            server.client_pause(1000)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(store.put("tests:other", b"b", Expect.ANY), 0.1)
            server.client_unpause()
            return value(await store.get(KEY))

    assert asyncio.run(calls()) == b"a"


def test_without_a_connection_nothing_was_sent() -> None:
    store = RedisStore(f"redis://{HOST}:{free_port()}/0")
    assert (store.put(KEY, b"a", Expect.ABSENT), store.get(KEY)) == (Failed(), Failed())
    with pytest.raises(StoreError, match="cannot be listed"):
        list(store.scan(""))
    with pytest.raises(StoreError, match="cannot be used"):
        store.open()


def test_a_connection_that_was_closed_while_idle_is_replaced(url: str, server: client.Redis) -> None:
    with RedisStore(url) as store:
        store.put(KEY, b"a", Expect.ANY)
        server.client_kill_filter(_type="normal", skipme=True)
        assert isinstance(store.put(KEY, b"b", Expect.ANY), Applied)


@pytest.mark.parametrize("held", ["{evidence}:record:tests:key", "{evidence}:version", "{evidence}:keys"])
def test_what_the_server_refuses_is_not_written(url: str, server: client.Redis, held: str) -> None:
    server.rpush(held, "no such type")
    with RedisStore(url) as store:
        assert store.put(KEY, b"a", Expect.ANY) == Failed()
        server.delete(held)
        assert store.get(KEY) == Absent()


def test_a_server_without_memory_refuses(url: str, server: client.Redis) -> None:
    with RedisStore(url) as store:
        version = applied(store.put(KEY, b"a", Expect.ABSENT))
        server.config_set("maxmemory", 1)
        try:
            assert store.put(KEY, b"b", version) == Failed()
        finally:
            server.config_set("maxmemory", 0)
        assert store.get(KEY) == Found(b"a", version)


def test_a_server_that_evicts_is_refused(url: str, server: client.Redis) -> None:
    server.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(StoreError, match="set maxmemory-policy to noeviction"):
            RedisStore(url).open()
    finally:
        server.config_set("maxmemory-policy", "noeviction")


def test_what_was_acknowledged_outlives_the_server(redis: Server, url: str) -> None:
    with RedisStore(url) as store:
        version = applied(store.put(KEY, b"a", Expect.ABSENT))
        redis.crash()
        assert store.get(KEY) == Failed()
        redis.start()
        assert store.get(KEY) == Found(b"a", version)
        assert applied(store.put(KEY, b"b", version)) != version


def test_a_server_that_counts_again_gives_no_version_again(url: str, server: client.Redis) -> None:
    with RedisStore(url) as store:
        lost = applied(store.put(KEY, b"a", Expect.ABSENT))
        server.flushall()  # as a replica that had not heard of it yet
        assert applied(store.put(KEY, b"b", Expect.ABSENT)) != lost
        assert store.put(KEY, b"c", lost) == Conflict()
