"""Progress of a transcode: told by webhook, shown on GET, never part of the video itself."""

import asyncio
from uuid import UUID, uuid4

import pytest

from reel_testing.video_service import VideoService, film_of


async def shown(service: VideoService, owner: UUID, video_id: str) -> object:
    return (await service.get(owner, video_id))["progress"]


async def test_what_a_worker_tells_is_shown(service: VideoService, owner: UUID) -> None:
    video_id = await service.given(owner, "TRANSCODING")
    assert await shown(service, owner, video_id) is None

    response = await service.progress_says(video_id, fraction=0.429, etaSeconds=31.5)

    assert response.status_code == 204
    expected = {"percent": 42, "etaSeconds": 31.5, "phase": "ENCODING"}
    assert await shown(service, owner, video_id) == expected


async def test_the_video_itself_stays_as_it_is(service: VideoService, owner: UUID) -> None:
    video_id = await service.given(owner, "TRANSCODING")
    before = await service.row(video_id)

    await service.progress_says(video_id)

    assert await service.row(video_id) == before


@pytest.mark.parametrize(
    "stale",
    [
        {"fraction": 0.5},
        {"fraction": 0.4},
        {"fraction": 0.9, "attempt": 1},
        {"fraction": 0.9, "attempt": 3, "jobId": str(uuid4())},
    ],
    ids=["repeated", "backwards", "older attempt", "another job"],
)
async def test_no_step_forward_changes_nothing(
    service: VideoService, owner: UUID, stale: dict[str, object]
) -> None:
    video_id = await service.given(owner, "TRANSCODING")
    await service.progress_says(video_id, attempt=2, fraction=0.5)
    before = await service.call(owner, "GET", f"/{video_id}")

    response = await service.progress_says(video_id, **{"attempt": 2, **stale})

    after = await service.call(owner, "GET", f"/{video_id}")
    assert response.status_code == 204
    assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])


async def test_a_later_attempt_starts_again(service: VideoService, owner: UUID) -> None:
    video_id = await service.given(owner, "TRANSCODING")
    await service.progress_says(video_id, attempt=1, fraction=0.8)

    await service.progress_says(
        video_id, attempt=2, fraction=0.01, etaSeconds=None, phase="READING"
    )

    expected = {"percent": 1, "etaSeconds": None, "phase": "READING"}
    assert await shown(service, owner, video_id) == expected


@pytest.mark.parametrize("status", ["DRAFT", "UPLOADING", "UPLOADED", "READY", "FAILED"])
async def test_only_a_transcoding_video_has_progress(
    service: VideoService, owner: UUID, status: str
) -> None:
    video_id = await service.given(owner, status)
    job_id = (await service.row(video_id))["job_id"] or uuid4()

    response = await service.progress_says(video_id, jobId=str(job_id))

    assert response.status_code == 204
    assert await shown(service, owner, video_id) is None
    assert await rows(service, video_id) == 0


@pytest.mark.parametrize("ending", ["READY", "FAILED", "deleted"])
async def test_the_end_of_a_transcode_removes_its_progress(
    service: VideoService, owner: UUID, ending: str
) -> None:
    video_id = await service.given(owner, "TRANSCODING")
    await service.progress_says(video_id)
    assert await rows(service, video_id) == 1

    if ending == "READY":
        await service.transcode_says(videoId=video_id, status="READY", **film_of(video_id))
    elif ending == "FAILED":
        await service.transcode_says(
            videoId=video_id, status="FAILED", failReason="TRANSCODE_ERROR"
        )
    else:
        await service.call(owner, "DELETE", f"/{video_id}")

    assert await rows(service, video_id) == 0


async def test_a_late_report_of_the_job_before_a_retry_is_stale(
    service: VideoService, owner: UUID
) -> None:
    video_id = await service.given(owner, "FAILED")
    old_job = (await service.row(video_id))["job_id"]
    assert (await service.call(owner, "POST", f"/{video_id}/retry")).status_code == 202

    await service.progress_says(video_id, jobId=str(old_job), attempt=5, fraction=0.9)

    assert await shown(service, owner, video_id) is None


async def test_progress_changes_the_tag_but_spoils_no_edit(
    service: VideoService, owner: UUID
) -> None:
    video_id = await service.given(owner, "TRANSCODING")
    await service.progress_says(video_id, fraction=0.2)
    read = await service.call(owner, "GET", f"/{video_id}")
    held = {"If-None-Match": read.headers["etag"]}
    assert (await service.call(owner, "GET", f"/{video_id}", headers=held)).status_code == 304

    await service.progress_says(video_id, fraction=0.3)
    moved = await service.call(owner, "GET", f"/{video_id}", headers=held)
    edited = await service.call(
        owner,
        "PATCH",
        f"/{video_id}",
        json={"title": "Another"},
        headers={"If-Match": read.headers["etag"]},
    )

    assert moved.status_code == 200
    assert edited.status_code == 200, edited.text


async def test_nobody_waits_for_a_video_that_is_being_changed(
    service: VideoService, owner: UUID
) -> None:
    video_id = await service.given(owner, "TRANSCODING")

    async with service.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM videos WHERE id = $1 FOR UPDATE", UUID(video_id))
        async with asyncio.timeout(5):
            response = await service.progress_says(video_id)

    assert response.status_code == 204
    assert await shown(service, owner, video_id) is None


@pytest.mark.parametrize(
    "wrong", [{"fraction": 1.5}, {"fraction": -0.1}, {"attempt": 0}, {"phase": "NAPPING"}]
)
async def test_nonsense_is_refused(
    service: VideoService, owner: UUID, wrong: dict[str, object]
) -> None:
    video_id = await service.given(owner, "TRANSCODING")

    response = await service.progress_says(video_id, **wrong)

    assert response.status_code == 422


async def rows(service: VideoService, video_id: str) -> int:
    count: int = await service.pool.fetchval(
        "SELECT count(*) FROM transcode_progress WHERE video_id = $1", UUID(video_id)
    )
    return count
