"""The other services tell what they purged of a deleted video."""

import structlog

from reel_contracts.base import Message
from reel_kernel.effects import Effect
from video_service.domain.receipt import PurgedPart, PurgeLine
from video_service.ports import Deps
from video_service.usecases.destinations import CDN_CACHE, ForgetCached

log = structlog.stdlib.get_logger(__name__)


async def hear_purge(message_id: str, line: PurgeLine, deps: Deps) -> None:
    """Write the line, once; what was served from the CDN is invalidated after it is gone.

    Published HLS alone is ever cached, so a purge that found none costs no invalidation.
    """
    async with deps.begin(Effect.PURGE_HEARD) as tx:
        if not await tx.receipts.add(line):
            log.info("webhook_repeated", webhook_id=message_id)
            return
        if line.part is PurgedPart.HLS and line.objects:
            await tx.outbox.add(CDN_CACHE, line.video_id, _order(line))
    log.info("purge_reported", part=line.part, objects=line.objects, size_bytes=line.size_bytes)


def _order(line: PurgeLine) -> Message:
    return ForgetCached(video_id=line.video_id)
