"""`videos.status`: the table of spec 1.5 as data. A missing edge is the error."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class VideoStatus(StrEnum):
    """Spec 1.1."""

    DRAFT = "DRAFT"
    UPLOADING = "UPLOADING"
    UPLOADED = "UPLOADED"
    TRANSCODING = "TRANSCODING"
    READY = "READY"
    FAILED = "FAILED"


class Event(StrEnum):
    """What can happen to a video; `Trigger` in the spec's table."""

    UPLOAD_STARTED = "upload-started"
    UPLOAD_COMPLETED = "upload-completed"
    UPLOAD_FAILED = "upload-failed"
    TRANSCODE_ENQUEUED = "transcode-enqueued"
    TRANSCODE_SUCCEEDED = "transcode-succeeded"
    TRANSCODE_FAILED = "transcode-failed"
    TRANSCODE_RETRIED = "transcode-retried"


TRANSITIONS: Final[Mapping[VideoStatus, Mapping[Event, VideoStatus]]] = {
    VideoStatus.DRAFT: {Event.UPLOAD_STARTED: VideoStatus.UPLOADING},
    VideoStatus.UPLOADING: {
        # A failed session is followed by a new one on the same video; its status stays.
        Event.UPLOAD_STARTED: VideoStatus.UPLOADING,
        Event.UPLOAD_COMPLETED: VideoStatus.UPLOADED,
        Event.UPLOAD_FAILED: VideoStatus.FAILED,
    },
    VideoStatus.UPLOADED: {Event.TRANSCODE_ENQUEUED: VideoStatus.TRANSCODING},
    VideoStatus.TRANSCODING: {
        Event.TRANSCODE_SUCCEEDED: VideoStatus.READY,
        Event.TRANSCODE_FAILED: VideoStatus.FAILED,
    },
    VideoStatus.READY: {},  # never rolls back
    VideoStatus.FAILED: {Event.TRANSCODE_RETRIED: VideoStatus.TRANSCODING},
}
"""Mirrored by the trigger of the first migration; a test compares the two pair by pair."""

UPLOAD_DONE: Final = frozenset(
    {VideoStatus.UPLOADED, VideoStatus.TRANSCODING, VideoStatus.READY, VideoStatus.FAILED}
)
"""States in which no news about an upload session matters any more."""

TRANSCODE_DONE: Final = frozenset({VideoStatus.READY, VideoStatus.FAILED})
"""States in which no news about a transcode matters any more."""
