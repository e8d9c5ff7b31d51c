"""Asyncio SDK for Reel, and the command `reel`."""

from reel_client.api import Versioned
from reel_client.client import ReelClient, Uploaded
from reel_client.errors import (
    NetworkError,
    PartFailed,
    ProblemError,
    ReelError,
    SourceChanged,
    SourceRefused,
    StateError,
    StoreError,
    UnexpectedAnswer,
    UploadEnded,
    UploadInUse,
)
from reel_client.progress import Progress, UploadPhase
from reel_client.retries import RetryPolicy
from reel_client.watch import WatchPace

__all__ = [
    "NetworkError",
    "PartFailed",
    "ProblemError",
    "Progress",
    "ReelClient",
    "ReelError",
    "RetryPolicy",
    "SourceChanged",
    "SourceRefused",
    "StateError",
    "StoreError",
    "UnexpectedAnswer",
    "UploadEnded",
    "UploadInUse",
    "UploadPhase",
    "Uploaded",
    "Versioned",
    "WatchPace",
]
