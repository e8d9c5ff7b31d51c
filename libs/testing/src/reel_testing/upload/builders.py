"""Upload sessions and sources, as a test wants them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from upload_service.domain.session import UploadSession

NOON: Final = datetime(2026, 1, 22, 12, tzinfo=UTC)
MIB: Final = 1024 * 1024


def a_session(**fields: object) -> UploadSession:
    """Build a session of an 8 MiB MP4 (two parts); `fields` override."""
    session = UploadSession(
        id=uuid4(),
        video_id=uuid4(),
        owner_id=uuid4(),
        source_mime="video/mp4",
        source_size_bytes=8 * MIB,
        part_size_bytes=5 * MIB,
        created_at=NOON,
        updated_at=NOON,
        provider_upload_id=f"upload-{uuid4().hex[:8]}",
    )
    return replace(session, **fields)  # pyright: ignore[reportArgumentType]


def an_mp4(size_bytes: int) -> bytes:
    """Return bytes that begin as an MP4 does."""
    return b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42".ljust(size_bytes, b"\x00")
