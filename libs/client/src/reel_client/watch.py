"""Following a video to its end: by its events, or by polling that costs little."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from reel_client.api import Versioned
from reel_client.errors import ReelError
from reel_client.events import VideoEvent
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
    """Follows a video, or reads it unless it is still the version we have."""

    def follow_video(
        self, video_id: UUID, *, last_event_id: str | None = None
    ) -> AsyncGenerator[VideoEvent]: ...

    async def read_video(
        self, video_id: UUID, *, if_none_match: str | None = None
    ) -> Versioned[VideoView] | None: ...


async def watch_video(
    reader: ReadVideo, video_id: UUID, pace: WatchPace
) -> AsyncGenerator[VideoView]:
    """Yield each new state of the video; ends after READY or FAILED.

    Listens to its events, and polls from when they fail: a proxy may not let them through.
    """
    last: VideoView | None = None
    with suppress(ReelError):
        async with aclosing(_listen(reader, video_id)) as views:
            async for last in views:
                yield last
                if last.status in SETTLED:
                    return
    async with aclosing(_poll(reader, video_id, pace, last)) as views:
        async for view in views:
            yield view


async def _listen(reader: ReadVideo, video_id: UUID) -> AsyncGenerator[VideoView]:
    """Open one stream behind the other, as long as there is something in them."""
    last: VideoEvent | None = None
    while True:
        heard = False
        stream = reader.follow_video(video_id, last_event_id=last.id if last else None)
        async with aclosing(stream) as events:
            async for last in events:
                heard = True
                yield last.view
        if not heard:
            return


async def _poll(
    reader: ReadVideo, video_id: UUID, pace: WatchPace, seen: VideoView | None
) -> AsyncGenerator[VideoView]:
    last: Versioned[VideoView] | None = None if seen is None else Versioned(seen, None)
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
