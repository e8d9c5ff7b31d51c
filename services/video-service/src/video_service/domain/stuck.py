"""Videos that have been under way for too long, and what is to become of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from video_service.domain.lifecycle import VideoStatus
from video_service.domain.video import Video


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a video may stay where it is.

    `draft` without an upload; `uploading` with one session, however long that is worked on;
    `uploaded` before its job is on the queue; `transcoding` without any sign of its job.
    """

    draft: timedelta
    uploading: timedelta
    uploaded: timedelta
    transcoding: timedelta


class MessageFate(StrEnum):
    """What became of the message that asks for the video's transcode."""

    NONE = "NONE"
    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    DEAD = "DEAD"


class Resolution(StrEnum):
    """What a sweep does with a stuck video."""

    EXPIRE = "EXPIRE"
    """Delete the draft: nobody uploads to it, and the table knows no other way out of DRAFT."""
    FAIL_UPLOAD = "FAIL_UPLOAD"
    """FAILED, UPLOAD_EXPIRED."""
    WAIT = "WAIT"
    """Its message is on its way: the relay goes on until it arrives, or is dead."""
    REPLAY = "REPLAY"
    """Deliver the message that was given up."""
    ASK = "ASK"
    """Put the same job on the queue: transcode-service knows it by its id, if it has it."""
    FAIL_TRANSCODE = "FAIL_TRANSCODE"
    """FAILED, TRANSCODE_TIMEOUT: it was asked for twice, and nobody ever said a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """A video without a sign of life since `since`; `is_asked_again` is about its current job."""

    video: Video
    since: datetime
    is_asked_again: bool = False
    message: MessageFate = MessageFate.NONE
    message_id: UUID | None = None

    @property
    def resolution(self) -> Resolution:
        by_status = _BY_STATUS.get(self.video.status)
        return by_status or self._of_message()

    def _of_message(self) -> Resolution:
        if self.message in _BY_MESSAGE:
            return _BY_MESSAGE[self.message]
        return Resolution.FAIL_TRANSCODE if self.is_asked_again else Resolution.ASK


_BY_STATUS: Final[Mapping[VideoStatus, Resolution]] = {
    VideoStatus.DRAFT: Resolution.EXPIRE,
    VideoStatus.UPLOADING: Resolution.FAIL_UPLOAD,
}
_BY_MESSAGE: Final[Mapping[MessageFate, Resolution]] = {
    MessageFate.PENDING: Resolution.WAIT,
    MessageFate.DEAD: Resolution.REPLAY,
}
