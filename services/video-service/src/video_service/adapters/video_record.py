"""Everything the database knows of one video, for a person who looks into it."""

from typing import Any, Final
from uuid import UUID

from reel_db.pool import Connection

SELECT_RECORD: Final = """
SELECT to_jsonb(v) || jsonb_build_object(
         'assets', (SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY a.file_key), '[]')
                      FROM video_assets a WHERE a.video_id = v.id),
         'messages', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                               'id', o.id, 'destination', o.destination, 'attempts', o.attempts,
                               'created_at', o.created_at, 'delivered_at', o.delivered_at,
                               'dead_at', o.dead_at, 'last_error', o.last_error) ORDER BY o.seq),
                             '[]')
                        FROM outbox o WHERE o.key = v.id))
  FROM videos v
 WHERE v.id = $1
"""


async def video_record(connection: Connection, video_id: UUID) -> dict[str, Any] | None:
    """Return the row, its assets and its outbox messages; deleted videos too."""
    return await connection.fetchval(SELECT_RECORD, video_id)
