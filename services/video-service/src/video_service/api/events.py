"""`GET /api/videos/{videoId}/events`: server-sent events (WHATWG HTML, section 9.2)."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, HeaderParameter
from litestar.response import ServerSentEventMessage, Stream
from msgspec import Meta
from structlog.contextvars import bind_contextvars

from reel_http.request import ServiceRequest
from video_service.api.edge import Edge
from video_service.api.views import video_view
from video_service.domain.details import Mark, VideoDetails
from video_service.usecases.follow_video import follow_video, is_final

EVENT_STREAM: Final = "text/event-stream"
LIFETIME_S: Final = 900.0
"""Then the client comes again: a token is looked at when a stream is opened, and tokens expire."""
RETRY_MS: Final = 2000
DATA: Final = {
    "contentMediaType": "application/json",
    "contentSchema": {"$ref": "#/components/schemas/VideoView"},
}

LastEventId = Annotated[
    str | None,
    HeaderParameter(
        name="Last-Event-ID", description="`id` of the last event seen: nothing older is sent."
    ),
]


class VideoEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a stream, by its fields; `data` is JSON, and what `getVideo` answers."""

    event: Literal["status", "progress"]
    id: str
    data: Annotated[str, Meta(extra_json_schema=DATA)]


EVENTS: Final = ResponseSpec(
    VideoEvent,
    media_type=EVENT_STREAM,
    generate_examples=False,
    description="A stream of events; the schema is that of each.",
)
ENDED: Final = ResponseSpec(
    None,
    generate_examples=False,
    description="`Last-Event-ID` is the last there will be: stop reconnecting.",
)


@get(
    "/api/videos/{video_id:uuid}/events",
    operation_id="followVideo",
    tags=["videos"],
    responses={HTTPStatus.OK: EVENTS, HTTPStatus.NO_CONTENT: ENDED},
)
async def events(
    request: ServiceRequest,
    video_id: FromPath[UUID],
    edge: NamedDependency[Edge],
    last_event_id: LastEventId = None,
) -> Stream | Response[str]:
    """Follow a video: its state at once, then every change, until READY or FAILED.

    A client that comes again with `Last-Event-ID` gets the present state if it has moved since,
    and nothing until it does otherwise.
    """
    bind_contextvars(video_id=str(video_id))
    seen = mark_of(last_event_id)
    details = await edge.deps.reader.find(request.user.id, video_id)
    if is_final(details) and details.mark == seen:
        return Response("", status_code=HTTPStatus.NO_CONTENT)
    return Stream(
        _lines(request.user.id, video_id, edge, seen),
        media_type=EVENT_STREAM,
        headers={"Cache-Control": "no-store"},
    )


async def _lines(
    owner_id: UUID, video_id: UUID, edge: Edge, seen: Mark | None
) -> AsyncGenerator[bytes]:
    ends_at = asyncio.get_running_loop().time() + LIFETIME_S
    yield ServerSentEventMessage(data=None, retry=RETRY_MS).encode()
    following = follow_video(owner_id, video_id, edge.deps, seen=seen)
    async with aclosing(following) as states:
        async for details in states:
            if details is None:
                yield b":\n\n"
            else:
                yield event_of(details, edge, seen)
                seen = details.mark
            if asyncio.get_running_loop().time() > ends_at:
                return


def event_of(details: VideoDetails, edge: Edge, seen: Mark | None) -> bytes:
    """Return the event that takes a client from `seen` to `details`."""
    version, revision = details.mark
    is_progress = seen is not None and seen[0] == version
    return ServerSentEventMessage(
        event="progress" if is_progress else "status",
        id=f"{version}.{revision}",
        data=msgspec.json.encode(video_view(details, edge)),
    ).encode()


def mark_of(last_event_id: str | None) -> Mark | None:
    """Read an id of ours; any other is as good as none."""
    match = re.fullmatch(r"([0-9]{1,19})\.([0-9]{1,19})", last_event_id or "")
    return (int(match[1]), int(match[2])) if match else None
