# Generated from aio/objects.py by kernel/make_sync.py: change it there.
"""A store in a bucket of objects, by create-only puts and puts that expect an ETag."""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, quote, unquote

from obstore import exceptions
from obstore.store import LocalStore, S3Store

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

_NONCE = 16  # bytes of chance before each value: an ETag may be the content's digest, and must not come twice
_HELD = b"\n"  # between them; where it is missing too, the object only says that the key was deleted
_REFUSED = (FileNotFoundError, exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)
_NO_RETRIES = {"max_retries": 0, "retry_timeout": timedelta(seconds=10)}
_MODES = {Expect.ABSENT: "create", Expect.ANY: "overwrite"}
_GONE = ""  # the version of nothing


class ObjectStore:
    """Records in a bucket, an object each, under the parts of its key; versions are ETags.

    An object is 16 random bytes, a line feed and the value: so no content comes twice, and no version. This
    client cannot delete on a condition, hence a deletion leaves an object of other 16 random bytes, nothing of
    the record, and the key is absent; `sweep` removes it where nobody writes.

    Failed: the service answered 401, 403 or 404. Conflict: 412; and to a create-only put that the key is there,
    once a read has not found it deleted. Unknown: everything else, so a time-out, a 5xx and a 409, which S3
    gives "if a conflicting operation occurs during the upload" (S3 API Reference, "PutObject", If-None-Match);
    obstore's "Exceptions" gives AlreadyExistsError for it, and the status only in its text. `max_retries` is 0
    (obstore, "RetryConfig"), else a 409 or 5xx would be repeated, and a Conflict might be our own.
    """

    def __init__(self, bucket: Any, name: str = "the bucket") -> None:
        """A store in a bucket that obstore has opened, with `max_retries` 0; `name` is for messages.

        Raises StoreError for a LocalStore: files cannot be put on the condition of an ETag.
        """
        if isinstance(bucket, LocalStore):
            raise StoreError(f"{bucket} cannot compare and set: give sqlite:PATH for a file")
        self._bucket, self.name = bucket, name

    @classmethod
    def at(cls, url: str) -> Self:
        """The store at `s3://BUCKET/FOLDER`; after `?` stands obstore's S3Config, such as `endpoint`, `region`.

        What is not given comes from the environment (AWS_ACCESS_KEY_ID ...). Raises StoreError where the URL cannot
        be used.
        """
        place, _, settings = url.partition("?")
        config: Any = dict(parse_qsl(settings))
        is_plain = config.get("endpoint", "").startswith("http://")
        client: Any = {"timeout": "10s", "connect_timeout": "5s", "allow_http": is_plain}
        retries: Any = _NO_RETRIES
        try:
            return cls(S3Store.from_url(place, config=config, client_options=client, retry_config=retries), place)
        except (exceptions.BaseError, ValueError) as error:
            raise StoreError(f"{place} cannot be used: {_reason(error)}") from None

    def get(self, key: str) -> ReadAnswer:
        """What the key holds; Failed where the service did not say."""
        try:
            response = self._bucket.get(_path(key))
            body = bytes(response.bytes())
        except FileNotFoundError:
            return Absent()
        except exceptions.BaseError as error:
            say("objects", key, error)
            return Failed()
        if len(body) == _NONCE:
            return Absent()
        return Found(body[_NONCE + 1 :], response.meta["e_tag"])

    def put(self, key: str, value: bytes, expect: Expectation) -> WriteAnswer:
        """Write where the expectation holds; when Failed and when Unknown says the class."""
        answer = self._put(key, _HELD + value, expect)
        if expect is not Expect.ABSENT or answer != Conflict():
            return answer
        try:  # what is there may only say that the key was deleted
            there = self._bucket.head(_path(key))
        except (exceptions.BaseError, FileNotFoundError) as error:
            say("objects", key, error)
            return Failed()
        return answer if there["size"] != _NONCE else self._put(key, _HELD + value, there["e_tag"])

    def delete(self, key: str, expect: Expectation) -> WriteAnswer:
        """Say that it is deleted where the expectation holds, or where there is nothing."""
        if expect is not Expect.ANY:
            answer = self._put(key, b"", expect)
            if answer != Conflict():
                return answer
        now = self.get(key)
        if isinstance(now, Failed):
            return now
        if isinstance(now, Absent):
            return Applied(_GONE)
        return self._put(key, b"", expect) if expect is Expect.ANY else Conflict()

    def _put(self, key: str, content: bytes, expect: Expectation) -> WriteAnswer:
        mode = _MODES[expect] if isinstance(expect, Expect) else {"e_tag": expect}
        body = secrets.token_bytes(_NONCE) + content
        try:
            put = self._bucket.put(_path(key), body, mode=mode, use_multipart=False)
        except exceptions.PreconditionError:
            return Conflict()
        except (exceptions.BaseError, FileNotFoundError) as error:
            if isinstance(error, exceptions.AlreadyExistsError) and mode == "create" and " 409 " not in str(error):
                return Conflict()
            say("objects", key, error)
            return Failed() if isinstance(error, _REFUSED) else Unknown()
        return Applied(put["e_tag"] if content else _GONE)

    def scan(self, prefix: str) -> Iterator[str]:
        """The keys with that prefix. Raises StoreError where the service does not say."""
        folder = _path(prefix).rpartition("/")[0]
        try:
            for page in self._bucket.list(folder or None):
                for found in page:
                    key = _key(found["path"])
                    if found["size"] != _NONCE and key.startswith(prefix):
                        yield key
        except exceptions.BaseError as error:
            raise StoreError(f"{self.name} cannot be listed: {_reason(error)}") from error

    def sweep(self, key: str) -> None:
        """Remove what a deletion of the key has left; only where nobody writes it any more. Raises StoreError."""
        path = _path(key)
        try:
            there = self._bucket.head(path)
            if there["size"] == _NONCE:
                self._bucket.delete(path)
        except FileNotFoundError:
            return
        except exceptions.BaseError as error:
            raise StoreError(f"{self.name}: {key} cannot be removed wholly: {_reason(error)}") from error

    def server_time(self) -> int:
        """The service's clock, ms since 1970, by when it keeps an object. Raises StoreError where it does not say."""
        path = _path(f"evidence:time:{secrets.token_hex(_NONCE)}")
        try:
            self._bucket.put(path, b"", use_multipart=False)
            kept = self._bucket.head(path)
            self._bucket.delete(path)
        except (exceptions.BaseError, FileNotFoundError) as error:
            raise StoreError(f"{self.name} does not tell its time: {_reason(error)}") from error
        return int(kept["last_modified"].timestamp() * 1000)

    def close(self) -> None:
        """Nothing is open between two calls."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _path(key: str) -> str:
    """Where the key's object is: a folder for each part before a colon; `=` is `%` where services mind it."""
    return "/".join(_name(part) for part in key.split(":"))


def _name(part: str) -> str:
    encoded = quote(part, safe="")
    for plain in ".~":
        encoded = encoded.replace(plain, f"%{ord(plain):02X}")
    return encoded.replace("%", "=") or "="


def _key(path: str) -> str:
    return ":".join("" if part == "=" else unquote(part.replace("=", "%")) for part in path.split("/"))


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0]
