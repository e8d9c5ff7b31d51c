"""What happens without a client: expiry, deleted videos, cleaning up, late news."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

import msgspec

from reel_contracts.events import VideoDeleted
from reel_contracts.webhooks import UploadOutcome
from reel_testing.upload.builders import MIB, an_mp4
from reel_testing.upload.service import UploadSystem

DAY_S = 86_400
SIZE = 6 * MIB


def video_deleted(video_id: UUID, owner_id: UUID) -> bytes:
    event = VideoDeleted(video_id=video_id, owner_id=owner_id, deleted_at=datetime.now(UTC))
    return msgspec.json.encode(event)


async def test_an_untouched_session_expires_frees_the_store_and_is_announced(
    system: UploadSystem,
) -> None:
    agent, video_id = system.agent, uuid4()
    session_id = await agent.open(video_id, SIZE)
    await agent.send_part(session_id, 1, an_mp4(5 * MIB))
    await agent.do(session_id, "pause")
    await system.age(session_id, DAY_S + 1)

    await system.sweep()

    row = await system.row(session_id)
    assert (row["status"], row["fail_reason"]) == ("FAILED", "UPLOAD_EXPIRED")
    assert row["provider_settled_at"] is not None
    assert await system.open_uploads(video_id) == []
    async with system.working():
        await system.until(lambda: len(system.videos.heard) == 2)
    assert system.videos.reasons(session_id)[-1] == "UPLOAD_EXPIRED"


async def test_several_workers_expire_each_session_once(system: UploadSystem) -> None:
    sessions = [await system.agent.open(uuid4(), SIZE) for _ in range(6)]
    for session_id in sessions:
        await system.age(session_id, DAY_S + 1)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(system.sweep())

    rows = [await system.row(session_id) for session_id in sessions]
    assert [row["status"] for row in rows] == ["FAILED"] * 6
    assert await system.outbox() == ["FAILED"] * 6


async def test_cancelling_aborts_the_multipart_upload(system: UploadSystem) -> None:
    agent, video_id = system.agent, uuid4()
    session_id = await agent.open(video_id, SIZE)
    await agent.send_part(session_id, 1, an_mp4(5 * MIB))

    first = await agent.do(session_id, "cancel")
    second = await agent.do(session_id, "cancel")

    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert first.json()["status"] == "CANCELED"
    assert await system.open_uploads(video_id) == []
    assert (await system.row(session_id))["provider_settled_at"] is not None
    assert await system.outbox() == ["CANCELED"]


async def test_a_deleted_video_loses_its_live_session(system: UploadSystem) -> None:
    agent, video_id = system.agent, uuid4()
    session_id = await agent.open(video_id, SIZE)
    await agent.send_part(session_id, 1, an_mp4(5 * MIB))

    async with system.working():
        for _ in range(2):  # SQS delivers at least once
            await system.announce("message-1", video_deleted(video_id, agent.id))
        await system.until(lambda: UploadOutcome.CANCELED in system.videos.statuses(session_id))
        await system.until(partial(system.is_settled, session_id))

    assert await agent.status(session_id) == "CANCELED"
    assert await system.open_uploads(video_id) == []
    assert (await system.outbox()).count("CANCELED") == 1  # the other tells of the purge


async def test_a_deleted_video_loses_its_source(system: UploadSystem) -> None:
    agent, video_id, kept_id = system.agent, uuid4(), uuid4()
    for id_ in (video_id, kept_id):
        session_id = await agent.open(id_, SIZE)
        await agent.complete(session_id, await agent.send(session_id, an_mp4(SIZE), 5 * MIB))

    async def is_gone() -> bool:
        return await system.sources(video_id) == []

    async with system.working():
        await system.announce("message-2", video_deleted(video_id, agent.id))
        await system.until(is_gone)

    assert await system.sources(kept_id) == [f"videos/{kept_id}/source.mp4"]


async def test_news_of_one_video_arrive_in_order_through_an_outage(system: UploadSystem) -> None:
    agent, video_id = system.agent, uuid4()
    first = await agent.open(video_id, SIZE)
    await agent.do(first, "cancel")
    second = await agent.open(video_id, SIZE)
    await agent.complete(second, await agent.send(second, an_mp4(SIZE), 5 * MIB))
    system.videos.heard.clear()
    system.videos.answers = [503, 503]

    async with system.working():
        await system.until(lambda: len(system.videos.heard) == 4)

    assert [news.status for _, news in system.videos.heard] == [
        UploadOutcome.CANCELED,
        UploadOutcome.CANCELED,
        UploadOutcome.CANCELED,
        UploadOutcome.COMPLETED,
    ]
    assert len({webhook_id for webhook_id, _ in system.videos.heard[:3]}) == 1


async def test_an_upload_that_a_crash_left_unrecorded_is_found_and_aborted(
    system: UploadSystem,
) -> None:
    video_id = uuid4()
    session_id = await system.agent.open(video_id, SIZE)
    await system.infra.deps.store.create(f"videos/{video_id}/source.mp4", "video/mp4")
    assert len(await system.open_uploads(video_id)) == 2

    await system.agent.do(session_id, "cancel")
    await system.sweep()

    assert await system.open_uploads(video_id) == []
    assert (await system.row(session_id))["provider_settled_at"] is not None
