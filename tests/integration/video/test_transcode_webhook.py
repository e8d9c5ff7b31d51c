"""`POST /api/webhooks/transcoding`: every outcome, once (spec 2.3)."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from reel_testing.video_service import CDN, VideoService, film_of

SELECT_ASSETS = "SELECT * FROM video_assets WHERE video_id = $1 ORDER BY type"


async def assets_of(service: VideoService, video_id: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await service.pool.fetch(SELECT_ASSETS, UUID(video_id))]


async def job_of(service: VideoService, video_id: str) -> str:
    return str((await service.row(video_id))["job_id"])


async def test_a_film_is_stored_with_its_assets(service: VideoService, owner: UUID) -> None:
    video_id = await service.given(owner, "TRANSCODING")
    job = await job_of(service, video_id)

    response = await service.transcode_says(
        videoId=video_id, status="READY", jobId=job, attempt=1, **film_of(video_id)
    )

    assert (response.status_code, response.content) == (204, b"")
    view = await service.get(owner, video_id)
    stream = f"{CDN}/videos/{video_id}/hls/master.m3u8"
    assert (view["status"], view["playback"]) == ("READY", {"ready": True, "streamUrl": stream})
    master, rendition, poster, board = await assets_of(service, video_id)
    assert [a["type"] for a in (master, rendition, poster, board)] == [
        "HLS_MASTER",
        "HLS_RENDITION",
        "THUMBNAIL",
        "THUMBNAIL",
    ]
    assert (rendition["quality_label"], rendition["bandwidth"]) == ("1080p", 5_000_000)


async def test_the_stream_of_a_later_attempt_is_that_attempts_master(
    service: VideoService, owner: UUID
) -> None:
    video_id = await service.given(owner, "TRANSCODING")
    master = f"videos/{video_id}/hls/a2/master.m3u8"
    film: dict[str, Any] = {
        **film_of(video_id),
        "assets": [{"type": "HLS_MASTER", "fileKey": master}],
    }

    await service.transcode_says(videoId=video_id, status="READY", attempt=2, **film)

    view = await service.get(owner, video_id)
    assert view["playback"]["streamUrl"] == f"{CDN}/{master}"
    assert (view["posterUrl"], view["storyboardUrl"]) == (None, None)


async def test_ready_before_the_relays_commit_walks_both_edges(
    service: VideoService, owner: UUID
) -> None:
    video_id = await service.given(owner, "UPLOADED")
    version = (await service.row(video_id))["version"]

    response = await service.transcode_says(videoId=video_id, status="READY", **film_of(video_id))
    await service.enqueue(video_id)  # the relay comes late

    assert response.status_code == 204
    row = await service.row(video_id)
    assert (row["status"], row["version"]) == ("READY", version + 2)


async def test_a_failure_before_the_relays_commit_walks_both_edges(
    service: VideoService, owner: UUID
) -> None:
    video_id = await service.given(owner, "UPLOADED")

    await service.transcode_says(videoId=video_id, status="FAILED", failReason="SOURCE_CORRUPT")

    view = await service.get(owner, video_id)
    assert (view["status"], view["failReason"]) == ("FAILED", "SOURCE_CORRUPT")


async def test_a_failure_is_recorded_and_shows_no_stream(
    service: VideoService, owner: UUID
) -> None:
    video_id = await service.given(owner, "TRANSCODING")

    await service.transcode_says(videoId=video_id, status="FAILED", failReason="TRANSCODE_ERROR")

    view = await service.get(owner, video_id)
    assert (view["status"], view["failReason"]) == ("FAILED", "TRANSCODE_ERROR")
    assert view["playback"] == {"ready": False, "streamUrl": None}


@pytest.mark.parametrize("status", ["READY", "FAILED"])
@pytest.mark.parametrize("outcome", ["READY", "FAILED"])
async def test_an_answer_after_the_end_changes_nothing(
    service: VideoService, owner: UUID, status: str, outcome: str
) -> None:
    video_id = await service.given(owner, status)
    before, assets = await service.row(video_id), await assets_of(service, video_id)
    film: dict[str, Any] = {
        **film_of(video_id),
        "durationSeconds": 1.0,
        "failReason": "TRANSCODE_ERROR",
    }

    response = await service.transcode_says(videoId=video_id, status=outcome, **film)

    assert response.status_code == 204
    assert await service.row(video_id) == before
    assert await assets_of(service, video_id) == assets


async def test_the_answer_to_the_job_before_a_retry_is_stale(
    service: VideoService, owner: UUID
) -> None:
    video_id = await service.given(owner, "FAILED")
    old_job = await job_of(service, video_id)
    await service.call(owner, "POST", f"/{video_id}/retry")
    before = await service.row(video_id)

    for outcome in ("READY", "FAILED"):
        response = await service.transcode_says(
            videoId=video_id,
            status=outcome,
            jobId=old_job,
            failReason="TRANSCODE_ERROR",
            **film_of(video_id),
        )
        assert response.status_code == 204

    assert await service.row(video_id) == before


async def test_a_retried_video_becomes_ready(service: VideoService, owner: UUID) -> None:
    video_id = await service.given(owner, "FAILED")
    await service.call(owner, "POST", f"/{video_id}/retry")
    await service.enqueue(video_id)

    await service.transcode_says(
        videoId=video_id,
        status="READY",
        jobId=await job_of(service, video_id),
        **film_of(video_id),
    )

    view = await service.get(owner, video_id)
    assert (view["status"], view["failReason"]) == ("READY", None)


async def test_of_several_ready_messages_at_once_one_has_an_effect(
    service: VideoService, owner: UUID
) -> None:
    video_id = await service.given(owner, "TRANSCODING")
    version = (await service.row(video_id))["version"]
    prefix = f"videos/{video_id}/hls"

    answers = await asyncio.gather(
        *(
            service.transcode_says(
                videoId=video_id,
                status="READY",
                durationSeconds=60 + attempt,
                width=1280,
                height=720,
                assets=[{"type": "HLS_MASTER", "fileKey": f"{prefix}/a{attempt}/master.m3u8"}],
            )
            for attempt in range(2, 7)
        )
    )

    assert {answer.status_code for answer in answers} == {204}
    row = await service.row(video_id)
    assert (row["status"], row["version"]) == ("READY", version + 1)
    [master] = await assets_of(service, video_id)
    attempt = round(row["duration_seconds"]) - 60
    assert master["file_key"] == f"{prefix}/a{attempt}/master.m3u8"


async def test_ready_and_failed_at_once_leave_one_whole_truth(
    service: VideoService, owner: UUID
) -> None:
    video_id = await service.given(owner, "TRANSCODING")

    answers = await asyncio.gather(
        service.transcode_says(videoId=video_id, status="READY", **film_of(video_id)),
        service.transcode_says(videoId=video_id, status="FAILED", failReason="TRANSCODE_ERROR"),
    )

    assert {answer.status_code for answer in answers} == {204}
    view = await service.get(owner, video_id)
    is_ready = view["status"] == "READY"
    assert view["playback"]["ready"] == is_ready == (view["failReason"] is None)
    assert len(await assets_of(service, video_id)) == (4 if is_ready else 0)


async def test_a_repeated_message_has_no_second_effect(service: VideoService, owner: UUID) -> None:
    video_id, message_id = await service.given(owner, "TRANSCODING"), uuid4()
    failure: dict[str, Any] = {"videoId": video_id, "status": "FAILED"}
    failure["failReason"] = "TRANSCODE_ERROR"
    await service.transcode_says(message_id=message_id, **failure)
    await service.call(owner, "POST", f"/{video_id}/retry")

    response = await service.transcode_says(message_id=message_id, **failure)

    assert response.status_code == 204
    assert (await service.get(owner, video_id))["status"] == "TRANSCODING"


async def test_an_answer_for_a_deleted_video_changes_nothing(
    service: VideoService, owner: UUID
) -> None:
    video_id = await service.given(owner, "TRANSCODING")
    await service.call(owner, "DELETE", f"/{video_id}")
    before = await service.row(video_id)

    response = await service.transcode_says(videoId=video_id, status="READY", **film_of(video_id))

    assert response.status_code == 204
    assert await service.row(video_id) == before
    assert await assets_of(service, video_id) == []


async def test_an_answer_for_an_unknown_video_is_not_found(service: VideoService) -> None:
    video_id = str(uuid4())

    response = await service.transcode_says(videoId=video_id, status="READY", **film_of(video_id))

    assert (response.status_code, response.json()["code"]) == (404, "video-not-found")


@pytest.mark.parametrize("status", ["DRAFT", "UPLOADING"])
async def test_an_answer_before_any_upload_is_refused(
    service: VideoService, owner: UUID, status: str
) -> None:
    video_id = await service.given(owner, status)

    response = await service.transcode_says(videoId=video_id, status="READY", **film_of(video_id))

    assert (response.status_code, response.json()["code"]) == (409, "invalid-transition")
    assert (await service.get(owner, video_id))["status"] == status


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"assets": []}, "assets"),
        ({"assets": [{"type": "THUMBNAIL", "fileKey": "{hls}/poster.jpg"}]}, "assets"),
        (
            {"assets": [{"type": "HLS_MASTER", "fileKey": "{hls}/../source.mp4"}]},
            "assets[0].fileKey",
        ),
        (
            {"assets": [{"type": "HLS_MASTER", "fileKey": "videos/other/hls/m"}]},
            "assets[0].fileKey",
        ),
        (
            {"assets": [{"type": "HLS_MASTER", "fileKey": "{hls}/m", "bandwidth": 2**31}]},
            "assets[0].bandwidth",
        ),
        ({"durationSeconds": 0}, "durationSeconds"),
        ({"durationSeconds": None}, "durationSeconds"),
        ({"width": 10**12}, "width"),
        ({"status": "FAILED", "failReason": "out of disk\x00"}, "failReason"),
    ],
)
async def test_a_message_with_a_fault_is_refused_and_changes_nothing(
    service: VideoService, owner: UUID, changes: dict[str, Any], field: str
) -> None:
    video_id = await service.given(owner, "TRANSCODING")
    before = await service.row(video_id)
    for asset in changes.get("assets", []):
        asset["fileKey"] = asset["fileKey"].format(hls=f"videos/{video_id}/hls")
    body: dict[str, Any] = {"videoId": video_id, "status": "READY"}
    body |= film_of(video_id) | changes

    response = await service.transcode_says(**body)

    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert await service.row(video_id) == before
    assert await assets_of(service, video_id) == []
