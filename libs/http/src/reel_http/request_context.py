"""One request id and one access-log line for every request, also for unknown routes."""

import re
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final, cast
from uuid import uuid4

import structlog
from litestar.types import Message, Receive, Scope, Send

from reel_http.metrics import PATH, count_request
from reel_observability.context import unit_of_work

HEADER: Final = b"x-request-id"
_ACCEPTABLE: Final = re.compile(rb"[A-Za-z0-9._-]{8,128}")
_QUIET: Final = frozenset({"/healthz", "/readyz", PATH})
_KEY: Final = "request_id"
_SERVER_ERROR: Final = 500

log = structlog.stdlib.get_logger(__name__)
Handler = Callable[[Scope, Receive, Send], Awaitable[None]]


def request_id_of(scope: Scope) -> str:
    """Return the id of this request, as answered in `X-Request-Id`."""
    return str(scope["state"][_KEY])


async def in_request_context(handler: Handler, scope: Scope, receive: Receive, send: Send) -> None:
    """Run `handler` with a request id bound to every log line, and log the outcome.

    A well-formed `X-Request-Id` of the caller is kept, so that one id follows a request through
    several services; anything else is replaced.
    """
    request_id = _incoming_id(scope) or str(uuid4())
    known = cast("MutableMapping[str, Any]", scope)
    known.setdefault("state", {})[_KEY] = request_id
    started, status, began_s = time.perf_counter(), _SERVER_ERROR, None
    path = scope["path"]  # before routing normalises it

    async def send_with_id(message: Message) -> None:
        nonlocal status, began_s
        if message["type"] == "http.response.start":
            status = message["status"]
            began_s = time.perf_counter() - started
            message["headers"] = [*message["headers"], (HEADER, request_id.encode())]
        await send(message)

    with unit_of_work("http", request_id=request_id):
        try:
            await handler(scope, receive, send_with_id)
        finally:
            elapsed_s = time.perf_counter() - started
            _log_access(scope, path, status, elapsed_s)
            _count(scope, status, elapsed_s if began_s is None else began_s)


def _incoming_id(scope: Scope) -> str | None:
    given = next((value for name, value in scope["headers"] if name == HEADER), b"")
    return given.decode() if _ACCEPTABLE.fullmatch(given) else None


def _count(scope: Scope, status: int, elapsed_s: float) -> None:
    known = cast("Mapping[str, Any]", scope)
    count_request(known.get("path_template"), str(known["method"]), status, elapsed_s)


def _log_access(scope: Scope, path: str, status: int, elapsed_s: float) -> None:
    known = cast("Mapping[str, Any]", scope)
    write = log.debug if path in _QUIET else log.info
    write(
        "http_request",
        method=known["method"],
        path=path,
        route=known.get("path_template"),
        status=status,
        duration_ms=round(elapsed_s * 1000, 2),
    )
