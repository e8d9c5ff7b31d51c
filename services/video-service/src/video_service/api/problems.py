"""HTTP status of every domain error."""

from collections.abc import Mapping
from typing import Final

from reel_kernel.errors import DomainError, InvalidTransition
from reel_messaging.webhooks import BadSignature
from video_service.domain.errors import (
    PreconditionFailed,
    SourceMissing,
    SourceStoreUnavailable,
    VideoNotFound,
)

STATUS: Final[Mapping[type[DomainError], int]] = {
    BadSignature: 401,
    InvalidTransition: 409,
    PreconditionFailed: 412,
    SourceMissing: 409,
    SourceStoreUnavailable: 503,
    VideoNotFound: 404,
}
