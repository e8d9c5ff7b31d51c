"""Freeze and replay (the spec's rollback plan) on a real database."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest

from reel_contracts.events import TranscodeCanceled, TranscodeRequested
from reel_kernel.clock import utc_now
from reel_testing.plugin import NewDatabase
from reel_testing.video_service import VideoService, film_of, video_service
from video_service.domain.video import Video
from video_service.ports import WorkLists
from video_service.usecases.freeze import freeze
from video_service.usecases.replay_frozen import Outcome, replay_frozen

SOON = timedelta(seconds=1)


@pytest.fixture
async def own(new_database: NewDatabase) -> AsyncGenerator[VideoService]:
    """An app whose database no other test fills."""
    async with video_service(await new_database("video")) as running:
        yield running


async def frozen(own: VideoService, *, is_dry_run: bool = False) -> list[Video]:
    before = utc_now() + SOON
    return [video async for video in freeze(own.deps, before=before, is_dry_run=is_dry_run)]


async def replayed(own: VideoService, *, limit: int = 100, per_s: float = 1) -> list[Outcome]:
    async def sleep(_: float) -> None:
        return

    replays = replay_frozen(own.deps, per_s=per_s, limit=limit, sleep=sleep)
    return [one.outcome async for one in replays]


async def test_what_is_in_flight_fails_as_rollback_and_its_job_is_cancelled(
    own: VideoService, owner: UUID
) -> None:
    video_id, ready = await own.given(owner, "TRANSCODING"), await own.given(owner, "READY")
    job_id = (await own.row(video_id))["job_id"]

    [video] = await frozen(own)

    view = await own.get(owner, video_id)
    assert (view["status"], view["failReason"]) == ("FAILED", "ROLLBACK")
    assert view["playback"]["streamUrl"] is None
    assert (await own.get(owner, ready))["playback"]["ready"]
    destination, message = (await own.messages(video_id))[-1]
    assert destination == "transcode-events"
    assert isinstance(message, TranscodeCanceled)
    assert message.request.job_id == job_id == video.job_id


async def test_a_film_that_a_frozen_job_still_delivers_is_not_taken(
    own: VideoService, owner: UUID
) -> None:
    video_id = await own.given(owner, "TRANSCODING")
    job_id = str((await own.row(video_id))["job_id"])
    await frozen(own)

    answer = await own.transcode_says(
        videoId=video_id, status="READY", jobId=job_id, **film_of(video_id)
    )

    assert answer.status_code == 204
    assert (await own.get(owner, video_id))["status"] == "FAILED"


async def test_a_rehearsal_changes_nothing(own: VideoService, owner: UUID) -> None:
    video_id = await own.given(owner, "TRANSCODING")

    assert len(await frozen(own, is_dry_run=True)) == 1

    assert (await own.get(owner, video_id))["status"] == "TRANSCODING"


async def test_what_came_later_than_the_incident_is_left_alone(
    own: VideoService, owner: UUID
) -> None:
    await own.given(owner, "TRANSCODING")

    hour_ago = utc_now() - timedelta(hours=1)
    assert [video async for video in freeze(own.deps, before=hour_ago)] == []


async def test_a_second_replay_enqueues_nothing_twice(own: VideoService, owner: UUID) -> None:
    videos = [await own.given(owner, "TRANSCODING") for _ in range(3)]
    await frozen(own)

    first, second = await replayed(own), await replayed(own)

    assert (first, second) == ([Outcome.REPLAYED] * 3, [])
    for video_id in videos:
        row, messages = await own.row(video_id), await own.messages(video_id)
        jobs = [one.job_id for _, one in messages if isinstance(one, TranscodeRequested)]
        assert row["status"] == "TRANSCODING"
        assert jobs[-1] == row["job_id"] != jobs[0]
        assert len(jobs) == 2


async def test_a_replay_keeps_to_its_rate_and_its_limit(own: VideoService, owner: UUID) -> None:
    for _ in range(3):
        await own.given(owner, "TRANSCODING")
    await frozen(own)
    pauses = list[float]()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    replays = replay_frozen(own.deps, per_s=4, limit=2, sleep=sleep)
    outcomes = [one.outcome async for one in replays]

    assert outcomes == [Outcome.REPLAYED] * 2
    assert pauses == [0.25, 0.25]


async def test_a_frozen_video_without_its_source_is_told_of_and_left(
    own: VideoService, owner: UUID
) -> None:
    gone, away = await own.given(owner, "TRANSCODING"), await own.given(owner, "TRANSCODING")
    await frozen(own)
    own.sources.missing.add(f"videos/{gone}/source.mp4")
    own.sources.unknown.add(f"videos/{away}/source.mp4")

    assert await replayed(own) == [Outcome.SOURCE_MISSING, Outcome.STORE_UNAVAILABLE]

    assert (await own.get(owner, gone))["failReason"] == "ROLLBACK"


async def test_a_video_that_its_owner_retried_meanwhile_is_left_alone(
    own: VideoService, owner: UUID
) -> None:
    video_id = await own.given(owner, "TRANSCODING")
    await frozen(own)
    listed = await own.deps.work.frozen(limit=1)
    await own.call(owner, "POST", f"/{video_id}/retry")
    stale = replace(own.deps, work=cast("WorkLists", Listed(listed[0])))

    outcomes = [one.outcome async for one in replay_frozen(stale, per_s=100, limit=1)]

    assert outcomes == [Outcome.NOT_FROZEN]
    assert listed[0].id == UUID(video_id)


class Listed:
    """A work list read a moment ago."""

    def __init__(self, video: Video) -> None:
        self._video = video

    async def frozen(self, *, limit: int) -> list[Video]:
        return [self._video][:limit]
