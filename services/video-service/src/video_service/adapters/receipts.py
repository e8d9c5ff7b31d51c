"""Purge receipts, and the rows that go once a receipt is complete."""

from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import Record

from reel_db.pool import Connection
from video_service.domain.lifecycle import VideoStatus
from video_service.domain.receipt import DeletionReason, PurgedPart, PurgeLine, PurgeReceipt
from video_service.domain.video import Video

INSERT: Final = """
INSERT INTO purge_receipts (video_id, owner_id, status, reason, deleted_at)
VALUES ($1, $2, $3, $4, $5)
"""

INSERT_LINE: Final = """
INSERT INTO purge_lines (video_id, part, objects, size_bytes, is_last, reference, purged_at)
SELECT video_id, $2, $3, $4, $5, $6, $7 FROM purge_receipts WHERE video_id = $1
ON CONFLICT DO NOTHING
"""

SELECT: Final = """
SELECT video_id, owner_id, status, reason, deleted_at FROM purge_receipts WHERE video_id = $1
"""
SELECT_FOR_UPDATE: Final = f"{SELECT} FOR UPDATE"

SELECT_LINES: Final = """
SELECT video_id, part, objects, size_bytes, is_last, reference, purged_at FROM purge_lines
 WHERE video_id = $1 ORDER BY id
"""

CLOSE: Final = "UPDATE purge_receipts SET closed_at = $2 WHERE video_id = $1"

# Assets first, for the foreign key. What is not deleted is not touched.
DELETE_ASSETS: Final = """
DELETE FROM video_assets a USING videos v
 WHERE v.id = a.video_id AND v.id = $1 AND v.deleted_at IS NOT NULL
"""
DELETE_PROGRESS: Final = """
DELETE FROM transcode_progress p USING videos v
 WHERE v.id = p.video_id AND v.id = $1 AND v.deleted_at IS NOT NULL
"""
DELETE_VIDEO: Final = "DELETE FROM videos WHERE id = $1 AND deleted_at IS NOT NULL"


class PgReceipts:
    """`ports.Receipts` on one connection, in its transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def open(self, video: Video, reason: DeletionReason, *, now: datetime) -> None:
        await self._connection.execute(INSERT, video.id, video.owner_id, video.status, reason, now)

    async def add(self, line: PurgeLine) -> bool:
        status = await self._connection.execute(
            INSERT_LINE,
            line.video_id,
            line.part,
            line.objects,
            line.size_bytes,
            line.is_last,
            line.reference,
            line.purged_at,
        )
        return status == "INSERT 0 1"

    async def find(self, video_id: UUID) -> PurgeReceipt | None:
        return await self._receipt(SELECT, video_id)

    async def lock(self, video_id: UUID) -> PurgeReceipt | None:
        return await self._receipt(SELECT_FOR_UPDATE, video_id)

    async def _receipt(self, select: str, video_id: UUID) -> PurgeReceipt | None:
        row = await self._connection.fetchrow(select, video_id)
        if row is None:
            return None
        lines = await self._connection.fetch(SELECT_LINES, video_id)
        return PurgeReceipt(
            video_id=row["video_id"],
            owner_id=row["owner_id"],
            status=VideoStatus(row["status"]),
            reason=DeletionReason(row["reason"]),
            deleted_at=row["deleted_at"],
            lines=tuple(_line(line) for line in lines),
        )

    async def erase(self, video_id: UUID, *, now: datetime) -> int:
        rows = 0
        for statement in (DELETE_ASSETS, DELETE_PROGRESS, DELETE_VIDEO):
            status = await self._connection.execute(statement, video_id)
            rows += int(status.removeprefix("DELETE "))
        await self._connection.execute(CLOSE, video_id, now)
        return rows


def _line(row: Record) -> PurgeLine:
    return PurgeLine(
        video_id=row["video_id"],
        part=PurgedPart(row["part"]),
        objects=row["objects"],
        size_bytes=row["size_bytes"],
        is_last=row["is_last"],
        reference=row["reference"],
        purged_at=row["purged_at"],
    )
