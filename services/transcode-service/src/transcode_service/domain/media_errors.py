"""What can go wrong with a film: the source's own fault is permanent, the machine's is passing."""

from enum import StrEnum

from reel_hls.findings import Report
from reel_kernel.errors import DomainError


class Rejection(StrEnum):
    """Permanent reasons; each is a `failReason` of the public contract."""

    UNSUPPORTED_FORMAT = "UNSUPPORTED_FORMAT"
    UNSUPPORTED_DOLBY_VISION = "UNSUPPORTED_DOLBY_VISION"
    SOURCE_MISSING = "SOURCE_MISSING"
    SOURCE_CHANGED = "SOURCE_CHANGED"
    SOURCE_TRUNCATED = "SOURCE_TRUNCATED"
    SOURCE_CORRUPT = "SOURCE_CORRUPT"
    NO_VIDEO_STREAM = "NO_VIDEO_STREAM"
    SOURCE_TOO_LONG = "SOURCE_TOO_LONG"
    SOURCE_TOO_MANY_PIXELS = "SOURCE_TOO_MANY_PIXELS"


class SourceRejected(DomainError):
    """Permanent: no further attempt on the same bytes can succeed. `reason` is the failReason."""

    code = "source-rejected"
    title = "The source can't be transcoded"

    def __init__(self, reason: Rejection, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class EncodeFailed(DomainError):
    """Passing: FFmpeg ended badly for a reason that is not the source's (memory, disk, a signal).

    `exit_code` is negative for a signal; `stderr_tail` holds its last lines.
    """

    code = "encode-failed"
    title = "The encoder failed"

    def __init__(self, detail: str, *, exit_code: int, stderr_tail: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.exit_code = exit_code
        self.stderr_tail = stderr_tail


class EncodeTimedOut(DomainError):
    """Passing: the encode outran its deadline, or made no progress for a set time."""

    code = "encode-timed-out"
    title = "The encoder did not end in its time"


class StoreUnavailable(DomainError):
    """Passing: the object store did not answer after bounded retries."""

    code = "store-unavailable"
    title = "The object store can't be reached"


class OutputIncomplete(DomainError):
    """Passing: what the store lists is not what was sent."""

    code = "output-incomplete"
    title = "The published objects are not all there"


class OutputUnproven(DomainError):
    """Passing: what was published, read back, is not what its playlists say; `verdict` tells."""

    code = "output-unproven"
    title = "The published film failed its check"

    def __init__(self, verdict: Report) -> None:
        first = verdict.errors[0]
        super().__init__(
            f"{len(verdict.errors)} errors, first {first.code} of {first.place}: {first.message}"
        )
        self.verdict = verdict
