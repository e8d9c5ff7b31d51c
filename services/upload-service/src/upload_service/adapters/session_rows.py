"""A row of upload_sessions as a domain object."""

from typing import Final

import asyncpg

from reel_kernel.checksums import Algorithm
from upload_service.domain.lifecycle import Status
from upload_service.domain.session import Failure, Provider, UploadSession

SELECT: Final = """
SELECT id, video_id, owner_id, provider, provider_upload_id, status, bytes_uploaded, source_mime,
       source_size_bytes, part_size_bytes, fail_reason, created_at, updated_at, completing_at,
       announced_at, video_deleted_at, checksum_algorithm, expected_etag, source_checksum,
       source_etag
  FROM upload_sessions
"""
"""To be continued with a condition."""


def session_of(row: asyncpg.Record) -> UploadSession:
    """Read a row of `SELECT`."""
    reason, algorithm = row["fail_reason"], row["checksum_algorithm"]
    return UploadSession(
        id=row["id"],
        video_id=row["video_id"],
        owner_id=row["owner_id"],
        provider=Provider(row["provider"]),
        provider_upload_id=row["provider_upload_id"],
        status=Status(row["status"]),
        bytes_uploaded=row["bytes_uploaded"],
        source_mime=row["source_mime"],
        source_size_bytes=row["source_size_bytes"],
        part_size_bytes=row["part_size_bytes"],
        fail_reason=None if reason is None else Failure(reason),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        completing_at=row["completing_at"],
        announced_at=row["announced_at"],
        video_deleted_at=row["video_deleted_at"],
        checksum_algorithm=None if algorithm is None else Algorithm(algorithm),
        expected_etag=row["expected_etag"],
        source_checksum=row["source_checksum"],
        source_etag=row["source_etag"],
    )
