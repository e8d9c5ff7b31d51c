"""What is counted of sweeps; names and labels are relied upon.

Counted after the commit, or the answer of the store, that makes it true.
"""

from enum import StrEnum
from typing import Final

from reel_observability.metrics import counter
from upload_service.domain.session import Failure


class Kind(StrEnum):
    """What a sweep comes upon."""

    COMPLETION = "completion"
    """A live session whose completion was cut off."""
    SESSION = "session"
    """A live session that nobody touched for its time to live."""
    NEWS = "news"
    """A failed session that video-service was not told of, in case another followed."""
    LEFTOVERS = "leftovers"
    """What an ended session may have left in the store."""
    STRAY = "stray"
    """A multipart upload that no session knows."""


class Outcome(StrEnum):
    """What became of it. What is postponed comes up again."""

    COMPLETED = "completed"
    FAILED = "failed"
    REOPENED = "reopened"
    ANNOUNCED = "announced"
    VISITED = "visited"
    ABORTED = "aborted"
    POSTPONED = "postponed"


STORE_UNAVAILABLE: Final = "STORE_UNAVAILABLE"

REAPED: Final = counter(
    "upload_reaped_total",
    "What sweeps dealt with, by kind and outcome; the reason is the session's, or the delay's.",
    ("kind", "outcome", "reason"),
)


def count_reaped(kind: Kind, outcome: Outcome, reason: Failure | None = None) -> None:
    """Count one thing that was dealt with."""
    REAPED.labels(kind=kind, outcome=outcome, reason=reason or "").inc()


def count_postponed(kind: Kind) -> None:
    """Count one that the store's silence kept for the next sweep."""
    REAPED.labels(kind=kind, outcome=Outcome.POSTPONED, reason=STORE_UNAVAILABLE).inc()
