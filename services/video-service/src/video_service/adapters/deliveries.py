"""What a delivery means: the CDN's own way, and what is committed with every mark."""

from msgspec import json

from reel_contracts.events import TranscodeRequested
from reel_db.outbox import OutboxRow
from reel_db.pool import Connection
from reel_kernel.clock import utc_now
from reel_kernel.effects import Effect
from reel_messaging.relay import Deliver
from reel_observability.effects import happened
from video_service.adapters.receipts import PgReceipts
from video_service.adapters.video_repository import PgVideoRepository
from video_service.ports import CdnCache
from video_service.usecases.confirm_enqueued import confirm_enqueued
from video_service.usecases.confirm_forgotten import confirm_forgotten
from video_service.usecases.destinations import CDN_CACHE, TRANSCODE_JOBS, ForgetCached


def to_cdn(cdn_: CdnCache) -> Deliver:
    """Return the relay's way to the CDN; a repeat is the same invalidation."""

    async def deliver(row: OutboxRow) -> None:
        order = json.decode(row.body, type=ForgetCached)
        await cdn_.forget(order.video_id, reference=str(row.id))
        happened(Effect.CDN_INVALIDATED)

    return deliver


async def on_delivered(connection: Connection, row: OutboxRow) -> None:
    """Commit what a delivery means, together with the mark that it happened.

    UPLOADED → TRANSCODING once SQS has the job; a receipt's line once the CDN has its order.
    """
    if row.destination == TRANSCODE_JOBS:
        job = json.decode(row.body, type=TranscodeRequested)
        await confirm_enqueued(job, PgVideoRepository(connection), now=utc_now())
    elif row.destination == CDN_CACHE:
        order = json.decode(row.body, type=ForgetCached)
        await confirm_forgotten(order.video_id, str(row.id), PgReceipts(connection), now=utc_now())
