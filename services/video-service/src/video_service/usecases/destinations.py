"""Outbox destinations; the worker maps each one to a queue."""

from typing import Final

TRANSCODE_JOBS: Final = "transcode-jobs"
UPLOAD_EVENTS: Final = "upload-events"
TRANSCODE_EVENTS: Final = "transcode-events"
