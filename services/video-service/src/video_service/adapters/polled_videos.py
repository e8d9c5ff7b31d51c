"""One statement for all who poll at the same moment."""

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from asyncpg import Record

from reel_db.batched import Batched, serving
from reel_db.pool import Pool
from video_service.adapters.video_reader import details_of, select_details
from video_service.domain.details import Mark, VideoDetails

SELECT_MARKS: Final = """
SELECT v.id, v.owner_id, v.version, coalesce(progress.revision, 0) AS revision
  FROM videos v
  LEFT JOIN transcode_progress progress ON progress.video_id = v.id AND progress.job_id = v.job_id
        AND v.status = 'TRANSCODING'
 WHERE v.id = ANY($1::uuid[]) AND v.deleted_at IS NULL
"""

SELECT_POLLED: Final = select_details(" WHERE v.id = ANY($1::uuid[]) AND v.deleted_at IS NULL")


class PgPolledVideos:
    """Rows are read by id and given to their owners alone."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.marks = Batched(self._load_marks)
        self.rows = Batched(self._load_rows)

    async def mark(self, owner_id: UUID, video_id: UUID) -> Mark | None:
        row = await self.marks.get(video_id)
        if row is None or row["owner_id"] != owner_id:
            return None
        return row["version"], row["revision"]

    async def details(self, owner_id: UUID, video_id: UUID) -> VideoDetails | None:
        row = await self.rows.get(video_id)
        if row is None or row["owner_id"] != owner_id:
            return None
        return details_of(row)

    async def _load_marks(self, ids: Collection[UUID]) -> Mapping[UUID, Record]:
        return {row["id"]: row for row in await self._pool.fetch(SELECT_MARKS, list(ids))}

    async def _load_rows(self, ids: Collection[UUID]) -> Mapping[UUID, Record]:
        return {row["id"]: row for row in await self._pool.fetch(SELECT_POLLED, list(ids))}


@asynccontextmanager
async def polled_videos(pool: Pool) -> AsyncGenerator[PgPolledVideos]:
    """Read for pollers during the block."""
    polled = PgPolledVideos(pool)
    async with serving(polled.marks, polled.rows):
        yield polled
