"""What is done to a video while a service dies, and the state that it has to end in.

Each of these may be killed at any point on its way; what it ends with is the same.
"""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from reel_contracts.videos import VideoStatus
from reel_testing.crash import app
from reel_testing.crash.evidence import (
    flaws_of_ready,
    proven,
)
from reel_testing.crash.world import World

PLAYABLE: Final = 200

Journey = Callable[[World], Awaitable[None]]


async def watched(world: World) -> None:
    """A film is uploaded and can be watched."""
    await is_ready(world, await app.send(world))


async def is_ready(world: World, video_id: UUID) -> None:
    view = await app.until_is(world, video_id, VideoStatus.READY, VideoStatus.FAILED)
    assert view.status is VideoStatus.READY, view
    await proven(world, video_id, flaws_of_ready)
    assert view.playback.stream_url is not None
    assert (await world.http.get(view.playback.stream_url)).status_code == PLAYABLE
