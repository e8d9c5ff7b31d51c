"""Wire conventions: camelCase, immutable, keyword-only; strict to clients, tolerant to peers."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta


class Message(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Anything a peer sends or we answer: unknown fields are ignored, so both sides may grow."""


class Request(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Anything a client sends us: a typo is an error."""


ETag = Annotated[str, Meta(min_length=1, max_length=128)]
Mime = Annotated[str, Meta(min_length=1, max_length=128, description="MIME type of the source.")]
SizeBytes = Annotated[int, Meta(description="Size of the source in bytes; at most 1,610,612,736.")]
Checksum = Annotated[
    str,
    Meta(min_length=1, max_length=64, description="Base64 checksum, by the session's algorithm."),
]
Instant = Annotated[datetime, Meta(tz=True)]
"""RFC 3339 with its offset: without one it is no instant."""
PartNumber = Annotated[int, Meta(ge=1, le=10_000, description="S3 part number, from 1.")]
