from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from reel_testing.upload.builders import MIB
from reel_testing.upload.world import UploadWorld
from upload_service.domain.errors import (
    TooManyBytesInFlight,
    TooManyOpenUploads,
    UploadSessionActive,
)
from upload_service.domain.lifecycle import Status
from upload_service.usecases.abort_strays import abort_strays
from upload_service.usecases.open_session import OpenSession, open_session

OWNER = uuid4()


def command(session_id: UUID | None = None, *, size_bytes: int = MIB) -> OpenSession:
    return OpenSession(
        video_id=uuid4(),
        owner_id=OWNER,
        source_mime="video/mp4",
        source_size_bytes=size_bytes,
        session_id=session_id,
    )


async def test_an_owner_opens_as_many_sessions_as_one_may(world: UploadWorld) -> None:
    world.policy = replace(world.policy, open_sessions_max=2)
    for _ in range(2):
        await open_session(command(), world.deps())

    with pytest.raises(TooManyOpenUploads) as refused:
        await open_session(command(), world.deps())

    assert refused.value.extra == {"limit": 2}
    assert refused.value.retry_after_s == 10
    assert len(world.videos.asked) == 2


async def test_sessions_that_ended_and_those_of_others_do_not_count(world: UploadWorld) -> None:
    world.policy = replace(world.policy, open_sessions_max=1)
    world.add(status=Status.COMPLETED, owner_id=OWNER)
    world.add(owner_id=uuid4())

    opened = await open_session(command(), world.deps())

    assert opened.status is Status.INITIATED


async def test_announced_bytes_are_bounded_inclusively(world: UploadWorld) -> None:
    world.policy = replace(world.policy, bytes_in_flight_max=3 * MIB)
    await open_session(command(size_bytes=2 * MIB), world.deps())

    with pytest.raises(TooManyBytesInFlight) as refused:
        await open_session(command(size_bytes=MIB + 1), world.deps())
    fitting = await open_session(command(size_bytes=MIB), world.deps())

    assert refused.value.extra == {"limitBytes": 3 * MIB, "bytesInFlight": 2 * MIB}
    assert fitting.is_open


async def test_limits_of_zero_are_none(world: UploadWorld) -> None:
    world.policy = replace(world.policy, open_sessions_max=0, bytes_in_flight_max=0)

    sessions = [await open_session(command(), world.deps()) for _ in range(3)]

    assert all(session.is_open for session in sessions)


async def test_a_repeat_with_the_same_id_finds_the_session(world: UploadWorld) -> None:
    wanted = command(uuid4())

    first = await open_session(wanted, world.deps())
    again = await open_session(wanted, world.deps())

    assert (first.id, again) == (wanted.session_id, first)
    assert len(world.store.uploads) == 1


async def test_a_repeat_after_a_failure_opens_another(world: UploadWorld) -> None:
    wanted = command(uuid4())
    first = await open_session(wanted, world.deps())
    failed = replace(first, status=Status.FAILED, provider_upload_id=None)
    world.database.sessions[first.id] = failed

    again = await open_session(wanted, world.deps())

    assert again.id != first.id
    assert again.is_open


async def test_another_request_while_the_reservation_is_young_is_told_of_it(
    world: UploadWorld,
) -> None:
    wanted = command(uuid4())
    first = await open_session(wanted, world.deps())
    world.database.sessions[first.id] = replace(first, provider_upload_id=None)

    with pytest.raises(UploadSessionActive):
        await open_session(replace(wanted, session_id=uuid4()), world.deps())


async def test_only_old_uploads_of_sources_that_nobody_knows_are_aborted(
    world: UploadWorld,
) -> None:
    known = world.add()
    store, source = world.store, f"videos/{uuid4()}/source.mov"
    stray = await store.create(source, "video/quicktime", None)
    segment = await store.create(f"videos/{uuid4()}/hls/a.m4s", "video/mp4", None)
    world.wait(timedelta(minutes=61))
    young = await store.create(source, "video/quicktime", None)

    aborted = await abort_strays(world.deps())

    assert aborted == 1
    assert stray not in store.uploads
    assert {segment, young, known.provider_upload_id} <= store.uploads.keys()


async def test_a_round_is_bounded_and_the_next_one_goes_on(world: UploadWorld) -> None:
    world.policy = replace(world.policy, stray_listing=5, stray_batch=2)
    for _ in range(8):
        await world.store.create(f"videos/{uuid4()}/source.mp4", "video/mp4", None)
    world.wait(timedelta(hours=2))

    rounds = [await abort_strays(world.deps()) for _ in range(40)]

    assert max(rounds) == 2
    assert sum(rounds) == 8
