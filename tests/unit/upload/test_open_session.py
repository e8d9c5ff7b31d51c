import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from reel_kernel.errors import InvalidRequest, InvalidTransition
from reel_kernel.media import MAX_SOURCE_BYTES
from reel_testing.upload.builders import MIB
from reel_testing.upload.world import UploadWorld
from upload_service.domain.errors import (
    StoreUnavailable,
    UploadAlreadyCompleted,
    UploadSessionActive,
    VideoNotFound,
    VideoServiceUnavailable,
)
from upload_service.domain.lifecycle import Status
from upload_service.domain.session import Failure, UploadSession
from upload_service.usecases.forget_video import forget_video
from upload_service.usecases.open_session import OpenSession, open_session
from upload_service.usecases.sweep import sweep

VIDEO = uuid4()
OWNER = uuid4()


SESSION = uuid4()


def wanted(
    *,
    owner_id: UUID = OWNER,
    mime: str = "video/mp4",
    size_bytes: int = 12 * MIB,
    session_id: UUID | None = None,
) -> OpenSession:
    return OpenSession(
        video_id=VIDEO,
        owner_id=owner_id,
        source_mime=mime,
        source_size_bytes=size_bytes,
        session_id=session_id,
    )


async def test_an_admitted_session_is_open_and_has_a_plan(world: UploadWorld) -> None:
    session = await open_session(wanted(), world.deps())

    assert world.session(session.id) == session
    assert (session.status, session.part_size_bytes) == (Status.INITIATED, 5 * MIB)
    assert session.provider_upload_id in world.store.uploads
    assert world.videos.asked == [session.id]


async def test_the_largest_source_is_accepted(world: UploadWorld) -> None:
    session = await open_session(wanted(size_bytes=MAX_SOURCE_BYTES), world.deps())

    assert session.plan.count == 308


@pytest.mark.parametrize(
    ("mime", "size_bytes", "fields"),
    [
        ("video/webm", MIB, ["sourceMime"]),
        ("video/mp4", MAX_SOURCE_BYTES + 1, ["sourceSizeBytes"]),
        ("video/mp4", 0, ["sourceSizeBytes"]),
        ("text/plain", -1, ["sourceMime", "sourceSizeBytes"]),
    ],
)
async def test_a_wrong_type_or_size_is_refused_before_anybody_is_asked(
    world: UploadWorld, mime: str, size_bytes: int, fields: list[str]
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await open_session(wanted(mime=mime, size_bytes=size_bytes), world.deps())

    assert [error.field for error in refused.value.errors] == fields
    assert not world.videos.asked
    assert not world.database.sessions


@pytest.mark.parametrize("status", [Status.INITIATED, Status.IN_PROGRESS, Status.PAUSED])
async def test_a_live_session_is_named_to_its_owner(world: UploadWorld, status: Status) -> None:
    live = world.add(video_id=VIDEO, owner_id=OWNER, status=status)

    with pytest.raises(UploadSessionActive) as refused:
        await open_session(wanted(), world.deps())

    assert refused.value.extra == {"uploadSessionId": str(live.id)}


async def test_a_completed_video_takes_no_new_session(world: UploadWorld) -> None:
    world.add(video_id=VIDEO, owner_id=OWNER, status=Status.COMPLETED)

    with pytest.raises(UploadAlreadyCompleted):
        await open_session(wanted(), world.deps())


async def test_a_deleted_video_is_gone_although_its_upload_was_completed(
    world: UploadWorld,
) -> None:
    world.add(video_id=VIDEO, owner_id=OWNER, status=Status.COMPLETED)
    await forget_video("deleted", VIDEO, world.deps())

    with pytest.raises(VideoNotFound):
        await open_session(wanted(), world.deps())


@pytest.mark.parametrize("status", [Status.IN_PROGRESS, Status.COMPLETED])
async def test_a_stranger_learns_of_no_session(world: UploadWorld, status: Status) -> None:
    world.add(video_id=VIDEO, owner_id=OWNER, status=status)

    with pytest.raises(VideoNotFound) as refused:
        await open_session(wanted(owner_id=uuid4()), world.deps())

    assert refused.value.extra == {}
    assert not world.videos.asked


async def test_a_stranger_s_pending_request_does_not_keep_the_owner_out(world: UploadWorld) -> None:
    opened: list[UploadSession] = []

    async def owner_comes_in_between() -> None:
        world.videos.on_admit = None
        opened.append(await open_session(wanted(), world.deps()))
        world.videos.refusal = VideoNotFound()

    world.videos.on_admit = owner_comes_in_between

    with pytest.raises(VideoNotFound):
        await open_session(wanted(owner_id=uuid4()), world.deps())

    assert list(world.database.sessions.values()) == opened


class Killed(BaseException):
    """The process died there: nothing after it was done, nothing was cleaned up."""


async def _dies() -> None:
    raise Killed


@pytest.mark.parametrize("where", ["asking video-service", "creating the upload"])
async def test_a_repeat_goes_on_with_what_a_dead_try_had_begun(
    world: UploadWorld, where: str
) -> None:
    request = replace(wanted(), session_id=uuid4())
    if where == "asking video-service":
        world.videos.on_admit = _dies
    else:
        world.store.on_create = _dies
    with pytest.raises(Killed):
        await open_session(request, world.deps())
    world.videos.on_admit = world.store.on_create = None

    session = await open_session(request, world.deps())

    assert (session.id, session.is_open) == (request.session_id, True)
    assert list(world.database.sessions.values()) == [session]
    assert await open_session(request, world.deps()) == session


async def test_two_repeats_open_one_session_with_one_upload(world: UploadWorld) -> None:
    request = replace(wanted(), session_id=uuid4())
    world.videos.on_admit = _dies
    with pytest.raises(Killed):
        await open_session(request, world.deps())
    world.videos.on_admit = None

    async with asyncio.TaskGroup() as group:
        repeats = [group.create_task(open_session(request, world.deps())) for _ in range(2)]

    opened = {(repeat.result().id, repeat.result().provider_upload_id) for repeat in repeats}
    kept = world.session(request.session_id or uuid4())
    assert opened == {(kept.id, kept.provider_upload_id)}


async def test_of_concurrent_calls_one_wins_and_only_its_session_is_admitted(
    world: UploadWorld,
) -> None:
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(_outcome(world)) for _ in range(5)]

    outcomes = [call.result() for call in calls]
    [winner] = [outcome for outcome in outcomes if isinstance(outcome, UploadSession)]
    assert world.videos.asked == [winner.id]
    assert [
        outcome.extra for outcome in outcomes if isinstance(outcome, UploadSessionActive)
    ] == 4 * [{"uploadSessionId": str(winner.id)}]


async def _outcome(world: UploadWorld) -> object:
    try:
        return await open_session(wanted(), world.deps())
    except UploadSessionActive as refused:
        return refused


@pytest.mark.parametrize("refusal", [VideoNotFound(), InvalidTransition("The video is READY")])
async def test_a_refused_request_leaves_nothing(world: UploadWorld, refusal: Exception) -> None:
    world.videos.refusal = refusal

    with pytest.raises(type(refusal)):
        await open_session(wanted(), world.deps())

    assert not world.database.sessions
    assert not world.store.uploads


async def test_an_unreachable_video_service_lets_the_owner_try_again(world: UploadWorld) -> None:
    world.videos.refusal = VideoServiceUnavailable()
    with pytest.raises(VideoServiceUnavailable):
        await open_session(wanted(), world.deps())
    [first] = world.database.sessions.values()
    world.videos.refusal = None

    second = await open_session(wanted(), world.deps())

    assert world.session(first.id).status is Status.FAILED
    assert second.status is Status.INITIATED
    assert not world.database.news


async def test_a_store_that_is_down_fails_the_session_and_not_the_video(world: UploadWorld) -> None:
    world.store.down = True

    with pytest.raises(StoreUnavailable):
        await open_session(wanted(), world.deps())

    [session] = world.database.sessions.values()
    assert (session.status, session.fail_reason) == (Status.FAILED, Failure.PROVIDER_ERROR)
    assert not world.database.news


async def test_a_crashed_reservation_is_replaced_after_its_grace(world: UploadWorld) -> None:
    crashed = world.add(
        video_id=VIDEO, owner_id=OWNER, status=Status.INITIATED, provider_upload_id=None
    )
    with pytest.raises(UploadSessionActive):
        await open_session(wanted(), world.deps())
    world.wait(world.policy.opening_grace)

    session = await open_session(wanted(), world.deps())

    assert world.session(crashed.id).fail_reason is Failure.NEVER_OPENED
    assert world.session(session.id).is_open


async def test_who_lost_against_a_request_that_was_refused_tries_again(world: UploadWorld) -> None:
    world.database.ghosts = 1

    session = await open_session(wanted(), world.deps())

    assert session.is_open


async def test_who_always_loses_is_told_of_the_others(world: UploadWorld) -> None:
    world.database.ghosts = 10

    with pytest.raises(InvalidTransition, match="Other requests"):
        await open_session(wanted(), world.deps())

    assert world.database.ghosts == 7


async def test_a_repeat_of_the_request_goes_on_with_what_it_had_reserved(
    world: UploadWorld,
) -> None:
    async def database_is_lost() -> None:
        world.videos.on_admit = None
        raise ConnectionResetError

    world.videos.on_admit = database_is_lost
    with pytest.raises(ConnectionResetError):
        await open_session(wanted(session_id=SESSION), world.deps())

    session = await open_session(wanted(session_id=SESSION), world.deps())

    assert (session.id, session.is_open) == (SESSION, True)
    assert list(world.database.sessions) == [SESSION]
    assert world.videos.asked == [SESSION, SESSION]


async def test_a_repeat_knows_the_reservations_of_all_tries_before(world: UploadWorld) -> None:
    world.videos.refusal = VideoServiceUnavailable()
    with pytest.raises(VideoServiceUnavailable):
        await open_session(wanted(session_id=SESSION), world.deps())
    world.videos.refusal = ConnectionResetError()
    with pytest.raises(ConnectionResetError):
        await open_session(wanted(session_id=SESSION), world.deps())
    world.videos.refusal = None

    session = await open_session(wanted(session_id=SESSION), world.deps())

    assert world.session(SESSION).status is Status.FAILED
    assert session.is_open
    assert list(world.database.sessions) == [SESSION, session.id]


async def test_a_repeat_after_the_grace_gets_another_session(world: UploadWorld) -> None:
    crashed = world.add(
        id=SESSION,
        video_id=VIDEO,
        owner_id=OWNER,
        status=Status.INITIATED,
        provider_upload_id=None,
    )
    world.wait(world.policy.opening_grace)

    session = await open_session(wanted(session_id=SESSION), world.deps())

    assert world.session(crashed.id).fail_reason is Failure.NEVER_OPENED
    assert session.id != crashed.id


async def test_a_crash_after_create_leaves_an_upload_that_the_sweep_aborts(
    world: UploadWorld,
) -> None:
    async def crash() -> None:
        raise KeyboardInterrupt

    world.store.on_create = crash
    with pytest.raises(KeyboardInterrupt):
        await open_session(wanted(), world.deps())
    assert len(world.store.uploads) == 1
    world.wait(world.policy.session_ttl + timedelta(seconds=1))

    await sweep(world.deps())

    assert not world.store.uploads
    assert [news.fail_reason for news in world.database.news] == ["UPLOAD_EXPIRED"]


async def test_a_video_deleted_while_opening_leaves_no_upload(world: UploadWorld) -> None:
    async def delete_video() -> None:
        await forget_video("message-1", VIDEO, world.deps())

    world.store.on_create = delete_video

    with pytest.raises(VideoNotFound):
        await open_session(wanted(), world.deps())

    [session] = world.database.sessions.values()
    assert session.status is Status.CANCELED
    assert not world.store.uploads


async def test_opening_is_given_up_in_time(world: UploadWorld) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    world.videos.on_admit = hang
    world.policy = type(world.policy)(
        part_size_bytes=5 * MIB,
        part_url_ttl_s=900,
        session_ttl=timedelta(hours=24),
        opening_grace=timedelta(milliseconds=20),
    )

    with pytest.raises(StoreUnavailable):
        await open_session(wanted(), world.deps())

    [session] = world.database.sessions.values()
    assert session.status is Status.FAILED
