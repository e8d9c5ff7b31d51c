"""Polling goes a short way: it says what the long one says, and as truly."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import httpx
import pytest

from reel_http.auth import Owner
from reel_testing.video_service import CDN, VideoService
from video_service.adapters.polled_videos import polled_videos
from video_service.api.edge import Edge
from video_service.api.polling import ROUTE, Polling

STATES = ["DRAFT", "UPLOADING", "UPLOADED", "TRANSCODING", "READY", "FAILED"]
Headers = dict[str, str]


@pytest.fixture
async def polling(service: VideoService) -> AsyncGenerator[Polling]:
    async with polled_videos(service.pool) as videos:
        yield Polling(Edge.of(service.deps, CDN), videos)


@pytest.fixture
async def header(service: VideoService, owner: UUID) -> Headers:
    """One token for all requests of a test, known to the app already."""
    header = service.tokens.header(owner)
    await service.http.get("/api/videos", headers=header)
    return header


def conditions(tag: str) -> list[str | None]:
    return [None, tag, f"W/{tag}", f'"other", {tag}', "*", '"other"', "no tag", ""]


@pytest.mark.parametrize("status", STATES)
async def test_both_ways_give_the_same_answer(
    service: VideoService, owner: UUID, polling: Polling, status: str
) -> None:
    video_id = await service.given(owner, status)
    if status == "TRANSCODING":
        await service.progress_says(video_id)
    tag = (await service.call(owner, "GET", f"/{video_id}")).headers["etag"]

    for condition in conditions(tag):
        given = {} if condition is None else {"If-None-Match": condition}
        long = await service.call(owner, "GET", f"/{video_id}", headers=given)
        short = await polling.answer(Owner(owner), UUID(video_id), condition)

        assert short is not None
        assert (short.status, short.body) == (long.status_code, long.content), condition
        said = {name.decode(): value.decode() for name, value in short.headers}
        assert said == _without_id(long), condition


async def test_a_poller_sees_every_change_at_once(
    service: VideoService, owner: UUID, header: Headers
) -> None:
    video_id = await service.given(owner, "UPLOADED")
    tag = (await _poll(service, video_id, header)).headers["etag"]
    assert (await _poll(service, video_id, header, tag)).status_code == 304

    await service.enqueue(video_id)
    transcoding = await _poll(service, video_id, header, tag)
    assert transcoding.json()["status"] == "TRANSCODING"

    await service.progress_says(video_id, fraction=0.25)
    progressed = await _poll(service, video_id, header, transcoding.headers["etag"])
    assert progressed.json()["progress"]["percent"] == 25

    await service.call(owner, "DELETE", f"/{video_id}")
    gone = await _poll(service, video_id, header, progressed.headers["etag"])
    assert (gone.status_code, gone.json()["code"]) == (404, "video-not-found")


async def test_many_pollers_at_once_each_get_their_own(service: VideoService) -> None:
    owners = [uuid4() for _ in range(20)]
    videos = {owner: await service.create(owner, title=str(owner)) for owner in owners}
    headers = {owner: service.tokens.header(owner) for owner in owners}
    for owner in owners:
        await service.http.get("/api/videos", headers=headers[owner])

    async with asyncio.TaskGroup() as group:
        polls = {
            owner: group.create_task(_poll(service, videos[owner]["id"], headers[owner]))
            for owner in owners
        }

    titles = {owner: poll.result().json()["title"] for owner, poll in polls.items()}
    assert titles == {owner: str(owner) for owner in owners}


async def test_what_is_anothers_is_not_found(service: VideoService, header: Headers) -> None:
    video_id = (await service.create(uuid4()))["id"]
    tag = '"1-00000000"'

    plain = await _poll(service, video_id, header)
    conditional = await _poll(service, video_id, header, tag)
    any_tag = await _poll(service, video_id, header, "*")

    for answer in (plain, conditional, any_tag):
        assert (answer.status_code, answer.json()["code"]) == (404, "video-not-found")


async def test_both_ways_are_one_route_to_the_metrics(
    service: VideoService, owner: UUID, header: Headers
) -> None:
    video_id = (await service.create(owner))["id"]
    before = await _counted(service)

    await service.call(owner, "GET", f"/{video_id}")
    await _poll(service, video_id, header)

    assert await _counted(service) == before + 2


async def _poll(
    service: VideoService, video_id: str, header: Headers, tag: str | None = None
) -> httpx.Response:
    given = {} if tag is None else {"If-None-Match": tag}
    return await service.http.get(f"/api/videos/{video_id}", headers={**header, **given})


async def _counted(service: VideoService) -> float:
    text = (await service.http.get("/metrics")).text
    name = f'reel_http_requests_total{{method="GET",route="{ROUTE}",status="200"}} '
    return sum(float(line.removeprefix(name)) for line in text.splitlines() if name in line)


def _without_id(response: httpx.Response) -> Headers:
    return {name: value for name, value in response.headers.items() if name != "x-request-id"}
