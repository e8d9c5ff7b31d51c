"""The job a video with a source asks for."""

from datetime import datetime
from typing import Final

from reel_contracts.events import TranscodeRequested
from video_service.domain.errors import SourceMissing
from video_service.domain.video import Video
from video_service.ports import Transaction
from video_service.usecases.destinations import TRANSCODE_JOBS

LADDER: Final = ("1080p", "720p", "480p")
"""Rungs wanted (spec 1.2); the transcoder makes none above the source."""


async def request_transcode(video: Video, tx: Transaction, *, now: datetime) -> None:
    """Queue the transcode of `video.job_id`, in the transaction that changes the status."""
    await tx.outbox.add(TRANSCODE_JOBS, video.id, transcode_of(video, now=now))


def transcode_of(video: Video, *, now: datetime) -> TranscodeRequested:
    """Describe the video's current job.

    Raises:
        SourceMissing: its upload was never completed.
    """
    if video.source_file_key is None or video.job_id is None:
        raise SourceMissing
    return TranscodeRequested(
        job_id=video.job_id,
        video_id=video.id,
        source_file_key=video.source_file_key,
        source_size_bytes=video.source_size_bytes,
        source_mime=video.source_mime,
        qualities=list(LADDER),
        requested_at=now,
    )
