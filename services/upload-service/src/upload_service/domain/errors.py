"""Failures that a client of the upload API must handle."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from reel_kernel.errors import DomainError


class VideoNotFound(DomainError):
    """No such video belongs to the caller; also said of other owners' videos."""

    code = "video-not-found"
    title = "No such video"


class UploadNotFound(DomainError):
    """No such upload session belongs to the caller; also said of other owners' sessions."""

    code = "upload-not-found"
    title = "No such upload session"


class UploadSessionActive(DomainError):
    """The video has a live session: resume that one (`uploadSessionId`), or cancel it."""

    code = "upload-session-active"
    title = "The video already has a live upload session"

    def __init__(self, session_id: UUID) -> None:
        super().__init__(extra={"uploadSessionId": str(session_id)})


class UploadAlreadyCompleted(DomainError):
    """The video's source is complete; another source needs another video."""

    code = "upload-already-completed"
    title = "The video's upload is already completed"

    def __init__(self, session_id: UUID) -> None:
        super().__init__(extra={"uploadSessionId": str(session_id)})


class UploadNotReady(DomainError):
    """The session is still being opened; asking again in a second or two helps."""

    code = "upload-not-ready"
    title = "The upload session is still being opened"


class PartsMismatch(DomainError):
    """The client's parts, the plan and the store's own list differ.

    `missing`: parts of the plan that the store or the client's list lacks. `differing`: the store
    has another ETag than claimed or another length than planned. `unexpected`: numbers beyond the
    plan. `parts` tells of the first 100 what was expected (the plan and the client's claim; null
    where the plan has no such part) and what the store has (null where it has nothing).
    """

    code = "parts-mismatch"
    title = "The parts are not those that were stored"

    def __init__(
        self,
        *,
        missing: Sequence[int],
        differing: Sequence[int],
        unexpected: Sequence[int],
        parts: Sequence[Mapping[str, object]] = (),
    ) -> None:
        super().__init__(
            extra={
                "missing": list(missing),
                "differing": list(differing),
                "unexpected": list(unexpected),
                "parts": list(parts),
            }
        )


class ChecksumMismatch(DomainError):
    """The parts are in place, but are not the file that the client meant: the whole differs."""

    code = "checksum-mismatch"
    title = "The whole file has another checksum"

    def __init__(self, *, expected: str, actual: str | None) -> None:
        super().__init__(extra={"expected": expected, "actual": actual})


class TooManyOpenUploads(DomainError):
    """The owner has as many live sessions as one may have: complete or cancel one."""

    code = "too-many-open-uploads"
    title = "Too many uploads are open"
    retry_after_s = 10

    def __init__(self, *, limit: int) -> None:
        super().__init__(extra={"limit": limit})


class TooManyBytesInFlight(DomainError):
    """The owner's live sessions already announce as many bytes as one may: complete one first."""

    code = "too-many-bytes-in-flight"
    title = "Too many bytes are being uploaded"
    retry_after_s = 10

    def __init__(self, *, limit: int, bytes_in_flight: int) -> None:
        super().__init__(extra={"limitBytes": limit, "bytesInFlight": bytes_in_flight})


class UnsupportedFormat(DomainError):
    """The bytes are no accepted container, or of another family than declared."""

    code = "unsupported-format"
    title = "The file is not of the declared video format"


class UploadFailed(DomainError):
    """The store lost or broke the upload; the session is FAILED, a new one can be opened."""

    code = "upload-failed"
    title = "The upload failed in the store; open a new session"


class VideoServiceUnavailable(DomainError):
    """video-service did not answer; nothing was opened, the request can be repeated."""

    code = "video-service-unavailable"
    title = "The video service is not available"


class StoreUnavailable(DomainError):
    """The object store did not answer; the request can be repeated."""

    code = "store-unavailable"
    title = "The object store is not available"
