"""Another try of a failed transcode."""

from uuid import uuid4

import pytest

from reel_contracts.events import TranscodeRequested
from reel_kernel.errors import InvalidTransition
from reel_testing.videos import VideoWorld
from video_service.domain.errors import SourceMissing, VideoNotFound
from video_service.domain.lifecycle import VideoStatus
from video_service.usecases.retry_video import retry_video


async def test_a_failed_video_is_transcoded_again_as_another_job(world: VideoWorld) -> None:
    video = world.given(VideoStatus.FAILED)

    details = await retry_video(video.owner_id, video.id, world.deps())

    assert (details.video.status, details.video.fail_reason) == (VideoStatus.TRANSCODING, None)
    assert details.video == world.committed(video)
    [sent] = world.sent
    assert isinstance(sent.message, TranscodeRequested)
    assert sent.message.job_id == details.video.job_id != video.job_id


@pytest.mark.parametrize("status", [s for s in VideoStatus if s is not VideoStatus.FAILED])
async def test_only_a_failed_video_is_retried(world: VideoWorld, status: VideoStatus) -> None:
    video = world.given(status)

    with pytest.raises(InvalidTransition):
        await retry_video(video.owner_id, video.id, world.deps())

    assert world.asked_keys == []


async def test_a_source_that_is_gone_is_not_retried(world: VideoWorld) -> None:
    video = world.given(VideoStatus.FAILED)
    world.stored_keys.clear()

    with pytest.raises(SourceMissing):
        await retry_video(video.owner_id, video.id, world.deps())

    assert world.committed(video) == video
    assert world.sent == []


async def test_an_upload_that_was_never_completed_is_not_retried(world: VideoWorld) -> None:
    video = world.given(VideoStatus.FAILED, source_file_key=None)

    with pytest.raises(SourceMissing):
        await retry_video(video.owner_id, video.id, world.deps())

    assert world.asked_keys == []


async def test_a_stranger_retries_nothing(world: VideoWorld) -> None:
    video = world.given(VideoStatus.FAILED)

    with pytest.raises(VideoNotFound):
        await retry_video(uuid4(), video.id, world.deps())
