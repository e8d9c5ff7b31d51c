"""Following a video until its status is final."""

from collections.abc import AsyncGenerator
from typing import Final
from uuid import UUID

from video_service.domain.details import Mark, VideoDetails
from video_service.domain.errors import VideoNotFound
from video_service.domain.lifecycle import TRANSCODE_DONE
from video_service.ports import Deps
from video_service.ports.following import Signal

HEARTBEAT_S: Final = 15.0
"""Below the idle time-outs of proxies and phones' networks."""


async def follow_video(
    owner_id: UUID, video_id: UUID, deps: Deps, *, seen: Mark | None
) -> AsyncGenerator[VideoDetails | None]:
    """Yield a video now, unless it is as `seen`, and whenever it has moved; None as a heartbeat.

    Several changes in a row may come as one: what is yielded is always the present. Ends after
    READY or FAILED, when the video is deleted, and when this process is about to end.
    """
    with deps.changes.of(video_id) as follower:
        while True:
            try:
                details = await deps.reader.find(owner_id, video_id)
            except VideoNotFound:
                return
            if details.mark != seen:
                seen = details.mark
                yield details
            if is_final(details):
                return
            signal = await follower.wait(HEARTBEAT_S)
            while signal is Signal.QUIET:
                yield None
                signal = await follower.wait(HEARTBEAT_S)
            if signal is Signal.CLOSED:
                return


def is_final(details: VideoDetails) -> bool:
    """Tell whether nothing more happens to the video by itself."""
    return details.video.status in TRANSCODE_DONE
