"""One upload from the first request to the news, over real servers."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

from reel_contracts.webhooks import UploadOutcome
from reel_testing.upload.agent import Agent
from reel_testing.upload.builders import MIB, an_mp4
from reel_testing.upload.service import UploadSystem

SOURCE = an_mp4(6 * MIB)
PART = 5 * MIB


async def test_a_video_goes_up_part_by_part_and_is_announced(system: UploadSystem) -> None:
    agent, video_id = system.agent, uuid4()

    created = await agent.create(video_id, len(SOURCE))

    session_id = UUID(created.json()["uploadSessionId"])
    assert created.status_code == 201
    assert created.headers["location"] == f"/api/uploads/{session_id}"
    assert created.json() == {
        "uploadSessionId": str(session_id),
        "partSizeBytes": PART,
        "status": "INITIATED",
    }
    [(webhook_id, question)] = system.videos.heard
    assert (webhook_id, question.status, question.owner_id) == (
        str(session_id),
        UploadOutcome.INITIATED,
        agent.id,
    )

    first = await agent.send_part(session_id, 1, SOURCE[:PART])

    shown = (await agent.show(session_id)).json()
    assert shown == {
        "uploadSessionId": str(session_id),
        "videoId": str(video_id),
        "status": "IN_PROGRESS",
        "bytesUploaded": PART,
        "partSizeBytes": PART,
        "sourceSizeBytes": len(SOURCE),
        "uploadedParts": [
            {"partNumber": 1, "etag": str(first["etag"]).strip('"'), "sizeBytes": PART}
        ],
    }

    last = await agent.send_part(session_id, 2, SOURCE[PART:])
    done = await agent.complete(session_id, [first, last])

    assert (done.status_code, done.json()) == (
        200,
        {"uploadSessionId": str(session_id), "status": "COMPLETED"},
    )
    shown = (await agent.show(session_id)).json()
    assert (shown["bytesUploaded"], shown["uploadedParts"]) == (len(SOURCE), [])
    assert await system.sources(video_id) == [f"videos/{video_id}/source.mp4"]

    async with system.working():
        await system.until(lambda: len(system.videos.heard) == 2)

    _, news = system.videos.heard[1]
    assert (news.status, news.video_id) == (UploadOutcome.COMPLETED, video_id)
    assert (news.source_file_key, news.source_size_bytes, news.source_mime) == (
        f"videos/{video_id}/source.mp4",
        len(SOURCE),
        "video/mp4",
    )


async def test_several_urls_come_in_one_answer(agent: Agent) -> None:
    session_id = await agent.open(uuid4(), 12 * MIB)
    before = datetime.now(UTC)

    answer = await agent.do(session_id, "parts", {"partNumbers": [3, 1]})

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert [part["partNumber"] for part in answer.json()["parts"]] == [3, 1]
    expiries = [datetime.fromisoformat(part["expiresAt"]) for part in answer.json()["parts"]]
    assert all(850 < (expiry - before).total_seconds() < 905 for expiry in expiries)


async def test_the_store_refuses_one_byte_too_many_and_one_too_few(agent: Agent) -> None:
    session_id = await agent.open(uuid4(), len(SOURCE))
    url = await agent.part_url(session_id, 2)

    too_long = await agent.put(url, SOURCE[PART:] + b"x")
    too_short = await agent.put(url, SOURCE[PART:-1])

    assert (too_long.status_code, too_short.status_code) == (403, 403)
    assert (await agent.show(session_id)).json()["uploadedParts"] == []


async def test_a_paused_session_gets_no_part_urls_until_it_is_resumed(agent: Agent) -> None:
    session_id = await agent.open(uuid4(), len(SOURCE))
    await agent.part_url(session_id, 1)

    paused = await agent.do(session_id, "pause")
    refused = await agent.do(session_id, "parts", {"partNumber": 2})
    resumed = await agent.do(session_id, "resume")
    given = await agent.do(session_id, "parts", {"partNumber": 2})

    assert (paused.status_code, paused.json()["status"]) == (200, "PAUSED")
    assert (refused.status_code, refused.json()["code"]) == (409, "invalid-transition")
    assert refused.json()["currentStatus"] == "PAUSED"
    assert (resumed.json()["status"], given.status_code) == ("IN_PROGRESS", 200)


async def test_a_missing_and_a_wrong_part_are_named(agent: Agent) -> None:
    session_id = await agent.open(uuid4(), 12 * MIB)
    source = an_mp4(12 * MIB)
    first = await agent.send_part(session_id, 1, source[:PART])
    await agent.send_part(session_id, 2, source[PART : 2 * PART])
    claimed = [first, {"partNumber": 2, "etag": "0" * 32}, {"partNumber": 3, "etag": "1" * 32}]

    answer = await agent.complete(session_id, [*claimed, {"partNumber": 4, "etag": "2" * 32}])

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "parts-mismatch")
    assert (problem["missing"], problem["differing"], problem["unexpected"]) == ([3], [2], [4])
    assert await agent.status(session_id) == "IN_PROGRESS"


async def test_concurrent_and_repeated_completions_have_one_effect(system: UploadSystem) -> None:
    agent = system.agent
    session_id = await agent.open(uuid4(), len(SOURCE))
    parts = await agent.send(session_id, SOURCE, PART)

    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(agent.complete(session_id, parts)) for _ in range(4)]
    repeated = await agent.complete(session_id, parts)

    answers = [call.result() for call in calls]
    assert [answer.status_code for answer in answers] == [200] * 4, [a.text for a in answers]
    assert repeated.json() == answers[0].json()
    assert await system.outbox() == ["COMPLETED"]


async def test_cancel_and_complete_at_once_end_in_one_truth(system: UploadSystem) -> None:
    agent, video_id = system.agent, uuid4()
    session_id = await agent.open(video_id, len(SOURCE))
    parts = await agent.send(session_id, SOURCE, PART)

    async with asyncio.TaskGroup() as group:
        completing = group.create_task(agent.complete(session_id, parts))
        canceling = group.create_task(agent.do(session_id, "cancel"))

    status = await agent.status(session_id)
    winner, loser = (
        (completing.result(), canceling.result())
        if status == "COMPLETED"
        else (canceling.result(), completing.result())
    )
    assert status in {"COMPLETED", "CANCELED"}
    assert (winner.status_code, loser.status_code) == (200, 409), loser.text
    assert await system.outbox() == [status]
    await system.age(session_id, 3600)
    await system.sweep()
    assert len(await system.sources(video_id)) == (1 if status == "COMPLETED" else 0)


async def test_a_lie_about_the_container_is_found_out(system: UploadSystem) -> None:
    agent, video_id = system.agent, uuid4()
    text = b"To be or not to be, that is no film. ".ljust(len(SOURCE), b".")
    session_id = await agent.open(video_id, len(text), "video/quicktime")
    parts = await agent.send(session_id, text, PART)

    answer = await agent.complete(session_id, parts)

    assert (answer.status_code, answer.json()["code"]) == (422, "unsupported-format")
    assert await agent.status(session_id) == "FAILED"
    assert await system.sources(video_id) == []
    async with system.working():
        await system.until(lambda: len(system.videos.heard) == 2)
    assert system.videos.statuses(session_id)[-1] is UploadOutcome.FAILED
    assert system.videos.reasons(session_id)[-1] == "UNSUPPORTED_FORMAT"


async def test_a_lost_multipart_upload_can_be_replaced_by_a_new_session(
    system: UploadSystem,
) -> None:
    agent, video_id = system.agent, uuid4()
    lost = await agent.open(video_id, len(SOURCE))
    parts = await agent.send(lost, SOURCE, PART)
    row = await system.row(lost)
    await system.infra.deps.store.abort(f"videos/{video_id}/source.mp4", row["provider_upload_id"])

    refused = await agent.complete(lost, parts)
    fresh = await agent.open(video_id, len(SOURCE))
    done = await agent.complete(fresh, await agent.send(fresh, SOURCE, PART))

    assert (refused.status_code, refused.json()["code"]) == (409, "upload-failed")
    assert await agent.status(lost) == "FAILED"
    assert done.status_code == 200
    assert await system.outbox() == ["COMPLETED"]
