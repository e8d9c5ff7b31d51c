from uuid import uuid4

import pytest

from reel_kernel.errors import InvalidRequest, InvalidTransition
from reel_testing.upload.builders import MIB
from reel_testing.upload.world import UploadWorld
from upload_service.domain.errors import UploadNotFound, UploadNotReady
from upload_service.domain.lifecycle import Status
from upload_service.usecases.part_urls import part_urls


async def test_the_first_url_starts_the_upload(world: UploadWorld) -> None:
    session = world.add(status=Status.INITIATED)

    [url] = await part_urls(session.id, session.owner_id, [1], world.deps())

    assert url.number == 1
    assert world.session(session.id).status is Status.IN_PROGRESS


async def test_each_url_is_signed_for_exactly_its_part(world: UploadWorld) -> None:
    session = world.add()

    first, last = await part_urls(session.id, session.owner_id, [1, 2], world.deps())

    assert first.url.endswith(f"part=1&length={5 * MIB}")
    assert last.url.endswith(f"part=2&length={3 * MIB}")


async def test_a_number_asked_for_twice_is_answered_once(world: UploadWorld) -> None:
    session = world.add()

    urls = await part_urls(session.id, session.owner_id, [2, 1, 2], world.deps())

    assert [url.number for url in urls] == [2, 1]


async def test_asking_for_a_url_is_activity(world: UploadWorld) -> None:
    session = world.add()
    world.wait(world.policy.session_ttl / 2)

    await part_urls(session.id, session.owner_id, [1], world.deps())

    assert world.session(session.id).updated_at == world.now


@pytest.mark.parametrize(
    "status", [Status.PAUSED, Status.COMPLETED, Status.FAILED, Status.CANCELED]
)
async def test_only_a_running_session_gets_part_urls(world: UploadWorld, status: Status) -> None:
    session = world.add(status=status)

    with pytest.raises(InvalidTransition):
        await part_urls(session.id, session.owner_id, [1], world.deps())


@pytest.mark.parametrize(
    ("numbers", "fields"),
    [([3], ["partNumber"]), ([1, 3, 9], ["partNumbers[1]", "partNumbers[2]"])],
)
async def test_a_part_beyond_the_plan_is_refused(
    world: UploadWorld, numbers: list[int], fields: list[str]
) -> None:
    session = world.add(status=Status.INITIATED)

    with pytest.raises(InvalidRequest) as refused:
        await part_urls(session.id, session.owner_id, numbers, world.deps())

    assert [error.field for error in refused.value.errors] == fields
    assert world.session(session.id).status is Status.INITIATED


async def test_a_session_that_is_still_being_opened_has_no_urls_yet(world: UploadWorld) -> None:
    session = world.add(status=Status.INITIATED, provider_upload_id=None)

    with pytest.raises(UploadNotReady):
        await part_urls(session.id, session.owner_id, [1], world.deps())


async def test_a_stranger_gets_no_url(world: UploadWorld) -> None:
    session = world.add()

    with pytest.raises(UploadNotFound):
        await part_urls(session.id, uuid4(), [1], world.deps())


async def test_a_session_that_was_not_opened_in_time_gets_no_urls_any_more(
    world: UploadWorld,
) -> None:
    session = world.add(status=Status.INITIATED, provider_upload_id=None)
    world.wait(world.policy.opening_grace)

    with pytest.raises(InvalidTransition) as refused:
        await part_urls(session.id, session.owner_id, [1], world.deps())

    assert refused.value.extra == {"currentStatus": "FAILED"}
