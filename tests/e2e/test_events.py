"""Following a video through the public gateway, as the app does."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from reel_client import ReelClient
from reel_stack import sources
from reel_testing.phone import Json, Phone
from reel_testing.stack import RunningStack

WITHIN_S = 120
STEPS = ("UPLOADING", "UPLOADED", "TRANSCODING", "READY")
"""After `complete`, whose news travels to video-service by an outbox."""


@asynccontextmanager
async def following(
    app: Phone, video_id: str, last_event_id: str = ""
) -> AsyncGenerator[AsyncGenerator[tuple[str, str, Json]]]:
    headers = {"last-event-id": last_event_id} if last_event_id else {}
    path = f"/api/videos/{video_id}/events"
    async with asyncio.timeout(WITHIN_S), app.http.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200
        yield _events(answer)


async def _events(answer: httpx.Response) -> AsyncGenerator[tuple[str, str, Json]]:
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if name:
            fields[name] = value
        elif "data" in fields:
            yield fields["event"], fields["id"], json.loads(fields["data"])
            fields = {}


@pytest.fixture(scope="session")
async def longer_clip(clips: Path) -> Path:
    """A film that takes a worker some reports' time."""
    path = clips / "longer.mp4"
    await asyncio.to_thread(sources.make, "mp4", path, seconds=20)
    return path


async def test_an_upload_can_be_followed_to_the_stream(app: Phone, longer_clip: Path) -> None:
    video_id = await app.send(longer_clip)

    async with following(app, video_id) as events:
        seen = [(name, view["status"], view["progress"]) async for name, _, view in events]

    statuses = [status for name, status, _ in seen if name == "status"]
    percents = [progress["percent"] for name, _, progress in seen if name == "progress"]
    assert seen[-1] == ("status", "READY", None), seen
    assert statuses == [*STEPS[STEPS.index(statuses[0]) :]]
    assert percents, "a worker tells how far it is"
    assert percents == sorted(set(percents))


async def test_events_are_not_held_back_on_the_way(app: Phone) -> None:
    video = await app.create(mime="video/mp4", size_bytes=1000)

    async with following(app, video["id"]) as events:
        _, first_id, first = await anext(events)
        await app.call("PATCH", f"/api/videos/{video['id']}", expect=200, json={"title": "Sold"})
        async with asyncio.timeout(5):
            _, second_id, second = await anext(events)
    async with following(app, video["id"], first_id) as events:
        _, again_id, again = await anext(events)

    assert (first["title"], second["title"]) == ("Tour", "Sold")
    assert (again_id, again) == (second_id, second)


async def test_the_client_watches_by_events(
    stack: RunningStack, short_clip: Path, tmp_path: Path
) -> None:
    token = stack.token(uuid4())

    async with (
        asyncio.timeout(WITHIN_S),
        httpx.AsyncClient() as http,
        ReelClient(stack.gateway_url, token, http, state_dir=tmp_path) as reel,
    ):
        asked: list[str] = []

        async def note(request: httpx.Request) -> None:
            asked.append(request.url.path)

        uploaded = await reel.upload(short_clip)
        http.event_hooks = {"request": [note]}
        views = [view async for view in reel.watch(uploaded.video_id)]

    assert views[-1].status == "READY"
    assert set(asked) == {f"/api/videos/{uploaded.video_id}/events"}


async def test_the_gateway_does_not_lead_to_the_progress_webhook(app: Phone) -> None:
    problem = await app.call("POST", "/api/webhooks/progress", expect=404, json={})

    assert problem["code"] == "not-found"
