"""Following a video to its end by polling that costs little."""

import asyncio
import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from reel_client.api import Versioned
from reel_client.retries import Sleep
from reel_contracts.videos import VideoStatus, VideoView

SETTLED: Final = frozenset({VideoStatus.READY, VideoStatus.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPace:
    """First wait, growth with every unchanged answer, longest wait; each ± 25 % jitter."""

    first_s: float = 0.5
    factor: float = 1.5
    max_s: float = 5.0
    sleep: Sleep = asyncio.sleep


class ReadVideo(Protocol):
    """Reads a video unless it is still the version we have."""

    async def read_video(
        self, video_id: UUID, *, if_none_match: str | None = None
    ) -> Versioned[VideoView] | None: ...


async def watch_video(
    reader: ReadVideo, video_id: UUID, pace: WatchPace
) -> AsyncGenerator[VideoView]:
    """Yield each new version of the video; ends after READY or FAILED."""
    last: Versioned[VideoView] | None = None
    wait_s = pace.first_s
    while True:
        read = await reader.read_video(video_id, if_none_match=last.etag if last else None)
        if read and (last is None or read.value != last.value):
            yield read.value
            if read.value.status in SETTLED:
                return
            wait_s = pace.first_s
        last = read or last
        await pace.sleep(wait_s * random.uniform(0.75, 1.25))  # noqa: S311 - jitter
        wait_s = min(wait_s * pace.factor, pace.max_s)
