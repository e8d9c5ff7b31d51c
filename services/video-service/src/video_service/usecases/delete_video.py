"""An agent deletes a film; the services that hold its objects purge them."""

from uuid import UUID

import structlog

from reel_contracts.events import VideoDeleted
from video_service.ports import Deps
from video_service.usecases.destinations import TRANSCODE_EVENTS, UPLOAD_EVENTS

log = structlog.stdlib.get_logger(__name__)


async def delete_video(owner_id: UUID, video_id: UUID, deps: Deps) -> None:
    """Hide the video at once and tell the other services.

    Raises:
        VideoNotFound: no live video of this owner, or deleted before.
    """
    now = deps.now()
    event = VideoDeleted(video_id=video_id, owner_id=owner_id, deleted_at=now)
    async with deps.begin() as tx:
        video = await tx.videos.lock_of_owner(owner_id, video_id)
        await tx.videos.save(video.deleted(now=now))
        await tx.outbox.add(UPLOAD_EVENTS, video_id, event)
        await tx.outbox.add(TRANSCODE_EVENTS, video_id, event)
    log.info("video_deleted", status=video.status)
