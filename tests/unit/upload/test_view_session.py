from uuid import uuid4

import pytest

from reel_testing.upload.builders import MIB
from reel_testing.upload.world import UploadWorld
from upload_service.domain.errors import StoreUnavailable, UploadNotFound
from upload_service.domain.lifecycle import Status
from upload_service.domain.session import Failure
from upload_service.usecases.view_session import view_session


async def test_progress_is_what_the_store_has(world: UploadWorld) -> None:
    session = world.add(status=Status.PAUSED)
    etag = world.store.put(session.provider_upload_id or "", 2, b"x" * 3 * MIB)

    view = await view_session(session.id, session.owner_id, world.deps())

    assert view.bytes_uploaded == 3 * MIB
    assert [(part.number, part.etag) for part in view.parts] == [(2, etag)]


async def test_new_progress_is_remembered_and_counts_as_activity(world: UploadWorld) -> None:
    session = world.add()
    world.store.put(session.provider_upload_id or "", 1, b"x" * 5 * MIB)
    world.wait(world.policy.session_ttl / 2)

    await view_session(session.id, session.owner_id, world.deps())

    stored = world.session(session.id)
    assert (stored.bytes_uploaded, stored.updated_at) == (5 * MIB, world.now)


async def test_looking_alone_writes_nothing(world: UploadWorld) -> None:
    session = world.add()
    world.wait(world.policy.session_ttl / 2)

    await view_session(session.id, session.owner_id, world.deps())

    assert world.session(session.id) == session


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.CANCELED])
async def test_an_ended_session_is_shown_without_asking_the_store(
    world: UploadWorld, status: Status
) -> None:
    session = world.add(status=status, bytes_uploaded=7)
    world.store.down = True

    view = await view_session(session.id, session.owner_id, world.deps())

    assert (view.bytes_uploaded, view.parts) == (7, ())


async def test_a_live_session_whose_upload_is_lost_is_shown_as_failed(world: UploadWorld) -> None:
    session = world.add()
    world.store.uploads.clear()

    view = await view_session(session.id, session.owner_id, world.deps())

    assert (view.session.status, view.session.fail_reason) == (
        Status.FAILED,
        Failure.PROVIDER_ERROR,
    )


async def test_a_store_that_is_down_is_no_reason_to_invent_progress(world: UploadWorld) -> None:
    session = world.add()
    world.store.down = True

    with pytest.raises(StoreUnavailable):
        await view_session(session.id, session.owner_id, world.deps())


async def test_a_stranger_sees_nothing(world: UploadWorld) -> None:
    session = world.add()

    with pytest.raises(UploadNotFound):
        await view_session(session.id, uuid4(), world.deps())


async def test_a_session_that_was_never_opened_is_shown_as_failed_after_its_grace(
    world: UploadWorld,
) -> None:
    crashed = world.add(status=Status.INITIATED, provider_upload_id=None)
    early = await view_session(crashed.id, crashed.owner_id, world.deps())
    world.wait(world.policy.opening_grace)

    late = await view_session(crashed.id, crashed.owner_id, world.deps())

    assert early.session.status is Status.INITIATED
    assert late.session.status is Status.FAILED
    assert world.session(crashed.id).fail_reason is Failure.NEVER_OPENED
    assert not world.database.news
