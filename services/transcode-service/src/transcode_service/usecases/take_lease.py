"""A message asks for a job: may this worker start an attempt now?"""

from datetime import datetime, timedelta
from math import ceil

from reel_contracts.events import TranscodeRequested
from reel_contracts.failures import FailReason
from reel_kernel.effects import Effect
from transcode_service.domain.attempt import Attempt, attempt_prefix
from transcode_service.domain.job import Job, JobState, Lease
from transcode_service.domain.outcome import Done, GivenUp, Later, Outcome
from transcode_service.domain.video_outputs import VideoOutputs
from transcode_service.ports.jobs import JobDeps, Transaction
from transcode_service.usecases.end_attempt import give_up, lose_attempt


async def take_lease(request: TranscodeRequested, deps: JobDeps) -> Lease | Outcome:
    """Start a new attempt in one transaction, or say what is to become of the message.

    Transactions on one video exclude each other, so of two workers with copies of the message one
    gets the lease. A lease that ran out counts as a failed attempt: its worker died, maybe of
    this very source.

    Raises:
        LedgerUnavailable: nothing was changed.
    """
    async with deps.begin(Effect.JOB_LEASED) as tx:
        video = await tx.videos.lock(request.video_id)
        job = await find_or_add(request, tx)
        now = await tx.now()
        refusal = await _refusal(job, video, tx, now=now)
        if refusal is not None:
            return refusal
        if job.state is JobState.RUNNING:
            await lose_attempt(job, tx, now=now)
            job = job.retry(not_before=now, now=now)
        if deps.retry.is_exhausted(job.failures):
            reason = FailReason.TRANSCODE_ERROR
            await give_up(job, reason, tx, now=now)
            return GivenUp(f"{job.failures} attempts were lost or failed", reason)
        return await _start(job, video, deps, tx, now=now)


async def find_or_add(request: TranscodeRequested, tx: Transaction) -> Job:
    """Return the request's job, locked; made now if it was never seen."""
    known = await tx.jobs.get_for_update(request.job_id)
    if known is not None:
        return known
    now = await tx.now()
    job = Job(
        id=request.job_id,
        video_id=request.video_id,
        source_key=request.source_file_key,
        source_size_bytes=request.source_size_bytes,
        source_mime=request.source_mime,
        qualities=tuple(request.qualities),
        requested_at=request.requested_at,
        updated_at=now,
        not_before=now,
    )
    await tx.jobs.add(job)
    return job


async def _refusal(
    job: Job, video: VideoOutputs, tx: Transaction, *, now: datetime
) -> Outcome | None:
    if job.is_finished:
        return Done(f"the job is {job.state} already")
    if video.deleted_at is not None:
        await tx.jobs.save(job.withdraw(now=now))
        return Done("the video is deleted")
    if await tx.jobs.is_superseded(job):
        await tx.jobs.save(job.withdraw(now=now))
        return Done("the video was asked for anew")
    if job.lease_expires_at is not None and job.is_leased(now):
        return Later(_whole_seconds(job.lease_expires_at - now))
    if job.not_before > now:
        return Later(_whole_seconds(job.not_before - now))
    return None


async def _start(
    job: Job, video: VideoOutputs, deps: JobDeps, tx: Transaction, *, now: datetime
) -> Lease:
    for older in await tx.jobs.unfinished_of(job.video_id):
        if older.id != job.id:
            await tx.jobs.save(older.withdraw(now=now))
    video = video.next_attempt()
    lease = Lease(
        job_id=job.id,
        video_id=job.video_id,
        owner=deps.owner,
        attempt=video.last_attempt,
        prefix=attempt_prefix(job.video_id, video.last_attempt),
        waited_s=_waited_s(job, now),
    )
    await tx.videos.save(video)
    await tx.jobs.save(job.lease(lease, until=now + timedelta(seconds=deps.lease_s), now=now))
    await tx.attempts.add(_attempt(lease, now))
    return lease


def _waited_s(job: Job, now: datetime) -> float:
    due = job.not_before if job.attempt else job.requested_at
    return max(0.0, (now - due).total_seconds())


def _attempt(lease: Lease, now: datetime) -> Attempt:
    return Attempt(
        video_id=lease.video_id,
        number=lease.attempt,
        job_id=lease.job_id,
        prefix=lease.prefix,
        owner=lease.owner,
        started_at=now,
    )


def _whole_seconds(wait: timedelta) -> int:
    # SQS counts whole seconds; rounding up spares a second early look.
    return ceil(wait.total_seconds())
