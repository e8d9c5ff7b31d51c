"""A video was deleted: end its session and purge its source."""

from uuid import UUID

import structlog

from reel_kernel.effects import Effect
from upload_service.domain.parts import Found
from upload_service.ports import Deps
from upload_service.usecases import endings
from upload_service.usecases.purge_source import report_purged
from upload_service.usecases.settle import settle_soon

log = structlog.stdlib.get_logger(__name__)

SOURCE = "video-service"


async def forget_video(message_id: str, video_id: UUID, deps: Deps) -> None:
    """Cancel a live session and delete every source object of the video; once per message.

    The cancellation and the order to purge are committed together; the sweep repeats the purge
    until the store confirms it.
    """
    async with deps.begin(Effect.VIDEO_FORGOTTEN) as tx:
        if not await tx.inbox.first_seen(message_id, SOURCE):
            return
        for session in await tx.sessions.rivals_for_update(video_id):
            if session.is_live:
                await endings.cancel(tx, session, now=deps.now())
        await tx.sessions.mark_video_deleted(video_id, deps.now())
        sessions = await tx.sessions.of_video(video_id)
        if not sessions:  # nothing was ever uploaded: the receipt says so
            await tx.purges.note(video_id, Found(objects=0, size_bytes=0))
            await report_purged(video_id, tx, now=deps.now())
    for session in sessions:
        await settle_soon(session, deps)
    log.info("video_forgotten", video_id=str(video_id), sessions=len(sessions))
