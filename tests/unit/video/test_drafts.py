"""Creating, editing and deleting videos."""

from datetime import timedelta
from uuid import uuid4

import pytest
from msgspec import UNSET

from reel_contracts.events import VideoDeleted
from reel_contracts.videos import CreateVideo, UpdateVideo
from reel_kernel.errors import InvalidRequest
from reel_testing.video_tables import Sent
from reel_testing.videos import NOON, VideoWorld
from video_service.domain.errors import PreconditionFailed, VideoNotFound
from video_service.domain.lifecycle import VideoStatus
from video_service.usecases.create_video import create_video
from video_service.usecases.delete_video import delete_video
from video_service.usecases.edit_video import edit_video

LIMIT = 1_610_612_736


def a_request(
    title: str = "Tour",
    description: str | None = None,
    mime: str = "video/mp4",
    size_bytes: int = 1000,
) -> CreateVideo:
    return CreateVideo(
        title=title, description=description, source_mime=mime, source_size_bytes=size_bytes
    )


async def test_a_new_video_is_a_draft_of_its_owner(world: VideoWorld) -> None:
    owner = uuid4()

    video = await create_video(owner, a_request("  12 Smith St ", "Short\ntour"), world.deps())

    assert (video.status, video.owner_id, video.version) == (VideoStatus.DRAFT, owner, 1)
    assert (video.title, video.description) == ("12 Smith St", "Short\ntour")
    assert world.committed(video) == video


async def test_the_last_allowed_byte_is_allowed(world: VideoWorld) -> None:
    video = await create_video(uuid4(), a_request(size_bytes=LIMIT), world.deps())

    assert video.source_size_bytes == LIMIT


async def test_every_fault_of_a_request_is_named_at_once(world: VideoWorld) -> None:
    request = a_request(" \t ", "a\x00b", "video/webm", LIMIT + 1)

    with pytest.raises(InvalidRequest) as caught:
        await create_video(uuid4(), request, world.deps())

    assert [(error.field, error.code) for error in caught.value.errors] == [
        ("title", "blank"),
        ("description", "control-character"),
        ("sourceMime", "unsupported-format"),
        ("sourceSizeBytes", "too-large"),
    ]
    assert world.tables.videos == {}


@pytest.mark.parametrize("title", ["a\x00b", "two\nlines", "\x7f"])
async def test_a_title_is_one_line_of_text(world: VideoWorld, title: str) -> None:
    with pytest.raises(InvalidRequest):
        await create_video(uuid4(), a_request(title), world.deps())


async def test_an_edit_changes_only_the_members_that_are_present(world: VideoWorld) -> None:
    video = world.given(VideoStatus.READY, description="Old")

    edited = await edit_video(video.owner_id, video.id, UpdateVideo(title=" New "), world.deps())

    assert (edited.title, edited.description) == ("New", "Old")
    assert (edited.version, edited.updated_at) == (2, NOON)
    assert edited.status is VideoStatus.READY
    assert world.committed(video) == edited


async def test_null_clears_a_description(world: VideoWorld) -> None:
    video = world.given(description="Old")

    edited = await edit_video(
        video.owner_id, video.id, UpdateVideo(title=UNSET, description=None), world.deps()
    )

    assert edited.description is None


async def test_an_edit_that_changes_nothing_is_no_new_version(world: VideoWorld) -> None:
    video = world.given()

    edited = await edit_video(
        video.owner_id, video.id, UpdateVideo(title=video.title), world.deps()
    )

    assert edited == video


async def test_an_edit_of_an_older_version_is_refused(world: VideoWorld) -> None:
    video = world.given(version=3)

    with pytest.raises(PreconditionFailed):
        await edit_video(
            video.owner_id,
            video.id,
            UpdateVideo(title="Mine"),
            world.deps(),
            if_version=frozenset({2}),
        )

    assert world.committed(video) == video


async def test_deleting_hides_the_video_and_tells_both_services(world: VideoWorld) -> None:
    video = world.given(VideoStatus.TRANSCODING)

    await delete_video(video.owner_id, video.id, world.deps())

    event = VideoDeleted(video_id=video.id, owner_id=video.owner_id, deleted_at=NOON)
    assert world.committed(video).deleted_at == NOON
    assert world.sent == [
        Sent("upload-events", video.id, event),
        Sent("transcode-events", video.id, event),
    ]


async def test_a_deleted_video_is_not_found_again(world: VideoWorld) -> None:
    video = world.given(deleted_at=NOON - timedelta(minutes=1))

    with pytest.raises(VideoNotFound):
        await delete_video(video.owner_id, video.id, world.deps())
    with pytest.raises(VideoNotFound):
        await edit_video(video.owner_id, video.id, UpdateVideo(title="x"), world.deps())

    assert world.sent == []


async def test_a_stranger_finds_nothing_to_edit_or_delete(world: VideoWorld) -> None:
    video = world.given()

    with pytest.raises(VideoNotFound):
        await edit_video(uuid4(), video.id, UpdateVideo(title="x"), world.deps())
    with pytest.raises(VideoNotFound):
        await delete_video(uuid4(), video.id, world.deps())

    assert world.committed(video) == video
