"""UPLOADED → TRANSCODING is the relay's: committed with the mark that the queue has the job."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from reel_db.outbox import OutboxRow, channel
from reel_db.outbox_ops import depth, replay
from reel_db.pool import transaction
from reel_kernel.effects import Effect
from reel_messaging.relay import Relay
from reel_messaging.retry import PermanentDeliveryError, RetryPolicy
from reel_testing.plugin import NewDatabase
from reel_testing.video_service import VideoService, film_of, video_service
from reel_testing.waiting import until
from video_service.adapters.deliveries import on_delivered
from video_service.bootstrap import SCHEMA
from video_service.usecases.destinations import TRANSCODE_EVENTS, TRANSCODE_JOBS, UPLOAD_EVENTS

HASTY = RetryPolicy(base_s=0.01, max_s=0.01)


@pytest.fixture
async def own(new_database: NewDatabase) -> AsyncGenerator[VideoService]:
    """An app whose outbox no other test fills."""
    async with video_service(await new_database("video")) as running:
        yield running


@dataclass
class Queues:
    """Takes every message, after raising what is in `troubles`, and once `open_` is set."""

    taken: list[OutboxRow] = field(default_factory=list[OutboxRow])
    troubles: list[Exception] = field(default_factory=list[Exception])
    open_: asyncio.Event = field(default_factory=asyncio.Event)
    tries: int = 0

    async def deliver(self, row: OutboxRow) -> None:
        self.tries += 1
        await self.open_.wait()
        if self.troubles:
            raise self.troubles.pop()
        self.taken.append(row)


@asynccontextmanager
async def relaying(service: VideoService, queues: Queues) -> AsyncGenerator[None]:
    """Run the relay with a poll so slow that only NOTIFY can wake it in time."""
    names = (TRANSCODE_JOBS, UPLOAD_EVENTS, TRANSCODE_EVENTS)
    relay = Relay(
        service.pool,
        channel=channel(SCHEMA),
        deliver=dict.fromkeys(names, queues.deliver),
        on_delivered=on_delivered,
        policy=HASTY,
        poll_s=600,
    )
    async with asyncio.TaskGroup() as group:
        running = group.create_task(relay.run())
        yield
        running.cancel()


async def status_of(service: VideoService, video_id: str) -> str:
    return (await service.row(video_id))["status"]


async def is_settled(service: VideoService) -> bool:
    async with service.pool.acquire() as connection:
        return (await depth(connection)).pending == 0


async def test_a_video_is_transcoding_only_once_the_queue_has_its_job(
    own: VideoService, owner: UUID
) -> None:
    queues = Queues()
    async with relaying(own, queues):
        video_id = await own.given(owner, "UPLOADED")
        await until(lambda: queues.tries == 1)
        assert await status_of(own, video_id) == "UPLOADED"

        queues.open_.set()

        await until(lambda: is_settled(own))
    assert await status_of(own, video_id) == "TRANSCODING"
    assert [row.destination for row in queues.taken] == [TRANSCODE_JOBS]


async def test_a_queue_in_trouble_is_tried_again(own: VideoService, owner: UUID) -> None:
    queues = Queues(troubles=[ConnectionError("away"), TimeoutError("slow")])
    queues.open_.set()

    async with relaying(own, queues):
        video_id = await own.given(owner, "UPLOADED")
        await until(lambda: is_settled(own))

    assert (queues.tries, len(queues.taken)) == (3, 1)
    assert await status_of(own, video_id) == "TRANSCODING"


async def test_a_worker_quicker_than_the_relay_wins(own: VideoService, owner: UUID) -> None:
    queues = Queues()
    async with relaying(own, queues):
        video_id = await own.given(owner, "UPLOADED")
        await until(lambda: queues.tries == 1)

        await own.transcode_says(videoId=video_id, status="READY", **film_of(video_id))
        queues.open_.set()

        await until(lambda: is_settled(own))
    assert await status_of(own, video_id) == "READY"


async def test_a_message_that_was_given_up_can_be_replayed(own: VideoService, owner: UUID) -> None:
    queues = Queues(troubles=[PermanentDeliveryError("no such queue")])
    queues.open_.set()

    async with relaying(own, queues):
        video_id = await own.given(owner, "UPLOADED")
        await until(lambda: is_settled(own))
        assert (queues.taken, await status_of(own, video_id)) == ([], "UPLOADED")

        async with transaction(own.pool, Effect.DEAD_REPLAYED) as connection:
            assert await replay(connection) == 1

        await until(lambda: len(queues.taken) == 1)
        await until(lambda: is_settled(own))
    assert await status_of(own, video_id) == "TRANSCODING"


async def test_a_deleted_video_is_announced_on_both_queues(own: VideoService, owner: UUID) -> None:
    queues = Queues()
    queues.open_.set()
    async with relaying(own, queues):
        video_id = await own.given(owner, "DRAFT")

        await own.call(owner, "DELETE", f"/{video_id}")

        await until(lambda: is_settled(own))
    assert {row.destination for row in queues.taken} == {UPLOAD_EVENTS, TRANSCODE_EVENTS}
