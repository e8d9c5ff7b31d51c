"""What is kept of each video, in Postgres."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from reel_db.pool import Connection
from transcode_service.domain.video_outputs import VideoOutputs

SELECT: Final = """
SELECT video_id, last_attempt, deleted_at, purge_after, purged_at, found_objects, found_bytes
  FROM video_outputs
"""

INSERT: Final = "INSERT INTO video_outputs (video_id) VALUES ($1) ON CONFLICT DO NOTHING"

SELECT_FOR_UPDATE: Final = f"{SELECT} WHERE video_id = $1 FOR UPDATE"

UPDATE: Final = """
UPDATE video_outputs
   SET last_attempt = $2, deleted_at = $3, purge_after = $4, purged_at = $5,
       found_objects = $6, found_bytes = $7
 WHERE video_id = $1
"""

# A cancelled job holds its lease until the attempt has stopped.
TO_PURGE: Final = f"""{SELECT}
 WHERE deleted_at IS NOT NULL AND purged_at IS NULL AND purge_after <= clock_timestamp()
   AND NOT EXISTS (
     SELECT FROM jobs
      WHERE jobs.video_id = video_outputs.video_id AND lease_expires_at > clock_timestamp())
 ORDER BY purge_after LIMIT $1
"""

BATCH: Final = 20


class PgVideos:
    """Reads and writes `video_outputs` in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock(self, video_id: UUID) -> VideoOutputs:
        await self._connection.execute(INSERT, video_id)
        row = await self._connection.fetchrow(SELECT_FOR_UPDATE, video_id)
        if row is None:
            raise LookupError(f"Video {video_id} has no row just after it was made")
        return _video(row)

    async def save(self, video: VideoOutputs) -> None:
        await self._connection.execute(
            UPDATE,
            video.video_id,
            video.last_attempt,
            video.deleted_at,
            video.purge_after,
            video.purged_at,
            video.found_objects,
            video.found_bytes,
        )

    async def to_purge(self) -> Sequence[VideoOutputs]:
        return [_video(row) for row in await self._connection.fetch(TO_PURGE, BATCH)]


def _video(row: asyncpg.Record) -> VideoOutputs:
    return VideoOutputs(**dict(row))
