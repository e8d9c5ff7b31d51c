"""The reaper on a real database, with a clock that the test moves."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from reel_contracts.events import TranscodeRequested
from reel_kernel.clock import utc_now
from reel_testing.plugin import NewDatabase
from reel_testing.video_service import VideoService, source_of, video_service
from video_service.domain.stuck import Patience, Resolution
from video_service.ports import Deps
from video_service.usecases.resolve_stuck import resolve_stuck

HOUR, WEEK = timedelta(hours=1), timedelta(days=7)
PATIENCE = Patience(draft=WEEK, uploading=WEEK, uploaded=HOUR, transcoding=2 * HOUR)
NOBODY: Counter[Resolution] = Counter()


@pytest.fixture
async def own(new_database: NewDatabase) -> AsyncGenerator[VideoService]:
    """An app whose database no other test fills."""
    async with video_service(await new_database("video")) as running:
        yield running


def after(service: VideoService, wait: timedelta) -> Deps:
    return replace(service.deps, now=lambda: utc_now() + wait)


async def sweep(service: VideoService, wait: timedelta) -> Counter[Resolution]:
    return await resolve_stuck(PATIENCE, after(service, wait))


async def test_nobody_is_touched_before_its_time(own: VideoService, owner: UUID) -> None:
    for status in ("DRAFT", "UPLOADING", "UPLOADED", "TRANSCODING", "READY", "FAILED"):
        await own.given(owner, status)

    assert await sweep(own, timedelta(minutes=59)) == NOBODY


async def test_an_expired_draft_is_gone_and_its_owner_s_other_videos_are_not(
    own: VideoService, owner: UUID
) -> None:
    draft = await own.given(owner, "DRAFT")
    ready = await own.given(owner, "READY")

    assert await sweep(own, 2 * WEEK) == {Resolution.EXPIRE: 1}

    assert (await own.call(owner, "GET", f"/{draft}")).status_code == 404
    assert (await own.get(owner, ready))["status"] == "READY"
    reason = "SELECT reason FROM purge_receipts WHERE video_id = $1"
    assert await own.pool.fetchval(reason, UUID(draft)) == "DRAFT_EXPIRED"


async def test_a_stale_upload_fails_and_a_late_completion_saves_it(
    own: VideoService, owner: UUID
) -> None:
    video_id = await own.given(owner, "UPLOADING")
    session_id = str((await own.row(video_id))["upload_session_id"])

    assert await sweep(own, 2 * WEEK) == {Resolution.FAIL_UPLOAD: 1}
    failed = await own.get(owner, video_id)
    await own.upload_says(
        uploadSessionId=session_id, videoId=video_id, status="COMPLETED", **source_of(video_id)
    )

    assert (failed["status"], failed["failReason"]) == ("FAILED", "UPLOAD_EXPIRED")
    assert (await own.get(owner, video_id))["status"] == "TRANSCODING"


async def test_an_edit_does_not_make_a_stuck_video_young(own: VideoService, owner: UUID) -> None:
    video_id = await own.given(owner, "UPLOADING")
    began = (await own.row(video_id))["status_since"]

    await own.call(owner, "PATCH", f"/{video_id}", json={"title": "Sold"})

    assert (await own.row(video_id))["status_since"] == began


async def test_a_message_that_is_lost_is_written_again_and_a_pending_one_is_not(
    own: VideoService, owner: UUID
) -> None:
    lost, waiting = await own.given(owner, "UPLOADED"), await own.given(owner, "UPLOADED")
    await own.pool.execute("DELETE FROM outbox WHERE key = $1", UUID(lost))

    first = await sweep(own, 2 * HOUR)
    second = await sweep(own, 5 * HOUR)

    assert first == {Resolution.ASK: 1, Resolution.WAIT: 1}
    assert second == {Resolution.WAIT: 2}
    for video_id in (lost, waiting):
        [(_, message)] = await own.messages(video_id)
        assert isinstance(message, TranscodeRequested)
        assert message.job_id == (await own.row(video_id))["job_id"]


async def test_a_dead_message_is_made_pending_again(own: VideoService, owner: UUID) -> None:
    video_id = await own.given(owner, "UPLOADED")
    await own.pool.execute("UPDATE outbox SET dead_at = now() WHERE key = $1", UUID(video_id))

    assert await sweep(own, 2 * HOUR) == {Resolution.REPLAY: 1}

    dead = "SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL"
    assert await own.pool.fetchval(dead) == 0
    await own.enqueue(video_id)
    assert (await own.get(owner, video_id))["status"] == "TRANSCODING"


async def test_a_job_nobody_speaks_of_is_asked_for_once_more_and_then_fails(
    own: VideoService, owner: UUID
) -> None:
    video_id = await own.given(owner, "TRANSCODING")
    await own.pool.execute("UPDATE outbox SET delivered_at = now()")

    first = await sweep(own, 3 * HOUR)
    await own.pool.execute("UPDATE outbox SET delivered_at = now() WHERE delivered_at IS NULL")
    too_soon = await sweep(own, 4 * HOUR)
    last = await sweep(own, 6 * HOUR)

    assert first == {Resolution.ASK: 1}
    assert too_soon == NOBODY
    assert last == {Resolution.FAIL_TRANSCODE: 1}
    view = await own.get(owner, video_id)
    assert (view["status"], view["failReason"]) == ("FAILED", "TRANSCODE_TIMEOUT")


async def test_progress_is_a_sign_of_life(own: VideoService, owner: UUID) -> None:
    video_id = await own.given(owner, "TRANSCODING")
    await own.pool.execute("UPDATE outbox SET delivered_at = now()")
    await own.progress_says(video_id)
    later = "UPDATE transcode_progress SET updated_at = now() + interval '2 hours'"
    await own.pool.execute(later)

    assert await sweep(own, 3 * HOUR) == NOBODY
    assert await sweep(own, 5 * HOUR) == {Resolution.ASK: 1}


async def test_two_sweeps_at_once_do_everything_once(own: VideoService, owner: UUID) -> None:
    drafts = [await own.given(owner, "DRAFT") for _ in range(4)]

    async with asyncio.TaskGroup() as group:
        sweeps = [group.create_task(sweep(own, 2 * WEEK)) for _ in range(2)]

    done = sum((one.result() for one in sweeps), Counter[Resolution]())
    assert done == {Resolution.EXPIRE: 4}
    receipts = await own.pool.fetchval("SELECT count(*) FROM purge_receipts")
    assert receipts == len(drafts)
