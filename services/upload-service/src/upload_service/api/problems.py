"""HTTP status of every domain error."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from litestar import Request, Response

from reel_http.problem_details import problem
from reel_kernel.errors import DomainError, InvalidTransition
from upload_service.domain.errors import (
    ChecksumMismatch,
    PartsMismatch,
    StoreUnavailable,
    TooManyBytesInFlight,
    TooManyOpenUploads,
    UnsupportedFormat,
    UploadAlreadyCompleted,
    UploadFailed,
    UploadNotFound,
    UploadNotReady,
    UploadSessionActive,
    VideoNotFound,
    VideoServiceUnavailable,
)

TryAgain = Callable[[Request[Any, Any, Any], Any], Response[Any]]

STATUS: Final[Mapping[type[DomainError], int]] = {
    VideoNotFound: 404,
    UploadNotFound: 404,
    InvalidTransition: 409,
    UploadSessionActive: 409,
    UploadAlreadyCompleted: 409,
    PartsMismatch: 409,
    ChecksumMismatch: 409,
    TooManyOpenUploads: 429,
    TooManyBytesInFlight: 429,
    UploadFailed: 409,
    UnsupportedFormat: 422,
    UploadNotReady: 503,
    VideoServiceUnavailable: 503,
    StoreUnavailable: 503,
}

RETRY_AFTER_S: Final[Mapping[type[DomainError], int]] = {
    UploadNotReady: 1,
    VideoServiceUnavailable: 2,
    StoreUnavailable: 2,
}
"""What passes by itself, and after how long a client may well ask again."""


def _try_again(request: Request[Any, Any, Any], error: DomainError) -> Response[Any]:
    kind = type(error)
    return problem(
        request,
        status=STATUS[kind],
        code=error.code,
        title=error.title,
        detail=str(error),
        extra=error.extra,
        headers={"Retry-After": str(RETRY_AFTER_S[kind])},
    )


RETRYABLE: Final[dict[int | type[Exception], TryAgain]] = dict.fromkeys(RETRY_AFTER_S, _try_again)
"""Handlers for the errors of `RETRY_AFTER_S`: the usual problem with a `Retry-After` header."""
