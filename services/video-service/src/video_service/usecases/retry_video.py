"""An agent asks for another try of a failed transcode."""

from uuid import UUID

import structlog

from reel_kernel.effects import Effect
from video_service.domain.details import VideoDetails
from video_service.domain.errors import SourceMissing
from video_service.ports import Deps
from video_service.usecases.request_transcode import request_transcode

log = structlog.stdlib.get_logger(__name__)


async def retry_video(owner_id: UUID, video_id: UUID, deps: Deps) -> VideoDetails:
    """Move FAILED to TRANSCODING with a new job, when the source object still exists.

    S3 is asked before the transaction: no row lock is held across the network. Two retries at
    once make one job: the second finds the video TRANSCODING.

    Raises:
        VideoNotFound: no live video of this owner.
        InvalidTransition: it is not FAILED.
        SourceMissing: it was never uploaded, or its object is gone.
        SourceStoreUnavailable: the store does not tell.
    """
    job_id = deps.new_id()
    seen = (await deps.reader.find(owner_id, video_id)).video
    wanted = seen.transcode_retried(job_id, now=deps.now())
    if wanted.source_file_key is None or not await deps.sources.exists(wanted.source_file_key):
        raise SourceMissing

    now = deps.now()
    async with deps.begin(Effect.TRANSCODE_RETRIED) as tx:
        video = await tx.videos.lock_of_owner(owner_id, video_id)
        video = video.transcode_retried(job_id, now=now)
        await tx.videos.save(video)
        await request_transcode(video, tx, now=now)
    log.info("transcode_retried", job_id=str(job_id))
    return VideoDetails(video=video)
