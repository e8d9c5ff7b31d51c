"""Why a video is FAILED: the closed list of `failReason` values a client may see."""

from enum import StrEnum


class FailReason(StrEnum):
    """Stable, public reasons; the text after each is for a support person."""

    UNSUPPORTED_FORMAT = "UNSUPPORTED_FORMAT"
    """The bytes are no MOV, MP4, 3GP, AVI or WMV, or not of the type that was declared."""
    UPLOAD_CANCELED = "UPLOAD_CANCELED"
    """The owner cancelled the upload."""
    UPLOAD_EXPIRED = "UPLOAD_EXPIRED"
    """The upload was not touched for a day and was given up."""
    SOURCE_MISSING = "SOURCE_MISSING"
    """The source object is not in the store any more."""
    SOURCE_CHANGED = "SOURCE_CHANGED"
    """The source object was replaced while it was being read."""
    SOURCE_TRUNCATED = "SOURCE_TRUNCATED"
    """The file ends before its own index says it does: the recording or the copy was cut off."""
    SOURCE_CORRUPT = "SOURCE_CORRUPT"
    """The file cannot be decoded to its end."""
    NO_VIDEO_STREAM = "NO_VIDEO_STREAM"
    """The file holds no moving picture."""
    SOURCE_TOO_LONG = "SOURCE_TOO_LONG"
    """The film is longer than Reel takes."""
    SOURCE_TOO_MANY_PIXELS = "SOURCE_TOO_MANY_PIXELS"
    """The picture is larger than Reel takes."""
    TRANSCODE_TIMEOUT = "TRANSCODE_TIMEOUT"
    """The encode did not end in its time, in any attempt."""
    TRANSCODE_ERROR = "TRANSCODE_ERROR"
    """Every attempt failed for a passing reason (storage, machine); a retry may succeed."""
    ROLLBACK = "ROLLBACK"
    """Frozen by operators during an incident; it will be replayed."""
