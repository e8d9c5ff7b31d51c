"""The opaque `cursor` of GET /api/videos: base64 of {"createdAt", "id"} (spec 2.1)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec

from reel_contracts.base import Request
from reel_kernel.errors import FieldError, InvalidRequest
from video_service.domain.page import Position

MAX_CHARS: Final = 256


class _Key(Request, frozen=True, kw_only=True):
    created_at: datetime
    id: UUID


def encode_cursor(position: Position) -> str:
    """Return `position` to the microsecond; the text needs no escaping in a query string."""
    key = _Key(created_at=position.created_at, id=position.id)
    return urlsafe_b64encode(msgspec.json.encode(key)).decode()


def decode_cursor(cursor: str) -> Position:
    """Return the place that a cursor of ours names; missing padding is forgiven.

    Raises:
        InvalidRequest: it is none of ours.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        key = msgspec.json.decode(urlsafe_b64decode(padded), type=_Key)
        return Position(_in_utc(key.created_at), key.id)
    except (ValueError, OverflowError) as error:
        message = "must be a nextCursor of an earlier answer"
        raise InvalidRequest(
            errors=[FieldError(field="cursor", code="invalid", message=message)]
        ) from error


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("A time without an offset is no instant")
    return moment.astimezone(UTC)
