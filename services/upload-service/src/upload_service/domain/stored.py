"""What the store tells of uploads and objects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPart:
    """A URL that takes one PUT of exactly the signed length, until `expires_at`.

    `headers` are signed, too, and have to be sent.
    """

    url: str
    expires_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenUpload:
    """A multipart upload that the store still holds parts for."""

    key: str
    upload_id: str
    initiated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSource:
    """A whole object; `etag` pins the version that was looked at.

    `checksum` is the store's own, where it keeps one.
    """

    size_bytes: int
    etag: str
    checksum: str | None = None
