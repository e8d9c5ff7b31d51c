"""An agent announces a film."""

from uuid import UUID

import structlog

from reel_contracts.videos import CreateVideo
from video_service.domain.video import Video
from video_service.ports import Deps

log = structlog.stdlib.get_logger(__name__)


async def create_video(owner_id: UUID, request: CreateVideo, deps: Deps) -> Video:
    """Open a DRAFT of `owner_id`.

    Raises:
        InvalidRequest: title, description, type or size.
    """
    video = Video.draft(
        deps.new_id(),
        owner_id,
        title=request.title,
        description=request.description,
        mime=request.source_mime,
        size_bytes=request.source_size_bytes,
        now=deps.now(),
    )
    async with deps.begin() as tx:
        await tx.videos.add(video)
    log.info("video_created", video_id=str(video.id), source_mime=video.source_mime)
    return video
