"""One message, one attempt: lease, transcode, report."""

import asyncio
from functools import partial
from math import ceil
from typing import Final

import structlog

from reel_contracts.events import TranscodeRequested
from transcode_service.domain.ending import Ending, Published, Rejected, Stumbled
from transcode_service.domain.job import JobWithdrawn, Lease, LeaseLost
from transcode_service.domain.media_errors import SourceRejected
from transcode_service.domain.outcome import Later, Outcome
from transcode_service.domain.transcoding import SourceRef
from transcode_service.ports.jobs import JobDeps, LedgerUnavailable
from transcode_service.usecases.job_log import (
    log_canceled,
    log_interrupted,
    log_lease_lost,
    log_leased,
    log_outcome,
    log_started,
)
from transcode_service.usecases.keep_lease import lease_kept
from transcode_service.usecases.report import hand_back, note_plan, report, report_stopped
from transcode_service.usecases.take_lease import take_lease
from transcode_service.usecases.tell_progress import progress_told

HAND_BACK_S: Final = 3.0
"""Most time a cancelled attempt takes to release its lease; after that the lease runs out."""

log = structlog.stdlib.get_logger(__name__)


async def run_job(request: TranscodeRequested, deps: JobDeps) -> Outcome:
    """Make the HLS of one request, unless it is made, being made, or not wanted any more.

    Cancelling this call (the worker stops) ends the attempt and hands the job back.

    Raises:
        LedgerUnavailable: the message must come again; an attempt under way is lost in time.
    """
    lease = await take_lease(request, deps)
    if not isinstance(lease, Lease):
        log_outcome(lease, attempt=None, ending=None)
        return lease
    log_leased(lease)
    try:
        ending = await _work(request, lease, deps)
        outcome = await report(ending, lease, deps)
    except JobWithdrawn:
        log_canceled(lease)
        return await report_stopped(lease, deps)
    except LeaseLost as lost:
        log_lease_lost(lease, lost)
        return Later(ceil(deps.lease_s))
    except asyncio.CancelledError:
        await _interrupted(lease, deps)
        raise
    log_outcome(outcome, attempt=lease.attempt, ending=ending)
    return outcome


async def _work(request: TranscodeRequested, lease: Lease, deps: JobDeps) -> Ending:
    source = SourceRef(
        key=request.source_file_key,
        size_bytes=request.source_size_bytes,
        mime=request.source_mime,
    )
    try:
        async with lease_kept(lease, deps), progress_told(lease, deps) as on_progress:
            log_started(request, lease)
            return Published(
                await deps.transcode(
                    source,
                    prefix=lease.prefix,
                    qualities=request.qualities,
                    on_plan=partial(note_plan, lease=lease, deps=deps),
                    on_progress=on_progress,
                )
            )
    except (LeaseLost, JobWithdrawn):
        raise
    except SourceRejected as rejected:
        return Rejected(rejected.reason, str(rejected))
    except Exception as error:
        log.warning("attempt_failed", attempt=lease.attempt, exc_info=True)
        return Stumbled(error)


async def _interrupted(lease: Lease, deps: JobDeps) -> None:
    try:
        async with asyncio.timeout(HAND_BACK_S):
            try:
                await hand_back(lease, deps)
            except JobWithdrawn:
                await report_stopped(lease, deps)
        log_interrupted(lease)
    except (LeaseLost, LedgerUnavailable, TimeoutError) as error:
        log.warning("hand_back_failed", attempt=lease.attempt, error=repr(error))
