"""Upload sessions in Postgres."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from reel_db.pool import Connection
from upload_service.adapters.session_rows import SELECT, session_of
from upload_service.domain.errors import UploadNotFound
from upload_service.domain.policy import Usage
from upload_service.domain.session import UploadSession

RESERVE: Final = """
INSERT INTO upload_sessions
  (id, video_id, owner_id, provider, status, source_mime, source_size_bytes, part_size_bytes,
   created_at, updated_at, checksum_algorithm)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (video_id, owner_id) WHERE status IN ('INITIATED', 'IN_PROGRESS', 'PAUSED') DO NOTHING
"""

WITHDRAW: Final = """
DELETE FROM upload_sessions WHERE id = $1 AND provider_upload_id IS NULL
"""

SELECT_OWNED: Final = SELECT + " WHERE id = $1 AND owner_id = $2"
SELECT_OWNED_FOR_UPDATE: Final = SELECT_OWNED + " FOR UPDATE"
SELECT_OF_VIDEO: Final = SELECT + " WHERE video_id = $1 ORDER BY created_at, id"
SELECT_RIVALS_FOR_UPDATE: Final = (
    SELECT
    + """
 WHERE video_id = $1 AND status IN ('INITIATED', 'IN_PROGRESS', 'PAUSED', 'COMPLETED')
 ORDER BY created_at, id
   FOR UPDATE
"""
)

UPDATE: Final = """
UPDATE upload_sessions
   SET provider_upload_id = $2, status = $3, bytes_uploaded = $4, fail_reason = $5,
       updated_at = $6, completing_at = $7, announced_at = $8, expected_etag = $9,
       source_checksum = $10, source_etag = $11
 WHERE id = $1
"""

UPDATE_PROGRESS: Final = """
UPDATE upload_sessions SET bytes_uploaded = $2, updated_at = $3
 WHERE id = $1 AND bytes_uploaded <> $2 AND status IN ('INITIATED', 'IN_PROGRESS', 'PAUSED')
"""

MARK_VIDEO_DELETED: Final = """
UPDATE upload_sessions SET video_deleted_at = $2, provider_settled_at = NULL WHERE video_id = $1
"""


# Two requests of one owner that would each just fit wait for each other here.
LOCK_OWNER: Final = """
SELECT pg_advisory_xact_lock(hashtextextended('upload.owner.' || $1::uuid::text, 0))
"""

SELECT_USAGE: Final = """
SELECT count(*) AS open_sessions, coalesce(sum(source_size_bytes), 0)::bigint AS bytes_in_flight
  FROM upload_sessions
 WHERE owner_id = $1 AND status IN ('INITIATED', 'IN_PROGRESS', 'PAUSED')
"""

SIGN_CHECKSUMS: Final = """
INSERT INTO upload_part_checksums (session_id, part_number, checksum)
SELECT $1, * FROM unnest($2::int[], $3::text[])
ON CONFLICT (session_id, part_number) DO UPDATE SET checksum = EXCLUDED.checksum
"""

SELECT_CHECKSUMS: Final = """
SELECT part_number, checksum FROM upload_part_checksums WHERE session_id = $1
"""


class PgSessionRepository:
    """`ports.SessionRepository` on one connection, in its transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def reserve(self, session: UploadSession) -> bool:
        status = await self._connection.execute(
            RESERVE,
            session.id,
            session.video_id,
            session.owner_id,
            session.provider,
            session.status,
            session.source_mime,
            session.source_size_bytes,
            session.part_size_bytes,
            session.created_at,
            session.updated_at,
            session.checksum_algorithm,
        )
        return status == "INSERT 0 1"

    async def withdraw(self, session_id: UUID) -> None:
        await self._connection.execute(WITHDRAW, session_id)

    async def get(self, session_id: UUID, owner_id: UUID) -> UploadSession:
        return _found(await self._connection.fetchrow(SELECT_OWNED, session_id, owner_id))

    async def get_for_update(self, session_id: UUID, owner_id: UUID) -> UploadSession:
        row = await self._connection.fetchrow(SELECT_OWNED_FOR_UPDATE, session_id, owner_id)
        return _found(row)

    async def of_video(self, video_id: UUID) -> Sequence[UploadSession]:
        return [session_of(row) for row in await self._connection.fetch(SELECT_OF_VIDEO, video_id)]

    async def rivals_for_update(self, video_id: UUID) -> Sequence[UploadSession]:
        rows = await self._connection.fetch(SELECT_RIVALS_FOR_UPDATE, video_id)
        return [session_of(row) for row in rows]

    async def usage_for_update(self, owner_id: UUID) -> Usage:
        await self._connection.execute(LOCK_OWNER, owner_id)
        row = await self._connection.fetchrow(SELECT_USAGE, owner_id)
        return Usage(**dict(row or {}))

    async def sign_checksums(self, session_id: UUID, checksums: Mapping[int, str]) -> None:
        numbers, values = list(checksums), list(checksums.values())
        await self._connection.execute(SIGN_CHECKSUMS, session_id, numbers, values)

    async def signed_checksums(self, session_id: UUID) -> Mapping[int, str]:
        rows = await self._connection.fetch(SELECT_CHECKSUMS, session_id)
        return {row["part_number"]: row["checksum"] for row in rows}

    async def save(self, session: UploadSession) -> None:
        await self._connection.execute(
            UPDATE,
            session.id,
            session.provider_upload_id,
            session.status,
            session.bytes_uploaded,
            session.fail_reason,
            session.updated_at,
            session.completing_at,
            session.announced_at,
            session.expected_etag,
            session.source_checksum,
            session.source_etag,
        )

    async def progress(self, session_id: UUID, bytes_uploaded: int, now: datetime) -> None:
        await self._connection.execute(UPDATE_PROGRESS, session_id, bytes_uploaded, now)

    async def mark_video_deleted(self, video_id: UUID, now: datetime) -> None:
        await self._connection.execute(MARK_VIDEO_DELETED, video_id, now)


def _found(row: asyncpg.Record | None) -> UploadSession:
    if row is None:
        raise UploadNotFound
    return session_of(row)
