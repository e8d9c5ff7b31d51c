"""A job is not wanted any more: stop it, or never begin it."""

from reel_contracts.events import TranscodeCanceled
from reel_kernel.effects import Effect
from transcode_service.ports.jobs import Begin
from transcode_service.usecases.take_lease import find_or_add

SOURCE = "transcode-events"


async def cancel_job(event: TranscodeCanceled, *, message_id: str, begin: Begin) -> bool:
    """Cancel the job, in one transaction; False when there is nothing to cancel.

    One that was never seen is noted as cancelled, for when its message comes. A running attempt
    stops at its next heartbeat; its objects are swept.

    Raises:
        LedgerUnavailable: nothing was changed.
    """
    async with begin(Effect.JOB_CANCELED) as tx:
        if not await tx.inbox.first_seen(message_id, SOURCE):
            return False
        await tx.videos.lock(event.request.video_id)
        job = await find_or_add(event.request, tx)
        if job.is_finished:
            return False
        await tx.jobs.save(job.withdraw(now=await tx.now()))
        return True
