"""What operators do while a service dies; their commands die, too, and are given again."""

import signal
from typing import Final

from reel_contracts.failures import FailReason
from reel_contracts.videos import VideoStatus
from reel_stack.topology import TRANSCODE
from reel_testing.crash import app
from reel_testing.crash.journeys import SOON_S, is_ready
from reel_testing.crash.world import World
from reel_testing.waiting import until

PAUSED: Final = "reel_transcode_paused"
AGE_STATUS: Final = """
UPDATE video.videos SET status_since = status_since - interval '3 hours' WHERE id = $1
"""
ASKED_AGAIN: Final = "SELECT count(*) FROM video.transcode_reminders WHERE video_id = $1"


async def _pause(world: World) -> None:
    """Let jobs wait, and wait until the worker knows."""
    await world.ops("transcode", "pause", "--reason", "rollback")

    async def knows() -> bool:
        return f"{PAUSED} 1.0" in await world.metrics(TRANSCODE.name)

    await until(knows, within_s=SOON_S)


async def frozen(world: World) -> None:
    """What is in flight is frozen and replayed: a rollback."""
    await _pause(world)
    video_id = await app.send(world)
    await app.until_is(world, video_id, VideoStatus.TRANSCODING)
    await world.ops("video", "freeze")
    await app.until_is(world, video_id, VideoStatus.FAILED)
    await world.ops("transcode", "resume")
    await world.ops("video", "replay-frozen", "--rate", "100")
    await is_ready(world, video_id)


async def tried_again(world: World) -> None:
    """What was frozen is asked for again by its owner."""
    await _pause(world)
    video_id = await app.send(world)
    await app.until_is(world, video_id, VideoStatus.TRANSCODING)
    await world.ops("video", "freeze")
    view = await app.until_is(world, video_id, VideoStatus.FAILED)
    assert view.fail_reason == FailReason.ROLLBACK
    await app.retry(world, video_id)
    await world.ops("transcode", "resume")
    await is_ready(world, video_id)


async def asked_for_again(world: World) -> None:
    """A job is silent for so long that it is asked for once more."""
    await _pause(world)
    video_id = await app.send(world)
    await app.until_is(world, video_id, VideoStatus.TRANSCODING)
    await world.db.execute(AGE_STATUS, video_id)

    async def is_asked_again() -> bool:
        return await world.db.fetchval(ASKED_AGAIN, video_id) == 1

    await until(is_asked_again, within_s=SOON_S)
    await world.ops("transcode", "resume")
    await is_ready(world, video_id)


async def handed_back(world: World) -> None:
    """A running attempt is handed back, and made again later."""
    video_id = await app.send(world.with_a_long_film())
    (await world.ffmpeg()).send_signal(signal.SIGSTOP)
    await world.ops("transcode", "pause", "--now")
    await world.ended(video_id)
    await world.ops("transcode", "resume")
    await is_ready(world, video_id)


async def invalidated_by_hand(world: World) -> None:
    """An operator has the CDN forget a film; it is fetched anew."""
    video_id = await app.send(world)
    await is_ready(world, video_id)
    await world.ops("video", "invalidate", str(video_id))
    await is_ready(world, video_id)
