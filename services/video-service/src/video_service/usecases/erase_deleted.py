"""The rows of a deleted video go, too, once everything else is gone; the receipt stays."""

from datetime import timedelta
from enum import Enum, auto
from typing import Final
from uuid import UUID

import structlog

from reel_kernel.effects import Effect
from video_service.domain.receipt import PurgedPart, PurgeLine
from video_service.ports import Deps
from video_service.usecases.reaper_metrics import ERASED, OVERDUE

BATCH: Final = 100

log = structlog.stdlib.get_logger(__name__)


class _Fate(Enum):
    ERASED = auto()
    OVERDUE = auto()
    SETTLED = auto()


async def erase_deleted(after: timedelta, deps: Deps) -> int:
    """Erase videos deleted longer than `after` ago, and return how many.

    One whose purge is not complete keeps its rows and is told of each time: somebody must look.
    """
    due = await deps.work.unerased(before=deps.now() - after, limit=BATCH)
    fates = [await _erase(video_id, deps) for video_id in due]
    OVERDUE.set(fates.count(_Fate.OVERDUE))
    return fates.count(_Fate.ERASED)


async def _erase(video_id: UUID, deps: Deps) -> _Fate:
    async with deps.begin(Effect.VIDEO_ERASED) as tx:
        receipt = await tx.receipts.lock(video_id)
        if receipt is None or any(line.part is PurgedPart.ROWS for line in receipt.lines):
            return _Fate.SETTLED
        if not receipt.is_complete:
            log.error("purge_overdue", video_id=str(video_id), missing=list(receipt.missing))
            return _Fate.OVERDUE
        now = deps.now()
        rows = await tx.receipts.erase(video_id, now=now)
        line = PurgeLine(
            video_id=video_id,
            part=PurgedPart.ROWS,
            objects=rows,
            size_bytes=0,
            is_last=True,
            reference="erased",
            purged_at=now,
        )
        await tx.receipts.add(line)
    ERASED.inc()
    log.info("video_erased", video_id=str(video_id), rows=rows)
    return _Fate.ERASED
