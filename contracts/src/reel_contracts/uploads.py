"""HTTP contract of upload-service (spec 2.2)."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from reel_contracts.base import ETag, Message, Mime, PartNumber, Request, SizeBytes


class UploadStatus(StrEnum):
    """Spec 1.3."""

    INITIATED = "INITIATED"
    IN_PROGRESS = "IN_PROGRESS"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


class CreateUpload(Request, frozen=True, kw_only=True):
    source_mime: Mime
    source_size_bytes: SizeBytes


class CreatedUpload(Message, frozen=True, kw_only=True):
    """Part n covers bytes (n-1) x partSizeBytes up to n x partSizeBytes; the last may be short."""

    upload_session_id: UUID
    part_size_bytes: int
    status: UploadStatus


class UploadedPart(Message, frozen=True, kw_only=True):
    part_number: int
    etag: str
    size_bytes: int


class UploadView(Message, frozen=True, kw_only=True):
    """`uploadedParts` is the store's own list, ascending; `bytesUploaded` is its sum."""

    upload_session_id: UUID
    video_id: UUID
    status: UploadStatus
    bytes_uploaded: int
    part_size_bytes: int
    source_size_bytes: int
    uploaded_parts: list[UploadedPart]


class RequestPartUrls(Request, frozen=True, kw_only=True):
    """Either `partNumber` (one) or `partNumbers` (a batch of up to 100), never both."""

    part_number: PartNumber | None = None
    part_numbers: Annotated[list[PartNumber], Meta(min_length=1, max_length=100)] | None = None


class PartUrl(Message, frozen=True, kw_only=True):
    """PUT exactly this part's bytes to `uploadUrl` before `expiresAt`, and keep the ETag."""

    part_number: int
    upload_url: str
    expires_at: datetime


class PartUrls(Message, frozen=True, kw_only=True):
    """Answer to a batch."""

    parts: list[PartUrl]


class CompletedPart(Request, frozen=True, kw_only=True):
    part_number: PartNumber
    etag: ETag


class CompleteUpload(Request, frozen=True, kw_only=True):
    parts: Annotated[list[CompletedPart], Meta(min_length=1, max_length=10_000)]


class UploadState(Message, frozen=True, kw_only=True):
    """Answer to complete, pause, resume and cancel."""

    upload_session_id: UUID
    status: UploadStatus
