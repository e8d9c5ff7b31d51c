"""A video was deleted: stop its work, and have its objects purged."""

from reel_contracts.events import VideoDeleted
from reel_kernel.effects import Effect
from transcode_service.ports.jobs import Begin

SOURCE = "transcode-events"


async def delete_video(event: VideoDeleted, *, message_id: str, begin: Begin) -> bool:
    """Mark the video and cancel its jobs, in one transaction; False when that was done before.

    A running attempt, in whichever process, learns of it at its next heartbeat. The sweeper
    deletes the objects once nobody holds a lease. Requests that arrive later find the mark.

    Raises:
        LedgerUnavailable: nothing was changed.
    """
    async with begin(Effect.OUTPUTS_FORGOTTEN) as tx:
        if not await tx.inbox.first_seen(message_id, SOURCE):
            return False
        video = await tx.videos.lock(event.video_id)
        now = await tx.now()
        await tx.videos.save(video.delete(now=now))
        for job in await tx.jobs.unfinished_of(event.video_id):
            await tx.jobs.save(job.withdraw(now=now))
        return True
