"""Holding on to a lease while the work goes on."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from reel_kernel.effects import Effect
from transcode_service.domain.job import JobWithdrawn, Lease, LeaseLost
from transcode_service.ports.jobs import JobDeps, LedgerUnavailable
from transcode_service.usecases.job_metrics import RUNNING

log = structlog.stdlib.get_logger(__name__)


@asynccontextmanager
async def lease_kept(lease: Lease, deps: JobDeps) -> AsyncGenerator[None]:
    """Extend the lease every `beat_s` while the block runs; cancel the block when it is gone.

    The heartbeat is also how a worker learns that its job was cancelled by another process. A
    database that is away is waited for until the lease would have run out.

    Raises:
        LeaseLost, JobWithdrawn: after the block has been cancelled and has cleaned up.
        Exception: whatever the block raises, as it is.
    """
    with RUNNING.track_inprogress():
        try:
            async with asyncio.TaskGroup() as group:
                beat = group.create_task(_beat(lease, deps), name="lease-heartbeat")
                yield
                beat.cancel()
        except BaseExceptionGroup as failures:
            # With both, the heartbeat failed first and what the block raised while it was being
            # cancelled is a consequence.
            lost = failures.subgroup((LeaseLost, JobWithdrawn))
            raise (lost or failures).exceptions[0] from None


async def _beat(lease: Lease, deps: JobDeps) -> None:
    loop = asyncio.get_running_loop()
    expires_at = loop.time() + deps.lease_s
    while True:
        await asyncio.sleep(deps.beat_s)
        try:
            async with asyncio.timeout_at(expires_at):
                started_at = loop.time()
                await extend_lease(lease, deps)
            expires_at = started_at + deps.lease_s
        except (LedgerUnavailable, TimeoutError) as error:
            log.warning("heartbeat_failed", error=repr(error))
            if loop.time() >= expires_at:
                raise LeaseLost("the database was away for as long as the lease") from error


async def extend_lease(lease: Lease, deps: JobDeps) -> None:
    """Extend the lease once. Raises LeaseLost, JobWithdrawn, LedgerUnavailable."""
    async with deps.begin(Effect.LEASE_EXTENDED) as tx:
        job = await tx.jobs.get_for_update(lease.job_id)
        if job is None:
            raise LeaseLost(f"job {lease.job_id} is gone")
        until = await tx.now() + timedelta(seconds=deps.lease_s)
        await tx.jobs.save(job.extend(lease, until=until))
