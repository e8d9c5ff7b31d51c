"""The database keeps the rules too, whoever writes to it."""

from itertools import product
from uuid import UUID, uuid4

import asyncpg
import pytest

from reel_testing.upload.service import UploadSystem
from upload_service.domain.lifecycle import TRANSITIONS, Status

INSERT = """
INSERT INTO upload_sessions
  (id, video_id, owner_id, provider, provider_upload_id, status, source_mime, source_size_bytes,
   part_size_bytes, created_at, updated_at)
VALUES ($1, $2, $3, 'S3_MULTIPART', $4, $5, 'video/mp4', 9, 5242880, now(), now())
"""
MOVE = """
UPDATE upload_sessions
   SET status = $2::text::upload_status,
       bytes_uploaded = CASE WHEN $2::text = 'COMPLETED' THEN 9 ELSE 0 END,
       fail_reason = CASE WHEN $2::text = 'FAILED' THEN 'PROVIDER_ERROR' END
 WHERE id = $1
"""
WAYS = {
    Status.INITIATED: (),
    Status.IN_PROGRESS: (Status.IN_PROGRESS,),
    Status.PAUSED: (Status.IN_PROGRESS, Status.PAUSED),
    Status.COMPLETED: (Status.IN_PROGRESS, Status.COMPLETED),
    Status.FAILED: (Status.IN_PROGRESS, Status.FAILED),
    Status.CANCELED: (Status.IN_PROGRESS, Status.CANCELED),
}


async def insert(
    system: UploadSystem,
    *,
    video_id: UUID | None = None,
    owner_id: UUID | None = None,
    upload_id: str | None = "upload-1",
    status: Status = Status.INITIATED,
) -> UUID:
    session_id = uuid4()
    owners = (session_id, video_id or uuid4(), owner_id or uuid4())
    await system.infra.pool.execute(INSERT, *owners, upload_id, status)
    return session_id


async def test_every_pair_of_states_is_allowed_just_as_in_the_table(system: UploadSystem) -> None:
    pool = system.infra.pool
    for before, after in product(Status, Status):
        if before is after:
            continue
        session_id = await insert(system)
        for step in WAYS[before]:
            await pool.execute(MOVE, session_id, step)

        if after in TRANSITIONS[before].values():
            await pool.execute(MOVE, session_id, after)
        else:
            with pytest.raises(asyncpg.CheckViolationError):
                await pool.execute(MOVE, session_id, after)


async def test_a_session_begins_as_initiated(system: UploadSystem) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="begins as INITIATED"):
        await insert(system, status=Status.IN_PROGRESS)


async def test_a_video_has_one_open_live_session(system: UploadSystem) -> None:
    video_id = uuid4()
    await insert(system, video_id=video_id)

    with pytest.raises(asyncpg.UniqueViolationError):
        await insert(system, video_id=video_id)


async def test_an_owner_has_one_reservation_on_a_video(system: UploadSystem) -> None:
    video_id, owner_id = uuid4(), uuid4()
    await insert(system, video_id=video_id, owner_id=owner_id, upload_id=None)
    await insert(system, video_id=video_id, upload_id=None)

    with pytest.raises(asyncpg.UniqueViolationError):
        await insert(system, video_id=video_id, owner_id=owner_id, upload_id=None)


async def test_completed_means_every_byte(system: UploadSystem) -> None:
    session_id = await insert(system)
    await system.infra.pool.execute(MOVE, session_id, Status.IN_PROGRESS)

    with pytest.raises(asyncpg.CheckViolationError):
        await system.infra.pool.execute(
            "UPDATE upload_sessions SET status = 'COMPLETED', bytes_uploaded = 8 WHERE id = $1",
            session_id,
        )


async def test_failed_has_a_reason(system: UploadSystem) -> None:
    session_id = await insert(system)
    await system.infra.pool.execute(MOVE, session_id, Status.IN_PROGRESS)

    with pytest.raises(asyncpg.CheckViolationError):
        await system.infra.pool.execute(
            "UPDATE upload_sessions SET status = 'FAILED' WHERE id = $1", session_id
        )
