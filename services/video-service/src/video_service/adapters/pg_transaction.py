"""Repositories on one connection, in one transaction."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from reel_db import pool
from reel_db.inbox import PgInbox
from reel_db.outbox import PgOutbox
from reel_db.pool import Pool
from reel_kernel.effects import Effect
from video_service.adapters.receipts import PgReceipts
from video_service.adapters.stuck_videos import PgStuckVideos
from video_service.adapters.video_repository import PgVideoRepository
from video_service.ports import Transaction


@dataclass(frozen=True, slots=True)
class PgTransaction:
    videos: PgVideoRepository
    outbox: PgOutbox
    inbox: PgInbox
    stuck: PgStuckVideos
    receipts: PgReceipts


@asynccontextmanager
async def begin(pool_: Pool, effect: Effect | None = None, /) -> AsyncGenerator[Transaction]:
    """Open a transaction on one connection."""
    async with pool.transaction(pool_, effect) as connection:
        yield PgTransaction(
            PgVideoRepository(connection),
            PgOutbox(connection),
            PgInbox(connection),
            PgStuckVideos(connection),
            PgReceipts(connection),
        )
