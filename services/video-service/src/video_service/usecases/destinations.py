"""Outbox destinations; the worker maps each one to a queue."""

from typing import Final
from uuid import UUID

from reel_contracts.base import Message

TRANSCODE_JOBS: Final = "transcode-jobs"
UPLOAD_EVENTS: Final = "upload-events"
TRANSCODE_EVENTS: Final = "transcode-events"
CDN_CACHE: Final = "cdn-cache"
"""Not a queue: the worker itself has the CDN forget the video."""


class ForgetCached(Message, frozen=True, kw_only=True):
    """An order to ourselves; its id is the reference of the invalidation."""

    video_id: UUID
