"""`Idempotency-Key`: a POST that is sent again is answered again, and done once.

Source: draft-ietf-httpapi-idempotency-key-header. A handler takes part with
`opt={IDEMPOTENT: True}`, and gives what it creates the id of `resource_id(request)`.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

import structlog
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.openapi.spec import Operation, Parameter, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from reel_http.request import ServiceRequest
from reel_kernel.errors import DomainError
from reel_kernel.idempotency import Answer, Attempt, InFlight, KeyLedger, OtherRequest

IDEMPOTENT: Final = "idempotent"
HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
MAX_KEY_CHARS: Final = 255
_RESOURCE: Final = "idempotent_resource_id"
# The draft wants a quoted string (RFC 8941); the bare form is what most clients send.
_QUOTED: Final = re.compile(r'"(?P<key>[\x20\x21\x23-\x5b\x5d-\x7e]{1,255})"')
_BARE: Final = re.compile(r"(?P<key>[!#-+\--:<-\[\]-~]{1,255})")
_EITHER: Final = f"^(?:{_QUOTED.pattern}|{_BARE.pattern})$".replace("?P<key>", "?:")
_PASSING: Final = frozenset({401, 408, 409, 425, 429})
"""What another try may well be answered otherwise; every one of them left nothing behind."""
_SERVER_ERROR: Final = 500
_OWN_HEADERS: Final = frozenset({b"content-length", b"date"})

log = structlog.stdlib.get_logger(__name__)


class KeyMalformed(DomainError):
    """The Idempotency-Key is empty, too long, given twice, or holds other than visible ASCII."""

    code = "idempotency-key-malformed"
    title = "The Idempotency-Key is not valid"


class KeyReused(DomainError):
    """The key belongs to a request with another body or path: use a new one."""

    code = "idempotency-key-reused"
    title = "The Idempotency-Key was used for another request"


class KeyInFlight(DomainError):
    """The first request with this key is still being worked on: ask again in a moment."""

    code = "idempotency-key-in-flight"
    title = "A request with this Idempotency-Key is being worked on"
    retry_after_s = 1


STATUS: Final = {KeyMalformed: 400, KeyReused: 422, KeyInFlight: 409}


def resource_id(request: ServiceRequest) -> UUID | None:
    """Return the id that what this request creates is to have; None without a key."""
    return request.scope["state"].get(_RESOURCE)


def read_key(values: Sequence[str]) -> str | None:
    """Return the key that the header's values give, None when there is none.

    Raises:
        KeyMalformed: not exactly one well-formed key.
    """
    if not values:
        return None
    text = values[0].strip()
    found = _QUOTED.fullmatch(text) or _BARE.fullmatch(text)
    if len(values) > 1 or found is None:
        raise KeyMalformed(f"Send one key of 1 to {MAX_KEY_CHARS} visible ASCII characters")
    return found["key"]


def fingerprint(method: str, path: str, body: bytes) -> bytes:
    """Return what makes a request with a key the same request; the caller is part of the key."""
    return hashlib.sha256(f"{method} {path}\n".encode() + body).digest()


class IdempotencyMiddleware(ASGIMiddleware):
    """Behind authentication. Answers of 500 and more, and passing refusals, are not kept."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, ledger: KeyLedger) -> None:
        self._ledger = ledger

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request = ServiceRequest(scope, receive=receive, send=send)
        key = None
        if scope["route_handler"].opt.get(IDEMPOTENT):
            key = read_key(request.headers.getall(HEADER, []))
        if key is None:
            await next_app(scope, receive, send)
            return
        # Read through the request: it keeps the body for the handler, and its limit holds here.
        mark = fingerprint(request.method, scope["path"], await request.body())
        match await self._ledger.claim(request.user.id, key, mark):
            case Answer() as answer:
                await _replay(answer, send)
            case InFlight():
                raise KeyInFlight
            case OtherRequest():
                raise KeyReused
            case Attempt() as attempt:
                await self._execute(attempt, _Exchange(scope, receive, send), next_app)

    async def _execute(self, attempt: Attempt, exchange: "_Exchange", next_app: ASGIApp) -> None:
        exchange.scope["state"][_RESOURCE] = attempt.resource_id
        held = _HeldAnswer()
        try:
            await next_app(exchange.scope, exchange.receive, held.take)
        except Exception:
            await self._ledger.release(attempt)
            raise
        answer = held.answer()
        if answer.status >= _SERVER_ERROR or answer.status in _PASSING:
            await self._ledger.release(attempt)
        else:
            await self._ledger.settle(attempt, answer)
        for message in held.messages:
            await exchange.send(message)


@dataclass(frozen=True, slots=True)
class _Exchange:
    scope: Scope
    receive: Receive
    send: Send


class _HeldAnswer:
    """Keeps an answer back until it is stored: who has seen it can count on its being repeated."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def take(self, message: Message) -> None:
        self.messages.append(message)

    def answer(self) -> Answer:
        start, body = cast("dict[str, Any]", self.messages[0]), b""
        for message in cast("list[dict[str, Any]]", self.messages[1:]):
            body += message.get("body", b"")
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in start["headers"]
            if name.lower() not in _OWN_HEADERS
        )
        return Answer(status=start["status"], headers=headers, body=body)


async def _replay(answer: Answer, send: Send) -> None:
    log.info("answer_replayed", status=answer.status)
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    headers += [
        (b"content-length", str(len(answer.body)).encode()),
        (REPLAYED.lower().encode(), b"true"),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


@dataclass
class IdempotentOperation(Operation):
    """Describes the header in OpenAPI."""

    def __post_init__(self) -> None:
        header = Parameter(
            name=HEADER,
            param_in="header",
            description="Makes the request safe to repeat for 24 hours: a repeat is answered as "
            f"the first was, with `{REPLAYED}: true`. Choose a random one for every new request.",
            schema=Schema(type=OpenAPIType.STRING, pattern=_EITHER),
        )
        self.parameters = [*(self.parameters or []), header]
