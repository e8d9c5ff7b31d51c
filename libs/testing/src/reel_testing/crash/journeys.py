"""What is done to a video while a service dies, and the state that it has to end in.

Each of these may be killed at any point on its way; what it ends with is the same.
"""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from reel_contracts.failures import FailReason
from reel_contracts.videos import VideoStatus
from reel_testing.crash import app
from reel_testing.crash.evidence import flaws_of_failed, flaws_of_ready, proven
from reel_testing.crash.world import World
from reel_testing.waiting import until

Journey = Callable[[World], Awaitable[None]]

OK: Final = 200
NOT_FOUND: Final = 404
CONFLICT: Final = 409
SOON_S: Final = 60.0

# As if the ten minutes were over in which a dead request is believed to be alive.
AGE_REQUESTS: Final = """
UPDATE upload.upload_sessions
   SET completing_at = completing_at - interval '11 minutes',
       created_at = created_at - interval '11 minutes' WHERE video_id = $1
"""
BEGIN_COMPLETION: Final = """
UPDATE upload.upload_sessions SET completing_at = now() - interval '11 minutes'
 WHERE video_id = $1
"""
AGE_SESSIONS: Final = """
UPDATE upload.upload_sessions SET updated_at = updated_at - interval '25 hours'
 WHERE video_id = $1
"""
# As a request leaves it that dies before the store's answer is written down.
LEAVE_HALF_OPEN: Final = """
UPDATE upload.upload_sessions
   SET provider_upload_id = NULL, created_at = created_at - interval '1 hour'
 WHERE id = $1
"""
# As if the two minutes were over after which a session is visited again.
VISIT_AGAIN: Final = """
UPDATE upload.upload_sessions SET settle_claimed_until = now()
 WHERE video_id = $1 AND settle_claimed_until > now()
"""
UNSETTLED: Final = """
SELECT count(*) FROM upload.upload_sessions WHERE video_id = $1 AND provider_settled_at IS NULL
"""
COMPLETING: Final = """
SELECT count(*) FROM upload.upload_sessions WHERE video_id = $1 AND completing_at IS NOT NULL
"""


async def watched(world: World) -> None:
    """A film is uploaded and can be watched."""
    await is_ready(world, await app.send(world))


async def is_ready(world: World, video_id: UUID) -> None:
    view = await app.until_is(world, video_id, VideoStatus.READY, VideoStatus.FAILED)
    assert view.status is VideoStatus.READY, view
    await proven(world, video_id, flaws_of_ready)
    assert view.playback.stream_url is not None
    assert (await world.http.get(view.playback.stream_url)).status_code == OK


async def has_failed(world: World, video_id: UUID, *reasons: FailReason) -> None:
    view = await app.until_is(world, video_id, VideoStatus.READY, VideoStatus.FAILED)
    assert view.fail_reason in reasons, view
    await proven(world, video_id, flaws_of_failed)


async def settled(world: World) -> None:
    """A film is uploaded, and upload-service looks whether its session left anything."""
    video_id = await app.send(world)
    await app.until_is(world, video_id, VideoStatus.READY)
    await world.db.execute(AGE_REQUESTS, video_id)
    await is_settled(world, video_id)
    await is_ready(world, video_id)


async def is_settled(world: World, video_id: UUID) -> None:
    async def nothing_is_owed() -> bool:
        await world.db.execute(VISIT_AGAIN, video_id)
        return await world.db.fetchval(UNSETTLED, video_id) == 0

    await until(nothing_is_owed, within_s=SOON_S)


async def refused_a_second_session(world: World) -> None:
    """A video has one live session; who asks for another is told of it, and goes on."""
    video_id, session_id, parts = await app.uploaded(world)
    with app.answered(CONFLICT):
        await app.open_session(world, video_id)
    await world.client.complete(session_id, parts)
    await is_ready(world, video_id)


async def wanted_by_a_stranger(world: World) -> None:
    """Somebody else asks for a session on the video, and is refused."""
    video_id = await app.create(world)
    with app.answered(NOT_FOUND):
        await app.open_session(world.somebody_else(), video_id)
    session_id = (await app.open_session(world, video_id)).upload_session_id
    await world.client.complete(session_id, await app.put(world, session_id))
    await is_ready(world, video_id)


async def set_back(world: World) -> None:
    """A completion was cut off before the parts were joined, long ago."""
    video_id, session_id, parts = await app.uploaded(world)
    await world.db.execute(BEGIN_COMPLETION, video_id)

    async def is_set_back() -> bool:
        return await world.db.fetchval(COMPLETING, video_id) == 0

    await until(is_set_back, within_s=SOON_S)
    await world.client.complete(session_id, parts)
    await is_ready(world, video_id)


async def canceled(world: World) -> None:
    """The upload is given up by its owner."""
    video_id, session_id, _ = await app.uploaded(world)
    await world.client.cancel(session_id)
    await is_settled(world, video_id)
    await has_failed(world, video_id, FailReason.UPLOAD_CANCELED)


async def expired(world: World) -> None:
    """The upload is not touched for a day."""
    video_id, _, _ = await app.uploaded(world)
    await world.db.execute(AGE_SESSIONS, video_id)
    await has_failed(world, video_id, FailReason.UPLOAD_EXPIRED)
    await is_settled(world, video_id)


async def never_opened(world: World) -> None:
    """The app asks for an upload whose opening died long ago, and opens another."""
    video_id = await app.create(world)
    half = await app.open_session(world, video_id)
    await world.abort_uploads(video_id)
    await world.db.execute(LEAVE_HALF_OPEN, half.upload_session_id)
    await world.client.get_upload(half.upload_session_id)
    whole = await app.open_session(world, video_id)
    parts = await app.put(world, whole.upload_session_id)
    await world.client.complete(whole.upload_session_id, parts)
    await is_ready(world, video_id)


async def lost_by_the_store(world: World) -> None:
    """The store forgets the upload, and its owner does not come again for a day."""
    video_id, session_id, _ = await app.uploaded(world)
    await world.abort_uploads(video_id)
    await world.client.get_upload(session_id)
    await world.db.execute(AGE_SESSIONS, video_id)
    await has_failed(world, video_id, FailReason.UPLOAD_EXPIRED)


async def broken(world: World) -> None:
    """The film was cut off while it was recorded."""
    video_id = await app.send(world.with_half_a_film())
    reasons = (FailReason.SOURCE_TRUNCATED, FailReason.SOURCE_CORRUPT)
    await has_failed(world, video_id, *reasons)


async def drawn(world: World) -> None:
    """A drawing is uploaded, which takes more bits when it is made smaller."""
    await is_ready(world, await app.send(world.with_a_drawing()))
