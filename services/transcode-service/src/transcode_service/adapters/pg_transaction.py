"""Transactions of the job machinery in Postgres."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from reel_db.inbox import PgInbox
from reel_db.outbox import PgOutbox
from reel_db.pool import DATABASE_ERRORS, Connection, Pool, transaction
from reel_kernel.effects import Effect
from transcode_service.adapters.pg_attempts import PgAttempts
from transcode_service.adapters.pg_jobs import PgJobs
from transcode_service.adapters.pg_videos import PgVideos
from transcode_service.ports.jobs import Begin, LedgerUnavailable, Transaction

NOW: Final = "SELECT clock_timestamp()"


class PgTransaction:
    """The repositories on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.videos = PgVideos(connection)
        self.jobs = PgJobs(connection)
        self.attempts = PgAttempts(connection)
        self.outbox = PgOutbox(connection)
        self.inbox = PgInbox(connection)

    async def now(self) -> datetime:
        # Not now(): that is when the transaction began, before it waited for a lock.
        return await self._connection.fetchval(NOW)


def transactions(pool: Pool) -> Begin:
    """Return how use cases open a transaction on `pool`."""

    @asynccontextmanager
    async def begin(effect: Effect | None = None, /) -> AsyncGenerator[Transaction]:
        try:
            async with transaction(pool, effect) as connection:
                yield PgTransaction(connection)
        except DATABASE_ERRORS as error:
            raise LedgerUnavailable(repr(error)) from error

    return begin
