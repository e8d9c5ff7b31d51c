"""`POST /api/webhooks/uploads`: every outcome, once (spec 2.3)."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from reel_contracts.events import TranscodeRequested
from reel_testing.video_service import VideoService, source_of

PAST_UPLOAD = ["UPLOADED", "TRANSCODING", "READY", "FAILED"]


async def session_of(service: VideoService, video_id: str) -> str:
    return str((await service.row(video_id))["upload_session_id"])


async def test_an_admitted_session_starts_the_upload(service: VideoService, owner: UUID) -> None:
    video_id, session = (await service.create(owner))["id"], str(uuid4())

    response = await service.upload_says(
        uploadSessionId=session, videoId=video_id, status="INITIATED", ownerId=str(owner)
    )

    assert (response.status_code, response.content) == (204, b"")
    assert (await service.get(owner, video_id))["status"] == "UPLOADING"
    assert await session_of(service, video_id) == session


@pytest.mark.parametrize("status", PAST_UPLOAD)
async def test_a_video_past_its_upload_admits_no_session(
    service: VideoService, owner: UUID, status: str
) -> None:
    video_id = await service.given(owner, status)

    response = await service.upload_says(
        uploadSessionId=str(uuid4()), videoId=video_id, status="INITIATED", ownerId=str(owner)
    )

    assert (response.status_code, response.json()["code"]) == (409, "invalid-transition")
    assert response.json()["currentStatus"] == status


async def test_a_deleted_video_admits_no_session(service: VideoService, owner: UUID) -> None:
    video_id = (await service.create(owner))["id"]
    await service.call(owner, "DELETE", f"/{video_id}")

    response = await service.upload_says(
        uploadSessionId=str(uuid4()), videoId=video_id, status="INITIATED", ownerId=str(owner)
    )

    assert (response.status_code, response.json()["code"]) == (404, "video-not-found")


async def test_a_complete_upload_keeps_the_checked_source_and_asks_for_its_transcode(
    service: VideoService, owner: UUID
) -> None:
    video_id = await service.given(owner, "UPLOADING")

    response = await service.upload_says(
        uploadSessionId=await session_of(service, video_id),
        videoId=video_id,
        status="COMPLETED",
        sourceFileKey=f"videos/{video_id}/source.mov",
        sourceSizeBytes=734_003_200,
        sourceMime="video/quicktime",
    )

    assert response.status_code == 204
    row = await service.row(video_id)
    assert (row["status"], row["source_mime"]) == ("UPLOADED", "video/quicktime")
    assert (row["source_size_bytes"], row["source_file_key"]) == (
        734_003_200,
        f"videos/{video_id}/source.mov",
    )
    [(destination, job)] = await service.messages(video_id)
    assert destination == "transcode-jobs"
    assert isinstance(job, TranscodeRequested)
    assert (str(job.video_id), job.job_id) == (video_id, row["job_id"])


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ({"status": "CANCELED"}, "UPLOAD_CANCELED"),
        ({"status": "FAILED", "failReason": "UNSUPPORTED_FORMAT"}, "UNSUPPORTED_FORMAT"),
        ({"status": "FAILED", "failReason": "UPLOAD_EXPIRED"}, "UPLOAD_EXPIRED"),
    ],
)
async def test_the_end_of_the_current_session_fails_the_video(
    service: VideoService, owner: UUID, outcome: dict[str, Any], reason: str
) -> None:
    video_id = await service.given(owner, "UPLOADING")
    session = await session_of(service, video_id)

    response = await service.upload_says(uploadSessionId=session, videoId=video_id, **outcome)

    assert response.status_code == 204
    view = await service.get(owner, video_id)
    assert (view["status"], view["failReason"]) == ("FAILED", reason)


async def test_the_end_of_an_older_session_changes_nothing(
    service: VideoService, owner: UUID
) -> None:
    video_id = await service.given(owner, "UPLOADING")
    older = await session_of(service, video_id)
    await service.upload_says(
        uploadSessionId=str(uuid4()), videoId=video_id, status="INITIATED", ownerId=str(owner)
    )
    before = await service.row(video_id)

    response = await service.upload_says(uploadSessionId=older, videoId=video_id, status="CANCELED")

    assert response.status_code == 204
    assert await service.row(video_id) == before


@pytest.mark.parametrize("status", PAST_UPLOAD)
@pytest.mark.parametrize("outcome", ["COMPLETED", "CANCELED"])
async def test_news_after_the_upload_change_nothing(
    service: VideoService, owner: UUID, status: str, outcome: str
) -> None:
    video_id = await service.given(owner, status)
    before, sent = await service.row(video_id), await service.messages(video_id)

    response = await service.upload_says(
        uploadSessionId=str(before["upload_session_id"]),
        videoId=video_id,
        status=outcome,
        **source_of(video_id),
    )

    assert response.status_code == 204
    assert await service.row(video_id) == before
    assert await service.messages(video_id) == sent


async def test_news_of_a_deleted_video_change_nothing(service: VideoService, owner: UUID) -> None:
    video_id = await service.given(owner, "UPLOADING")
    await service.call(owner, "DELETE", f"/{video_id}")
    before = await service.row(video_id)

    response = await service.upload_says(
        uploadSessionId=str(before["upload_session_id"]),
        videoId=video_id,
        status="COMPLETED",
        **source_of(video_id),
    )

    assert response.status_code == 204
    assert await service.row(video_id) == before


async def test_news_of_an_unknown_video_are_not_found(service: VideoService) -> None:
    video_id = str(uuid4())

    response = await service.upload_says(
        uploadSessionId=str(uuid4()), videoId=video_id, status="COMPLETED", **source_of(video_id)
    )

    assert (response.status_code, response.json()["code"]) == (404, "video-not-found")


async def test_a_draft_cannot_be_completed(service: VideoService, owner: UUID) -> None:
    video_id = (await service.create(owner))["id"]

    response = await service.upload_says(
        uploadSessionId=str(uuid4()), videoId=video_id, status="COMPLETED", **source_of(video_id)
    )

    assert (response.status_code, response.json()["code"]) == (409, "invalid-transition")


async def test_one_message_delivered_five_times_at_once_has_one_effect(
    service: VideoService, owner: UUID
) -> None:
    video_id, message_id = await service.given(owner, "UPLOADING"), uuid4()
    session = await session_of(service, video_id)

    answers = await asyncio.gather(
        *(
            service.upload_says(
                message_id=message_id,
                uploadSessionId=session,
                videoId=video_id,
                status="COMPLETED",
                **source_of(video_id),
            )
            for _ in range(5)
        )
    )

    assert {answer.status_code for answer in answers} == {204}
    assert len(await service.messages(video_id)) == 1


async def test_a_refused_message_is_heard_when_it_comes_again(
    service: VideoService, owner: UUID
) -> None:
    video_id, message_id = (await service.create(owner))["id"], uuid4()
    body: dict[str, Any] = {"uploadSessionId": str(uuid4()), "videoId": video_id}
    early = await service.upload_says(
        message_id=message_id, **body, status="COMPLETED", **source_of(video_id)
    )
    await service.upload_says(**body, status="INITIATED", ownerId=str(owner))

    again = await service.upload_says(
        message_id=message_id, **body, status="COMPLETED", **source_of(video_id)
    )

    assert (early.status_code, again.status_code) == (409, 204)
    assert (await service.get(owner, video_id))["status"] == "UPLOADED"


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"sourceMime": "video/webm"}, ["sourceMime"]),
        ({"sourceFileKey": "videos/x/source.mp4"}, ["sourceFileKey"]),
        ({"sourceFileKey": None}, ["sourceFileKey"]),
        ({"status": "PAUSED"}, ["status"]),
        ({"videoId": "7"}, ["videoId"]),
        ({"status": "INITIATED"}, ["ownerId"]),
        ({"status": "FAILED"}, ["failReason"]),
    ],
)
async def test_a_message_with_a_fault_is_refused_and_changes_nothing(
    service: VideoService, owner: UUID, changes: dict[str, Any], fields: list[str]
) -> None:
    video_id = await service.given(owner, "UPLOADING")
    before = await service.row(video_id)
    body: dict[str, Any] = {"videoId": video_id, "status": "COMPLETED"}
    body |= {"uploadSessionId": str(before["upload_session_id"])}

    response = await service.upload_says(**(body | source_of(video_id) | changes))

    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == fields
    assert await service.row(video_id) == before


async def test_a_newer_peer_may_say_more(service: VideoService, owner: UUID) -> None:
    video_id = (await service.create(owner))["id"]

    response = await service.upload_says(
        uploadSessionId=str(uuid4()),
        videoId=video_id,
        status="INITIATED",
        ownerId=str(owner),
        device="iPhone",
    )

    assert response.status_code == 204
