"""Videos and their assets, written inside a transaction."""

from decimal import Decimal
from typing import Final
from uuid import UUID

from reel_db.pool import Connection
from video_service.adapters.video_rows import select_videos, video_of
from video_service.domain.assets import Asset
from video_service.domain.errors import VideoNotFound
from video_service.domain.video import Video

INSERT: Final = """
INSERT INTO videos (id, owner_id, title, description, source_size_bytes, source_mime, status,
                    version, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (id) DO NOTHING
"""

SELECT_FOR_UPDATE: Final = select_videos("""
 WHERE v.id = $1
   FOR UPDATE
""")

SELECT_OF_OWNER_FOR_UPDATE: Final = select_videos("""
 WHERE v.id = $1 AND v.owner_id = $2 AND v.deleted_at IS NULL
   FOR UPDATE
""")

UPDATE: Final = """
UPDATE videos
   SET title = $2, description = $3, source_file_key = $4, source_size_bytes = $5,
       source_mime = $6, duration_seconds = $7, width = $8, height = $9, status = $10,
       fail_reason = $11, upload_session_id = $12, job_id = $13, version = $14,
       updated_at = $15, deleted_at = $16
 WHERE id = $1
"""

INSERT_ASSET: Final = """
INSERT INTO video_assets (id, video_id, type, quality_label, bandwidth, width, height, codec,
                          container, file_key, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now())
"""


class PgVideoRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, video: Video) -> bool:
        status = await self._connection.execute(
            INSERT,
            video.id,
            video.owner_id,
            video.title,
            video.description,
            video.source_size_bytes,
            video.source_mime,
            video.status,
            video.version,
            video.created_at,
            video.updated_at,
        )
        return status == "INSERT 0 1"

    async def lock(self, video_id: UUID) -> Video:
        row = await self._connection.fetchrow(SELECT_FOR_UPDATE, video_id)
        if row is None:
            raise VideoNotFound
        return video_of(row)

    async def lock_of_owner(self, owner_id: UUID, video_id: UUID) -> Video:
        row = await self._connection.fetchrow(SELECT_OF_OWNER_FOR_UPDATE, video_id, owner_id)
        if row is None:
            raise VideoNotFound
        return video_of(row)

    async def save(self, video: Video) -> None:
        await self._connection.execute(
            UPDATE,
            video.id,
            video.title,
            video.description,
            video.source_file_key,
            video.source_size_bytes,
            video.source_mime,
            None if video.duration_s is None else Decimal(str(video.duration_s)),
            video.width,
            video.height,
            video.status,
            video.fail_reason,
            video.upload_session_id,
            video.job_id,
            video.version,
            video.updated_at,
            video.deleted_at,
        )

    async def add_assets(self, video_id: UUID, assets: tuple[Asset, ...]) -> None:
        await self._connection.executemany(
            INSERT_ASSET, [_asset_row(video_id, asset) for asset in assets]
        )


def _asset_row(video_id: UUID, asset: Asset) -> tuple[object, ...]:
    return (
        asset.id,
        video_id,
        asset.type,
        asset.quality_label,
        asset.bandwidth,
        asset.width,
        asset.height,
        asset.codec,
        asset.container,
        asset.file_key,
    )
