"""`GET /api/videos`: pages that neither skip nor repeat (spec 2.1)."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from reel_testing.video_service import VideoService
from video_service.adapters.video_reader import SELECT_PAGE, SELECT_PAGE_BY_STATUS
from video_service.domain.page import NEWEST

INSERT_MANY = """
INSERT INTO videos (id, owner_id, title, source_size_bytes, source_mime, created_at, updated_at)
SELECT gen_random_uuid(), $1, 'Tour', 1000, 'video/mp4', now() - n * interval '1 s', now()
  FROM generate_series(1, 5000) n
"""


async def page(service: VideoService, owner: UUID, query: str = "") -> dict[str, Any]:
    response = await service.call(owner, "GET", f"?{query}")
    assert response.status_code == 200, response.text
    return response.json()


async def walk(service: VideoService, owner: UUID, query: str) -> list[str]:
    ids: list[str] = []
    cursor = ""
    while True:
        found = await page(service, owner, query + cursor)
        ids += [item["id"] for item in found["items"]]
        if found["nextCursor"] is None:
            return ids
        cursor = f"&cursor={quote(found['nextCursor'])}"


async def some_videos(service: VideoService, owner: UUID, count: int) -> list[str]:
    return [(await service.create(owner, title=f"Tour {n}"))["id"] for n in range(count)]


async def test_an_agent_without_videos_has_one_empty_page(
    service: VideoService, owner: UUID
) -> None:
    assert await page(service, owner) == {"items": [], "nextCursor": None}


async def test_an_item_holds_what_the_spec_shows(service: VideoService, owner: UUID) -> None:
    video = await service.create(owner, description="Short")

    [item] = (await page(service, owner))["items"]

    shown = ("id", "title", "description", "status", "createdAt", "updatedAt")
    assert item == {name: video[name] for name in shown}


async def test_the_newest_comes_first_and_a_full_last_page_has_no_cursor(
    service: VideoService, owner: UUID
) -> None:
    ids = await some_videos(service, owner, 4)

    assert await walk(service, owner, "limit=2") == ids[::-1]
    assert (await page(service, owner, "limit=4"))["nextCursor"] is None


async def test_a_page_has_twenty_videos_unless_told(service: VideoService, owner: UUID) -> None:
    await some_videos(service, owner, 21)

    first = await page(service, owner)

    assert len(first["items"]) == 20
    assert first["nextCursor"] is not None


async def test_videos_created_between_two_pages_shift_nothing(
    service: VideoService, owner: UUID
) -> None:
    ids = await some_videos(service, owner, 6)

    first = await page(service, owner, "limit=2")
    newcomers = await asyncio.gather(*(service.create(owner) for _ in range(5)))
    rest = await walk(service, owner, f"limit=2&cursor={quote(first['nextCursor'])}")

    seen = [item["id"] for item in first["items"]] + rest
    assert seen == ids[::-1]
    assert not {video["id"] for video in newcomers} & set(seen)


async def test_a_video_deleted_between_two_pages_hides_no_other(
    service: VideoService, owner: UUID
) -> None:
    ids = await some_videos(service, owner, 5)
    first = await page(service, owner, "limit=2")

    await service.call(owner, "DELETE", f"/{ids[3]}")  # the one the cursor names

    rest = await walk(service, owner, f"limit=2&cursor={quote(first['nextCursor'])}")
    assert rest == [ids[2], ids[1], ids[0]]


async def test_videos_of_one_instant_and_of_one_microsecond_apart_are_told_apart(
    service: VideoService, owner: UUID
) -> None:
    ids = await some_videos(service, owner, 6)
    moment = (await service.row(ids[0]))["created_at"].replace(microsecond=123_456)
    later = moment + timedelta(microseconds=1)
    await service.pool.execute(
        "UPDATE videos SET created_at = CASE WHEN id = ANY($2) THEN $4::timestamptz ELSE $3 END"
        " WHERE owner_id = $1",
        owner,
        [UUID(video_id) for video_id in ids[:2]],
        moment,
        later,
    )

    seen = await walk(service, owner, "limit=1")

    assert seen == sorted(ids[:2], reverse=True) + sorted(ids[2:], reverse=True)


@pytest.mark.parametrize(
    "status", ["DRAFT", "UPLOADING", "UPLOADED", "TRANSCODING", "READY", "FAILED"]
)
async def test_each_status_filters(service: VideoService, owner: UUID, status: str) -> None:
    wanted = [await service.given(owner, status) for _ in range(2)]
    await service.given(owner, "READY" if status == "DRAFT" else "DRAFT")

    assert await walk(service, owner, f"status={status}&limit=1") == wanted[::-1]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("limit=1.5", "limit"),
        ("status=ready", "status"),
        ("status=GONE", "status"),
        ("cursor=", "cursor"),
        ("cursor=nonsense", "cursor"),
        ("cursor=e30%3D", "cursor"),
        ("cursor=" + "A" * 300, "cursor"),
    ],
)
async def test_a_bad_query_names_its_parameter(
    service: VideoService, owner: UUID, query: str, field: str
) -> None:
    response = await service.call(owner, "GET", f"?{query}")

    assert (response.status_code, response.json()["code"]) == (422, "validation-error")
    assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize("query", ["limit=1", "limit=100"])
async def test_the_bounds_of_the_limit_are_allowed(
    service: VideoService, owner: UUID, query: str
) -> None:
    assert (await page(service, owner, query))["items"] == []


@pytest.mark.parametrize(
    ("statement", "more", "index"),
    [
        (SELECT_PAGE, (), "videos_of_owner"),
        (SELECT_PAGE_BY_STATUS, ("READY",), "videos_of_owner_by_status"),
    ],
)
async def test_a_page_is_one_range_of_its_index_unsorted(
    service: VideoService, owner: UUID, statement: str, more: tuple[str, ...], index: str
) -> None:
    keyset = (owner, NEWEST.created_at, NEWEST.id, 21, *more)

    async with service.pool.acquire() as connection:
        never_committed = connection.transaction()
        await never_committed.start()
        await connection.execute(INSERT_MANY, owner)
        await connection.execute("ANALYZE videos")
        rows = await connection.fetch(f"EXPLAIN {statement}", *keyset)
        await never_committed.rollback()

    plan = "\n".join(row[0] for row in rows)
    assert f"using {index} " in plan
    assert "Sort" not in plan
