"""Videos that are deleted while a service dies: all goes, once, and the receipt says so."""

import signal
from collections import Counter
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from reel_contracts.videos import VideoStatus
from reel_testing.crash import app
from reel_testing.crash.evidence import flaws_of_messages, keys_of, proven
from reel_testing.crash.incidents import lose_message
from reel_testing.crash.world import World

# As if the time were over in which a worker that lost touch may still write an object.
AGE_DELETION: Final = """
UPDATE transcode.video_outputs
   SET deleted_at = deleted_at - interval '1 hour', purge_after = now()
 WHERE video_id = $1 AND purged_at IS NULL AND deleted_at IS NOT NULL
   AND purge_after > now() AND deleted_at > now() - interval '30 minutes'
"""
# As if the ten minutes were over in which a request that joins parts is believed to be alive.
AGE_REQUESTS: Final = """
UPDATE upload.upload_sessions
   SET completing_at = completing_at - interval '11 minutes',
       created_at = created_at - interval '11 minutes'
 WHERE video_id = $1 AND video_deleted_at IS NOT NULL AND created_at > now() - interval '10 minutes'
"""
LINES: Final = """
SELECT part::text, is_last, objects FROM video.purge_lines WHERE video_id = $1
"""
CLOSED: Final = """
SELECT count(*) FROM video.purge_receipts WHERE video_id = $1 AND closed_at IS NOT NULL
"""
ROWS: Final = """
SELECT (SELECT count(*) FROM video.videos WHERE id = $1)
     + (SELECT count(*) FROM video.video_assets WHERE video_id = $1)
     + (SELECT count(*) FROM transcode.jobs WHERE video_id = $1 AND state IN ('QUEUED', 'RUNNING'))
     + (SELECT count(*) FROM transcode.job_attempts WHERE video_id = $1 AND state = 'RUNNING')
"""


async def deleted(world: World) -> None:
    """A film that can be watched is deleted."""
    video_id = await app.send(world)
    await app.until_is(world, video_id, VideoStatus.READY)
    await app.delete(world, video_id)
    await is_gone(world, video_id)


async def deleted_midway(world: World) -> None:
    """A film is deleted while it is transcoded."""
    video_id = await app.send(world.with_a_long_film())
    (await world.ffmpeg()).send_signal(signal.SIGSTOP)
    await app.delete(world, video_id)
    await is_gone(world, video_id)


async def deleted_under_a_dead_worker(world: World) -> None:
    """A film is deleted after the worker that transcoded it died."""
    video_id = await app.send(world.with_a_long_film())
    (await world.ffmpeg()).send_signal(signal.SIGSTOP)
    world.signal("transcode-worker", signal.SIGSTOP)
    await lose_message(world, video_id)  # else another attempt may be made before it is known
    world.signal("transcode-worker", signal.SIGKILL)
    await app.delete(world, video_id)
    await is_gone(world, video_id)


async def is_gone(world: World, video_id: UUID) -> None:
    await proven(world, video_id, _flaws)


async def _flaws(world: World, video_id: UUID) -> Sequence[str]:
    await world.db.execute(AGE_DELETION, video_id)
    await world.db.execute(AGE_REQUESTS, video_id)
    lines = await world.db.fetch(LINES, video_id)
    parts = Counter(row["part"] for row in lines)
    last = Counter(row["part"] for row in lines if row["is_last"])
    found = Counter(row["part"] for row in lines if row["objects"])
    flaws = [
        f"{part} has {count} lines of what was found" for part, count in found.items() if count != 1
    ]
    if (last["SOURCE"], last["HLS"], parts["ROWS"]) != (1, 1, 1):
        flaws.append(f"lines {[tuple(row) for row in lines]}")
    if parts["CDN"] != found["HLS"]:
        flaws.append(f"{parts['CDN']} invalidations for {found['HLS']} purges")
    if await world.db.fetchval(CLOSED, video_id) != 1:
        flaws.append("the receipt is open")
    if rows := await world.db.fetchval(ROWS, video_id):
        flaws.append(f"{rows} rows are left")
    if keys := await keys_of(world, f"videos/{video_id}/"):
        flaws.append(f"objects are left: {keys}")
    return [*flaws, *await flaws_of_messages(world, video_id)]
