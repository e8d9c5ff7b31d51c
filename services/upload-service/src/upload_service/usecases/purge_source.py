"""The source of a deleted video goes, and video-service is told what went."""

from datetime import datetime
from uuid import UUID

from reel_contracts.webhooks import PartPurged
from reel_kernel.effects import Effect
from upload_service.ports import PURGE_WEBHOOK, Deps, Transaction


async def purge_source(video_id: UUID, deps: Deps) -> None:
    """Delete every source object of the video, once it is noted what there is.

    Raises:
        StoreUnavailable: try again later.
    """
    prefix = f"videos/{video_id}/source."
    found = await deps.store.measure(prefix)
    async with deps.begin(Effect.SOURCE_MEASURED) as tx:
        await tx.purges.note(video_id, found)
    await deps.store.delete(prefix)


async def report_purged(video_id: UUID, tx: Transaction, *, now: datetime) -> None:
    """Report what went, once: in the transaction that settles the last session of the video."""
    found = await tx.purges.close(video_id, now=now)
    if found is not None:
        report = PartPurged(
            video_id=video_id,
            objects=found.objects,
            size_bytes=found.size_bytes,
            last=True,
            purged_at=now,
        )
        await tx.outbox.add(PURGE_WEBHOOK, video_id, report)
