# Generated from aio/redis.py by kernel/make_sync.py: change it there.
"""A store in Redis, where one script makes each conditional write."""

import secrets
from collections.abc import Iterator
from hashlib import sha1
from types import TracebackType
from typing import Any, Self

from redis.backoff import NoBackoff
from redis.connection import ConnectionPool
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.retry import Retry

from evidence_kernel import (
    Absent,
    Applied,
    Conflict,
    Expect,
    Expectation,
    Failed,
    Found,
    ReadAnswer,
    Unknown,
    WriteAnswer,
)
from evidence_runtime.shell import say
from evidence_runtime.store import StoreError

_RECORD, _VERSION, _KEYS = "{evidence}:record:", "{evidence}:version", "{evidence}:keys"  # one slot of a cluster
# A script that fails is not undone: what makes the write is its last command.
_PUT = """
local held = redis.call('HGET', KEYS[1], 'version')
if ARGV[1] ~= 'any' and ARGV[1] ~= (held or 'absent') then return false end
local version = string.format('%.0f-%s', redis.call('INCR', KEYS[2]), ARGV[3])
redis.call('ZADD', KEYS[3], 0, ARGV[2])
redis.call('HSET', KEYS[1], 'version', version, 'value', ARGV[4])
return version
"""
_DELETE = """
local held = redis.call('HGET', KEYS[1], 'version')
if held and ARGV[1] ~= 'any' and ARGV[1] ~= held then return false end
local version = string.format('%.0f-%s', redis.call('INCR', KEYS[2]), ARGV[3])
redis.call('ZREM', KEYS[3], ARGV[2])
redis.call('DEL', KEYS[1])
return version
"""
_NAMES = {Expect.ABSENT: "absent", Expect.ANY: "any"}
_PAGE = 256  # keys read at a time


class RedisStore:
    """Records in one Redis, each a hash with `version` and `value`; the keys also in a sorted set, for `scan`.

    A version is the count of writes, which the script raises, and 8 random bytes: none is given twice, not even by
    a server that was put in another's place and counts from before. Nothing expires; a server that may evict such
    keys is refused. In a cluster all of it is in one slot.

    Failed: no connection was to be had, so nothing was sent; or the server answered with an error, which
    redis-py's "Error handling" calls ResponseError: it refuses a script before its first write where it is
    read-only, out of memory, cannot save, loads or is busy (redis.io, "Scripting with Lua", "EVAL"), and no
    command after that can fail but for a key of another type, which then leaves the record as it was. Unknown:
    everything else, so a time-out and a connection that was lost. Commands are sent on a connection from the
    pool, past the client's own retries, which repeat a command whose answer was lost ("Retry Helpers").
    """

    def __init__(self, url: str, *, timeout_ms: int = 5000) -> None:
        """A store at `redis://HOST:PORT/NUMBER`, to be opened by `open` or as a context manager.

        `rediss://` is over TLS; what stands after `?` is redis-py's. `timeout_ms` limits the wait for a connection
        and for an answer. Raises StoreError where the URL cannot be used.
        """
        try:
            self._pool: Any = ConnectionPool.from_url(
                url,
                retry=Retry(NoBackoff(), 0),
                socket_connect_timeout=timeout_ms / 1000,
                socket_timeout=timeout_ms / 1000,
                protocol=2,
            )
        except (TypeError, ValueError) as error:
            raise StoreError(f"the store's URL cannot be used: {error}") from None
        place = self._pool.connection_kwargs
        self.name = f"redis://{place.get('host', 'localhost')}:{place.get('port', 6379)}/{place.get('db', 0)}"

    def open(self) -> Self:
        """Connect. Raises StoreError where the server cannot be reached, refuses, or may evict records."""
        try:
            memory = (self._call("INFO", "memory")).decode()
        except RedisError as error:
            self.close()
            raise StoreError(f"{self.name} cannot be used: {error}") from None
        if "maxmemory_policy:allkeys" in memory:
            self.close()
            raise StoreError(f"{self.name} evicts records when memory is short; set maxmemory-policy to noeviction")
        return self

    def close(self) -> None:
        """Close the connections; twice is once."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def get(self, key: str) -> ReadAnswer:
        """What the key holds; Failed where the server did not say."""
        try:
            version, value = self._call("HMGET", _RECORD + key, "version", "value")
        except RedisError as error:
            say("redis", key, error)
            return Failed()
        return Absent() if version is None else Found(value, version.decode())

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """Write where the expectation holds; when Failed and when Unknown says the class."""
        return self._write(_PUT, key, expect, value)

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """Delete where the expectation holds, or where there is nothing."""
        return self._write(_DELETE, key, expect)

    def scan(self, prefix: str) -> Iterator[str]:
        """The keys with that prefix, in the order of their bytes. Raises StoreError where the server does not say."""
        start = b"[" + prefix.encode()
        while True:
            try:
                page = self._call("ZRANGEBYLEX", _KEYS, start, "+", "LIMIT", 0, _PAGE)
            except RedisError as error:
                raise StoreError(f"{self.name} cannot be listed: {error}") from error
            for found in page:
                key = found.decode()
                if not key.startswith(prefix):
                    return
                yield key
            if len(page) < _PAGE:
                return
            start = b"(" + page[-1]

    def server_time(self) -> int:
        """The server's clock, ms since 1970. Raises StoreError where it does not say."""
        try:
            seconds, micros = self._call("TIME")
        except RedisError as error:
            raise StoreError(f"{self.name} does not tell its time: {error}") from error
        return int(seconds) * 1000 + int(micros) // 1000

    def _write(self, script: str, key: str, expect: Expectation, *value: bytes) -> WriteAnswer:
        expected = _NAMES[expect] if isinstance(expect, Expect) else str(expect)
        given = (3, _RECORD + key, _VERSION, _KEYS, expected, key, secrets.token_hex(8), *value)
        try:
            connection = self._pool.get_connection()
        except RedisError as error:
            say("redis", key, error)
            return Failed()
        try:
            try:
                version = _ask(connection, "EVALSHA", sha1(script.encode()).hexdigest(), *given)
            except NoScriptError:  # it was not run: the server does not know it yet
                version = _ask(connection, "EVAL", script, *given)
        except RedisError as error:
            say("redis", key, error)
            return Failed() if isinstance(error, ResponseError) else Unknown()
        finally:
            self._pool.release(connection)
        return Conflict() if version is None else Applied(version.decode())

    def _call(self, *command: Any) -> Any:
        connection = self._pool.get_connection()
        try:
            return _ask(connection, *command)
        finally:
            self._pool.release(connection)


def _ask(connection: Any, *command: Any) -> Any:
    connection.send_command(*command)
    return connection.read_response()
