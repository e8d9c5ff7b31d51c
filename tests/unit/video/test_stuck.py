"""What becomes of a video that is under way for too long."""

from datetime import timedelta
from uuid import uuid4

import pytest

from reel_contracts.events import TranscodeRequested, VideoDeleted
from reel_testing.videos import NOON, VideoWorld, some_assets
from video_service.domain.assets import Film
from video_service.domain.lifecycle import VideoStatus
from video_service.domain.news import TranscodeSucceeded, UploadCompleted
from video_service.domain.receipt import DeletionReason
from video_service.domain.source import Source
from video_service.domain.stuck import MessageFate, Patience, Resolution, Stuck
from video_service.domain.video import Video
from video_service.usecases.hear_transcoding import hear_transcoding
from video_service.usecases.hear_upload import hear_upload
from video_service.usecases.resolve_stuck import resolve_stuck

LONG_AGO = NOON - timedelta(days=9)
HOUR = timedelta(hours=1)
PATIENCE = Patience(draft=HOUR, uploading=HOUR, uploaded=HOUR, transcoding=HOUR)
EXPECTED = {
    (VideoStatus.UPLOADED, MessageFate.NONE, False): Resolution.ASK,
    (VideoStatus.UPLOADED, MessageFate.DELIVERED, False): Resolution.ASK,
    (VideoStatus.UPLOADED, MessageFate.PENDING, False): Resolution.WAIT,
    (VideoStatus.UPLOADED, MessageFate.DEAD, False): Resolution.REPLAY,
    (VideoStatus.TRANSCODING, MessageFate.DELIVERED, False): Resolution.ASK,
    (VideoStatus.TRANSCODING, MessageFate.DELIVERED, True): Resolution.FAIL_TRANSCODE,
    (VideoStatus.TRANSCODING, MessageFate.PENDING, True): Resolution.WAIT,
    (VideoStatus.TRANSCODING, MessageFate.DEAD, True): Resolution.REPLAY,
}


def stuck(world: VideoWorld, video: Video, **facts: object) -> None:
    one = Stuck(video=video, since=LONG_AGO, **facts)  # pyright: ignore[reportArgumentType] - a builder
    world.tables.stuck[video.id] = one


async def resolved(world: VideoWorld) -> dict[Resolution, int]:
    return dict(await resolve_stuck(PATIENCE, world.deps()))


@pytest.mark.parametrize(("status", "message", "is_asked_again"), EXPECTED)
def test_a_video_with_a_source_is_resolved_by_its_message(
    world: VideoWorld, status: VideoStatus, message: MessageFate, *, is_asked_again: bool
) -> None:
    video = world.given(status)

    one = Stuck(video=video, since=LONG_AGO, message=message, is_asked_again=is_asked_again)

    assert one.resolution is EXPECTED[status, message, is_asked_again]


async def test_a_draft_nobody_uploads_to_is_deleted_as_expired(world: VideoWorld) -> None:
    draft = world.given(VideoStatus.DRAFT)
    stuck(world, draft)

    assert await resolved(world) == {Resolution.EXPIRE: 1}

    assert world.committed(draft).deleted_at == NOON
    assert world.tables.receipts[draft.id].reason is DeletionReason.DRAFT_EXPIRED
    assert all(isinstance(sent.message, VideoDeleted) for sent in world.sent)
    assert len(world.sent) == 2


async def test_a_stale_upload_fails_as_expired(world: VideoWorld) -> None:
    video = world.given(VideoStatus.UPLOADING)
    stuck(world, video)

    assert await resolved(world) == {Resolution.FAIL_UPLOAD: 1}

    failed = world.committed(video)
    assert (failed.status, failed.fail_reason) == (VideoStatus.FAILED, "UPLOAD_EXPIRED")


async def test_an_upload_that_completes_after_all_is_not_lost(world: VideoWorld) -> None:
    video = world.given(
        VideoStatus.FAILED, fail_reason="UPLOAD_EXPIRED", source_file_key=None, job_id=None
    )
    source = Source(file_key=f"videos/{video.id}/source.mp4", size_bytes=1000, mime="video/mp4")
    session_id = video.upload_session_id
    assert session_id is not None
    news = UploadCompleted(video_id=video.id, session_id=session_id, source=source)

    await hear_upload("m1", news, world.deps())

    assert world.committed(video).status is VideoStatus.TRANSCODING
    [sent] = world.sent
    assert isinstance(sent.message, TranscodeRequested)
    assert sent.message.job_id == world.committed(video).job_id


async def test_another_session_brings_no_expired_upload_back(world: VideoWorld) -> None:
    video = world.given(VideoStatus.FAILED, fail_reason="UPLOAD_EXPIRED")
    source = Source(file_key=f"videos/{video.id}/source.mp4", size_bytes=1, mime="video/mp4")

    await hear_upload(
        "m1", UploadCompleted(video_id=video.id, session_id=uuid4(), source=source), world.deps()
    )

    assert world.committed(video) == video


async def test_a_silent_job_is_asked_for_again_under_its_own_id(world: VideoWorld) -> None:
    video = world.given(VideoStatus.TRANSCODING)
    stuck(world, video, message=MessageFate.DELIVERED)

    assert await resolved(world) == {Resolution.ASK: 1}

    [sent] = world.sent
    assert isinstance(sent.message, TranscodeRequested)
    assert sent.message.job_id == video.job_id
    assert world.committed(video) == video
    assert world.tables.reminded == {video.id}


async def test_a_job_asked_for_twice_and_still_silent_fails(world: VideoWorld) -> None:
    video = world.given(VideoStatus.TRANSCODING)
    stuck(world, video, message=MessageFate.DELIVERED, is_asked_again=True)

    assert await resolved(world) == {Resolution.FAIL_TRANSCODE: 1}

    failed = world.committed(video)
    assert (failed.status, failed.fail_reason) == (VideoStatus.FAILED, "TRANSCODE_TIMEOUT")


async def test_a_dead_message_is_delivered_again(world: VideoWorld) -> None:
    video, message_id = world.given(VideoStatus.UPLOADED), uuid4()
    stuck(world, video, message=MessageFate.DEAD, message_id=message_id)

    assert await resolved(world) == {Resolution.REPLAY: 1}

    assert world.tables.revived == [message_id]
    assert world.sent == []


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        ("TRANSCODE_TIMEOUT", VideoStatus.READY),
        ("ROLLBACK", VideoStatus.FAILED),
        ("TRANSCODE_ERROR", VideoStatus.FAILED),
    ],
)
async def test_a_late_film_counts_unless_it_is_not_wanted(
    world: VideoWorld, reason: str, end: VideoStatus
) -> None:
    video = world.given(VideoStatus.FAILED, fail_reason=reason)
    film = Film(duration_s=1, width=2, height=2, assets=some_assets(video.id))
    news = TranscodeSucceeded(video_id=video.id, job_id=video.job_id, film=film)

    await hear_transcoding("m1", news, world.deps())

    assert world.committed(video).status is end
    assert world.tables.walked == ([VideoStatus.TRANSCODING, end] if end == "READY" else [])


async def test_the_late_film_of_an_older_job_does_not_count(world: VideoWorld) -> None:
    video = world.given(VideoStatus.FAILED, fail_reason="TRANSCODE_TIMEOUT")
    film = Film(duration_s=1, width=2, height=2, assets=some_assets(video.id))
    news = TranscodeSucceeded(video_id=video.id, job_id=uuid4(), film=film)

    await hear_transcoding("m1", news, world.deps())

    assert world.committed(video) == video
