"""Jobs that nobody looks after any more.

A queue may lose a message (a broken queue server, ten receives that all met a live lease and moved
it to the dead-letter queue, a purge by mistake). Its job would wait for ever, and so would the
owner of the video; but the job's row says what is still owed.
"""

import structlog

from reel_contracts.events import TranscodeRequested
from reel_contracts.failures import FailReason
from reel_kernel.effects import Effect
from transcode_service.domain.job import Job, JobState
from transcode_service.ports.jobs import TRANSCODE_JOBS, SweepDeps, Transaction
from transcode_service.usecases.end_attempt import give_up, lose_attempt
from transcode_service.usecases.job_metrics import count_failed

log = structlog.stdlib.get_logger(__name__)


async def revive_forgotten(deps: SweepDeps) -> None:
    """Send the message of every forgotten job again, or fail the job if its attempts are used up.

    The copy goes through the outbox. A message that was only late makes a duplicate, which the
    lease deals with.

    Raises:
        LedgerUnavailable: the job in hand stays as it was.
    """
    async with deps.begin() as tx:
        candidates = await tx.jobs.forgotten(age=deps.forgotten)
    for job in candidates:
        async with deps.begin(Effect.JOB_REVIVED) as tx:
            await tx.videos.lock(job.video_id)
            if await tx.jobs.get_for_update(job.id) == job:  # nothing happened in between
                await _revive(job, deps, tx)


async def bury_canceled(deps: SweepDeps) -> None:
    """End the attempts of cancelled jobs whose worker died before it could stop them.

    Raises:
        LedgerUnavailable: they stay as they were.
    """
    async with deps.begin(Effect.CANCELED_BURIED) as tx:
        now = await tx.now()
        for job in await tx.jobs.canceled_and_abandoned():
            await lose_attempt(job, tx, now=now)
            await tx.jobs.save(job.released())


async def _revive(job: Job, deps: SweepDeps, tx: Transaction) -> None:
    now = await tx.now()
    if job.state is JobState.RUNNING:
        await lose_attempt(job, tx, now=now)
        job = job.retry(not_before=now, now=now)
    if deps.retry.is_exhausted(job.failures):
        await give_up(job, FailReason.TRANSCODE_ERROR, tx, now=now)
        count_failed(FailReason.TRANSCODE_ERROR)
        log.error("job_failed", job_id=str(job.id), video_id=str(job.video_id), detail="forgotten")
        return
    await tx.jobs.save(job.resent(now=now))
    await tx.outbox.add(TRANSCODE_JOBS, job.video_id, _request(job))
    log.warning(
        "job_resent", job_id=str(job.id), video_id=str(job.video_id), resends=job.resends + 1
    )


def _request(job: Job) -> TranscodeRequested:
    return TranscodeRequested(
        job_id=job.id,
        video_id=job.video_id,
        source_file_key=job.source_key,
        source_size_bytes=job.source_size_bytes,
        source_mime=job.source_mime,
        qualities=list(job.qualities),
        requested_at=job.requested_at,
    )
