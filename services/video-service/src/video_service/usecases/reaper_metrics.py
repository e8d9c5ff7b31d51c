"""What is counted of videos that waited too long; names and labels are relied upon.

Counted after the commit that makes it true.
"""

from typing import Final

from reel_contracts.failures import FailReason
from reel_observability.metrics import counter, gauge
from video_service.domain.receipt import DeletionReason
from video_service.domain.stuck import Stuck

Reason = FailReason | DeletionReason

REAPED: Final = counter(
    "video_reaped_total",
    "Videos that waited too long, by state, resolution and, of those that ended, reason.",
    ("kind", "outcome", "reason"),
)
ERASED: Final = counter("video_erased_total", "Deleted videos whose rows went, too.")
OVERDUE: Final = gauge(
    "video_overdue_purges", "Deleted videos that the last sweep found not wholly purged in time."
)


def count_reaped(stuck: Stuck, reason: Reason | None) -> None:
    """Count one resolution; `reason` is what the owner or the receipt is told, if it is the end."""
    REAPED.labels(
        kind=stuck.video.status, outcome=stuck.resolution.lower(), reason=reason or ""
    ).inc()
