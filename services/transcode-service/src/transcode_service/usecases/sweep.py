"""Deleting the objects that nobody will play: of failed attempts, and of deleted videos.

The database names what is due, the store deletes it while no transaction is open, and then it is
marked. Several workers may do this at once: deleting twice does no harm.
"""

from datetime import datetime

import structlog

from reel_contracts.webhooks import PartPurged
from reel_kernel.effects import Effect
from transcode_service.domain.attempt import Attempt
from transcode_service.domain.video_outputs import VideoOutputs
from transcode_service.ports.jobs import PURGE_WEBHOOK, LedgerUnavailable, SweepDeps
from transcode_service.usecases.job_metrics import SWEPT

log = structlog.stdlib.get_logger(__name__)


async def sweep(deps: SweepDeps) -> None:
    """Delete what is due. What cannot be deleted is logged, and due again after `deps.pause`.

    Raises:
        LedgerUnavailable: what was not marked stays due.
    """
    async with deps.begin() as tx:
        videos = await tx.videos.to_purge()
        attempts = await tx.attempts.to_sweep()
    for video in videos:
        await _purge(video, deps)
    for attempt in attempts:
        await _sweep(attempt, deps)


async def _purge(video: VideoOutputs, deps: SweepDeps) -> None:
    try:
        await _note_found(video, *await deps.store.measure_video(video.video_id), deps)
        SWEPT.inc(await deps.store.delete_video(video.video_id))
    except LedgerUnavailable:
        raise
    except Exception:
        log.exception("purge_failed", video_id=str(video.video_id))
        deleted = False
    else:
        deleted = True
    async with deps.begin(Effect.OUTPUTS_PURGED) as tx:
        now = await tx.now()
        locked = await tx.videos.lock(video.video_id)
        if locked.purge_after != video.purge_after or locked.purged_at:
            return  # another worker has done, and reported, this purge
        purged = locked.purged(now=now, settle=deps.settle)
        await tx.videos.save(purged if deleted else locked.postponed(now + deps.pause))
        if deleted:
            report = _report(locked, now=now, is_last=purged.purged_at is not None)
            await tx.outbox.add(PURGE_WEBHOOK, video.video_id, report)
    if deleted:
        log.info(
            "video_purged", video_id=str(video.video_id), for_good=purged.purged_at is not None
        )


async def _note_found(video: VideoOutputs, objects: int, size_bytes: int, deps: SweepDeps) -> None:
    async with deps.begin(Effect.OUTPUTS_MEASURED) as tx:
        locked = await tx.videos.lock(video.video_id)
        if locked.purge_after == video.purge_after:
            await tx.videos.save(locked.found(objects, size_bytes))


def _report(video: VideoOutputs, *, now: datetime, is_last: bool) -> PartPurged:
    return PartPurged(
        video_id=video.video_id,
        objects=video.found_objects,
        size_bytes=video.found_bytes,
        last=is_last,
        purged_at=now,
    )


async def _sweep(attempt: Attempt, deps: SweepDeps) -> None:
    try:
        SWEPT.inc(await deps.store.delete_attempt(attempt.prefix))
    except Exception:
        log.exception("sweep_failed", video_id=str(attempt.video_id), attempt=attempt.number)
        deleted = False
    else:
        deleted = True
    async with deps.begin(Effect.ATTEMPT_SWEPT) as tx:
        now = await tx.now()
        swept = attempt.swept(now=now, settle=deps.settle)
        await tx.attempts.save(swept if deleted else attempt.postponed(now + deps.pause))
    if deleted:
        log.info("attempt_swept", video_id=str(attempt.video_id), prefix=attempt.prefix)
