"""`GET /api/videos/{videoId}` as it is asked nearly always: by an app that polls, and with success.

It answers byte for byte what `VideoController.show` does.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from uuid import UUID

import msgspec
from structlog.contextvars import bind_contextvars

from reel_http.auth import Owner
from reel_http.shortcut import ShortAnswer, Shortcut
from video_service.api.edge import Edge
from video_service.api.views import video_view
from video_service.ports import PolledVideos

PREFIX: Final = "/api/videos/"
ROUTE: Final = "/api/videos/{video_id}"
CONTENT_TYPE: Final = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Polling:
    """Who holds the present view is told so by its mark alone; others get the view."""

    edge: Edge
    videos: PolledVideos

    def shortcut(self) -> Shortcut:
        return Shortcut(prefix=PREFIX, route=ROUTE, answer=self.answer)

    async def answer(
        self, owner: Owner, video_id: UUID, if_none_match: str | None
    ) -> ShortAnswer | None:
        """Return 200 or 304; None when the owner has no such video."""
        bind_contextvars(video_id=str(video_id))
        if if_none_match is not None:
            mark = await self.videos.mark(owner.id, video_id)
            if mark and self.edge.etags.is_known(if_none_match, *mark):
                return ShortAnswer(HTTPStatus.NOT_MODIFIED, _encoded(self.edge.validators(*mark)))
        details = await self.videos.details(owner.id, video_id)
        if details is None:
            return None
        body = msgspec.json.encode(video_view(details, self.edge))
        headers = _encoded(self.edge.validators(*details.mark))
        length = (b"content-length", str(len(body)).encode())
        return ShortAnswer(HTTPStatus.OK, (CONTENT_TYPE, *headers, length), body)


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
