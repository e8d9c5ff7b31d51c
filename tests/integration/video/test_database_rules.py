"""The database refuses what the domain refuses (spec 1.5), whoever writes."""

from collections.abc import AsyncGenerator, Coroutine
from itertools import product
from typing import Final
from uuid import UUID, uuid4

import asyncpg
import pytest

from reel_db.pool import Connection
from reel_testing.video_service import VideoService
from video_service.domain.lifecycle import TRANSITIONS, VideoStatus

EDGES: Final = {(before, after) for before, row in TRANSITIONS.items() for after in row.values()}
WAY: Final = {
    VideoStatus.DRAFT: (),
    VideoStatus.UPLOADING: ("UPLOADING",),
    VideoStatus.UPLOADED: ("UPLOADING", "UPLOADED"),
    VideoStatus.TRANSCODING: ("UPLOADING", "UPLOADED", "TRANSCODING"),
    VideoStatus.READY: ("UPLOADING", "UPLOADED", "TRANSCODING", "READY"),
    VideoStatus.FAILED: ("UPLOADING", "FAILED"),
}
INSERT: Final = """
INSERT INTO videos (id, owner_id, title, source_size_bytes, source_mime, created_at, updated_at)
VALUES ($1, gen_random_uuid(), 'Tour', 1000, 'video/mp4', now(), now())
"""
# Fills in whatever the new state needs, so that the transition alone is judged.
MOVE: Final = """
UPDATE videos
   SET status = $2, fail_reason = CASE WHEN $2::video_status = 'FAILED' THEN 'ROLLBACK' END,
       source_file_key = 'videos/' || id || '/source.mp4', job_id = gen_random_uuid(),
       duration_seconds = 62.5, width = 1920, height = 1080
 WHERE id = $1
"""
COMMIT_CHECKS: Final = "SET CONSTRAINTS ALL IMMEDIATE"
"""Runs what is deferred to the end of the transaction."""
ADD_ASSET: Final = """
INSERT INTO video_assets (id, video_id, type, file_key, container, created_at)
VALUES (gen_random_uuid(), $1, $2, $3, $4, now())
"""


@pytest.fixture
async def connection(service: VideoService) -> AsyncGenerator[Connection]:
    """A transaction that is never committed."""
    async with service.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            yield connection
        finally:
            await transaction.rollback()


async def a_row(connection: Connection, status: VideoStatus = VideoStatus.DRAFT) -> UUID:
    video_id = uuid4()
    await connection.execute(INSERT, video_id)
    for step in WAY[status]:
        await connection.execute(MOVE, video_id, step)
    return video_id


async def add_asset(
    connection: Connection, video_id: UUID, kind: str, name: str, container: str | None = None
) -> str:
    key = f"videos/{video_id}/hls/{name}"
    return await connection.execute(ADD_ASSET, video_id, kind, key, container)


async def set_one(connection: Connection, video_id: UUID, assignment: str) -> str:
    statement = "UPDATE videos SET assignment WHERE id = $1"
    return await connection.execute(statement.replace("assignment", assignment), video_id)


async def refusal(execution: Coroutine[None, None, str]) -> str | None:
    """Return the constraint that refused a statement; None when it was taken."""
    try:
        await execution
    except asyncpg.CheckViolationError as error:
        return error.constraint_name
    return None


@pytest.mark.parametrize(("before", "after"), list(product(VideoStatus, VideoStatus)))
async def test_the_database_knows_the_same_edges_as_the_domain(
    connection: Connection, before: VideoStatus, after: VideoStatus
) -> None:
    video_id = await a_row(connection, before)

    refused_by = await refusal(connection.execute(MOVE, video_id, after))

    is_allowed = before is after or (before, after) in EDGES
    assert refused_by == (None if is_allowed else "videos_transitions")


@pytest.mark.parametrize("status", [status for status in VideoStatus if status != "DRAFT"])
async def test_a_video_is_born_a_draft(connection: Connection, status: VideoStatus) -> None:
    with_status = INSERT.replace("mime,", "mime, status,").replace("mp4',", "mp4', $2,")

    refused_by = await refusal(connection.execute(with_status, uuid4(), status))

    assert refused_by == "videos_begin_as_draft"


async def test_ready_without_a_master_is_refused_at_commit(connection: Connection) -> None:
    video_id = await a_row(connection, VideoStatus.READY)
    await add_asset(connection, video_id, "HLS_RENDITION", "720p/playlist.m3u8")

    assert await refusal(connection.execute(COMMIT_CHECKS)) == "videos_ready_needs_master"


async def test_ready_with_a_master_is_taken_in_either_order(connection: Connection) -> None:
    video_id = await a_row(connection, VideoStatus.READY)
    await add_asset(connection, video_id, "HLS_MASTER", "master.m3u8")

    assert await refusal(connection.execute(COMMIT_CHECKS)) is None


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM video_assets WHERE video_id = $1",
        "UPDATE video_assets SET type = 'THUMBNAIL' WHERE video_id = $1",
    ],
)
async def test_a_ready_video_keeps_its_master(connection: Connection, change: str) -> None:
    video_id = await a_row(connection, VideoStatus.READY)
    await add_asset(connection, video_id, "HLS_MASTER", "master.m3u8")
    await connection.execute(COMMIT_CHECKS)

    assert await refusal(connection.execute(change, video_id)) == "videos_ready_needs_master"


@pytest.mark.parametrize("status", ["UPLOADED", "TRANSCODING", "READY"])
@pytest.mark.parametrize("column", ["source_file_key", "job_id"])
async def test_no_transcode_without_a_source(
    connection: Connection, status: str, column: str
) -> None:
    video_id = await a_row(connection, VideoStatus(status))

    refused_by = await refusal(set_one(connection, video_id, f"{column} = NULL"))

    assert refused_by == "videos_transcoding_needs_source"


@pytest.mark.parametrize(
    ("assignment", "constraint"),
    [
        ("title = ''", "videos_title_check"),
        ("title = ' padded '", "videos_title_check"),
        ("title = repeat('x', 201)", "videos_title_check"),
        ("description = repeat('x', 5001)", "videos_description_check"),
        ("source_size_bytes = 0", "videos_source_size_bytes_check"),
        ("source_size_bytes = 1610612737", "videos_source_size_bytes_check"),
        ("source_mime = 'video/webm'", "videos_source_mime_check"),
        ("duration_seconds = 0", "videos_duration_seconds_check"),
        ("width = NULL", "videos_ready_is_measured"),
        ("source_file_key = 'videos/x/source.mp4'", "videos_source_is_its_own"),
        ("source_file_key = source_file_key || 'x'", "videos_source_is_its_own"),
        ("fail_reason = 'ROLLBACK'", "videos_failed_has_a_reason"),
    ],
)
async def test_a_row_cannot_hold_what_the_domain_refuses(
    connection: Connection, assignment: str, constraint: str
) -> None:
    video_id = await a_row(connection, VideoStatus.READY)

    assert await refusal(set_one(connection, video_id, assignment)) == constraint


async def test_a_failed_video_has_a_reason(connection: Connection) -> None:
    video_id = await a_row(connection, VideoStatus.FAILED)

    refused_by = await refusal(set_one(connection, video_id, "fail_reason = NULL"))

    assert refused_by == "videos_failed_has_a_reason"


@pytest.mark.parametrize(
    ("kind", "name", "constraint"),
    [
        ("HLS_MASTER", "a2/master.m3u8", "video_assets_one_of_a_kind"),
        ("HLS_RENDITION", "master.m3u8", "video_assets_key_once"),
    ],
)
async def test_a_video_has_one_master_and_each_file_once(
    connection: Connection, kind: str, name: str, constraint: str
) -> None:
    video_id = await a_row(connection)
    await add_asset(connection, video_id, "HLS_MASTER", "master.m3u8")

    with pytest.raises(asyncpg.UniqueViolationError) as caught:
        await add_asset(connection, video_id, kind, name)

    assert caught.value.constraint_name == constraint


@pytest.mark.parametrize(
    ("container", "constraint"),
    [
        (None, "video_assets_one_of_a_kind"),
        ("jpg", "video_assets_one_of_a_kind"),
        ("vtt", "video_assets_one_storyboard"),
    ],
)
async def test_a_video_has_one_poster_and_one_storyboard(
    connection: Connection, container: str | None, constraint: str
) -> None:
    video_id = await a_row(connection)
    await add_asset(connection, video_id, "THUMBNAIL", "poster.jpg", "jpg")
    await add_asset(connection, video_id, "THUMBNAIL", "storyboard.vtt", "vtt")

    with pytest.raises(asyncpg.UniqueViolationError) as caught:
        await add_asset(connection, video_id, "THUMBNAIL", "another", container)

    assert caught.value.constraint_name == constraint


@pytest.mark.parametrize("name", ["../source.mp4", "", "a//b", ".hidden", "x?y"])
async def test_an_asset_lies_in_its_videos_folder(connection: Connection, name: str) -> None:
    video_id = await a_row(connection)

    refused_by = await refusal(add_asset(connection, video_id, "HLS_RENDITION", name))

    assert refused_by == "video_assets_key_under_hls"


async def test_an_asset_belongs_to_a_video(connection: Connection) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await add_asset(connection, uuid4(), "HLS_MASTER", "master.m3u8")
