"""What there is to do, from indexes that hold nothing else."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from reel_db.pool import Pool, transaction
from video_service.adapters.stuck_videos import list_stuck
from video_service.adapters.video_rows import select_videos, video_of
from video_service.domain.stuck import Patience, Stuck
from video_service.domain.video import Video

SELECT_IN_FLIGHT: Final = select_videos("""
 WHERE v.deleted_at IS NULL AND v.status = 'TRANSCODING' AND v.status_since < $1
 ORDER BY v.status_since LIMIT $2
""")

SELECT_FROZEN: Final = select_videos("""
 WHERE v.deleted_at IS NULL AND v.status = 'FAILED' AND v.fail_reason = 'ROLLBACK'
 ORDER BY v.status_since LIMIT $1
""")

SELECT_UNERASED: Final = """
SELECT video_id FROM purge_receipts WHERE closed_at IS NULL AND deleted_at < $1
 ORDER BY deleted_at LIMIT $2
"""


class PgWorkLists:
    """`ports.WorkLists`: one query each."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def stuck(self, patience: Patience, *, now: datetime, limit: int) -> Sequence[Stuck]:
        async with transaction(self._pool) as connection:
            return await list_stuck(connection, patience, now=now, limit=limit)

    async def in_flight(self, *, before: datetime, limit: int) -> Sequence[Video]:
        return [video_of(row) for row in await self._pool.fetch(SELECT_IN_FLIGHT, before, limit)]

    async def frozen(self, *, limit: int) -> Sequence[Video]:
        return [video_of(row) for row in await self._pool.fetch(SELECT_FROZEN, limit)]

    async def unerased(self, *, before: datetime, limit: int) -> Sequence[UUID]:
        rows = await self._pool.fetch(SELECT_UNERASED, before, limit)
        return [row["video_id"] for row in rows]
