"""Queries of GET /api/videos, one round trip each."""

from collections.abc import Collection, Sequence
from datetime import datetime
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

DETAILS: Final = """
  LEFT JOIN video_assets master ON master.video_id = v.id AND master.type = 'HLS_MASTER'
  LEFT JOIN video_assets poster ON poster.video_id = v.id AND poster.type = 'THUMBNAIL'
        AND poster.container IS DISTINCT FROM 'vtt'
  LEFT JOIN video_assets board ON board.video_id = v.id AND board.type = 'THUMBNAIL'
        AND board.container = 'vtt'
  LEFT JOIN transcode_progress progress ON progress.video_id = v.id AND progress.job_id = v.job_id
        AND v.status = 'TRANSCODING'
"""


def select_details(tail: str) -> str:
    """Return the statement that reads `details_of`'s columns."""
    return select_videos(
        DETAILS + tail,
        "master.file_key AS master_key",
        "poster.file_key AS poster_key",
        "board.file_key AS storyboard_key",
        "progress.fraction",
        "progress.eta_seconds",
        "progress.phase",
        "progress.revision",
    )


SELECT_DETAILS: Final = select_details(
    " WHERE v.id = $1 AND v.owner_id = $2 AND v.deleted_at IS NULL"
)

SELECT_SOME: Final = select_details(" WHERE v.id = ANY($1::uuid[]) AND v.owner_id = $2")

# Progress has no index by time: the few videos that are TRANSCODING are looked at by theirs.
SELECT_MOVED: Final = select_details("""
 WHERE v.owner_id = $1
   AND (v.updated_at > $2 OR (v.status = 'TRANSCODING' AND progress.updated_at > $2))
 ORDER BY greatest(v.updated_at, progress.updated_at) DESC
 LIMIT $3
""")

SELECT_UNFINISHED: Final = select_details("""
 WHERE v.owner_id = $1 AND v.deleted_at IS NULL
   AND v.status IN ('DRAFT', 'UPLOADING', 'UPLOADED', 'TRANSCODING')
 ORDER BY v.created_at DESC, v.id DESC
 LIMIT $2
""")

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
        return details_of(row)

    async def some(self, owner_id: UUID, video_ids: Collection[UUID]) -> Sequence[VideoDetails]:
        rows = await self._pool.fetch(SELECT_SOME, list(video_ids), owner_id)
        return [details_of(row) for row in rows]

    async def moved(self, owner_id: UUID, *, since: datetime, limit: int) -> Sequence[VideoDetails]:
        rows = await self._pool.fetch(SELECT_MOVED, owner_id, since, limit)
        return [details_of(row) for row in rows]

    async def unfinished(self, owner_id: UUID, *, limit: int) -> Sequence[VideoDetails]:
        rows = await self._pool.fetch(SELECT_UNFINISHED, owner_id, limit)
        return [details_of(row) for row in rows]

    async def page(
        self, owner_id: UUID, *, after: Position, limit: int, status: VideoStatus | None
    ) -> Page:
        keyset = (owner_id, after.created_at, after.id, limit + 1)
        if status is None:
            rows = await self._pool.fetch(SELECT_PAGE, *keyset)
        else:
            rows = await self._pool.fetch(SELECT_PAGE_BY_STATUS, *keyset, status)
        return Page.of(tuple(video_of(row) for row in rows), limit)


def details_of(row: Record) -> VideoDetails:
    """Build what a row of `select_details` shows."""
    return VideoDetails(
        video=video_of(row),
        master_key=row["master_key"],
        poster_key=row["poster_key"],
        storyboard_key=row["storyboard_key"],
        progress=_progress_of(row),
        progress_revision=row["revision"] or 0,
    )


def _progress_of(row: Record) -> Progress | None:
    if row["revision"] is None:
        return None
    return Progress(fraction=row["fraction"], eta_s=row["eta_seconds"], phase=Phase(row["phase"]))
