"""The reaper: every video that is under way for too long is resolved, or failed with a reason."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import structlog

from reel_contracts.failures import FailReason
from reel_kernel.effects import Effect
from video_service.domain.receipt import DeletionReason
from video_service.domain.stuck import Patience, Resolution, Stuck
from video_service.ports import Deps, Transaction
from video_service.usecases.delete_video import forget
from video_service.usecases.reaper_metrics import Reason, count_reaped
from video_service.usecases.request_transcode import request_transcode

BATCH: Final = 100
_ENDINGS: Final[Mapping[Resolution, Reason]] = {
    Resolution.EXPIRE: DeletionReason.DRAFT_EXPIRED,
    Resolution.FAIL_UPLOAD: FailReason.UPLOAD_EXPIRED,
    Resolution.FAIL_TRANSCODE: FailReason.TRANSCODE_TIMEOUT,
}

log = structlog.stdlib.get_logger(__name__)


async def resolve_stuck(patience: Patience, deps: Deps) -> Counter[Resolution]:
    """Resolve up to a batch of stuck videos, each in a transaction of its own; count what was done.

    Safe to run side by side: a video that another process has in hand is skipped, and each is
    looked at again under its lock.
    """
    done: Counter[Resolution] = Counter()
    for seen in await deps.work.stuck(patience, now=deps.now(), limit=BATCH):
        async with deps.begin(Effect.STUCK_RESOLVED) as tx:
            now = deps.now()
            stuck = await tx.stuck.lock(seen.video.id, patience, now=now)
            if stuck is None:
                continue
            reason = await _resolve(stuck, tx, now=now)
        _tell(stuck, reason, now)
        done[stuck.resolution] += 1
    return done


async def _resolve(stuck: Stuck, tx: Transaction, *, now: datetime) -> Reason | None:
    """Do what is due; return the reason that is told where that is the end of the video."""
    video, reason = stuck.video, _ENDINGS.get(stuck.resolution)
    match stuck.resolution, reason:
        case Resolution.EXPIRE, DeletionReason():
            await forget(video, reason, tx, now=now)
        case Resolution.FAIL_UPLOAD, FailReason():
            await tx.videos.save(video.upload_failed(reason, now=now))
        case Resolution.FAIL_TRANSCODE, FailReason():
            await tx.videos.save(video.transcode_failed(reason, now=now))
        case Resolution.ASK, _:
            await request_transcode(video, tx, now=now)
            await tx.stuck.note_reminder(video, now=now)
        case Resolution.REPLAY, _ if stuck.message_id is not None:
            await tx.stuck.revive(stuck.message_id)
        case _:
            pass
    return reason


def _tell(stuck: Stuck, reason: Reason | None, now: datetime) -> None:
    count_reaped(stuck, reason)
    log.warning(
        "video_stuck",
        video_id=str(stuck.video.id),
        status=stuck.video.status,
        resolution=stuck.resolution,
        reason=reason,
        message=stuck.message,
        silent_s=round((now - stuck.since).total_seconds()),
    )
