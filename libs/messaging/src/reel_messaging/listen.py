"""LISTEN that survives the connection."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from reel_db.pool import ACQUIRE_TIMEOUT_S, DATABASE_ERRORS, Connection, Pool
from reel_messaging.retry import RECONNECT, keep_cancellation

PING_S: Final = 15.0
"""Nothing is sent on a connection that listens, so only a question shows that it is dead."""
PING_ANSWER_S: Final = 5.0

log = structlog.stdlib.get_logger(__name__)


async def listen(pool: Pool, channel: str, on_notify: Callable[[], None]) -> None:
    """Like `hear`, for channels whose messages all mean the same."""
    await hear(pool, channel, lambda _payload: on_notify())


async def hear(
    pool: Pool,
    channel: str,
    on_notify: Callable[[str | None], None],
    *,
    ping_s: float = PING_S,
    answer_s: float = PING_ANSWER_S,
) -> None:
    """Call `on_notify` with the payload of every NOTIFY on `channel`, until cancelled.

    Keeps one connection of the pool. When that is lost, or leaves a question that is put every
    `ping_s` unanswered for `answer_s`, it is replaced after a jittered pause, and `on_notify` is
    called with None, for whatever may have been missed meanwhile; so too at first.
    """
    ping = _Ping(ping_s, answer_s)
    failures = 0
    while True:
        try:
            async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
                await _until_lost(connection, channel, on_notify, ping)
            failures = 0
        except DATABASE_ERRORS as error:
            keep_cancellation(error)
            failures += 1
            log.warning("listen_failed", channel=channel, error=repr(error), failures=failures)
        await asyncio.sleep(RECONNECT.delay_s(failures))


@dataclass(frozen=True, slots=True)
class _Ping:
    every_s: float
    answer_s: float

    async def until(self, lost: asyncio.Event, connection: Connection) -> None:
        """Return once the connection is lost; one that is silent is ended."""
        while not lost.is_set():
            try:
                async with asyncio.timeout(self.every_s):
                    await lost.wait()
            except TimeoutError:
                await self._ask(connection)

    async def _ask(self, connection: Connection) -> None:
        try:
            await connection.execute("SELECT 1", timeout=self.answer_s)
        except TimeoutError:
            connection.terminate()
            raise


async def _until_lost(
    connection: Connection, channel: str, on_notify: Callable[[str | None], None], ping: _Ping
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
        await ping.until(lost, connection)
        log.warning("listen_connection_lost", channel=channel)
    except asyncio.CancelledError:
        with suppress(*DATABASE_ERRORS):  # a connection that is gone needs no goodbye
            connection.remove_termination_listener(terminated)
            await connection.remove_listener(channel, notified)
        raise
