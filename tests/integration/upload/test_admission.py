"""Who may open a session, and what a refused or failed opening leaves."""

import asyncio
from uuid import uuid4

import pytest

from reel_kernel.media import MAX_SOURCE_BYTES
from reel_testing.upload.agent import Agent
from reel_testing.upload.builders import MIB, an_mp4
from reel_testing.upload.service import UploadSystem

SIZE = 6 * MIB


async def test_the_largest_source_is_accepted_and_one_byte_more_is_not(agent: Agent) -> None:
    largest = await agent.create(uuid4(), MAX_SOURCE_BYTES)
    larger = await agent.create(uuid4(), MAX_SOURCE_BYTES + 1)

    assert largest.status_code == 201
    assert (larger.status_code, larger.json()["code"]) == (422, "validation-error")
    assert [(e["field"], e["code"]) for e in larger.json()["errors"]] == [
        ("sourceSizeBytes", "too-large")
    ]


async def test_a_type_that_reel_does_not_take_is_refused(agent: Agent) -> None:
    answer = await agent.create(uuid4(), SIZE, "video/webm")

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [
        ("sourceMime", "unsupported-format")
    ]


async def test_a_second_session_is_pointed_to_the_first(agent: Agent) -> None:
    video_id = uuid4()
    live = await agent.open(video_id, SIZE)

    answer = await agent.create(video_id, SIZE)

    assert (answer.status_code, answer.json()["code"]) == (409, "upload-session-active")
    assert answer.json()["uploadSessionId"] == str(live)


async def test_a_completed_video_takes_no_more_sessions(agent: Agent) -> None:
    video_id = uuid4()
    session_id = await agent.open(video_id, SIZE)
    await agent.complete(session_id, await agent.send(session_id, an_mp4(SIZE), 5 * MIB))

    answer = await agent.create(video_id, SIZE)

    assert (answer.status_code, answer.json()["code"]) == (409, "upload-already-completed")


async def test_of_concurrent_requests_one_opens_a_session(system: UploadSystem) -> None:
    agent, video_id = system.agent, uuid4()

    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(agent.create(video_id, SIZE)) for _ in range(6)]

    answers = [call.result() for call in calls]
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 5]
    assert len({answer.json()["uploadSessionId"] for answer in answers}) == 1
    assert len(system.videos.heard) == 1
    assert len(await system.open_uploads(video_id)) == 1


async def test_a_stranger_s_session_request_says_no_such_video(system: UploadSystem) -> None:
    agent, video_id, untouched = system.agent, uuid4(), uuid4()
    system.videos.owners = {video_id: agent.id, untouched: agent.id}
    await agent.open(video_id, SIZE)

    with_session = await agent.colleague().create(video_id, SIZE)
    without_session = await agent.colleague().create(untouched, SIZE)

    problems = [answer.json() for answer in (with_session, without_session)]
    assert [answer.status_code for answer in (with_session, without_session)] == [404, 404]
    assert problems[0].keys() == problems[1].keys()
    assert [problem["code"] for problem in problems] == ["video-not-found"] * 2
    assert problems[0]["detail"] == problems[1]["detail"]


async def test_a_stranger_gets_404_on_every_endpoint_of_a_session(agent: Agent) -> None:
    session_id = await agent.open(uuid4(), SIZE)
    stranger = agent.colleague()
    parts = [{"partNumber": 1, "etag": "a"}]

    answers = [
        await stranger.show(session_id),
        await stranger.do(session_id, "parts", {"partNumber": 1}),
        await stranger.do(session_id, "parts", {"partNumbers": [1]}),
        await stranger.do(session_id, "complete", {"parts": parts}),
        await stranger.do(session_id, "pause"),
        await stranger.do(session_id, "resume"),
        await stranger.do(session_id, "cancel"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 7
    assert {answer.json()["code"] for answer in answers} == {"upload-not-found"}
    assert await agent.status(session_id) == "INITIATED"


@pytest.mark.parametrize(
    ("status", "code"), [(404, "video-not-found"), (409, "invalid-transition")]
)
async def test_a_refusal_of_video_service_is_passed_on(
    system: UploadSystem, status: int, code: str
) -> None:
    agent, video_id = system.agent, uuid4()
    system.videos.answers = [status]

    answer = await agent.create(video_id, SIZE)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await system.open_uploads(video_id) == []
    assert await system.infra.pool.fetchval("SELECT count(*) FROM upload_sessions") == 0


async def test_a_passing_fault_of_video_service_is_not_the_caller_s(system: UploadSystem) -> None:
    system.videos.answers = [503]

    answer = await system.agent.create(uuid4(), SIZE)

    assert answer.status_code == 201
    assert len({webhook_id for webhook_id, _ in system.videos.heard}) == 1
    assert len(system.videos.heard) == 2


@pytest.mark.parametrize("answers", [[503, 503, 503], [401], [422]])
async def test_a_video_service_without_an_answer_is_said_and_can_be_asked_again(
    system: UploadSystem, answers: list[int]
) -> None:
    agent, video_id = system.agent, uuid4()
    system.videos.answers = answers

    refused = await agent.create(video_id, SIZE)
    retried = await agent.create(video_id, SIZE)

    assert (refused.status_code, refused.json()["code"]) == (503, "video-service-unavailable")
    assert int(refused.headers["retry-after"]) > 0
    assert retried.status_code == 201


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"partNumber"}),
        ({"partNumber": 1, "partNumbers": [1]}, {"partNumber"}),
        ({"partNumber": 0}, {"partNumber"}),
        ({"partNumber": "1"}, {"partNumber"}),
        ({"partNumber": 3}, {"partNumber"}),
        ({"partNumbers": []}, {"partNumbers"}),
        ({"partNumbers": [1, 9]}, {"partNumbers[1]"}),
        ({"part": 1}, {"part"}),
    ],
)
async def test_a_bad_request_for_parts_names_the_field(
    agent: Agent, body: object, fields: set[str]
) -> None:
    session_id = await agent.open(uuid4(), SIZE)

    answer = await agent.do(session_id, "parts", body)

    assert (answer.status_code, answer.json()["code"]) == (422, "validation-error")
    assert {error["field"] for error in answer.json()["errors"]} == fields


async def test_a_part_listed_twice_is_refused(agent: Agent) -> None:
    session_id = await agent.open(uuid4(), SIZE)
    part = {"partNumber": 1, "etag": "a"}

    answer = await agent.do(session_id, "complete", {"parts": [part, part]})

    assert answer.status_code == 422
    assert [error["code"] for error in answer.json()["errors"]] == ["duplicate", "duplicate"]


async def test_nothing_is_given_without_a_token(system: UploadSystem) -> None:
    session_id = await system.agent.open(uuid4(), SIZE)

    answer = await system.agent.api.get(f"/api/uploads/{session_id}")

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


async def test_readiness_names_database_store_and_queue(agent: Agent) -> None:
    answer = await agent.api.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["checks"] == {"database": "ok", "store": "ok", "queue": "ok"}
