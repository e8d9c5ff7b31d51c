"""What goes wrong besides while a service dies: workers, messages, other services."""

import asyncio
import signal
from typing import Final
from uuid import UUID, uuid4

from reel_contracts.videos import VideoStatus
from reel_stack.topology import TRANSCODE_JOBS, dead_letters
from reel_testing.crash import app
from reel_testing.crash.journeys import is_ready, watched
from reel_testing.crash.world import World
from reel_testing.waiting import until

SOON_S: Final = 60.0
SCHEMAS: Final = ("video", "upload", "transcode")

FORGET_JOB: Final = """
UPDATE transcode.jobs SET updated_at = updated_at - interval '1 day',
       not_before = not_before - interval '1 day',
       lease_expires_at = lease_expires_at - interval '1 day'
 WHERE video_id = $1
"""
AGE_HISTORY: Final = """
UPDATE {}.outbox SET delivered_at = delivered_at - interval '30 days' WHERE key = $1
"""
HISTORY: Final = "SELECT count(*) FROM {}.outbox WHERE key = $1"
OLD_KEY: Final = """
INSERT INTO {}.idempotency_keys
  (owner_id, key, fingerprint, resource_id, claim_id, claimed_until, created_at)
VALUES ($1, 'old', '', $1, $1, now() - interval '2 days', now() - interval '2 days')
"""
KEYS_OF: Final = "SELECT count(*) FROM {}.idempotency_keys WHERE owner_id = $1"
NONSENSE: Final = """
INSERT INTO upload.outbox (id, destination, key, body) VALUES ($1, 'video-webhook', $1, '{}')
"""
DEAD: Final = "SELECT count(*) FROM upload.outbox WHERE id = $1 AND dead_at IS NOT NULL"
DROP: Final = "DELETE FROM upload.outbox WHERE id = $1"
CLAIMED: Final = """
SELECT count(*) FROM upload.outbox WHERE key = $1 AND claimed_until > now()
"""


async def slow(world: World) -> None:
    """An attempt takes longer than a heartbeat."""
    video_id = await app.send(world.with_a_long_film())
    ffmpeg = await world.ffmpeg()
    ffmpeg.send_signal(signal.SIGSTOP)
    await world.orders[-1].until_taken()
    await is_ready(world, video_id)


async def stumbled(world: World) -> None:
    """FFmpeg dies in an attempt, and another attempt is made."""
    video_id = await app.send(world.with_a_long_film())
    (await world.ffmpeg()).kill()
    await is_ready(world, video_id)


async def forgotten(world: World) -> None:
    """The worker of a job died, and so did the job's message."""
    video_id = await app.send(world.with_a_long_film())
    (await world.ffmpeg()).send_signal(signal.SIGSTOP)
    world.signal("transcode-worker", signal.SIGSTOP)
    await lose_message(world, video_id)
    world.signal("transcode-worker", signal.SIGKILL)
    await world.db.execute(FORGET_JOB, video_id)
    await is_ready(world, video_id)


async def lose_message(world: World, video_id: UUID) -> None:
    """Delete the job's message as soon as its worker does not hide it any more."""
    queue = world.stack.queues[TRANSCODE_JOBS]
    async with world.stack.sqs() as sqs, asyncio.timeout(SOON_S):
        while True:
            answer = await sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)
            for found in answer.get("Messages", []):
                await sqs.delete_message(
                    QueueUrl=queue, ReceiptHandle=found.get("ReceiptHandle", "")
                )
                if str(video_id) in found.get("Body", ""):
                    return


async def remembered_for_a_month(world: World) -> None:
    """What was said of a video is forgotten after a while; the video is not."""
    video_id = await app.send(world)
    await is_ready(world, video_id)
    for service in SCHEMAS:
        await world.db.execute(AGE_HISTORY.format(service), video_id)

    async def is_forgotten() -> bool:
        left = [await world.db.fetchval(HISTORY.format(service), video_id) for service in SCHEMAS]
        return not any(left)

    await until(is_forgotten, within_s=SOON_S)
    await app.until_is(world, video_id, VideoStatus.READY)


async def keys_of_yesterday(world: World) -> None:
    """Keys that are too old are forgotten when a worker starts."""
    old = uuid4()
    for service in ("video", "upload"):
        await world.db.execute(OLD_KEY.format(service), old)
        world.signal(f"{service}-worker", signal.SIGKILL)

    async def are_forgotten() -> bool:
        left = [
            await world.db.fetchval(KEYS_OF.format(service), old) for service in ("video", "upload")
        ]
        return left == [0, 0]

    await until(are_forgotten, within_s=SOON_S)
    await watched(world)


async def nonsense(world: World) -> None:
    """A webhook that its receiver will never take is given up, and again when it is replayed."""
    message_id = uuid4()
    await world.db.execute(NONSENSE, message_id)
    await _is_dead(world, message_id)
    await world.ops("upload", "replay", "--all")
    await _is_dead(world, message_id)
    await world.db.execute(DROP, message_id)
    await watched(world)


async def _is_dead(world: World, message_id: UUID) -> None:
    async def is_dead() -> bool:
        return await world.db.fetchval(DEAD, message_id) == 1

    await until(is_dead, within_s=SOON_S)


async def garbled(world: World) -> None:
    """A message that is none of ours goes to the dead letters."""
    async with world.stack.sqs() as sqs:
        queue = world.stack.queues[TRANSCODE_JOBS]
        await sqs.send_message(QueueUrl=queue, MessageBody="nothing that we know")
        await watched(world)
        await world.stack.drained(TRANSCODE_JOBS, within_s=SOON_S)
        dlq = f"{queue.rpartition('/')[0]}/{dead_letters(TRANSCODE_JOBS)}"
        buried = await sqs.receive_message(QueueUrl=dlq, MaxNumberOfMessages=10)
        assert {found.get("Body") for found in buried.get("Messages", [])} == {
            "nothing that we know"
        }
        await sqs.purge_queue(QueueUrl=dlq)


async def video_service_hangs_while_a_session_opens(world: World) -> None:
    """Nobody answers whether an upload may be begun, for a while."""
    video_id = await app.create(world)
    world.signal("video-api", signal.SIGSTOP)
    async with asyncio.TaskGroup() as group:
        opening = group.create_task(app.open_session(world, video_id))
        try:
            await world.orders[-1].until_taken()
        finally:
            world.signal("video-api", signal.SIGCONT)
    session_id = opening.result().upload_session_id
    await world.client.complete(session_id, await app.put(world, session_id))
    await is_ready(world, video_id)


async def video_service_hangs_while_news_is_sent(world: World) -> None:
    """upload-service is told to stop while nobody takes its news."""
    video_id, session_id, parts = await app.uploaded(world)
    world.signal("video-api", signal.SIGSTOP)
    try:
        await world.client.complete(session_id, parts)

        async def is_claimed() -> bool:
            return await world.db.fetchval(CLAIMED, video_id) == 1

        await until(is_claimed, within_s=SOON_S)
        world.signal("upload-worker", signal.SIGTERM)
        await world.orders[-1].until_taken()
    finally:
        world.signal("video-api", signal.SIGCONT)
    await is_ready(world, video_id)
