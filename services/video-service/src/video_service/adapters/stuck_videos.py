"""Which videos are under way for too long, and what became of their messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import Record

from reel_db import outbox_ops
from reel_db.pool import Connection
from video_service.adapters.video_rows import select_videos, video_of
from video_service.domain.stuck import MessageFate, Patience, Stuck
from video_service.domain.video import Video

# A job's signs of life are its progress, and our own asking for it once more.
FROM: Final = """
  LEFT JOIN transcode_progress progress ON progress.video_id = v.id AND progress.job_id = v.job_id
  LEFT JOIN transcode_reminders reminder ON reminder.video_id = v.id AND reminder.job_id = v.job_id
  LEFT JOIN LATERAL (
    SELECT o.id, o.dead_at, o.delivered_at FROM outbox o
     WHERE o.key = v.id AND o.destination = 'transcode-jobs'
       AND o.body ->> 'jobId' = v.job_id::text
     ORDER BY o.seq DESC LIMIT 1) message ON true
 WHERE v.deleted_at IS NULL
   AND v.status IN ('DRAFT', 'UPLOADING', 'UPLOADED', 'TRANSCODING')
   AND greatest(v.status_since, progress.updated_at, reminder.asked_at) <
       CASE v.status WHEN 'DRAFT' THEN $1::timestamptz WHEN 'UPLOADING' THEN $2::timestamptz
                     WHEN 'UPLOADED' THEN $3::timestamptz ELSE $4::timestamptz END
"""

COLUMNS: Final = (
    "greatest(v.status_since, progress.updated_at, reminder.asked_at) AS since",
    "reminder.asked_at",
    "message.id AS message_id",
    "message.dead_at",
    "message.delivered_at",
)

SELECT_STUCK: Final = select_videos(FROM + " ORDER BY v.status_since LIMIT $5", *COLUMNS)

SELECT_ONE_FOR_UPDATE: Final = select_videos(
    FROM + " AND v.id = $5 FOR UPDATE OF v SKIP LOCKED", *COLUMNS
)

UPSERT_REMINDER: Final = """
INSERT INTO transcode_reminders (video_id, job_id, asked_at) VALUES ($1, $2, $3)
ON CONFLICT (video_id) DO UPDATE SET job_id = excluded.job_id, asked_at = excluded.asked_at
"""


class PgStuckVideos:
    """`ports.StuckVideos` on one connection, in its transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock(self, video_id: UUID, patience: Patience, *, now: datetime) -> Stuck | None:
        row = await self._connection.fetchrow(
            SELECT_ONE_FOR_UPDATE, *_limits(patience, now), video_id
        )
        return None if row is None else _stuck(row)

    async def note_reminder(self, video: Video, *, now: datetime) -> None:
        await self._connection.execute(UPSERT_REMINDER, video.id, video.job_id, now)

    async def revive(self, message_id: UUID) -> None:
        await outbox_ops.replay(self._connection, [message_id])


async def list_stuck(
    connection: Connection, patience: Patience, *, now: datetime, limit: int
) -> Sequence[Stuck]:
    """Return videos that are stuck, the longest first."""
    rows = await connection.fetch(SELECT_STUCK, *_limits(patience, now), limit)
    return [_stuck(row) for row in rows]


def _limits(patience: Patience, now: datetime) -> tuple[datetime, ...]:
    ages = (patience.draft, patience.uploading, patience.uploaded, patience.transcoding)
    return tuple(now - age for age in ages)


def _stuck(row: Record) -> Stuck:
    return Stuck(
        video=video_of(row),
        since=row["since"],
        is_asked_again=row["asked_at"] is not None,
        message=_fate(row),
        message_id=row["message_id"],
    )


def _fate(row: Record) -> MessageFate:
    if row["message_id"] is None:
        return MessageFate.NONE
    if row["dead_at"] is not None:
        return MessageFate.DEAD
    return MessageFate.PENDING if row["delivered_at"] is None else MessageFate.DELIVERED
