"""What becomes of a video when its transcode ends, and when the queue has its job."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from reel_contracts.events import TranscodeRequested
from reel_kernel.errors import InvalidRequest, InvalidTransition
from reel_testing.videos import NOON, VideoWorld, a_video, some_assets
from video_service.domain.assets import Film
from video_service.domain.errors import SourceMissing, VideoNotFound
from video_service.domain.lifecycle import VideoStatus
from video_service.domain.news import TranscodeFailed, TranscodeSucceeded
from video_service.domain.video import Video
from video_service.usecases.confirm_enqueued import confirm_enqueued
from video_service.usecases.hear_transcoding import hear_transcoding

UPLOADED, TRANSCODING = VideoStatus.UPLOADED, VideoStatus.TRANSCODING
READY, FAILED = VideoStatus.READY, VideoStatus.FAILED


def succeeded(video: Video, *, job: UUID | None = None) -> TranscodeSucceeded:
    film = Film(duration_s=62.5, width=1080, height=1920, assets=some_assets(video.id))
    return TranscodeSucceeded(video_id=video.id, job_id=job, film=film)


def failed(video: Video, *, job: UUID | None = None) -> TranscodeFailed:
    return TranscodeFailed(video_id=video.id, job_id=job, reason="SOURCE_CORRUPT")


async def test_a_film_makes_the_video_ready_with_its_assets(world: VideoWorld) -> None:
    video = world.given(TRANSCODING)
    news = succeeded(video, job=video.job_id)

    await hear_transcoding("m1", news, world.deps())

    ready = world.committed(video)
    assert (ready.status, ready.duration_s, ready.width, ready.height) == (READY, 62.5, 1080, 1920)
    assert world.tables.assets[video.id] == news.film.assets


async def test_an_answer_without_a_job_id_means_the_current_job(world: VideoWorld) -> None:
    video = world.given(TRANSCODING)

    await hear_transcoding("m1", succeeded(video), world.deps())

    assert world.committed(video).status is READY


@pytest.mark.parametrize(("is_good", "end"), [(True, READY), (False, FAILED)])
async def test_an_answer_before_the_relays_commit_walks_both_edges(
    world: VideoWorld, *, is_good: bool, end: VideoStatus
) -> None:
    video = world.given(UPLOADED)

    await hear_transcoding("m1", succeeded(video) if is_good else failed(video), world.deps())

    assert world.tables.walked == [TRANSCODING, end]


async def test_a_failed_transcode_fails_the_video_with_its_reason(world: VideoWorld) -> None:
    video = world.given(TRANSCODING)

    await hear_transcoding("m1", failed(video), world.deps())

    ended = world.committed(video)
    assert (ended.status, ended.fail_reason) == (FAILED, "SOURCE_CORRUPT")
    assert world.tables.assets == {}


@pytest.mark.parametrize("status", [READY, FAILED])
async def test_an_answer_after_the_end_changes_nothing(
    world: VideoWorld, status: VideoStatus
) -> None:
    video = world.given(status)

    await hear_transcoding("m1", succeeded(video), world.deps())
    await hear_transcoding("m2", failed(video), world.deps())

    assert world.committed(video) == video
    assert world.tables.assets == {}


async def test_the_answer_to_an_older_job_changes_nothing(world: VideoWorld) -> None:
    video = world.given(TRANSCODING)

    await hear_transcoding("m1", succeeded(video, job=uuid4()), world.deps())
    await hear_transcoding("m2", failed(video, job=uuid4()), world.deps())

    assert world.committed(video) == video


async def test_an_answer_for_a_deleted_video_changes_nothing(world: VideoWorld) -> None:
    video = world.given(TRANSCODING, deleted_at=NOON - timedelta(minutes=1))

    await hear_transcoding("m1", succeeded(video), world.deps())

    assert world.committed(video) == video


@pytest.mark.parametrize("status", [VideoStatus.DRAFT, VideoStatus.UPLOADING])
async def test_an_answer_for_a_video_without_a_source_is_refused(
    world: VideoWorld, status: VideoStatus
) -> None:
    video = world.given(status)

    with pytest.raises(InvalidTransition):
        await hear_transcoding("m1", succeeded(video), world.deps())


async def test_an_answer_for_an_unknown_video_is_refused(world: VideoWorld) -> None:
    with pytest.raises(VideoNotFound):
        await hear_transcoding("m1", failed(VideoWorld().given()), world.deps())


def test_the_domain_itself_refuses_ready_without_a_master() -> None:
    video = a_video(TRANSCODING)
    film = Film(duration_s=1, width=1, height=1, assets=some_assets(video.id)[1:])

    with pytest.raises(InvalidRequest):
        video.transcode_succeeded(film, now=NOON)


def test_the_domain_itself_refuses_transcoding_without_a_source() -> None:
    uploaded = a_video(UPLOADED, source_file_key=None)
    failed = a_video(FAILED, source_file_key=None)

    with pytest.raises(SourceMissing):
        uploaded.transcode_enqueued(now=NOON)
    with pytest.raises(SourceMissing):
        failed.transcode_retried(uuid4(), now=NOON)


async def test_a_job_in_the_queue_moves_the_video_to_transcoding(world: VideoWorld) -> None:
    video = world.given(UPLOADED)

    await confirm(world, video, job=video.job_id)

    assert world.committed(video).status is TRANSCODING


@pytest.mark.parametrize("status", [TRANSCODING, READY, FAILED])
async def test_a_job_in_the_queue_moves_no_video_that_is_further(
    world: VideoWorld, status: VideoStatus
) -> None:
    video = world.given(status)

    await confirm(world, video, job=video.job_id)

    assert world.committed(video) == video


async def test_another_job_in_the_queue_moves_nothing(world: VideoWorld) -> None:
    video = world.given(UPLOADED)

    await confirm(world, video, job=uuid4())

    assert world.committed(video) == video


async def confirm(world: VideoWorld, video: Video, *, job: UUID | None) -> None:
    assert job is not None
    message = TranscodeRequested(
        job_id=job,
        video_id=video.id,
        source_file_key=f"videos/{video.id}/source.mp4",
        source_size_bytes=1000,
        source_mime="video/mp4",
        qualities=["720p"],
        requested_at=NOON,
    )
    async with world.begin() as tx:
        await confirm_enqueued(message, tx.videos, now=NOON)
