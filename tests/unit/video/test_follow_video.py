"""What a follower of a video is told, and when it ends."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, cast

import pytest

from reel_testing.videos import VideoWorld
from video_service.api.events import mark_of
from video_service.api.slow_clients import taken_within
from video_service.domain.details import Mark, VideoDetails
from video_service.domain.lifecycle import VideoStatus
from video_service.domain.video import Video
from video_service.ports.following import Signal
from video_service.usecases.follow_video import follow_video


@pytest.fixture
def world() -> VideoWorld:
    return VideoWorld()


def nothing() -> None:
    """Happen without effect."""


def becomes(world: VideoWorld, video: Video, version: int, **changes: object) -> None:
    world.tables.videos[video.id] = replace(video, version=version, **changes)


async def told(
    world: VideoWorld, video: Video, *, seen: Mark | None = None
) -> list[tuple[str, int] | None]:
    following = follow_video(video.owner_id, video.id, world.deps(), seen=seen)
    return [shown(details) async for details in following]


def shown(details: VideoDetails | None) -> tuple[str, int] | None:
    return (details.video.status, details.video.version) if details else None


async def test_the_present_comes_first_and_the_final_state_last(world: VideoWorld) -> None:
    video = world.given(VideoStatus.TRANSCODING)
    failed = {"status": VideoStatus.FAILED, "fail_reason": "TRANSCODE_ERROR"}
    world.script = [(Signal.MOVED, lambda: becomes(world, video, 2, **failed))]

    assert await told(world, video) == [("TRANSCODING", 1), ("FAILED", 2)]


async def test_what_was_seen_is_not_told_again(world: VideoWorld) -> None:
    video = world.given(VideoStatus.TRANSCODING)
    world.script = [
        (Signal.MOVED, nothing),
        (Signal.MOVED, lambda: becomes(world, video, 5)),
        (Signal.CLOSED, nothing),
    ]

    assert await told(world, video, seen=(1, 0)) == [("TRANSCODING", 5)]


async def test_a_silent_time_is_filled_with_heartbeats(world: VideoWorld) -> None:
    video = world.given(VideoStatus.TRANSCODING)
    world.script = [(Signal.QUIET, nothing), (Signal.QUIET, nothing), (Signal.CLOSED, nothing)]

    assert await told(world, video) == [("TRANSCODING", 1), None, None]


async def test_a_deleted_video_ends_the_story(world: VideoWorld) -> None:
    video = world.given(VideoStatus.TRANSCODING)
    world.script = [(Signal.MOVED, world.tables.videos.clear)]

    assert await told(world, video) == [("TRANSCODING", 1)]


@pytest.mark.parametrize(
    ("header", "mark"),
    [("7.12", (7, 12)), ("7.0", (7, 0)), ("7", None), ("", None), (None, None), ("-1.0", None)],
)
def test_only_ids_of_ours_are_read(header: str | None, mark: Mark | None) -> None:
    assert mark_of(header) == mark


async def test_a_client_that_takes_nothing_is_given_up() -> None:
    async def app(
        _scope: object, _receive: object, send: Callable[[object], Coroutine[object, object, None]]
    ) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(send({"type": "http.response.body", "body": b"x"}))

    async def stuck(_message: object) -> None:
        await asyncio.Event().wait()

    guarded = cast("Any", taken_within(0.01)(cast("Any", app)))

    async with asyncio.timeout(5):
        assert await guarded({}, None, stuck) is None
