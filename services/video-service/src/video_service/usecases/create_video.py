"""An agent announces a film."""

from uuid import UUID

import structlog

from reel_contracts.videos import CreateVideo
from reel_kernel.effects import Effect
from video_service.domain.video import Video
from video_service.ports import Deps

log = structlog.stdlib.get_logger(__name__)


async def create_video(
    owner_id: UUID, request: CreateVideo, deps: Deps, *, video_id: UUID | None = None
) -> Video:
    """Open a DRAFT of `owner_id`.

    With `video_id` a repeat of the same request finds the video that an earlier try had made, and
    makes no second.

    Raises:
        InvalidRequest: title, description, type or size.
        VideoNotFound: the video that an earlier try made was deleted since.
    """
    video = Video.draft(
        video_id or deps.new_id(),
        owner_id,
        title=request.title,
        description=request.description,
        mime=request.source_mime,
        size_bytes=request.source_size_bytes,
        now=deps.now(),
    )
    async with deps.begin(Effect.VIDEO_CREATED) as tx:
        if not await tx.videos.add(video):
            return await tx.videos.lock_of_owner(owner_id, video.id)
    log.info("video_created", video_id=str(video.id), source_mime=video.source_mime)
    return video
