"""`Idempotency-Key` on the creation of a session, over the real database."""

import asyncio
from uuid import UUID, uuid4

import httpx

from reel_testing.upload.agent import Agent
from reel_testing.upload.service import UploadSystem

BODY = {"sourceMime": "video/mp4", "sourceSizeBytes": 2000}
FORGET_ANSWERS = """
UPDATE idempotency_keys SET status = NULL, headers = NULL, body = NULL,
       claimed_until = now() - interval '1 second'
"""


async def create(agent: Agent, video_id: UUID, key: str, **body: object) -> httpx.Response:
    return await agent.api.post(
        f"/api/videos/{video_id}/uploads",
        json=BODY | body,
        headers=agent.tokens.header(agent.id) | {"Idempotency-Key": key},
    )


async def test_a_repeat_opens_no_second_session(system: UploadSystem) -> None:
    agent, video_id = system.agent, uuid4()

    first = await create(agent, video_id, "k1")
    again = await create(agent, video_id, "k1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    assert len(system.videos.heard) == 1


async def test_of_many_at_once_one_opens_and_the_others_wait(system: UploadSystem) -> None:
    agent, video_id = system.agent, uuid4()

    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(create(agent, video_id, "k1")) for _ in range(6)]

    answers = [call.result() for call in calls]
    made = {answer.content for answer in answers if answer.status_code == 201}
    waiting = [answer for answer in answers if answer.status_code != 201]
    assert len(made) == 1
    assert {answer.json()["code"] for answer in waiting} <= {"idempotency-key-in-flight"}
    assert all(answer.headers["retry-after"] == "1" for answer in waiting)
    assert len(system.videos.heard) == 1


async def test_after_a_crash_before_the_answer_the_same_session_is_found(
    system: UploadSystem,
) -> None:
    agent, video_id = system.agent, uuid4()
    first = await create(agent, video_id, "k1")
    await system.infra.pool.execute(FORGET_ANSWERS)

    again = await create(agent, video_id, "k1")

    assert (again.status_code, again.json()) == (201, first.json())
    assert "idempotency-replayed" not in again.headers
    assert len(await system.open_uploads(video_id)) == 1


async def test_a_fault_between_the_services_can_be_tried_again_with_the_key(
    system: UploadSystem,
) -> None:
    agent, video_id = system.agent, uuid4()
    system.videos.answers = [503, 503, 503]

    failed = await create(agent, video_id, "k1")
    again = await create(agent, video_id, "k1")

    assert (failed.status_code, failed.json()["code"]) == (503, "video-service-unavailable")
    assert (again.status_code, "idempotency-replayed" in again.headers) == (201, False)


async def test_another_body_or_video_needs_another_key(system: UploadSystem) -> None:
    agent, video_id = system.agent, uuid4()
    await create(agent, video_id, "k1")

    answers = [
        await create(agent, video_id, "k1", sourceSizeBytes=2001),
        await create(agent, uuid4(), "k1"),
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert {answer.json()["code"] for answer in answers} == {"idempotency-key-reused"}


async def test_an_owner_with_too_many_bytes_in_flight_must_wait(system: UploadSystem) -> None:
    agent, size_bytes = system.agent, 64 * 1024**3 - 1000
    session_id = await agent.open(uuid4(), 2000)
    await system.infra.pool.execute(
        "UPDATE upload_sessions SET source_size_bytes = $2 WHERE id = $1", session_id, size_bytes
    )

    refused = await agent.create(uuid4(), 1001)
    fitting = await agent.create(uuid4(), 1000)
    colleague = await agent.colleague().create(uuid4(), 2000)

    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (429, "too-many-bytes-in-flight")
    assert refused.headers["retry-after"] == "10"
    assert (problem["bytesInFlight"], problem["limitBytes"]) == (size_bytes, 64 * 1024**3)
    assert (fitting.status_code, colleague.status_code) == (201, 201)
