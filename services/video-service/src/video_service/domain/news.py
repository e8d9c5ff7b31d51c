"""What the other services report, checked and ready for a use case."""

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from video_service.domain.assets import Film
from video_service.domain.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadAsked:
    """A caller wants to upload to this video: may the session open?"""

    video_id: UUID
    session_id: UUID
    owner_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadCompleted:
    """The object is in place; its size and container were checked."""

    video_id: UUID
    session_id: UUID
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadFailed:
    """The session ended without an object."""

    video_id: UUID
    session_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscodeSucceeded:
    """`job_id` is None when the sender does not tell it: then it means the current job."""

    video_id: UUID
    job_id: UUID | None
    film: Film


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscodeFailed:
    video_id: UUID
    job_id: UUID | None
    reason: str


UploadNews: TypeAlias = UploadAsked | UploadCompleted | UploadFailed
TranscodeNews: TypeAlias = TranscodeSucceeded | TranscodeFailed
