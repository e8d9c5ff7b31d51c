from collections.abc import Awaitable, Callable
from typing import TypeAlias
from uuid import UUID, uuid4

import pytest

from reel_contracts.webhooks import UploadOutcome
from reel_kernel.errors import InvalidTransition
from reel_testing.upload.world import UploadWorld
from upload_service.domain.errors import UploadNotFound, UploadNotReady
from upload_service.domain.lifecycle import Status
from upload_service.domain.session import UploadSession
from upload_service.ports import Deps
from upload_service.usecases.steer_session import cancel_upload, pause_upload, resume_upload

Steer: TypeAlias = Callable[[UUID, UUID, Deps], Awaitable[UploadSession]]

ACCEPTED: dict[tuple[Steer, Status], Status] = {
    (pause_upload, Status.IN_PROGRESS): Status.PAUSED,
    (pause_upload, Status.PAUSED): Status.PAUSED,
    (resume_upload, Status.PAUSED): Status.IN_PROGRESS,
    (resume_upload, Status.IN_PROGRESS): Status.IN_PROGRESS,
    (cancel_upload, Status.INITIATED): Status.CANCELED,
    (cancel_upload, Status.IN_PROGRESS): Status.CANCELED,
    (cancel_upload, Status.PAUSED): Status.CANCELED,
    (cancel_upload, Status.CANCELED): Status.CANCELED,
}
STEERS: tuple[Steer, ...] = (pause_upload, resume_upload, cancel_upload)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("steer", STEERS)
async def test_a_button_works_where_the_table_has_a_way(
    world: UploadWorld, steer: Steer, status: Status
) -> None:
    session = world.add(status=status)
    after = ACCEPTED.get((steer, status))

    if after is not None:
        assert (await steer(session.id, session.owner_id, world.deps())).status is after
    else:
        with pytest.raises(InvalidTransition):
            await steer(session.id, session.owner_id, world.deps())

    assert world.session(session.id).status is (after or status)


@pytest.mark.parametrize("steer", STEERS)
async def test_a_stranger_has_no_buttons(world: UploadWorld, steer: Steer) -> None:
    session = world.add()

    with pytest.raises(UploadNotFound):
        await steer(session.id, uuid4(), world.deps())


async def test_cancelling_tells_video_service_once_and_frees_the_store(world: UploadWorld) -> None:
    session = world.add(status=Status.PAUSED)

    await cancel_upload(session.id, session.owner_id, world.deps())
    await cancel_upload(session.id, session.owner_id, world.deps())

    assert [news.status for news in world.database.news] == [UploadOutcome.CANCELED]
    assert not world.store.uploads
    assert session.id in world.database.settled


async def test_a_cancel_holds_although_the_store_is_down(world: UploadWorld) -> None:
    session = world.add()
    world.store.down = True

    canceled = await cancel_upload(session.id, session.owner_id, world.deps())

    assert canceled.status is Status.CANCELED
    assert session.id not in world.database.settled


async def test_a_session_that_is_still_being_opened_cannot_be_canceled_yet(
    world: UploadWorld,
) -> None:
    session = world.add(status=Status.INITIATED, provider_upload_id=None)

    with pytest.raises(UploadNotReady):
        await cancel_upload(session.id, session.owner_id, world.deps())
