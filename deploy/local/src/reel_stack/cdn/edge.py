"""The edge's HTTP side: an ASGI application that serves `GET` and `HEAD` of published HLS alone."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, BinaryIO, Final

import structlog
from standardwebhooks.webhooks import Webhook

from reel_stack.cdn import invalidation, ranges
from reel_stack.cdn.cache import Entry
from reel_stack.cdn.invalidation import BadOrder, Receive, read_order
from reel_stack.cdn.paths import public_key
from reel_stack.cdn.ranges import ByteRange
from reel_stack.cdn.store import CHUNK_BYTES, Found, Refused, Store

Scope = Mapping[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = dict[str, str]

CORS: Final[Headers] = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "Accept-Ranges, Age, Content-Range, ETag, X-Cache",
}
PREFLIGHT: Final[Headers] = {
    "access-control-allow-methods": "GET, HEAD",
    "access-control-allow-headers": "If-None-Match, If-Range, Range",
    "access-control-max-age": "86400",
}
READ_METHODS: Final = frozenset({"GET", "HEAD"})

log = structlog.get_logger()


class Edge:
    """Answers viewers from the store; everything but published HLS is 403, as CloudFront does."""

    def __init__(
        self,
        store: Store,
        now: Callable[[], float] = time.time,
        *,
        invalidation_secret: str | None = None,
    ) -> None:
        self._store = store
        self._now = now
        self._webhook = Webhook(invalidation_secret) if invalidation_secret else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = public_key(scope["raw_path"])
        method: str = scope["method"]
        if self._webhook and (method, scope["raw_path"]) == ("POST", invalidation.PATH):
            await self._forget(self._webhook, receive, _headers(scope), send)
        elif key is None or method not in {*READ_METHODS, "OPTIONS"}:
            await _refuse(send, HTTPStatus.FORBIDDEN)
        elif method == "OPTIONS":
            await _respond(send, HTTPStatus.NO_CONTENT, PREFLIGHT)
        else:
            await self._serve(key, method, _headers(scope), send)

    async def _forget(self, webhook: Webhook, receive: Receive, asked: Headers, send: Send) -> None:
        try:
            prefixes = await read_order(receive, asked, webhook)
        except BadOrder:
            await _refuse(send, HTTPStatus.FORBIDDEN)
            return
        forgotten = sum(map(self._store.forget, prefixes))
        log.info("invalidated", prefixes=prefixes, entries=forgotten)
        await _respond(send, HTTPStatus.NO_CONTENT, {})

    async def _serve(self, key: str, method: str, asked: Headers, send: Send) -> None:
        began = time.perf_counter()
        try:
            async with self._store.open(key) as found:
                status = await self._send(found, method, asked, send)
                outcome = "hit" if found.hit else "miss"
        except Refused as refused:
            status, outcome = refused.status, "error"
            await _refuse(send, refused.status)
        took_ms = round((time.perf_counter() - began) * 1000, 1)
        log.info("served", key=key, method=method, status=int(status), cache=outcome, ms=took_ms)

    async def _send(self, found: Found, method: str, asked: Headers, send: Send) -> HTTPStatus:
        entry = found.entry
        headers = self._entry_headers(found)
        if _matches(asked.get("if-none-match"), entry):
            await _respond(send, HTTPStatus.NOT_MODIFIED, headers)
            return HTTPStatus.NOT_MODIFIED
        try:
            wanted = ranges.parse(_range(asked, entry), entry.size_bytes)
        except ranges.Unsatisfiable:
            unsatisfied = {"content-range": f"bytes */{entry.size_bytes}"}
            await _refuse(send, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, unsatisfied)
            return HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        status = HTTPStatus.OK if wanted is None else HTTPStatus.PARTIAL_CONTENT
        body = wanted or ByteRange(0, entry.size_bytes - 1)
        headers["content-length"] = str(body.length)
        if wanted is not None:
            headers["content-range"] = f"bytes {body.first}-{body.last}/{entry.size_bytes}"
        await _start(send, status, headers)
        await _body(send, found.body, body if method == "GET" else None)
        return status

    def _entry_headers(self, found: Found) -> Headers:
        age_s = max(0, int(self._now() - found.entry.stored_at))
        cache = f"{'Hit' if found.hit else 'Miss'} from reel-edge"
        return {
            **found.entry.headers,
            "accept-ranges": "bytes",
            "age": str(age_s),
            "x-cache": cache,
        }


def _headers(scope: Scope) -> Headers:
    pairs: list[tuple[bytes, bytes]] = scope["headers"]
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in pairs}


def _matches(condition: str | None, entry: Entry) -> bool:
    """Whether the viewer has this version already (`If-None-Match`, weak comparison)."""
    etag = entry.headers.get("etag")
    if condition is None or etag is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in condition.split(",")}
    return "*" in tags or etag in tags


def _range(asked: Headers, entry: Entry) -> str | None:
    """The Range header, unless `If-Range` names another version."""
    version = asked.get("if-range")
    if version is not None and version != entry.headers.get("etag"):
        return None
    return asked.get("range")


def _encoded(headers: Headers) -> Iterator[tuple[bytes, bytes]]:
    for name, value in {**CORS, **headers}.items():
        yield name.encode("latin-1"), value.encode("latin-1")


async def _start(send: Send, status: int, headers: Headers) -> None:
    encoded = list(_encoded(headers))
    await send({"type": "http.response.start", "status": int(status), "headers": encoded})


async def _body(send: Send, body: BinaryIO, wanted: ByteRange | None) -> None:
    """Send a range of an opened body, or nothing."""
    left = 0 if wanted is None else wanted.length
    body.seek(0 if wanted is None else wanted.first)
    while left > 0:
        chunk = await asyncio.to_thread(body.read, min(CHUNK_BYTES, left))
        left -= len(chunk)
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _respond(send: Send, status: int, headers: Headers) -> None:
    await _start(send, status, headers)
    await send({"type": "http.response.body", "body": b""})


async def _refuse(send: Send, status: int, extra: Headers | None = None) -> None:
    """An error without a body that no cache may keep."""
    headers = {"cache-control": "no-store", "x-cache": "Error from reel-edge"}
    await _respond(send, status, {**headers, "content-length": "0", **(extra or {})})
