"""No byte of a webhook is parsed before its signature is good."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from reel_http.request import ServiceRequest
from reel_messaging.webhooks import WebhookVerifier

Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]
Guard: TypeAlias = Callable[[Connection, BaseRouteHandler], Awaitable[None]]


def signed_by(verifier: WebhookVerifier) -> Guard:
    """Build the guard of one sender's endpoint.

    Guards run before the body is decoded; the raw body is kept, and decoded from there.
    """

    async def guard(connection: Connection, _handler: BaseRouteHandler) -> None:
        if not isinstance(connection, ServiceRequest):
            raise TypeError("Webhooks come by HTTP")
        verifier.verify(dict(connection.headers), await connection.body())

    return guard
