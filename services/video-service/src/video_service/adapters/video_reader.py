"""Queries of GET /api/videos, one round trip each."""

from typing import Final
from uuid import UUID

from asyncpg import Record

from reel_db.pool import Pool
from video_service.adapters.video_rows import select_videos, video_of
from video_service.domain.details import VideoDetails
from video_service.domain.errors import VideoNotFound
from video_service.domain.lifecycle import VideoStatus
from video_service.domain.page import Page, Position
from video_service.domain.progress import Phase, Progress

SELECT_DETAILS: Final = select_videos(
    """
  LEFT JOIN video_assets master ON master.video_id = v.id AND master.type = 'HLS_MASTER'
  LEFT JOIN video_assets poster ON poster.video_id = v.id AND poster.type = 'THUMBNAIL'
        AND poster.container IS DISTINCT FROM 'vtt'
  LEFT JOIN video_assets board ON board.video_id = v.id AND board.type = 'THUMBNAIL'
        AND board.container = 'vtt'
  LEFT JOIN transcode_progress progress ON progress.video_id = v.id AND progress.job_id = v.job_id
        AND v.status = 'TRANSCODING'
 WHERE v.id = $1 AND v.owner_id = $2 AND v.deleted_at IS NULL
""",
    "master.file_key AS master_key",
    "poster.file_key AS poster_key",
    "board.file_key AS storyboard_key",
    "progress.fraction",
    "progress.eta_seconds",
    "progress.phase",
    "progress.revision",
)

SELECT_PAGE: Final = select_videos("""
 WHERE v.owner_id = $1 AND v.deleted_at IS NULL AND (v.created_at, v.id) < ($2, $3)
 ORDER BY v.created_at DESC, v.id DESC
 LIMIT $4
""")

# A statement of its own: "status = $5 OR $5 IS NULL" would fit neither index.
SELECT_PAGE_BY_STATUS: Final = select_videos("""
 WHERE v.owner_id = $1 AND v.deleted_at IS NULL AND (v.created_at, v.id) < ($2, $3)
   AND v.status = $5
 ORDER BY v.created_at DESC, v.id DESC
 LIMIT $4
""")


class PgVideoReader:
    """asyncpg prepares each statement once a connection."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, owner_id: UUID, video_id: UUID) -> VideoDetails:
        row = await self._pool.fetchrow(SELECT_DETAILS, video_id, owner_id)
        if row is None:
            raise VideoNotFound
        return VideoDetails(
            video=video_of(row),
            master_key=row["master_key"],
            poster_key=row["poster_key"],
            storyboard_key=row["storyboard_key"],
            progress=_progress_of(row),
            progress_revision=row["revision"] or 0,
        )

    async def page(
        self, owner_id: UUID, *, after: Position, limit: int, status: VideoStatus | None
    ) -> Page:
        keyset = (owner_id, after.created_at, after.id, limit + 1)
        if status is None:
            rows = await self._pool.fetch(SELECT_PAGE, *keyset)
        else:
            rows = await self._pool.fetch(SELECT_PAGE_BY_STATUS, *keyset, status)
        return Page.of(tuple(video_of(row) for row in rows), limit)


def _progress_of(row: Record) -> Progress | None:
    if row["revision"] is None:
        return None
    return Progress(fraction=row["fraction"], eta_s=row["eta_seconds"], phase=Phase(row["phase"]))
