"""What was deleted of a video, and when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from video_service.domain.lifecycle import VideoStatus


class DeletionReason(StrEnum):
    """Why a video is gone."""

    OWNER = "OWNER"
    DRAFT_EXPIRED = "DRAFT_EXPIRED"


class PurgedPart(StrEnum):
    """SOURCE is upload-service's (and its sessions), HLS transcode-service's, the rest ours."""

    SOURCE = "SOURCE"
    HLS = "HLS"
    CDN = "CDN"
    ROWS = "ROWS"


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeLine:
    """One purge; `is_last` when its owner will find nothing more.

    `objects` are stored objects of SOURCE and HLS, invalidated paths of CDN, rows of ROWS.
    `reference` tells two lines of a part apart: the message it came by, or the CDN's own id.
    """

    video_id: UUID
    part: PurgedPart
    objects: int
    size_bytes: int
    is_last: bool
    reference: str
    purged_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeReceipt:
    """Opened when a video is deleted; `status` is what it was then. Kept when its rows are gone.

    `lines` are in the order in which they came.
    """

    video_id: UUID
    owner_id: UUID
    status: VideoStatus
    reason: DeletionReason
    deleted_at: datetime
    lines: tuple[PurgeLine, ...] = ()

    @property
    def missing(self) -> tuple[PurgedPart, ...]:
        """Parts whose owner has not said yet that it is done."""
        owed = [part for part in (PurgedPart.SOURCE, PurgedPart.HLS) if not self._is_done(part)]
        if any(map(_is_hls, self.lines)) and not self._is_cache_clean():
            owed.append(PurgedPart.CDN)
        return tuple(owed)

    @property
    def is_complete(self) -> bool:
        return not self.missing

    def _is_done(self, part: PurgedPart) -> bool:
        return any(line.part is part and line.is_last for line in self.lines)

    def _is_cache_clean(self) -> bool:
        """Tell whether the CDN forgot the video after the last of its objects was deleted."""
        parts = [line.part for line in self.lines if line.part is PurgedPart.CDN or _is_hls(line)]
        return parts[-1] is PurgedPart.CDN


def _is_hls(line: PurgeLine) -> bool:
    return line.part is PurgedPart.HLS and line.objects > 0
