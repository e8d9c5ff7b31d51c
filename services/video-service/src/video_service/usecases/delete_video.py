"""A film is deleted; the services that hold its objects purge them, and tell what they purged."""

from datetime import datetime
from uuid import UUID

import structlog

from reel_contracts.events import VideoDeleted
from reel_kernel.effects import Effect
from video_service.domain.receipt import DeletionReason
from video_service.domain.video import Video
from video_service.ports import Deps, Transaction
from video_service.usecases.destinations import TRANSCODE_EVENTS, UPLOAD_EVENTS

log = structlog.stdlib.get_logger(__name__)


async def delete_video(owner_id: UUID, video_id: UUID, deps: Deps) -> None:
    """Hide the video at once and tell the other services.

    Raises:
        VideoNotFound: no live video of this owner, or deleted before.
    """
    async with deps.begin(Effect.VIDEO_DELETED) as tx:
        video = await tx.videos.lock_of_owner(owner_id, video_id)
        await forget(video, DeletionReason.OWNER, tx, now=deps.now())
    log.info("video_deleted", status=video.status, reason=DeletionReason.OWNER)


async def forget(video: Video, reason: DeletionReason, tx: Transaction, *, now: datetime) -> None:
    """Mark a locked video deleted, open its purge receipt, and have its objects purged."""
    event = VideoDeleted(video_id=video.id, owner_id=video.owner_id, deleted_at=now)
    await tx.videos.save(video.deleted(now=now))
    await tx.receipts.open(video, reason, now=now)
    await tx.outbox.add(UPLOAD_EVENTS, video.id, event)
    await tx.outbox.add(TRANSCODE_EVENTS, video.id, event)
