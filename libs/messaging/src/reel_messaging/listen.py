"""LISTEN that survives the connection."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from reel_db.pool import ACQUIRE_TIMEOUT_S, DATABASE_ERRORS, Connection, Pool
from reel_messaging.retry import RECONNECT, keep_cancellation

log = structlog.stdlib.get_logger(__name__)


async def listen(pool: Pool, channel: str, on_notify: Callable[[], None]) -> None:
    """Like `hear`, for channels whose messages all mean the same."""
    await hear(pool, channel, lambda _payload: on_notify())


async def hear(pool: Pool, channel: str, on_notify: Callable[[str | None], None]) -> None:
    """Call `on_notify` with the payload of every NOTIFY on `channel`, until cancelled.

    Keeps one connection of the pool. When that is lost it is replaced after a jittered pause, and
    `on_notify` is called with None, for whatever may have been missed meanwhile; so too at first.
    """
    failures = 0
    while True:
        try:
            async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
                await _until_lost(connection, channel, on_notify)
            failures = 0
        except DATABASE_ERRORS as error:
            keep_cancellation(error)
            failures += 1
            log.warning("listen_failed", channel=channel, error=repr(error), failures=failures)
        await asyncio.sleep(RECONNECT.delay_s(failures))


async def _until_lost(
    connection: Connection, channel: str, on_notify: Callable[[str | None], None]
) -> None:
    lost = asyncio.Event()

    def notified(*message: object) -> None:
        on_notify(str(message[-1]))

    def terminated(*_: object) -> None:
        lost.set()

    connection.add_termination_listener(terminated)
    await connection.add_listener(channel, notified)
    on_notify(None)
    try:
        await lost.wait()
        log.warning("listen_connection_lost", channel=channel)
    except asyncio.CancelledError:
        with suppress(*DATABASE_ERRORS):  # a connection that is gone needs no goodbye
            connection.remove_termination_listener(terminated)
            await connection.remove_listener(channel, notified)
        raise
