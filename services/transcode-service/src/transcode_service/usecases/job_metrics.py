"""What is counted of jobs; names and labels are relied upon, like those of the log's events.

Counted after the commit that makes it true, but for lost attempts, which whoever finds them counts
within its transaction: that one may be counted twice, if the commit fails.
"""

from typing import Final

from reel_observability.metrics import counter, gauge, histogram
from transcode_service.domain.attempt import AttemptState
from transcode_service.domain.job import Lease
from transcode_service.domain.transcoding import TranscodeResult

QUEUE_WAIT: Final = histogram(
    "transcode_queue_wait_seconds",
    "Time from when an attempt could have started (the request, or the end of a back-off).",
    (0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600),
)
ENCODE_SPEED: Final = histogram(
    "transcode_encode_speed_ratio",
    "Film time made in one unit of real time, of attempts that succeeded.",
    (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 50),
)
SOURCE_BYTES: Final = counter("transcode_source_bytes_total", "Read, of attempts that succeeded.")
OUTPUT_BYTES: Final = counter("transcode_output_bytes_total", "Stored by those.")
ATTEMPTS: Final = counter("transcode_attempts_total", "Attempts that ended.", ("outcome",))
FAILED_JOBS: Final = counter("transcode_failed_jobs_total", "Jobs given up.", ("reason",))
RUNNING: Final = gauge("transcode_running_jobs", "Jobs this worker works on now.")
LEASES_LOST: Final = counter("transcode_leases_lost_total", "Leases this worker lost while alive.")
SWEPT: Final = counter("transcode_swept_objects_total", "Objects deleted that nobody will play.")
PAUSED: Final = gauge("transcode_paused", "1 while operators let jobs wait.")


def count_leased(lease: Lease) -> None:
    """Count an attempt's start."""
    QUEUE_WAIT.observe(lease.waited_s)


def count_attempt(state: AttemptState) -> None:
    """Count an attempt's end."""
    ATTEMPTS.labels(outcome=state.lower()).inc()


def count_published(result: TranscodeResult) -> None:
    """Count an attempt that succeeded."""
    count_attempt(AttemptState.SUCCEEDED)
    SOURCE_BYTES.inc(result.bytes_in)
    OUTPUT_BYTES.inc(result.bytes_out)
    if result.encode_s > 0:
        ENCODE_SPEED.observe(result.duration_s / result.encode_s)


def count_failed(reason: str) -> None:
    """Count a job that was given up; `reason` is the public failReason."""
    FAILED_JOBS.labels(reason=reason).inc()
