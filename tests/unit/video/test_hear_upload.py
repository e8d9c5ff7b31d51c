"""What becomes of a video when its upload session reports."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from reel_contracts.events import TranscodeRequested
from reel_kernel.errors import InvalidTransition
from reel_testing.videos import NOON, VideoWorld
from video_service.domain.errors import VideoNotFound
from video_service.domain.lifecycle import VideoStatus
from video_service.domain.news import UploadAsked, UploadCompleted, UploadFailed
from video_service.domain.source import Source
from video_service.domain.video import Video
from video_service.usecases.hear_upload import hear_upload

PAST_UPLOAD = [s for s in VideoStatus if s not in {VideoStatus.DRAFT, VideoStatus.UPLOADING}]
A_MINUTE_AGO = NOON - timedelta(minutes=1)


def asked(video: Video, *, session: UUID | None = None, owner: UUID | None = None) -> UploadAsked:
    return UploadAsked(
        video_id=video.id, session_id=session or uuid4(), owner_id=owner or video.owner_id
    )


def completed(video: Video, *, session: UUID | None = None) -> UploadCompleted:
    source = Source(file_key=f"videos/{video.id}/source.mov", size_bytes=7, mime="video/quicktime")
    session = session or video.upload_session_id or uuid4()
    return UploadCompleted(video_id=video.id, session_id=session, source=source)


def failed(video: Video, *, session: UUID | None = None) -> UploadFailed:
    session = session or video.upload_session_id or uuid4()
    return UploadFailed(video_id=video.id, session_id=session, reason="UPLOAD_EXPIRED")


async def test_an_admitted_session_moves_a_draft_to_uploading(world: VideoWorld) -> None:
    video, session = world.given(), uuid4()

    await hear_upload("m1", asked(video, session=session), world.deps())

    admitted = world.committed(video)
    assert (admitted.status, admitted.upload_session_id) == (VideoStatus.UPLOADING, session)


async def test_a_new_session_takes_the_place_of_a_failed_one(world: VideoWorld) -> None:
    video, session = world.given(VideoStatus.UPLOADING), uuid4()

    await hear_upload("m1", asked(video, session=session), world.deps())

    admitted = world.committed(video)
    assert (admitted.status, admitted.upload_session_id) == (VideoStatus.UPLOADING, session)


async def test_asking_twice_for_one_session_changes_nothing_more(world: VideoWorld) -> None:
    video = world.given(VideoStatus.UPLOADING)

    await hear_upload("m1", asked(video, session=video.upload_session_id), world.deps())

    assert world.committed(video) == video


@pytest.mark.parametrize("status", PAST_UPLOAD)
async def test_no_session_opens_on_a_video_past_its_upload(
    world: VideoWorld, status: VideoStatus
) -> None:
    video = world.given(status)

    with pytest.raises(InvalidTransition):
        await hear_upload("m1", asked(video), world.deps())

    assert world.committed(video) == video


async def test_no_session_opens_for_a_stranger_or_on_a_deleted_video(world: VideoWorld) -> None:
    video, gone = world.given(), world.given(deleted_at=A_MINUTE_AGO)

    with pytest.raises(VideoNotFound):
        await hear_upload("m1", asked(video, owner=uuid4()), world.deps())
    with pytest.raises(VideoNotFound):
        await hear_upload("m2", asked(gone), world.deps())

    assert world.committed(video) == video


async def test_a_refused_message_may_be_sent_again(world: VideoWorld) -> None:
    video = world.given()
    with pytest.raises(VideoNotFound):
        await hear_upload("m1", asked(video, owner=uuid4()), world.deps())

    await hear_upload("m1", asked(video), world.deps())

    assert world.committed(video).status is VideoStatus.UPLOADING


async def test_a_complete_upload_asks_for_its_transcode(world: VideoWorld) -> None:
    video = world.given(VideoStatus.UPLOADING)

    await hear_upload("m1", completed(video), world.deps())

    uploaded = world.committed(video)
    assert (uploaded.status, uploaded.source_mime) == (VideoStatus.UPLOADED, "video/quicktime")
    [sent] = world.sent
    assert (sent.destination, sent.key) == ("transcode-jobs", video.id)
    assert uploaded.job_id is not None
    assert sent.message == TranscodeRequested(
        job_id=uploaded.job_id,
        video_id=video.id,
        source_file_key=f"videos/{video.id}/source.mov",
        source_size_bytes=7,
        source_mime="video/quicktime",
        qualities=["1080p", "720p", "480p"],
        requested_at=NOON,
    )


async def test_a_complete_upload_counts_whichever_session_was_admitted_last(
    world: VideoWorld,
) -> None:
    video, session = world.given(VideoStatus.UPLOADING), uuid4()

    await hear_upload("m1", completed(video, session=session), world.deps())

    uploaded = world.committed(video)
    assert (uploaded.status, uploaded.upload_session_id) == (VideoStatus.UPLOADED, session)


async def test_a_repeated_message_has_one_effect(world: VideoWorld) -> None:
    video = world.given(VideoStatus.UPLOADING)

    await hear_upload("m1", completed(video), world.deps())
    await hear_upload("m1", completed(video), world.deps())

    assert len(world.sent) == 1


async def test_nothing_completes_that_was_never_admitted(world: VideoWorld) -> None:
    video = world.given()

    with pytest.raises(InvalidTransition):
        await hear_upload("m1", completed(video), world.deps())

    assert world.sent == []


@pytest.mark.parametrize("status", PAST_UPLOAD)
async def test_late_news_of_a_session_changes_nothing(
    world: VideoWorld, status: VideoStatus
) -> None:
    video = world.given(status)

    await hear_upload("m1", completed(video), world.deps())
    await hear_upload("m2", failed(video), world.deps())

    assert world.committed(video) == video
    assert world.sent == []


async def test_the_failure_of_the_current_session_fails_the_video(world: VideoWorld) -> None:
    video = world.given(VideoStatus.UPLOADING)

    await hear_upload("m1", failed(video), world.deps())

    ended = world.committed(video)
    assert (ended.status, ended.fail_reason) == (VideoStatus.FAILED, "UPLOAD_EXPIRED")


@pytest.mark.parametrize("status", [VideoStatus.DRAFT, VideoStatus.UPLOADING])
async def test_the_failure_of_another_session_changes_nothing(
    world: VideoWorld, status: VideoStatus
) -> None:
    video = world.given(status)

    await hear_upload("m1", failed(video, session=uuid4()), world.deps())

    assert world.committed(video) == video


async def test_news_of_a_deleted_video_change_nothing(world: VideoWorld) -> None:
    video = world.given(VideoStatus.UPLOADING, deleted_at=A_MINUTE_AGO)

    await hear_upload("m1", completed(video), world.deps())
    await hear_upload("m2", failed(video), world.deps())

    assert world.committed(video) == video
    assert world.sent == []


async def test_news_of_an_unknown_video_are_refused(world: VideoWorld) -> None:
    with pytest.raises(VideoNotFound):
        await hear_upload("m1", completed(VideoWorld().given()), world.deps())
