"""A short way for the one GET that is asked far more often than all else together.

It answers what goes well, and leaves everything else (no token or one that was not seen before, an
owner who is too fast, nothing found, another spelling of the path) to the app as if it were not
there: there is one way to fail.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

import structlog
from litestar.types import HTTPResponseBodyEvent, HTTPResponseStartEvent, Receive, Scope, Send

from reel_http.auth import JwtAuth, Owner
from reel_http.fair_use import TokenBuckets, note_taken
from reel_http.request_context import Handler

UUID_IN_PATH: Final = r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
_NEEDED: Final = frozenset({b"authorization", b"if-none-match"})
_BEARER: Final = "bearer"

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ShortAnswer:
    """A whole answer; names of headers are lower case."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut:
    """GET of `prefix` and an id in its canonical spelling.

    `answer` is given the owner, the id and `If-None-Match`; with None it leaves the request to the
    app. `route` is the template that the app's own handler has, for logs and metrics.
    """

    prefix: str
    route: str
    answer: Callable[[Owner, UUID, str | None], Awaitable[ShortAnswer | None]]


class ShortWay:
    """Puts a shortcut before an app."""

    def __init__(self, shortcut: Shortcut, auth: JwtAuth, buckets: TokenBuckets | None) -> None:
        self._shortcut = shortcut
        self._auth = auth
        self._buckets = buckets
        self._path = re.compile(re.escape(shortcut.prefix) + UUID_IN_PATH)

    async def handle(self, handler: Handler, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let `handler` do it."""
        answer = await self._answer(scope)
        if answer is None:
            await handler(scope, receive, send)
            return
        cast("dict[str, Any]", scope)["path_template"] = self._shortcut.route
        await send(_start(answer))
        await send(_body(answer))

    async def _answer(self, scope: Scope) -> ShortAnswer | None:
        found = self._path.fullmatch(scope["path"])
        if found is None or cast("dict[str, Any]", scope)["method"] != "GET":
            return None
        headers = _headers(scope)
        owner = None if headers is None else self._owner(headers.get(b"authorization", b""))
        if headers is None or owner is None or not self._has_room(owner, scope):
            return None
        condition = headers.get(b"if-none-match")
        try:
            return await self._shortcut.answer(
                owner, UUID(found[1]), None if condition is None else _text(condition)
            )
        except Exception as error:  # noqa: BLE001 - the app tries again, and tells what is wrong
            log.warning("shortcut_failed", error=repr(error), route=self._shortcut.route)
            return None

    def _owner(self, authorization: bytes) -> Owner | None:
        scheme, _, token = _text(authorization).partition(" ")
        return self._auth.remembered(token.strip()) if scheme.lower() == _BEARER else None

    def _has_room(self, owner: Owner, scope: Scope) -> bool:
        if self._buckets is None:
            return True
        if self._buckets.take(owner.id):
            return False
        note_taken(scope)
        return True


def _headers(scope: Scope) -> dict[bytes, bytes] | None:
    """Return the headers that count; None if one is there twice, which is the app's to judge."""
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in _NEEDED:
            if name in headers:
                return None
            headers[name] = value
    return headers


def _text(value: bytes) -> str:
    return value.decode("latin-1")


def _start(answer: ShortAnswer) -> HTTPResponseStartEvent:
    return {"type": "http.response.start", "status": answer.status, "headers": answer.headers}


def _body(answer: ShortAnswer) -> HTTPResponseBodyEvent:
    return {"type": "http.response.body", "body": answer.body, "more_body": False}
