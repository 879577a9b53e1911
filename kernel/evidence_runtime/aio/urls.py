# The sync form is generated from this file: run kernel/make_sync.py after a change.
"""Stores by URL; the drivers of a server's store are imported when one is opened."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from evidence_runtime.aio.local import memory, sqlite
from evidence_runtime.aio.probe import probe, warn_of_skew
from evidence_runtime.aio.store import AsyncStore, StoreError

SERVERS = {"postgresql": "sql", "redis": "redis", "rediss": "redis", "s3": "object"}  # and the extra with the driver
FORMS = "sqlite:PATH, postgresql://HOST/DATABASE, redis://HOST/NUMBER, s3://BUCKET/FOLDER or memory:"


@asynccontextmanager
async def open_store(url: str, *, read_only: bool = False) -> AsyncIterator[AsyncStore]:
    """The store that a URL names, open for as long as the context lasts.

    A server's store is probed, and its clock compared with this host's, unless `read_only`: then nothing is
    written, nor made. Raises StoreError where there is no such store, its driver is missing, its server cannot be
    reached, or does not keep the conditions.
    """
    scheme, _, rest = url.partition(":")
    if scheme in SERVERS and rest.startswith("//"):
        async with _served(scheme, url, read_only) as store:
            yield store
    elif scheme == "sqlite" and rest:
        async with sqlite(rest, read_only) as store:
            yield store
    elif url == "memory:":
        async with memory() as store:
            yield store
    else:
        shown = re.sub(r"//[^/@]*@", "//***@", url)
        raise StoreError(f"{shown!r} is no store; name one as {FORMS}")


@asynccontextmanager
async def _served(scheme: str, url: str, read_only: bool) -> AsyncIterator[AsyncStore]:
    async with _driven(scheme, url, read_only) as store:
        if not read_only:
            try:
                key = await probe(store)
                await warn_of_skew(store, scheme)
                if scheme == "s3":
                    await store.sweep(key)
            except StoreError as error:
                raise StoreError(f"{store.name}: {error}") from None
        yield store


def _driven(scheme: str, url: str, read_only: bool) -> Any:
    try:
        if scheme == "postgresql":
            from evidence_runtime.aio.sql import SqlStore

            return SqlStore(url, read_only=read_only)
        if scheme == "s3":
            from evidence_runtime.aio.objects import ObjectStore

            return ObjectStore.at(url)
        from evidence_runtime.aio.redis import RedisStore

        return RedisStore(url)
    except ImportError as missing:  # psycopg says so in words where it lacks PostgreSQL's library
        what, extra = missing.name or missing, SERVERS[scheme]
        raise StoreError(f"{what} is missing; pip install 'evidence-kernel[{extra}]'") from None
