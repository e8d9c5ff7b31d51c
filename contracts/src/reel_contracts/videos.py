"""HTTP contract of video-service (spec 2.1)."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from reel_contracts.base import Instant, Message, Mime, Request, SizeBytes
from reel_contracts.webhooks import TranscodePhase

Title = Annotated[str, Meta(min_length=1, max_length=200)]
Description = Annotated[str, Meta(max_length=5000)]


class VideoStatus(StrEnum):
    """Spec 1.1; the only status a client shows."""

    DRAFT = "DRAFT"
    UPLOADING = "UPLOADING"
    UPLOADED = "UPLOADED"
    TRANSCODING = "TRANSCODING"
    READY = "READY"
    FAILED = "FAILED"


class CreateVideo(Request, frozen=True, kw_only=True):
    title: Title
    description: Description | None = None
    source_mime: Mime
    source_size_bytes: SizeBytes


class UpdateVideo(Request, frozen=True, kw_only=True):
    """Only the members present are changed; `description: null` clears it."""

    title: Title | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET


class Source(Message, frozen=True, kw_only=True):
    mime: str
    size_bytes: int


class CreatedVideo(Message, frozen=True, kw_only=True):
    """Answer to `POST /api/videos`."""

    id: UUID
    owner_id: UUID
    title: str
    description: str | None
    source: Source
    status: VideoStatus
    created_at: Instant
    updated_at: Instant


class Playback(Message, frozen=True, kw_only=True):
    """`streamUrl` is the CDN's master playlist, and null in every state but READY."""

    ready: bool
    stream_url: str | None


class ProgressView(Message, frozen=True, kw_only=True):
    """How far the transcode is, as last heard; it may stand still, and starts again in a retry.

    `etaSeconds` is an estimate made at that moment, null until there is one.
    """

    percent: Annotated[int, Meta(ge=0, le=100)]
    eta_seconds: float | None
    phase: TranscodePhase


class VideoView(Message, frozen=True, kw_only=True):
    """Answer to `GET /api/videos/{videoId}`.

    `posterUrl`, `storyboardUrl`, `durationSeconds`, `width` and `height` (as displayed, in
    pixels) are known once the video is READY, and null before. The storyboard is a WebVTT file
    whose cues name a still each (`storyboard/0001.jpg#xywh=…`, relative to it), for previews
    while seeking; a video made before there were any has none. `progress` is null in every state
    but TRANSCODING, and there too until a worker has told of any.
    """

    id: UUID
    owner_id: UUID
    title: str
    description: str | None
    status: VideoStatus
    fail_reason: str | None
    playback: Playback
    poster_url: str | None
    storyboard_url: str | None = None
    duration_seconds: float | None
    width: int | None
    height: int | None
    created_at: Instant
    updated_at: Instant
    progress: ProgressView | None = None


class VideoSummary(Message, frozen=True, kw_only=True):
    id: UUID
    title: str
    description: str | None
    status: VideoStatus
    created_at: Instant
    updated_at: Instant


class VideoPage(Message, frozen=True, kw_only=True):
    """Newest first; `nextCursor` is opaque, and null on the last page."""

    items: list[VideoSummary]
    next_cursor: str | None


class UpdatedVideo(Message, frozen=True, kw_only=True):
    """Answer to `PATCH /api/videos/{videoId}`."""

    id: UUID
    title: str
    description: str | None
    status: VideoStatus
    updated_at: Instant
