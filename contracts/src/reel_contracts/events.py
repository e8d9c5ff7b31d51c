"""Events on SQS: past tense, with a version in the tag. Encoded by `msgspec.json`."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from reel_contracts.base import Message


class TranscodeRequested(
    Message, frozen=True, kw_only=True, tag_field="type", tag="TranscodeRequested.v1"
):
    """video-service → transcode-service: make HLS of this source (spec 4.2.1).

    `jobId` names this request: a repeated message has the same one, a retry a new one.
    `qualities` are the rungs wanted; none is ever made above the source.
    """

    job_id: UUID
    video_id: UUID
    source_file_key: str
    source_size_bytes: int
    source_mime: str
    qualities: Annotated[list[str], Meta(min_length=1, max_length=10)]
    requested_at: datetime


class VideoDeleted(Message, frozen=True, kw_only=True, tag_field="type", tag="VideoDeleted.v1"):
    """video-service → upload-service, transcode-service: stop work and purge what you own."""

    video_id: UUID
    owner_id: UUID
    deleted_at: datetime


class TranscodeCanceled(
    Message, frozen=True, kw_only=True, tag_field="type", tag="TranscodeCanceled.v1"
):
    """video-service → transcode-service: stop this job, or never begin it (rollback).

    Holds the whole request, because the job's own message may not have been seen yet. No result
    of the job is wanted any more; the source stays.
    """

    request: TranscodeRequested
    canceled_at: datetime
