"""The event stream, over a socket: what a browser's EventSource would see."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from reel_http.serve import serve
from reel_testing.plugin import NewDatabase
from reel_testing.video_service import VideoService, film_of, video_service
from reel_testing.waiting import until

FOLLOWERS = 30


@dataclass
class Event:
    name: str
    id: str
    view: dict[str, Any]


@dataclass(frozen=True)
class Served:
    """The app on a port of its own; `stop` is what SIGTERM sets."""

    service: VideoService
    stop: asyncio.Event
    http: httpx.AsyncClient

    @asynccontextmanager
    async def following(
        self, owner: UUID, video_id: str, last_event_id: str | None = None
    ) -> AsyncGenerator[AsyncGenerator[Event]]:
        headers = dict(self.service.tokens.header(owner))
        if last_event_id is not None:
            headers["last-event-id"] = last_event_id
        path = f"/api/videos/{video_id}/events"
        async with asyncio.timeout(30), self.http.stream("GET", path, headers=headers) as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            yield events_of(response)


async def events_of(response: httpx.Response) -> AsyncGenerator[Event]:
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        name, _, value = line.partition(": ")
        if name:
            fields[name] = value
        elif "data" in fields:
            yield Event(fields["event"], fields["id"], msgspec.json.decode(fields["data"]))
            fields = {}


@pytest.fixture
async def served(new_database: NewDatabase) -> AsyncGenerator[Served]:
    stop = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    async with (
        video_service(await new_database("video"), stop=stop) as service,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(serve(service.app, host="127.0.0.1", port=port, stop=stop, grace_s=5))
        await until(lambda: answers(http))
        yield Served(service, stop, http)
        stop.set()


async def answers(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/healthz")).is_success
    except httpx.ConnectError:
        return False


async def test_a_follower_sees_every_step_and_the_end(served: Served, owner: UUID) -> None:
    service = served.service
    video_id = await service.given(owner, "UPLOADED")

    async with served.following(owner, video_id) as events:
        first = await anext(events)
        await service.enqueue(video_id)
        second = await anext(events)
        await service.progress_says(video_id, fraction=0.25)
        third = await anext(events)
        polled = await service.get(owner, video_id)
        await service.transcode_says(videoId=video_id, status="READY", **film_of(video_id))
        fourth = await anext(events)
        rest = [event async for event in events]

    seen = [first, second, third, fourth]
    assert [(e.name, e.view["status"]) for e in seen] == [
        ("status", "UPLOADED"),
        ("status", "TRANSCODING"),
        ("progress", "TRANSCODING"),
        ("status", "READY"),
    ]
    assert third.view == polled
    assert third.view["progress"]["percent"] == 25
    assert fourth.view == await service.get(owner, video_id)
    assert rest == []
    assert len({event.id for event in seen}) == 4


async def test_who_comes_again_gets_the_present_if_it_moved(served: Served, owner: UUID) -> None:
    service = served.service
    video_id = await service.given(owner, "TRANSCODING")
    async with served.following(owner, video_id) as events:
        left_at = await anext(events)
    await service.progress_says(video_id, fraction=0.1)
    await service.progress_says(video_id, fraction=0.6)

    async with served.following(owner, video_id, left_at.id) as events:
        moved = await anext(events)

    async with served.following(owner, video_id, moved.id) as events:
        await service.call(owner, "PATCH", f"/{video_id}", json={"title": "Sold"})
        renamed = await anext(events)

    assert (moved.name, moved.view["progress"]["percent"]) == ("progress", 60)
    assert (renamed.name, renamed.view["title"]) == ("status", "Sold")


async def test_who_has_seen_the_end_is_told_to_stay_away(served: Served, owner: UUID) -> None:
    video_id = await served.service.given(owner, "READY")
    async with served.following(owner, video_id) as events:
        [last] = [event async for event in events]

    again = await served.http.get(
        f"/api/videos/{video_id}/events",
        headers={**served.service.tokens.header(owner), "last-event-id": last.id},
    )

    assert (again.status_code, again.content) == (204, b"")


async def test_only_the_owner_may_follow(served: Served, owner: UUID) -> None:
    video_id = await served.service.given(owner, "TRANSCODING")
    path, tokens = f"/api/videos/{video_id}/events", served.service.tokens

    foreign = await served.http.get(path, headers=tokens.header(uuid4()))
    unknown = await served.http.get(f"/api/videos/{uuid4()}/events", headers=tokens.header(owner))
    nobody = await served.http.get(path)

    assert [one.status_code for one in (foreign, unknown, nobody)] == [404, 404, 401]
    assert foreign.json()["code"] == "video-not-found"


async def test_many_followers_share_one_connection(served: Served, owner: UUID) -> None:
    service = served.service
    video_id = await service.given(owner, "TRANSCODING")

    async def follow() -> list[str]:
        async with served.following(owner, video_id) as events:
            first = await anext(events)
            arrived.append(first.id)
            return [event.view["status"] async for event in events]

    arrived: list[str] = []
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(follow()) for _ in range(FOLLOWERS)]
        await until(lambda: len(arrived) == FOLLOWERS)
        listening = await service.pool.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query ILIKE 'LISTEN%'"
        )
        await service.transcode_says(
            videoId=video_id, status="FAILED", failReason="TRANSCODE_ERROR"
        )

    assert listening == 1
    assert [task.result() for task in tasks] == [["FAILED"]] * FOLLOWERS


async def test_a_stop_ends_the_streams_at_once(served: Served, owner: UUID) -> None:
    video_id = await served.service.given(owner, "TRANSCODING")

    async with served.following(owner, video_id) as events:
        await anext(events)
        served.stop.set()
        async with asyncio.timeout(3):
            rest = [event async for event in events]

    assert rest == []


async def test_a_lost_connection_to_the_database_loses_no_change(
    served: Served, owner: UUID
) -> None:
    service = served.service
    video_id = await service.given(owner, "TRANSCODING")

    async with served.following(owner, video_id) as events:
        await anext(events)
        await service.pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query ILIKE 'LISTEN%'"
        )
        await service.progress_says(video_id, fraction=0.5)
        event = await anext(events)

    assert event.view["progress"]["percent"] == 50
