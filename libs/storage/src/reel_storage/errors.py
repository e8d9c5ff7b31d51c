"""What can go wrong with the store, and how S3's answers map onto it."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError


class StoreError(Exception):
    """Root of everything this package raises."""


class StoreUnavailable(StoreError):
    """The store cannot be reached, refuses us, or kept failing: worth another try later."""


class ObjectMissing(StoreError):
    """There is no object with this key."""


class ObjectChanged(StoreError):
    """The object is not the one (by ETag) that reading began with."""


class SourceEndsEarly(StoreError):
    """The object is shorter than the range asked for."""


class UploadGone(StoreError):
    """The multipart upload was completed or aborted, or never was."""


class PartsRejected(StoreError):
    """The store does not have these parts with these ETags, or one but the last is too small."""


TRANSPORT_ERRORS: Final = (BotoCoreError, aiohttp.ClientError, OSError, TimeoutError)
"""The connection failed, broke, stalled or ended too early: the store said nothing."""

BY_CODE: Final[dict[str, type[StoreError]]] = {
    "404": ObjectMissing,
    "NoSuchKey": ObjectMissing,
    "NotFound": ObjectMissing,
    "412": ObjectChanged,
    "PreconditionFailed": ObjectChanged,
    "416": SourceEndsEarly,
    "InvalidRange": SourceEndsEarly,
    "NoSuchUpload": UploadGone,
    "InvalidPart": PartsRejected,
    "InvalidPartOrder": PartsRejected,
    "EntityTooSmall": PartsRejected,
    "InvalidRequest": PartsRejected,
    "BadDigest": PartsRejected,
}
_SERVER_ERROR: Final = 500
_THROTTLED: Final = frozenset({408, 429})


def store_error(error: ClientError, what: str) -> StoreError:
    """Translate an answer of S3; `what` says what was asked of it."""
    code = error.response.get("Error", {}).get("Code", "unknown")
    kind = BY_CODE.get(code, StoreUnavailable)
    return kind(f"{what}: {code}")


def is_passing(error: ClientError) -> bool:
    """Tell whether S3's answer is its own trouble (5xx, throttling) rather than a refusal."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERROR)
    return status >= _SERVER_ERROR or status in _THROTTLED


@contextmanager
def store_errors(what: str) -> Generator[None]:
    """Raise the `StoreError` that fits, in place of what botocore raises in the block."""
    try:
        yield
    except ClientError as error:
        raise store_error(error, what) from error
    except TRANSPORT_ERRORS as error:
        raise StoreUnavailable(f"{what}: {type(error).__name__}") from error
