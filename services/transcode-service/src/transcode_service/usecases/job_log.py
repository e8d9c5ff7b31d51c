"""The events by which a job can be followed in the log; names and fields are relied upon.

`job_id`, `video_id` are bound by the consumer. Lines carry the time of the event. What is told here
is also counted (`job_metrics`).
"""

import structlog

from reel_contracts.events import TranscodeRequested
from reel_kernel.clock import utc_now
from transcode_service.domain.attempt import AttemptState
from transcode_service.domain.ending import Ending, Published, Rejected
from transcode_service.domain.job import Lease, LeaseLost
from transcode_service.domain.outcome import Done, GivenUp, Later, Outcome
from transcode_service.domain.plan_record import PlanRecord
from transcode_service.domain.transcoding import TranscodeResult
from transcode_service.usecases.job_metrics import (
    LEASES_LOST,
    count_attempt,
    count_failed,
    count_leased,
    count_published,
)

log = structlog.stdlib.get_logger(__name__)


def log_leased(lease: Lease) -> None:
    """`job_leased`: this worker owns the attempt now."""
    count_leased(lease)
    log.info("job_leased", attempt=lease.attempt, prefix=lease.prefix, owner=lease.owner)


def log_started(request: TranscodeRequested, lease: Lease) -> None:
    """`transcode_started`: `waited_s` is the time since video-service asked for it."""
    waited_s = (utc_now() - request.requested_at).total_seconds()
    log.info("transcode_started", attempt=lease.attempt, waited_s=round(waited_s, 3))


def log_planned(plan: PlanRecord, lease: Lease) -> None:
    """`transcode_planned`: what is going to be made of the film, and why."""
    log.info("transcode_planned", attempt=lease.attempt, plan=plan)


def log_canceled(lease: Lease) -> None:
    """`attempt_canceled`: its video was deleted or asked for anew."""
    count_attempt(AttemptState.CANCELED)
    log.info("attempt_canceled", attempt=lease.attempt)


def log_interrupted(lease: Lease) -> None:
    """`attempt_interrupted`: the job was handed back."""
    count_attempt(AttemptState.INTERRUPTED)
    log.info("attempt_interrupted", attempt=lease.attempt)


def log_lease_lost(lease: Lease, lost: LeaseLost) -> None:
    """`lease_lost`: the attempt stopped, and wrote nothing in the job's name."""
    LEASES_LOST.inc()
    log.warning("lease_lost", attempt=lease.attempt, detail=str(lost))


def log_outcome(outcome: Outcome, *, attempt: int | None, ending: Ending | None) -> None:
    """`job_succeeded`, `job_failed`, `job_retry_scheduled`, or `job_skipped` without an attempt."""
    match outcome, ending:
        case Done(), Published(result):
            _log_succeeded(result, attempt)
            return
        case _, Rejected(reason, detail):
            count_failed(reason)
            log.error("job_failed", attempt=attempt, fail_reason=reason, detail=detail)
        case GivenUp(detail, reason), _:
            count_failed(reason)
            log.error("job_failed", attempt=attempt, fail_reason=reason, detail=detail)
        case Later(after_s), None:
            log.info("job_skipped", why="leased or not due", retry_in_s=after_s)
        case Later(after_s), _:
            log.warning("job_retry_scheduled", attempt=attempt, retry_in_s=after_s)
        case Done(why), _:
            log.info("job_skipped", why=why)
    if ending is not None:
        count_attempt(AttemptState.FAILED)


def _log_succeeded(result: TranscodeResult, attempt: int | None) -> None:
    count_published(result)
    log.info(
        "job_succeeded",
        attempt=attempt,
        duration_s=result.duration_s,
        bytes_in=result.bytes_in,
        bytes_out=result.bytes_out,
        prepare_s=result.prepare_s,
        encode_s=result.encode_s,
        publish_s=result.publish_s,
        proven_bytes=result.verdict.bytes_read,
        warnings=[found.code for found in result.verdict.findings],
    )
