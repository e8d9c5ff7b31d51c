"""The upload session: one attempt to bring a video's source into the store."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from reel_kernel.checksums import Algorithm
from reel_kernel.lifecycle import advance
from reel_kernel.media import source_key
from upload_service.domain.lifecycle import LIVE, PRELUDES, TRANSITIONS, Event, Status
from upload_service.domain.parts import PartPlan


class Provider(StrEnum):
    """Spec 1.3; sessions are S3_MULTIPART, TUS is reserved."""

    S3_MULTIPART = "S3_MULTIPART"
    TUS = "TUS"


class Failure(StrEnum):
    """Why a session is FAILED."""

    UNSUPPORTED_FORMAT = "UNSUPPORTED_FORMAT"
    UPLOAD_EXPIRED = "UPLOAD_EXPIRED"
    PROVIDER_ERROR = "PROVIDER_ERROR"
    NEVER_OPENED = "NEVER_OPENED"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadSession:
    """A row of `upload_sessions` (spec 1.3) and what the flow needs besides.

    A session without `provider_upload_id` is a *reservation*: it holds the video while
    video-service and the store are asked. `completing_at` is when a client last asked to complete,
    `announced_at` when the news of its end was committed to the outbox, `updated_at` the last
    activity of the client.

    `expected_etag` and `source_checksum` are written before the store joins the parts: they tell
    afterwards whether an object is the one that was meant. `source_etag` is what it then had.
    """

    id: UUID
    video_id: UUID
    owner_id: UUID
    source_mime: str
    source_size_bytes: int
    part_size_bytes: int
    created_at: datetime
    updated_at: datetime
    provider: Provider = Provider.S3_MULTIPART
    provider_upload_id: str | None = None
    status: Status = Status.INITIATED
    bytes_uploaded: int = 0
    fail_reason: Failure | None = None
    completing_at: datetime | None = None
    announced_at: datetime | None = None
    video_deleted_at: datetime | None = None
    checksum_algorithm: Algorithm | None = None
    expected_etag: str | None = None
    source_checksum: str | None = None
    source_etag: str | None = None

    @property
    def plan(self) -> PartPlan:
        return PartPlan(
            source_size_bytes=self.source_size_bytes, part_size_bytes=self.part_size_bytes
        )

    @property
    def source_key(self) -> str:
        """Key of the source object, `videos/{id}/source.{ext}`."""
        return source_key(self.video_id, self.source_mime)

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def is_open(self) -> bool:
        return self.provider_upload_id is not None

    def on(self, event: Event, *, now: datetime) -> Self:
        """Return the session after `event`.

        Raises:
            InvalidTransition: the table has no such edge.
        """
        return replace(self, status=advance(TRANSITIONS, self.status, event), updated_at=now)

    def ready_for(self, event: Event, *, now: datetime) -> Self:
        """Return the session after the edge that has to be walked before `event`, if any."""
        prelude = PRELUDES.get((self.status, event))
        return self.on(prelude, now=now) if prelude else self

    def completed(self, *, now: datetime) -> Self:
        done = self.on(Event.COMPLETE, now=now)
        return replace(done, bytes_uploaded=self.source_size_bytes, announced_at=now)

    def failed(self, reason: Failure, *, now: datetime, announced: bool) -> Self:
        done = self.on(Event.FAIL, now=now)
        return replace(done, fail_reason=reason, announced_at=now if announced else None)

    def canceled(self, *, now: datetime) -> Self:
        return replace(self.on(Event.CANCEL, now=now), announced_at=now)
