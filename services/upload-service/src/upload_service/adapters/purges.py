"""What was found of deleted videos, until it is reported."""

from datetime import datetime
from typing import Final
from uuid import UUID

from reel_db.pool import Connection
from upload_service.domain.parts import Found

NOTE: Final = """
INSERT INTO purges AS p (video_id, objects, size_bytes) VALUES ($1, $2, $3)
ON CONFLICT (video_id) DO UPDATE
   SET objects = greatest(p.objects, excluded.objects),
       size_bytes = greatest(p.size_bytes, excluded.size_bytes)
"""

# The row's lock makes those who settle the last sessions of a video take turns.
LOCK: Final = "SELECT reported_at FROM purges WHERE video_id = $1 FOR UPDATE"

REPORT: Final = """
UPDATE purges SET reported_at = $2
 WHERE video_id = $1 AND reported_at IS NULL
   AND NOT EXISTS (SELECT FROM upload_sessions s
                    WHERE s.video_id = $1 AND s.provider_settled_at IS NULL)
RETURNING objects, size_bytes
"""


class PgPurges:
    """`ports.Purges` on one connection, in its transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def note(self, video_id: UUID, found: Found) -> None:
        await self._connection.execute(NOTE, video_id, found.objects, found.size_bytes)

    async def close(self, video_id: UUID, *, now: datetime) -> Found | None:
        await self._connection.execute(LOCK, video_id)
        row = await self._connection.fetchrow(REPORT, video_id, now)
        return None if row is None else Found(objects=row["objects"], size_bytes=row["size_bytes"])
