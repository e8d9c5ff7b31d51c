"""The reaper: every video that is under way for too long is resolved, or failed with a reason."""

from collections import Counter
from datetime import datetime
from typing import Final

import structlog

from reel_contracts.failures import FailReason
from reel_kernel.effects import Effect
from video_service.domain.receipt import DeletionReason
from video_service.domain.stuck import Patience, Resolution, Stuck
from video_service.ports import Deps, Transaction
from video_service.usecases.delete_video import forget
from video_service.usecases.request_transcode import request_transcode

BATCH: Final = 100

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
            await _resolve(stuck, tx, now=now)
        _tell(stuck, now)
        done[stuck.resolution] += 1
    return done


async def _resolve(stuck: Stuck, tx: Transaction, *, now: datetime) -> None:
    video = stuck.video
    match stuck.resolution:
        case Resolution.EXPIRE:
            await forget(video, DeletionReason.DRAFT_EXPIRED, tx, now=now)
        case Resolution.FAIL_UPLOAD:
            await tx.videos.save(video.upload_failed(FailReason.UPLOAD_EXPIRED, now=now))
        case Resolution.FAIL_TRANSCODE:
            await tx.videos.save(video.transcode_failed(FailReason.TRANSCODE_TIMEOUT, now=now))
        case Resolution.ASK:
            await request_transcode(video, tx, now=now)
            await tx.stuck.note_reminder(video, now=now)
        case Resolution.REPLAY if stuck.message_id is not None:
            await tx.stuck.revive(stuck.message_id)
        case _:
            pass


def _tell(stuck: Stuck, now: datetime) -> None:
    log.warning(
        "video_stuck",
        video_id=str(stuck.video.id),
        status=stuck.video.status,
        resolution=stuck.resolution,
        message=stuck.message,
        silent_s=round((now - stuck.since).total_seconds()),
    )
