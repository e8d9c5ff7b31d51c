"""`Idempotency-Key` on the creation of a video, over the real database."""

import asyncio
from uuid import UUID, uuid4

import httpx
import pytest

from reel_testing.video_service import VideoService

BODY = {"title": "Tour", "sourceMime": "video/mp4", "sourceSizeBytes": 1000}


async def create(service: VideoService, owner: UUID, key: str, **changes: object) -> httpx.Response:
    headers = {"Idempotency-Key": key}
    return await service.call(owner, "POST", json=BODY | changes, headers=headers)


async def count(service: VideoService, owner: UUID) -> int:
    return await service.pool.fetchval("SELECT count(*) FROM videos WHERE owner_id = $1", owner)


async def test_a_retried_create_makes_one_video(service: VideoService, owner: UUID) -> None:
    first = await create(service, owner, '"k1"')
    again = await create(service, owner, '"k1"')

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for name in ("etag", "location", "cache-control", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["idempotency-replayed"] == "true"
    assert await count(service, owner) == 1


async def test_creates_at_once_with_one_key_make_one_video(
    service: VideoService, owner: UUID
) -> None:
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(create(service, owner, "k1")) for _ in range(8)]

    answers = [call.result() for call in calls]
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert await count(service, owner) == 1


async def test_a_crash_between_the_commit_and_the_answer_makes_no_second_video(
    service: VideoService, owner: UUID
) -> None:
    first = await create(service, owner, "k1")
    await service.pool.execute(
        """
        UPDATE idempotency_keys SET status = NULL, headers = NULL, body = NULL,
               claimed_until = now() - interval '1 second'
         WHERE owner_id = $1
        """,
        owner,
    )

    again = await create(service, owner, "k1")

    assert (again.status_code, again.json()) == (201, first.json())
    assert await count(service, owner) == 1


@pytest.mark.parametrize("changes", [{"title": "Other"}, {"sourceSizeBytes": 1001}])
async def test_a_key_is_for_one_body(
    service: VideoService, owner: UUID, changes: dict[str, object]
) -> None:
    await create(service, owner, "k1")

    refused = await create(service, owner, "k1", **changes)

    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency-key-reused")
    assert await count(service, owner) == 1


async def test_owners_do_not_meet_in_a_key(service: VideoService, owner: UUID) -> None:
    one = await create(service, owner, "k1")
    other = await create(service, uuid4(), "k1")

    assert (one.status_code, other.status_code) == (201, 201)
    assert one.json()["id"] != other.json()["id"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"title": "x" * 201}, "title"), ({"description": "x" * 5001}, "description")],
)
async def test_texts_are_bounded(
    service: VideoService, owner: UUID, changes: dict[str, object], field: str
) -> None:
    refused = await service.call(owner, "POST", json=BODY | changes)

    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == [field]


async def test_a_body_is_at_most_a_mebibyte(service: VideoService, owner: UUID) -> None:
    headers = {"Content-Type": "application/json"}
    refused = await service.call(owner, "POST", content=b" " * 1_048_577, headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (413, "body-too-large")
