"""Clients that take nothing are given up."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

SEND_S: Final = 20.0
"""A client that takes nothing for so long is gone or stuck; its connection is worth more."""

log = structlog.stdlib.get_logger(__name__)


def taken_within(timeout_s: float) -> Callable[[ASGIApp], ASGIApp]:
    """Return the middleware that gives a client up once it takes nothing for so long."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
            is_dropped = False

            async def send_in_time(message: Message) -> None:
                nonlocal is_dropped
                try:
                    async with asyncio.timeout(timeout_s):
                        await send(message)
                except TimeoutError:
                    is_dropped = True
                    raise

            try:
                await app(scope, receive, send_in_time)
            except Exception:
                if not is_dropped:  # whatever the layers in between made of the time-out
                    raise
                log.info("slow_client_dropped")

        return middleware

    return wrap
