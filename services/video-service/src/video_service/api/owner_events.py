"""`GET /api/videos/events`: one stream for all videos of the caller."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Final, Literal
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.response import ServerSentEventMessage, Stream

from reel_http.request import ServiceRequest
from video_service.api.edge import Edge
from video_service.api.events import EVENT_STREAM, LIFETIME_S, RETRY_MS, LastEventId
from video_service.api.views import video_view
from video_service.usecases.follow_owner import News, follow_owner


class OwnerEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a stream, by its fields.

    `data` is empty in `open`, which comes first; `{"id": …}` in `deleted`; else what `getVideo`
    answers.
    """

    event: Literal["open", "status", "progress", "deleted"]
    id: str
    data: str


EVENTS: Final = ResponseSpec(
    OwnerEvent,
    media_type=EVENT_STREAM,
    generate_examples=False,
    description="A stream of events; the schema is that of each.",
)


@get(
    "/api/videos/events",
    operation_id="followVideos",
    tags=["videos"],
    responses={200: EVENTS},
)
async def owner_events(
    request: ServiceRequest, edge: NamedDependency[Edge], last_event_id: LastEventId = None
) -> Stream:
    """Follow all of the caller's videos: the unfinished ones at once, then whatever changes.

    A client that comes again with `Last-Event-ID` gets what changed since, at most the 100 latest,
    and maybe some of it twice; each event holds the whole video as it is now.
    """
    lines = _lines(request.user.id, edge, _time_of(last_event_id))
    return Stream(lines, media_type=EVENT_STREAM, headers={"Cache-Control": "no-store"})


async def _lines(owner_id: UUID, edge: Edge, since: datetime | None) -> AsyncGenerator[bytes]:
    ends_at = asyncio.get_running_loop().time() + LIFETIME_S
    yield ServerSentEventMessage(
        data="", event="open", id=_id(edge.deps.now()), retry=RETRY_MS
    ).encode()
    async with aclosing(follow_owner(owner_id, edge.deps, since=since)) as following:
        async for news in following:
            yield b":\n\n" if news is None else _event(news, edge)
            if asyncio.get_running_loop().time() > ends_at:
                return


def _event(news: News, edge: Edge) -> bytes:
    details, known = news
    at = _id(edge.deps.now())
    if details.video.deleted_at is not None:
        data = msgspec.json.encode({"id": details.video.id})
        return ServerSentEventMessage(event="deleted", id=at, data=data).encode()
    is_progress = known is not None and known[0] == details.video.version
    return ServerSentEventMessage(
        event="progress" if is_progress else "status",
        id=at,
        data=msgspec.json.encode(video_view(details, edge)),
    ).encode()


def _id(now: datetime) -> str:
    """Return a time in ms since 1970: what happened before it has been told."""
    return f"{now.timestamp() * 1000:.0f}"


def _time_of(last_event_id: str | None) -> datetime | None:
    """Read an id of ours; any other is as good as none."""
    if re.fullmatch(r"[0-9]{1,14}", last_event_id or "") is None:
        return None
    return datetime.fromtimestamp(int(last_event_id or 0) / 1000, UTC)
