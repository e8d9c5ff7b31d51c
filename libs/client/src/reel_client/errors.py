"""Every failure this client reports. Signed URLs and tokens never appear in a message."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from reel_contracts.problems import FieldProblem
from reel_kernel.errors import NO_EXTRA, FieldError


class ReelError(Exception):
    """Root of all failures a caller of this package is expected to handle."""


class NetworkError(ReelError):
    """No answer: the connection could not be opened, broke, or timed out.

    `sent` is False when the request certainly did not reach the server.
    """

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class ProblemError(ReelError):
    """The API refused or failed: RFC 9457 problem details, decoded.

    `code` is the stable public code, or `http-<status>` when the answer was no problem document
    (a proxy's error page). `extra` holds the members this code adds, in camelCase, as sent.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldProblem] = (),
        extra: Mapping[str, object] = NO_EXTRA,
        request_id: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{detail} [{code}]")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.extra = extra
        self.request_id = request_id
        self.retry_after_s = retry_after_s


class UnexpectedAnswer(ReelError):
    """The server said success in a form that the contract does not allow."""


class SourceRefused(ReelError):
    """The file is no source that Reel takes; found out before any request."""

    def __init__(self, message: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(message)
        self.errors = tuple(errors)


class SourceChanged(ReelError):
    """The file is not the one whose upload began."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path.name} has changed since its upload began; put the original back, "
            "or start over with restart"
        )


class UploadInUse(ReelError):
    """Another process is uploading this very file to this very API."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path.name} is being uploaded by another process")


class UploadEnded(ReelError):
    """The session was cancelled or failed on the server while its parts were being sent."""

    def __init__(self, session_id: UUID, status: str) -> None:
        super().__init__(f"upload {session_id} is {status}")
        self.session_id = session_id
        self.status = status


class ChecksumUnknown(ReelError):
    """The session was opened, by another program, for checksums that this one cannot make."""

    def __init__(self, algorithm: str) -> None:
        super().__init__(f"the session wants {algorithm} checksums, which this client cannot make")


class PartFailed(ReelError):
    """One part could not be sent in all its attempts. The session can be resumed."""

    def __init__(self, part_number: int, attempts: int, reason: str) -> None:
        super().__init__(f"part {part_number} failed {attempts} times, last: {reason}")
        self.part_number = part_number
        self.attempts = attempts


class StoreError(ReelError):
    """The object store answered a part's PUT with an error; `code` is its own (S3 error code)."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"the store answered {status} {code}")
        self.status = status
        self.code = code


class StoreUnavailable(StoreError):
    """The same PUT may succeed later."""


class UrlRejected(StoreError):
    """The pre-signed URL is no longer honoured; a fresh one may be."""


class StateError(ReelError):
    """The state file of an interrupted upload cannot be read."""
