"""Writing down how an attempt ended, in one transaction with what has to be said about it.

Every transaction here checks the lease under the job's row lock: an attempt that lost it writes
nothing.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, TypeAlias, TypeVar

import stamina

from reel_contracts.failures import FailReason
from reel_kernel.effects import Effect
from transcode_service.domain.attempt import AttemptState
from transcode_service.domain.ending import Ending, Published, Rejected, Stumbled, describe
from transcode_service.domain.job import Job, Lease, LeaseLost
from transcode_service.domain.media_errors import EncodeTimedOut, OutputUnproven
from transcode_service.domain.outcome import Done, GivenUp, Later, Outcome
from transcode_service.domain.plan import Plan
from transcode_service.domain.plan_record import plan_record
from transcode_service.domain.transcoding import TranscodeResult
from transcode_service.ports.jobs import VIDEO_WEBHOOK, JobDeps, LedgerUnavailable, Transaction
from transcode_service.usecases import webhooks
from transcode_service.usecases.end_attempt import end_attempt, give_up
from transcode_service.usecases.job_log import log_planned

T = TypeVar("T")
Step: TypeAlias = Callable[[Transaction, Job, datetime], Awaitable[T]]

MAX_WAIT_S: Final = 2.0


async def report(ending: Ending, lease: Lease, deps: JobDeps) -> Outcome:
    """Commit the ending; return what is to become of the message.

    Raises:
        LeaseLost, JobWithdrawn: nothing was written.
        LedgerUnavailable: the database stayed away for as long as the lease lasts.
    """
    match ending:
        case Published(result):
            outcome = await _published(result, lease, deps)
        case Rejected(reason, detail):
            outcome = await _rejected(FailReason(reason), detail, lease, deps)
        case Stumbled(error):
            outcome = await _stumbled(error, lease, deps)
    if not isinstance(ending, Published):
        deps.wake_sweeper()
    return outcome


async def note_plan(plan: Plan, lease: Lease, deps: JobDeps) -> None:
    """Keep with the attempt what it is going to make, and say so in the log.

    Raises:
        LeaseLost, JobWithdrawn, LedgerUnavailable: nothing was written.
    """
    record = plan_record(plan)

    async def step(tx: Transaction, job: Job, _now: datetime) -> None:
        attempt = await tx.attempts.get(job.video_id, job.attempt)
        await tx.attempts.save(attempt.planned(record))

    await _commit(Effect.PLAN_NOTED, step, lease, deps)
    log_planned(record, lease)


async def hand_back(lease: Lease, deps: JobDeps) -> None:
    """Release the lease of an attempt that was interrupted; it does not count.

    Raises:
        LeaseLost, JobWithdrawn, LedgerUnavailable: nothing was written.
    """

    async def step(tx: Transaction, job: Job, now: datetime) -> None:
        await end_attempt(job, AttemptState.INTERRUPTED, tx, now=now)
        await tx.jobs.save(job.hand_back(now=now))

    await _commit(Effect.ATTEMPT_HANDED_BACK, step, lease, deps)


async def report_stopped(lease: Lease, deps: JobDeps) -> Outcome:
    """Say that the attempt of a cancelled job has stopped, so that its objects may be purged."""
    async with deps.begin(Effect.ATTEMPT_STOPPED) as tx:
        job = await tx.jobs.get_for_update(lease.job_id)
        if job is not None and job.lease_owner == lease.owner and job.attempt == lease.attempt:
            await end_attempt(job, AttemptState.CANCELED, tx, now=await tx.now())
            await tx.jobs.save(job.released())
    deps.wake_sweeper()
    return Done("the job was cancelled")


async def _published(result: TranscodeResult, lease: Lease, deps: JobDeps) -> Outcome:
    async def step(tx: Transaction, job: Job, now: datetime) -> None:
        await tx.jobs.save(job.succeed(lease, now=now))
        await end_attempt(job, AttemptState.SUCCEEDED, tx, now=now, verdict=result.verdict)
        await tx.outbox.add(VIDEO_WEBHOOK, job.video_id, webhooks.ready(lease, result))

    await _commit(Effect.JOB_SUCCEEDED, step, lease, deps)
    return Done("published")


async def _rejected(reason: FailReason, detail: str, lease: Lease, deps: JobDeps) -> Outcome:
    async def step(tx: Transaction, job: Job, now: datetime) -> None:
        await end_attempt(job, AttemptState.FAILED, tx, now=now, error=f"{reason}: {detail}")
        await give_up(job, reason, tx, now=now)

    await _commit(Effect.JOB_REJECTED, step, lease, deps)
    return Done(f"rejected: {reason}")


async def _stumbled(error: Exception, lease: Lease, deps: JobDeps) -> Outcome:
    async def step(tx: Transaction, job: Job, now: datetime) -> Outcome:
        verdict = error.verdict if isinstance(error, OutputUnproven) else None
        failed = AttemptState.FAILED
        await end_attempt(job, failed, tx, now=now, error=describe(error), verdict=verdict)
        delay_s = deps.retry.delay_s(job.failures + 1, deps.random)
        retried = job.retry(not_before=now + timedelta(seconds=delay_s), now=now)
        if deps.retry.is_exhausted(retried.failures):
            reason = _reason_of(error)
            await give_up(retried, reason, tx, now=now)
            detail = f"{retried.failures} attempts failed; the last: {describe(error)}"
            return GivenUp(detail, reason)
        await tx.jobs.save(retried)
        return Later(delay_s)

    return await _commit(Effect.ATTEMPT_FAILED, step, lease, deps)


def _reason_of(error: Exception) -> FailReason:
    timed_out = isinstance(error, EncodeTimedOut)
    return FailReason.TRANSCODE_TIMEOUT if timed_out else FailReason.TRANSCODE_ERROR


async def _commit(effect: Effect, step: Step[T], lease: Lease, deps: JobDeps) -> T:
    """Run `step` with the job locked and the lease checked.

    A long encode is not thrown away for a short absence of the database. If the answer to a
    commit was what got lost, the next try finds the lease gone, and the message, shown again,
    finds the job finished.
    """
    async for attempt in stamina.retry_context(
        on=LedgerUnavailable, attempts=None, timeout=deps.lease_s, wait_max=MAX_WAIT_S
    ):
        with attempt:
            async with deps.begin(effect) as tx:
                job = await tx.jobs.get_for_update(lease.job_id)
                if job is None:
                    raise LeaseLost(f"job {lease.job_id} is gone")
                job.check(lease)
                return await step(tx, job, await tx.now())
    raise LedgerUnavailable
