"""transcode-service tells how far it is."""

import structlog

from video_service.domain.progress import ProgressReport
from video_service.ports import Deps

log = structlog.stdlib.get_logger(__name__)


async def hear_progress(report: ProgressReport, deps: Deps) -> None:
    """Keep the report if it is news of the current job; any other changes nothing.

    There is no inbox: a repeat is no step forward, so it is ignored by itself.
    """
    if not await deps.progress.advance(report):
        log.debug("progress_ignored", job_id=str(report.job_id), attempt=report.attempt)
