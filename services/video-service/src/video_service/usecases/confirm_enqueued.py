"""The queue has the job: the relay's half of UPLOADED → TRANSCODING."""

from datetime import datetime

import structlog

from reel_contracts.events import TranscodeRequested
from video_service.domain.lifecycle import VideoStatus
from video_service.ports import VideoRepository

log = structlog.stdlib.get_logger(__name__)


async def confirm_enqueued(
    job: TranscodeRequested, videos: VideoRepository, *, now: datetime
) -> None:
    """Move the video on, in the transaction that marks the outbox row delivered.

    A video that is further already stays: a quick worker answers before this runs, and a retry
    is TRANSCODING from the start.
    """
    video = await videos.lock(job.video_id)
    if video.status is not VideoStatus.UPLOADED or video.job_id != job.job_id:
        return
    await videos.save(video.transcode_enqueued(now=now))
    log.info("transcode_enqueued", video_id=str(video.id), job_id=str(job.job_id))
