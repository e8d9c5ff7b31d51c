"""Telling how far an attempt is, at no cost to it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import structlog

from reel_contracts.webhooks import TranscodePhase, TranscodeProgress
from transcode_service.domain.estimate import Estimate, Estimator
from transcode_service.domain.job import Lease
from transcode_service.domain.transcoding import Progress
from transcode_service.ports.jobs import JobDeps

log = structlog.stdlib.get_logger(__name__)


async def tell_nobody(_report: TranscodeProgress) -> None:
    """Drop a report."""


@asynccontextmanager
async def progress_told(lease: Lease, deps: JobDeps) -> AsyncGenerator[Callable[[Progress], None]]:
    """Give the block something to call with its progress; it returns at once, and never raises.

    One report is under way at a time, and what comes up meanwhile is dropped. Nothing is sent
    after the block.
    """
    try:
        async with asyncio.TaskGroup() as group:
            teller = _Teller(lease, deps, group)
            yield teller.hear
            teller.stop()
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None  # the block's: a report never fails


class _Teller:
    def __init__(self, lease: Lease, deps: JobDeps, group: asyncio.TaskGroup) -> None:
        self._lease = lease
        self._deps = deps
        self._group = group
        self._estimator = Estimator()
        self._under_way: asyncio.Task[None] | None = None

    def hear(self, progress: Progress) -> None:
        if self._under_way is not None and not self._under_way.done():
            return
        estimate = self._estimator.hear(progress, now_s=self._deps.monotonic())
        if estimate is not None:
            self._under_way = self._group.create_task(self._tell(estimate), name="tell-progress")

    def stop(self) -> None:
        if self._under_way is not None:
            self._under_way.cancel()

    async def _tell(self, estimate: Estimate) -> None:
        report = TranscodeProgress(
            video_id=self._lease.video_id,
            job_id=self._lease.job_id,
            attempt=self._lease.attempt,
            fraction=round(estimate.fraction, 4),
            eta_seconds=estimate.eta_s,
            phase=TranscodePhase(estimate.phase),
        )
        try:
            await self._deps.send_progress(report)
        except Exception:  # an encode is worth more than its bar
            log.warning("progress_lost", attempt=report.attempt, exc_info=True)
