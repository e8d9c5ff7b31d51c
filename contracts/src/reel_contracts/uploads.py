"""HTTP contract of upload-service (spec 2.2).

Members that tell of checksums are left out where an upload has none: then all is as in the spec.
"""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from reel_contracts.base import (
    Checksum,
    ETag,
    Instant,
    Message,
    Mime,
    PartNumber,
    Request,
    SizeBytes,
)


class UploadStatus(StrEnum):
    """Spec 1.3."""

    INITIATED = "INITIATED"
    IN_PROGRESS = "IN_PROGRESS"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


class ChecksumAlgorithm(StrEnum):
    """How the parts of an upload, and the whole, are checked on their way."""

    CRC32C = "CRC32C"
    CRC64NVME = "CRC64NVME"
    SHA256 = "SHA256"


class CreateUpload(Request, frozen=True, kw_only=True, omit_defaults=True):
    """With `checksumAlgorithm`, every part URL is signed for the checksum of its part."""

    source_mime: Mime
    source_size_bytes: SizeBytes
    checksum_algorithm: ChecksumAlgorithm | None = None


class CreatedUpload(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Part n covers bytes (n-1) x partSizeBytes up to n x partSizeBytes; the last may be short."""

    upload_session_id: UUID
    part_size_bytes: int
    status: UploadStatus
    checksum_algorithm: ChecksumAlgorithm | None = None


class UploadedPart(Message, frozen=True, kw_only=True, omit_defaults=True):
    """`checksum` is the one that the store verified when the part arrived."""

    part_number: int
    etag: str
    size_bytes: int
    checksum: str | None = None


class UploadView(Message, frozen=True, kw_only=True, omit_defaults=True):
    """`uploadedParts` is the store's own list, ascending; `bytesUploaded` is its sum.

    `checksum` is that of the whole object, once it is COMPLETED: of its bytes for a CRC, of the
    parts' checksums (`<Base64>-<parts>`) for SHA-256.
    """

    upload_session_id: UUID
    video_id: UUID
    status: UploadStatus
    bytes_uploaded: int
    part_size_bytes: int
    source_size_bytes: int
    uploaded_parts: list[UploadedPart]
    checksum_algorithm: ChecksumAlgorithm | None = None
    checksum: str | None = None


class RequestPartUrls(Request, frozen=True, kw_only=True):
    """Either `partNumber` (one) or `partNumbers` (a batch of up to 100), never both.

    A session with a checksum algorithm wants `checksum`, or `checksums` in the order of
    `partNumbers`.
    """

    part_number: PartNumber | None = None
    part_numbers: Annotated[list[PartNumber], Meta(min_length=1, max_length=100)] | None = None
    checksum: Checksum | None = None
    checksums: Annotated[list[Checksum], Meta(min_length=1, max_length=100)] | None = None


class PartUrl(Message, frozen=True, kw_only=True, omit_defaults=True):
    """PUT exactly this part's bytes to `uploadUrl` before `expiresAt`, and keep the ETag.

    `headers`, if there are any, have to be sent with it: they are part of what is signed.
    """

    part_number: int
    upload_url: str
    expires_at: Instant
    headers: dict[str, str] | None = None


class PartUrls(Message, frozen=True, kw_only=True):
    """Answer to a batch."""

    parts: list[PartUrl]


class CompletedPart(Request, frozen=True, kw_only=True, omit_defaults=True):
    part_number: PartNumber
    etag: ETag
    checksum: Checksum | None = None


class CompleteUpload(Request, frozen=True, kw_only=True, omit_defaults=True):
    """`checksum`, of the whole object in the form that `UploadView` shows, is compared if given."""

    parts: Annotated[list[CompletedPart], Meta(min_length=1, max_length=10_000)]
    checksum: Checksum | None = None


class UploadState(Message, frozen=True, kw_only=True):
    """Answer to complete, pause, resume and cancel."""

    upload_session_id: UUID
    status: UploadStatus
