"""How an attempt ends badly; the steps of several use cases, within their transactions."""

from datetime import datetime
from typing import Final

import structlog

from reel_contracts.failures import FailReason
from reel_hls.findings import Report
from transcode_service.domain.attempt import AttemptState
from transcode_service.domain.job import Job
from transcode_service.ports.jobs import VIDEO_WEBHOOK, Transaction
from transcode_service.usecases import webhooks
from transcode_service.usecases.job_metrics import count_attempt

LOST: Final = "The lease ran out: the worker died, hung, or lost its way to the database."

log = structlog.stdlib.get_logger(__name__)


async def end_attempt(
    job: Job,
    state: AttemptState,
    tx: Transaction,
    *,
    now: datetime,
    error: str | None = None,
    verdict: Report | None = None,
) -> None:
    """Record how the job's present attempt ended."""
    attempt = await tx.attempts.get(job.video_id, job.attempt)
    await tx.attempts.save(attempt.end(state, now=now, error=error, verdict=verdict))


async def lose_attempt(job: Job, tx: Transaction, *, now: datetime) -> None:
    """End the attempt of a job whose lease ran out; the job itself is left to the caller."""
    await end_attempt(job, AttemptState.LOST, tx, now=now, error=LOST)
    count_attempt(AttemptState.LOST)
    log.warning(
        "attempt_lost",
        job_id=str(job.id),
        video_id=str(job.video_id),
        attempt=job.attempt,
        owner=job.lease_owner,
    )


async def give_up(job: Job, reason: FailReason, tx: Transaction, *, now: datetime) -> Job:
    """Fail the job for good and tell video-service, in the caller's transaction."""
    given_up = job.fail(reason, now=now)
    await tx.jobs.save(given_up)
    await tx.outbox.add(VIDEO_WEBHOOK, job.video_id, webhooks.failed(given_up, reason))
    return given_up
