"""The sweep's work lists in Postgres; SKIP LOCKED lets several workers share them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from reel_db.pool import Connection
from upload_service.adapters.session_rows import SELECT, session_of
from upload_service.domain.session import UploadSession

SELECT_UNTOUCHED: Final = (
    SELECT
    + """
 WHERE status IN ('INITIATED', 'IN_PROGRESS', 'PAUSED') AND updated_at < $1
 ORDER BY updated_at
 LIMIT $2
   FOR UPDATE SKIP LOCKED
"""
)

SELECT_INTERRUPTED: Final = (
    SELECT
    + """
 WHERE status IN ('IN_PROGRESS', 'PAUSED') AND completing_at < $1
 ORDER BY completing_at
 LIMIT $2
"""
)

SELECT_UNKNOWN: Final = """
SELECT upload_id FROM unnest($1::text[]) AS listed (upload_id)
 WHERE NOT EXISTS (SELECT FROM upload_sessions WHERE provider_upload_id = upload_id)
"""

SELECT_UNANNOUNCED: Final = (
    SELECT
    + """
 WHERE status = 'FAILED' AND announced_at IS NULL AND updated_at < $1
 ORDER BY updated_at
 LIMIT $2
   FOR UPDATE SKIP LOCKED
"""
)

# A request that began after $2 may still be creating or joining in the store.
CLAIM_UNSETTLED: Final = """
UPDATE upload_sessions SET settle_claimed_until = $3
 WHERE id IN (
   SELECT id FROM upload_sessions
    WHERE provider_settled_at IS NULL AND status IN ('COMPLETED', 'FAILED', 'CANCELED')
      AND (settle_claimed_until IS NULL OR settle_claimed_until < $1)
      AND (completing_at IS NULL OR completing_at < $2)
      AND (provider_upload_id IS NOT NULL OR created_at < $2)
    ORDER BY settle_claimed_until NULLS FIRST, updated_at
    LIMIT $4
      FOR UPDATE SKIP LOCKED)
RETURNING id
"""

SELECT_CLAIMED: Final = SELECT + " WHERE id = ANY($1::uuid[])"

MARK_SETTLED: Final = """
UPDATE upload_sessions SET provider_settled_at = $2, settle_claimed_until = NULL
 WHERE id = $1 AND status IN ('COMPLETED', 'FAILED', 'CANCELED')
   AND (completing_at IS NULL OR completing_at < $3)
   AND (provider_upload_id IS NOT NULL OR created_at < $3)
"""


FORGET_CHECKSUMS: Final = "DELETE FROM upload_part_checksums WHERE session_id = $1"


class PgSessionHousekeeping:
    """`ports.SessionHousekeeping` on one connection, in its transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def untouched(self, *, before: datetime, limit: int) -> Sequence[UploadSession]:
        rows = await self._connection.fetch(SELECT_UNTOUCHED, before, limit)
        return [session_of(row) for row in rows]

    async def interrupted(self, *, before: datetime, limit: int) -> Sequence[UploadSession]:
        rows = await self._connection.fetch(SELECT_INTERRUPTED, before, limit)
        return [session_of(row) for row in rows]

    async def unknown_uploads(self, upload_ids: Sequence[str]) -> Sequence[str]:
        rows = await self._connection.fetch(SELECT_UNKNOWN, upload_ids)
        return [row["upload_id"] for row in rows]

    async def unannounced(self, *, before: datetime, limit: int) -> Sequence[UploadSession]:
        rows = await self._connection.fetch(SELECT_UNANNOUNCED, before, limit)
        return [session_of(row) for row in rows]

    async def claim_unsettled(
        self, *, now: datetime, quiet_since: datetime, lease_until: datetime, limit: int
    ) -> Sequence[UploadSession]:
        claimed = await self._connection.fetch(
            CLAIM_UNSETTLED, now, quiet_since, lease_until, limit
        )
        ids = [row["id"] for row in claimed]
        rows = await self._connection.fetch(SELECT_CLAIMED, ids)
        return [session_of(row) for row in rows]

    async def mark_settled(self, session_id: UUID, *, now: datetime, quiet_since: datetime) -> bool:
        status = await self._connection.execute(MARK_SETTLED, session_id, now, quiet_since)
        if status != "UPDATE 1":
            return False
        await self._connection.execute(FORGET_CHECKSUMS, session_id)
        return True
