"""Rollback, step 3: what is in flight is FAILED with reason ROLLBACK, and its job is cancelled."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Final

import structlog

from reel_contracts.events import TranscodeCanceled
from reel_contracts.failures import FailReason
from reel_kernel.effects import Effect
from video_service.domain.lifecycle import VideoStatus
from video_service.domain.video import Video
from video_service.ports import Deps
from video_service.usecases.destinations import TRANSCODE_EVENTS
from video_service.usecases.request_transcode import transcode_of

BATCH: Final = 100

log = structlog.stdlib.get_logger(__name__)


async def freeze(
    deps: Deps, *, before: datetime, is_dry_run: bool = False
) -> AsyncGenerator[Video]:
    """Freeze every video that is TRANSCODING since before `before`; yield each as it was.

    A result that a worker still delivers finds the video FAILED, and changes nothing: the freeze
    is there because results are not to be trusted. The source is not touched.
    """
    limit = BATCH
    while True:
        seen = await deps.work.in_flight(before=before, limit=limit)
        frozen = 0
        for video in seen:
            if is_dry_run or await _freeze(video, deps):
                frozen += 1
                yield video
        if is_dry_run or not frozen or len(seen) < limit:
            return


async def _freeze(seen: Video, deps: Deps) -> bool:
    async with deps.begin(Effect.VIDEO_FROZEN) as tx:
        video = await tx.videos.lock(seen.id)
        is_same = (video.status, video.job_id) == (VideoStatus.TRANSCODING, seen.job_id)
        if not is_same or video.deleted_at is not None:
            return False
        now = deps.now()
        await tx.videos.save(video.transcode_failed(FailReason.ROLLBACK, now=now))
        event = TranscodeCanceled(request=transcode_of(video, now=now), canceled_at=now)
        await tx.outbox.add(TRANSCODE_EVENTS, video.id, event)
    log.warning("video_frozen", video_id=str(video.id), job_id=str(video.job_id))
    return True
