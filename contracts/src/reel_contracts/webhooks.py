"""Signed internal webhooks, received by video-service (spec 2.3).

Transport: Standard Webhooks headers `webhook-id`, `webhook-timestamp`, `webhook-signature`.
"""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from reel_contracts.base import Instant, Message

Pixels = Annotated[int, Meta(ge=1, le=65_535)]
Bandwidth = Annotated[int, Meta(ge=1, le=2_147_483_647, description="Peak in bit/s.")]
Count = Annotated[int, Meta(ge=0, le=9_007_199_254_740_991)]
Label = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[\x20-\x7e]+$")]


class UploadOutcome(StrEnum):
    """What a session asks for (INITIATED) or became."""

    INITIATED = "INITIATED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


class UploadWebhook(Message, frozen=True, kw_only=True):
    """`POST /api/webhooks/uploads`.

    INITIATED asks for admission and carries `ownerId`; COMPLETED carries the three source
    members; FAILED carries `failReason`.
    """

    upload_session_id: UUID
    video_id: UUID
    status: UploadOutcome
    owner_id: UUID | None = None
    source_file_key: str | None = None
    source_size_bytes: int | None = None
    source_mime: str | None = None
    fail_reason: str | None = None


class TranscodeOutcome(StrEnum):
    READY = "READY"
    FAILED = "FAILED"


class TranscodePhase(StrEnum):
    """What a worker is doing; in this order."""

    READING = "READING"
    ENCODING = "ENCODING"
    PUBLISHING = "PUBLISHING"
    VERIFYING = "VERIFYING"


class AssetType(StrEnum):
    HLS_MASTER = "HLS_MASTER"
    HLS_RENDITION = "HLS_RENDITION"
    THUMBNAIL = "THUMBNAIL"


class Asset(Message, frozen=True, kw_only=True):
    """One published object; `bandwidth` is the peak in bit/s, sizes are in pixels.

    A THUMBNAIL is the video's poster, unless its `container` is `vtt`: then it is its storyboard,
    and the size that of one still. There is at most one of each.
    """

    type: AssetType
    file_key: Annotated[str, Meta(min_length=1, max_length=1024)]
    quality: Label | None = None
    bandwidth: Bandwidth | None = None
    width: Pixels | None = None
    height: Pixels | None = None
    codec: Label | None = None
    container: Label | None = None


class TranscodeWebhook(Message, frozen=True, kw_only=True):
    """`POST /api/webhooks/transcoding`.

    READY carries duration, displayed size and assets (one HLS_MASTER at least); FAILED carries
    `failReason`. `jobId` and `attempt` tell a stale answer from the current one.
    """

    video_id: UUID
    status: TranscodeOutcome
    job_id: UUID | None = None
    attempt: Annotated[int, Meta(ge=1)] | None = None
    duration_seconds: Annotated[float, Meta(gt=0)] | None = None
    width: Pixels | None = None
    height: Pixels | None = None
    assets: tuple[Asset, ...] = ()
    fail_reason: str | None = None


class TranscodeProgress(Message, frozen=True, kw_only=True):
    """`POST /api/webhooks/progress`: how far an attempt is; lossy, never repeated.

    `fraction` is of the whole job; `etaSeconds` is null until there is a speed to tell it from.
    """

    video_id: UUID
    job_id: UUID
    attempt: Annotated[int, Meta(ge=1, le=2_147_483_647)]
    fraction: Annotated[float, Meta(ge=0, le=1)]
    eta_seconds: Annotated[float, Meta(ge=0, le=1_000_000_000)] | None
    phase: TranscodePhase


class PartPurged(Message, frozen=True, kw_only=True):
    """`POST /api/webhooks/uploads/purged` and `…/transcoding/purged`: one line of a receipt.

    upload-service tells of a deleted video's source, transcode-service of its HLS. `objects` and
    `sizeBytes` are what was found and deleted; `last` that nothing more will be.
    """

    video_id: UUID
    objects: Count
    size_bytes: Count
    last: bool
    purged_at: Instant
