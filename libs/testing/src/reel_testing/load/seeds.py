"""Videos of many owners, in the states that apps poll for."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid4

import asyncpg

STATES: Final = ("READY", "READY", "READY", "TRANSCODING", "DRAFT")
"""Taken in turns: what a phone shows most is done."""

INSERT_DRAFTS: Final = """
INSERT INTO videos (id, owner_id, title, description, source_size_bytes, source_mime,
                    created_at, updated_at)
SELECT id, owner_id, '12 Smith Street, ' || n, 'Three rooms, a balcony to the south',
       73400320, 'video/quicktime', now(), now()
  FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS seed (id, owner_id, n)
"""
UPLOADING: Final = """
UPDATE videos SET status = 'UPLOADING', version = version + 1 WHERE id = ANY ($1)
"""
UPLOADED: Final = """
UPDATE videos SET status = 'UPLOADED', version = version + 1, job_id = id,
       source_file_key = 'videos/' || id || '/source.mov' WHERE id = ANY ($1)
"""
TRANSCODING: Final = """
UPDATE videos SET status = 'TRANSCODING', version = version + 1 WHERE id = ANY ($1)
"""
INSERT_PROGRESS: Final = """
INSERT INTO transcode_progress (video_id, job_id, attempt, fraction, eta_seconds, phase)
SELECT id, job_id, 1, 0.25, 12.5, 'ENCODING' FROM videos WHERE id = ANY ($1)
"""
INSERT_ASSETS: Final = """
INSERT INTO video_assets (id, video_id, type, container, file_key, created_at)
SELECT gen_random_uuid(), v.id, a.type::video_asset_type, a.container,
       'videos/' || v.id || '/hls/' || a.name, now()
  FROM videos v,
       (VALUES ('HLS_MASTER', 'fmp4', 'master.m3u8'), ('THUMBNAIL', NULL, 'poster.jpg'),
               ('THUMBNAIL', 'vtt', 'storyboard.vtt'),
               ('HLS_RENDITION', 'fmp4', '1080p/playlist.m3u8'),
               ('HLS_RENDITION', 'fmp4', '720p/playlist.m3u8')) AS a (type, container, name)
 WHERE v.id = ANY ($1)
"""
READY: Final = """
UPDATE videos SET status = 'READY', version = version + 1, duration_seconds = 61.5,
       width = 1080, height = 1920 WHERE id = ANY ($1)
"""
SOURCES: Final = (UPLOADING, UPLOADED, TRANSCODING, INSERT_PROGRESS)
FILMS: Final = (INSERT_ASSETS, READY)


async def seed(database_url: str, count: int) -> Sequence[tuple[UUID, UUID]]:
    """Insert `count` videos, each of an owner of its own; return (owner, video) of each.

    The database checks each edge of the lifecycle as it does for the service, whose address
    `database_url` is.
    """
    seeds = [(uuid4(), uuid4()) for _ in range(count)]
    owners, videos = [owner for owner, _ in seeds], [video for _, video in seeds]
    states = [STATES[number % len(STATES)] for number in range(count)]
    begun = [video for video, state in zip(videos, states, strict=True) if state != "DRAFT"]
    done = [video for video, state in zip(videos, states, strict=True) if state == "READY"]
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute(INSERT_DRAFTS, videos, owners)
            for statement in SOURCES:
                await connection.execute(statement, begun)
            for statement in FILMS:
                await connection.execute(statement, done)
        await connection.execute("ANALYZE videos, video_assets, transcode_progress")
    finally:
        await connection.close()
    return seeds
