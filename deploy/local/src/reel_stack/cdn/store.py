"""Brings objects from the origin into the cache, each once however many ask at the same time."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO, Final
from weakref import WeakValueDictionary

import httpx

from reel_stack.cdn.cache import DiskCache, Entry
from reel_stack.cdn.freshness import lifetime_s
from reel_stack.cdn.origin import Origin

KEPT_HEADERS: Final = ("content-type", "cache-control", "etag", "last-modified")
CHUNK_BYTES: Final = 256 * 1024


class Refused(Exception):
    """The origin gives no such object: the status to answer with."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the origin's answer became status {status}")
        self.status = status


@dataclass(frozen=True)
class Found:
    """An object's description and its body, opened for reading."""

    entry: Entry
    body: BinaryIO
    hit: bool


class Store:
    """The cache in front of the origin."""

    def __init__(
        self,
        origin: Origin,
        cache: DiskCache,
        *,
        object_max_bytes: int,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._origin = origin
        self._cache = cache
        self._object_max_bytes = object_max_bytes
        self._now = now
        self._orders = 0
        self._locks = WeakValueDictionary[str, asyncio.Lock]()

    def forget(self, prefix: str) -> int:
        """Forget what is cached under a prefix; what is being fetched just now is not kept."""
        self._orders += 1
        return self._cache.forget(prefix)

    @asynccontextmanager
    async def open(self, key: str) -> AsyncGenerator[Found]:
        """Find an object in the cache, or fetch it whole. Raises Refused.

        Who asks while it is being fetched waits for that fetch, so the origin is asked once.
        """
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            found = self._cached(key) or await self._fetch(key)
        try:
            yield found
        finally:
            found.body.close()

    def _cached(self, key: str) -> Found | None:
        kept = self._cache.open(key)
        return None if kept is None else Found(*kept, hit=True)

    async def _fetch(self, key: str) -> Found:
        orders = self._orders
        try:
            async with self._origin.get(key) as response:
                self._check(response)
                return await self._keep(key, response, orders)
        except httpx.TimeoutException as error:
            raise Refused(HTTPStatus.GATEWAY_TIMEOUT) from error
        except httpx.TransportError as error:
            raise Refused(HTTPStatus.BAD_GATEWAY) from error

    def _check(self, response: httpx.Response) -> None:
        if response.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN):
            raise Refused(response.status_code)
        size = int(response.headers.get("content-length", 0))
        if response.status_code != HTTPStatus.OK or size > self._object_max_bytes:
            raise Refused(HTTPStatus.BAD_GATEWAY)

    async def _keep(self, key: str, response: httpx.Response, orders: int) -> Found:
        path = self._cache.temporary(key)
        body = await asyncio.to_thread(path.open, "w+b")
        try:
            async for chunk in response.aiter_bytes(CHUNK_BYTES):
                await asyncio.to_thread(body.write, chunk)
            await asyncio.to_thread(body.flush)
            entry = self._entry(key, response, size_bytes=body.tell())
        except BaseException:
            body.close()
            path.unlink(missing_ok=True)
            raise
        if orders == self._orders:
            self._admit(entry, path)
        else:
            path.unlink()
        return Found(entry, body, hit=False)

    def _entry(self, key: str, response: httpx.Response, *, size_bytes: int) -> Entry:
        kept = {name: value for name in KEPT_HEADERS if (value := response.headers.get(name))}
        now = self._now()
        fresh_s = lifetime_s(response.headers.get("cache-control"))
        return Entry(
            key=key, size_bytes=size_bytes, headers=kept, stored_at=now, fresh_until=now + fresh_s
        )

    def _admit(self, entry: Entry, path: Path) -> None:
        """Keep a body that may be kept; the other is read through its open file alone."""
        if entry.fresh_until > entry.stored_at:
            self._cache.put(entry, path)
        else:
            path.unlink()
