from datetime import timedelta
from uuid import uuid4

import pytest

from reel_contracts.webhooks import UploadOutcome
from reel_testing.upload.builders import an_mp4
from reel_testing.upload.world import UploadWorld
from upload_service.domain.lifecycle import Status
from upload_service.domain.session import Failure
from upload_service.usecases.forget_video import forget_video
from upload_service.usecases.purge_source import purge_source
from upload_service.usecases.sweep import Swept, sweep

MOMENT = timedelta(seconds=1)


@pytest.mark.parametrize("status", [Status.INITIATED, Status.IN_PROGRESS, Status.PAUSED])
async def test_an_untouched_session_expires_and_says_so(world: UploadWorld, status: Status) -> None:
    session = world.add(status=status)
    world.wait(world.policy.session_ttl + MOMENT)

    await sweep(world.deps())

    expired = world.session(session.id)
    assert (expired.status, expired.fail_reason) == (Status.FAILED, Failure.UPLOAD_EXPIRED)
    assert [(news.status, news.fail_reason) for news in world.database.news] == [
        (UploadOutcome.FAILED, "UPLOAD_EXPIRED")
    ]
    assert not world.store.uploads
    assert session.id in world.database.settled


async def test_a_session_in_use_does_not_expire(world: UploadWorld) -> None:
    session = world.add()
    world.wait(world.policy.session_ttl - MOMENT)

    swept = await sweep(world.deps())

    assert swept == Swept(expired=0, announced=0, visited=0)
    assert world.session(session.id).is_live


async def test_a_failed_session_that_none_followed_is_announced_once(world: UploadWorld) -> None:
    world.add(status=Status.FAILED, fail_reason=Failure.PROVIDER_ERROR)
    await sweep(world.deps())
    assert not world.database.news
    world.wait(world.policy.session_ttl + MOMENT)

    await sweep(world.deps())
    await sweep(world.deps())

    assert [news.fail_reason for news in world.database.news] == ["UPLOAD_EXPIRED"]


async def test_an_abort_is_repeated_until_the_store_confirms_it(world: UploadWorld) -> None:
    session = world.add(status=Status.CANCELED)
    world.store.uploads[session.provider_upload_id or ""] = (session.source_key, {})
    world.store.down = True
    await sweep(world.deps())
    assert session.id not in world.database.settled
    world.store.down = False
    world.wait(world.policy.settle_lease)

    await sweep(world.deps())

    assert not world.store.uploads
    assert session.id in world.database.settled
    assert (await sweep(world.deps())).visited == 0


async def test_an_upload_nobody_recorded_is_aborted_with_the_session(world: UploadWorld) -> None:
    session = world.add(status=Status.COMPLETED)
    world.store.uploads["stray"] = (session.source_key, {})

    await sweep(world.deps())

    assert not world.store.uploads


async def test_one_sweep_settles_every_batch(world: UploadWorld) -> None:
    sessions = [world.add(status=Status.COMPLETED) for _ in range(3 * world.policy.settle_batch)]

    swept = await sweep(world.deps())

    assert swept.visited == len(sessions)
    assert set(world.database.settled) == {session.id for session in sessions}


async def test_a_sweep_does_not_insist_while_the_store_is_down(world: UploadWorld) -> None:
    for _ in range(3 * world.policy.settle_batch):
        world.add(status=Status.COMPLETED)
    world.store.down = True

    swept = await sweep(world.deps())

    assert swept.visited == world.policy.settle_batch


async def test_a_new_session_s_upload_survives_the_cleaning_of_the_old(world: UploadWorld) -> None:
    old = world.add(status=Status.FAILED, fail_reason=Failure.PROVIDER_ERROR)
    new = world.add(video_id=old.video_id, owner_id=old.owner_id)
    world.store.objects[new.source_key] = an_mp4(9)

    await sweep(world.deps())

    assert list(world.store.uploads) == [new.provider_upload_id]
    assert new.source_key in world.store.objects
    assert old.id in world.database.settled


async def test_an_upload_that_is_just_being_opened_is_not_taken_for_a_stray(
    world: UploadWorld,
) -> None:
    old = world.add(status=Status.FAILED, fail_reason=Failure.PROVIDER_ERROR)
    opening = world.add(
        video_id=old.video_id,
        owner_id=old.owner_id,
        status=Status.INITIATED,
        provider_upload_id=None,
    )
    world.store.uploads["about to be recorded"] = (opening.source_key, {})

    await sweep(world.deps())

    assert "about to be recorded" in world.store.uploads
    assert old.id not in world.database.settled


async def test_a_session_is_not_settled_while_a_completion_may_be_running(
    world: UploadWorld,
) -> None:
    session = world.add(status=Status.CANCELED, completing_at=world.now)
    await sweep(world.deps())
    world.store.objects[session.source_key] = an_mp4(9)
    world.wait(world.policy.completing_grace + MOMENT)

    await sweep(world.deps())

    assert not world.store.objects
    assert session.id in world.database.settled


async def test_a_completed_source_is_kept(world: UploadWorld) -> None:
    session = world.add(status=Status.COMPLETED)
    world.store.objects[session.source_key] = an_mp4(9)

    await sweep(world.deps())

    assert session.source_key in world.store.objects
    assert session.id in world.database.settled


async def test_a_deleted_video_loses_its_session_and_its_sources(world: UploadWorld) -> None:
    session = world.add()
    world.store.objects[f"videos/{session.video_id}/source.mov"] = an_mp4(9)

    await forget_video("message-1", session.video_id, world.deps())
    await forget_video("message-1", session.video_id, world.deps())

    assert world.session(session.id).status is Status.CANCELED
    assert [news.status for news in world.database.news] == [UploadOutcome.CANCELED]
    assert not world.store.uploads
    assert not world.store.objects
    assert [(one.objects, one.last) for one in world.database.reports] == [(1, True)]


async def test_a_video_without_uploads_is_reported_as_empty(world: UploadWorld) -> None:
    video_id = uuid4()

    await forget_video("message-1", video_id, world.deps())

    [report] = world.database.reports
    assert (report.video_id, report.objects, report.size_bytes) == (video_id, 0, 0)


async def test_a_purge_that_is_taken_up_again_reports_what_was_there_at_first(
    world: UploadWorld,
) -> None:
    session = world.add(status=Status.COMPLETED)
    world.store.objects[session.source_key] = an_mp4(9)
    size_bytes = len(an_mp4(9))
    await purge_source(session.video_id, world.deps())

    await forget_video("message-1", session.video_id, world.deps())

    [report] = world.database.reports
    assert (report.objects, report.size_bytes) == (1, size_bytes)


async def test_what_was_purged_is_reported_once_all_sessions_are_settled(
    world: UploadWorld,
) -> None:
    session = world.add(status=Status.COMPLETED)
    busy = world.add(status=Status.CANCELED, video_id=session.video_id, completing_at=world.now)
    world.store.objects[session.source_key] = an_mp4(9)

    await forget_video("message-1", session.video_id, world.deps())
    too_early = list(world.database.reports)
    world.wait(world.policy.completing_grace + MOMENT)
    await sweep(world.deps())

    assert too_early == []
    assert busy.id in world.database.settled
    assert [(one.objects, one.last) for one in world.database.reports] == [(1, True)]


async def test_a_deleted_video_s_completed_source_goes_even_if_the_store_was_down(
    world: UploadWorld,
) -> None:
    session = world.add(status=Status.COMPLETED)
    world.store.objects[session.source_key] = an_mp4(9)
    world.store.down = True
    await forget_video("message-1", session.video_id, world.deps())
    world.store.down = False

    await sweep(world.deps())

    assert not world.store.objects
    assert world.session(session.id).status is Status.COMPLETED
