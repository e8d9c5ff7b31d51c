"""An agent corrects a title or a description."""

from uuid import UUID

import structlog
from msgspec import UNSET

from reel_contracts.videos import UpdateVideo
from reel_kernel.effects import Effect
from video_service.domain.errors import PreconditionFailed
from video_service.domain.video import Video
from video_service.ports import Deps

log = structlog.stdlib.get_logger(__name__)


async def edit_video(
    owner_id: UUID,
    video_id: UUID,
    request: UpdateVideo,
    deps: Deps,
    *,
    if_version: frozenset[int] | None = None,
) -> Video:
    """Change the members that are present.

    Args:
        owner_id: The caller.
        video_id: The video to change.
        request: The members to change.
        deps: The outside world.
        if_version: Versions the caller may have read; None takes any.

    Raises:
        VideoNotFound: no live video of this owner.
        PreconditionFailed: it has another version by now.
        InvalidRequest: title or description.
    """
    async with deps.begin(Effect.VIDEO_EDITED) as tx:
        video = await tx.videos.lock_of_owner(owner_id, video_id)
        if if_version is not None and video.version not in if_version:
            raise PreconditionFailed
        edited = video.edited(
            title=video.title if request.title is UNSET else request.title,
            description=video.description if request.description is UNSET else request.description,
            now=deps.now(),
        )
        if edited != video:
            await tx.videos.save(edited)
    log.info("video_edited", version=edited.version)
    return edited
