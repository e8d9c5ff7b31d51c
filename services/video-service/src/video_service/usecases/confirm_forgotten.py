"""The CDN took the order to forget a deleted video: a line of its receipt."""

from datetime import datetime
from uuid import UUID

import structlog

from video_service.domain.receipt import PurgedPart, PurgeLine
from video_service.ports import Receipts

log = structlog.stdlib.get_logger(__name__)


async def confirm_forgotten(
    video_id: UUID, reference: str, receipts: Receipts, *, now: datetime
) -> None:
    """Write the line, in the transaction that marks the order delivered."""
    line = PurgeLine(
        video_id=video_id,
        part=PurgedPart.CDN,
        objects=1,
        size_bytes=0,
        is_last=True,
        reference=reference,
        purged_at=now,
    )
    await receipts.add(line)
    log.info("cache_forgotten", video_id=str(video_id), reference=reference)
