"""One stream for all of an owner's videos, and clients that do not read."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from structlog.testing import capture_logs

from reel_http.serve import serve
from reel_testing.plugin import NewDatabase
from reel_testing.video_service import VideoService, film_of, video_service
from reel_testing.waiting import until

Event = tuple[str, str, Any]
Service = tuple[VideoService, httpx.AsyncClient, int]


@pytest.fixture
async def served(new_database: NewDatabase) -> AsyncGenerator[Service]:
    stop = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    async with (
        video_service(await new_database("video"), stop=stop, slow_client_s=0.3) as service,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(serve(service.app, host="127.0.0.1", port=port, stop=stop, grace_s=5))

        async def answers() -> bool:
            try:
                return (await http.get("/healthz")).is_success
            except httpx.ConnectError:
                return False

        await until(answers)
        yield service, http, port
        stop.set()


@asynccontextmanager
async def following(
    served: Service, owner: UUID, last_event_id: str | None = None
) -> AsyncGenerator[AsyncGenerator[Event]]:
    service, http, _ = served
    headers = dict(service.tokens.header(owner))
    if last_event_id is not None:
        headers["last-event-id"] = last_event_id
    async with (
        asyncio.timeout(30),
        http.stream("GET", "/api/videos/events", headers=headers) as response,
    ):
        assert response.status_code == 200
        yield events_of(response)


async def events_of(response: httpx.Response) -> AsyncGenerator[Event]:
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        name, _, value = line.partition(": ")
        if name:
            fields[name] = value
        elif fields.get("data"):
            yield fields["event"], fields["id"], msgspec.json.decode(fields["data"])
            fields = {}
        elif "event" in fields:
            yield fields["event"], fields["id"], None
            fields = {}


async def test_an_owner_sees_all_videos_move_and_nobody_else_s(
    served: Service, owner: UUID
) -> None:
    service = served[0]
    moving = await service.given(owner, "TRANSCODING")
    await service.given(owner, "READY")

    async with following(served, owner) as events:
        opened, first = await anext(events), await anext(events)
        await service.given(uuid4(), "DRAFT")
        await service.progress_says(moving, fraction=0.25)
        second = await anext(events)
        await service.transcode_says(videoId=moving, status="READY", **film_of(moving))
        third = await anext(events)
        created = (await service.create(owner))["id"]
        fourth = await anext(events)
        await service.call(owner, "DELETE", f"/{created}")
        fifth = await anext(events)

    assert opened[0] == "open"
    assert (first[0], first[2]["id"], first[2]["status"]) == ("status", moving, "TRANSCODING")
    assert (second[0], second[2]["progress"]["percent"]) == ("progress", 25)
    assert (third[0], third[2]["status"]) == ("status", "READY")
    assert (fourth[2]["id"], fourth[2]["status"]) == (created, "DRAFT")
    assert (fifth[0], fifth[2]) == ("deleted", {"id": created})


async def test_who_comes_again_is_told_what_was_missed(served: Service, owner: UUID) -> None:
    service = served[0]
    video_id = await service.given(owner, "TRANSCODING")
    async with following(served, owner) as events:
        await anext(events)
        _, left_at, _ = await anext(events)
    await service.transcode_says(videoId=video_id, status="READY", **film_of(video_id))

    async with following(served, owner, left_at) as events:
        await anext(events)
        name, _, view = await anext(events)

    assert (name, view["id"], view["status"]) == ("status", video_id, "READY")


async def test_a_client_that_never_reads_is_dropped_and_others_go_on(
    served: Service, owner: UUID
) -> None:
    service, _, port = served
    video_id = await service.given(owner, "TRANSCODING")
    long = {"description": "x" * 5000}
    token = service.tokens.header(owner)
    head = "".join(f"{name}: {value}\r\n" for name, value in token.items())
    request = f"GET /api/videos/events HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode()

    with capture_logs() as logs, socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await asyncio.to_thread(deaf.connect, ("127.0.0.1", port))
        await asyncio.to_thread(deaf.sendall, request)
        async with following(served, owner) as events, asyncio.timeout(60):
            await anext(events)
            edits = 0
            while not any(entry["event"] == "slow_client_dropped" for entry in logs):
                edits += 1
                body = {**long, "title": f"Tour {edits}"}
                await service.call(owner, "PATCH", f"/{video_id}", json=body)
                await asyncio.sleep(0)
            _, _, view = await anext(events)
            while view["title"] != f"Tour {edits}":
                _, _, view = await anext(events)

    assert view["title"] == f"Tour {edits}"
