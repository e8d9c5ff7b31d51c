import asyncio
from uuid import uuid4

import pytest

from reel_contracts.webhooks import UploadOutcome
from reel_kernel.errors import InvalidTransition
from reel_testing.upload.builders import MIB, an_mp4
from reel_testing.upload.world import UploadWorld
from upload_service.domain.errors import (
    PartsMismatch,
    StoreUnavailable,
    UnsupportedFormat,
    UploadFailed,
    UploadNotFound,
)
from upload_service.domain.lifecycle import Status
from upload_service.domain.session import Failure, UploadSession
from upload_service.ports import PartsRejected
from upload_service.usecases.complete_upload import complete_upload
from upload_service.usecases.steer_session import cancel_upload, pause_upload
from upload_service.usecases.view_session import view_session

SOURCE = an_mp4(8 * MIB)


def uploaded(world: UploadWorld, source: bytes = SOURCE) -> tuple[UploadSession, dict[int, str]]:
    session = world.add()
    cut = session.part_size_bytes
    upload_id = session.provider_upload_id or ""
    etags = {
        1: world.store.put(upload_id, 1, source[:cut]),
        2: world.store.put(upload_id, 2, source[cut:]),
    }
    return session, etags


async def test_completing_commits_the_state_and_its_news_together(world: UploadWorld) -> None:
    session, etags = uploaded(world)

    done = await complete_upload(session.id, session.owner_id, etags, world.deps())

    assert world.session(session.id) == done
    assert (done.status, done.bytes_uploaded) == (Status.COMPLETED, 8 * MIB)
    assert world.store.objects == {session.source_key: SOURCE}
    [news] = world.database.news
    assert (news.status, news.upload_session_id) == (UploadOutcome.COMPLETED, session.id)
    assert (news.source_file_key, news.source_size_bytes, news.source_mime) == (
        f"videos/{session.video_id}/source.mp4",
        8 * MIB,
        "video/mp4",
    )


async def test_completing_twice_gives_the_same_answer_and_one_effect(world: UploadWorld) -> None:
    session, etags = uploaded(world)
    first = await complete_upload(session.id, session.owner_id, etags, world.deps())

    second = await complete_upload(session.id, session.owner_id, {}, world.deps())

    assert second == first
    assert len(world.database.news) == 1


async def test_two_concurrent_calls_have_one_effect_and_the_same_answer(world: UploadWorld) -> None:
    session, etags = uploaded(world)

    async with asyncio.TaskGroup() as group:
        calls = [
            group.create_task(complete_upload(session.id, session.owner_id, etags, world.deps()))
            for _ in range(3)
        ]

    assert {call.result().status for call in calls} == {Status.COMPLETED}
    assert len(world.database.news) == 1


async def test_a_crash_after_the_store_joined_the_parts_heals(world: UploadWorld) -> None:
    session, etags = uploaded(world)

    async def crash() -> None:
        raise KeyboardInterrupt

    world.store.on_complete = crash
    with pytest.raises(KeyboardInterrupt):
        await complete_upload(session.id, session.owner_id, etags, world.deps())
    assert world.session(session.id).status is Status.IN_PROGRESS

    done = await complete_upload(session.id, session.owner_id, etags, world.deps())

    assert done.status is Status.COMPLETED
    assert len(world.database.news) == 1


async def test_looking_at_it_heals_an_interrupted_completion_too(world: UploadWorld) -> None:
    session, etags = uploaded(world)

    async def crash() -> None:
        raise KeyboardInterrupt

    world.store.on_complete = crash
    with pytest.raises(KeyboardInterrupt):
        await complete_upload(session.id, session.owner_id, etags, world.deps())

    view = await view_session(session.id, session.owner_id, world.deps())

    assert (view.session.status, view.bytes_uploaded, view.parts) == (
        Status.COMPLETED,
        8 * MIB,
        (),
    )


async def test_a_missing_part_changes_nothing(world: UploadWorld) -> None:
    session, etags = uploaded(world)
    del world.store.uploads[session.provider_upload_id or ""][1][2]

    with pytest.raises(PartsMismatch) as refused:
        await complete_upload(session.id, session.owner_id, etags, world.deps())

    assert refused.value.extra == {
        "missing": [2],
        "differing": [],
        "unexpected": [],
        "parts": [
            {
                "partNumber": 2,
                "expected": {"etag": etags[2], "sizeBytes": 3 * MIB, "checksum": None},
                "actual": None,
            }
        ],
    }
    assert world.session(session.id).status is Status.IN_PROGRESS
    assert not world.store.objects


@pytest.mark.parametrize(
    "status", [Status.INITIATED, Status.PAUSED, Status.CANCELED, Status.FAILED]
)
async def test_only_a_running_session_completes(world: UploadWorld, status: Status) -> None:
    reason = Failure.UPLOAD_EXPIRED if status is Status.FAILED else None
    session = world.add(status=status, fail_reason=reason)

    with pytest.raises(InvalidTransition):
        await complete_upload(session.id, session.owner_id, {1: "a"}, world.deps())


async def test_a_lie_about_the_container_fails_the_session_and_says_so(world: UploadWorld) -> None:
    session, etags = uploaded(world, b"no film at all".ljust(8 * MIB))

    with pytest.raises(UnsupportedFormat):
        await complete_upload(session.id, session.owner_id, etags, world.deps())

    failed = world.session(session.id)
    assert (failed.status, failed.fail_reason) == (Status.FAILED, Failure.UNSUPPORTED_FORMAT)
    assert not world.store.objects
    [news] = world.database.news
    assert (news.status, news.fail_reason) == (UploadOutcome.FAILED, "UNSUPPORTED_FORMAT")


async def test_a_lie_is_answered_the_same_again(world: UploadWorld) -> None:
    session = world.add(status=Status.FAILED, fail_reason=Failure.UNSUPPORTED_FORMAT)

    with pytest.raises(UnsupportedFormat):
        await complete_upload(session.id, session.owner_id, {1: "a"}, world.deps())


async def test_an_upload_that_the_store_lost_fails_the_session_and_not_the_video(
    world: UploadWorld,
) -> None:
    session, etags = uploaded(world)
    world.store.uploads.clear()

    with pytest.raises(UploadFailed):
        await complete_upload(session.id, session.owner_id, etags, world.deps())

    failed = world.session(session.id)
    assert (failed.status, failed.fail_reason) == (Status.FAILED, Failure.PROVIDER_ERROR)
    assert not world.database.news


async def test_an_object_of_another_size_fails_the_session_and_is_deleted(
    world: UploadWorld,
) -> None:
    session, etags = uploaded(world)

    async def shrink() -> None:
        world.store.objects[session.source_key] = SOURCE[:-1]

    world.store.on_complete = shrink

    with pytest.raises(UploadFailed):
        await complete_upload(session.id, session.owner_id, etags, world.deps())

    assert world.session(session.id).status is Status.FAILED
    assert not world.store.objects


async def test_a_store_that_is_down_decides_nothing(world: UploadWorld) -> None:
    session, etags = uploaded(world)
    world.store.down = True

    with pytest.raises(StoreUnavailable):
        await complete_upload(session.id, session.owner_id, etags, world.deps())

    assert world.session(session.id).status is Status.IN_PROGRESS


async def test_a_cancel_while_the_store_joins_wins_and_leaves_no_object(world: UploadWorld) -> None:
    session, etags = uploaded(world)

    async def cancel() -> None:
        await cancel_upload(session.id, session.owner_id, world.deps())

    world.store.on_complete = cancel

    with pytest.raises(InvalidTransition):
        await complete_upload(session.id, session.owner_id, etags, world.deps())

    assert world.session(session.id).status is Status.CANCELED
    assert not world.store.objects
    assert [news.status for news in world.database.news] == [UploadOutcome.CANCELED]


async def test_a_cancel_that_takes_the_parts_away_is_told_as_a_cancel(world: UploadWorld) -> None:
    session, etags = uploaded(world)

    async def cancel_and_lose_the_parts() -> None:
        await cancel_upload(session.id, session.owner_id, world.deps())
        raise PartsRejected

    world.store.on_complete = cancel_and_lose_the_parts

    with pytest.raises(InvalidTransition) as refused:
        await complete_upload(session.id, session.owner_id, etags, world.deps())

    assert refused.value.extra == {"currentStatus": Status.CANCELED}


async def test_parts_that_change_while_being_joined_decide_nothing(world: UploadWorld) -> None:
    session, etags = uploaded(world)

    async def refuse() -> None:
        raise PartsRejected

    world.store.on_complete = refuse

    with pytest.raises(StoreUnavailable):
        await complete_upload(session.id, session.owner_id, etags, world.deps())

    assert world.session(session.id).status is Status.IN_PROGRESS


async def test_a_pause_while_the_store_joins_comes_too_late(world: UploadWorld) -> None:
    session, etags = uploaded(world)

    async def pause() -> None:
        await pause_upload(session.id, session.owner_id, world.deps())

    world.store.on_complete = pause

    done = await complete_upload(session.id, session.owner_id, etags, world.deps())

    assert done.status is Status.COMPLETED


async def test_a_stranger_completes_nothing(world: UploadWorld) -> None:
    session, etags = uploaded(world)

    with pytest.raises(UploadNotFound):
        await complete_upload(session.id, uuid4(), etags, world.deps())
