"""Keyset paging: newest first, by (created_at, id)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from video_service.domain.video import Video

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 100


@dataclass(frozen=True, slots=True)
class Position:
    """The place right after the video with this key; both parts are needed, times may be equal."""

    created_at: datetime
    id: UUID


NEWEST: Final = Position(datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))
"""Before every video."""


@dataclass(frozen=True, slots=True)
class Page:
    """Up to `limit` videos; `after` is where the next page starts, None on the last one."""

    videos: tuple[Video, ...]
    after: Position | None

    @classmethod
    def of(cls, videos: tuple[Video, ...], limit: int) -> "Page":
        """Cut a page out of up to `limit` + 1 videos: the one too many tells of a next page."""
        kept = videos[:limit]
        more = len(videos) > limit
        return cls(kept, Position(kept[-1].created_at, kept[-1].id) if more else None)
