"""How a row of `videos` reads and becomes a Video."""

from typing import Final

from asyncpg import Record

from video_service.domain.lifecycle import VideoStatus
from video_service.domain.video import Video

COLUMNS: Final = """
v.id, v.owner_id, v.title, v.description, v.source_file_key, v.source_size_bytes, v.source_mime,
v.duration_seconds::float8 AS duration_s, v.width, v.height, v.status, v.fail_reason,
v.upload_session_id, v.job_id, v.version, v.created_at, v.updated_at, v.deleted_at
"""


def select_videos(tail: str, *more_columns: str) -> str:
    """Return the statement that reads `video_of`'s columns, and more, from `videos v`."""
    columns = ", ".join((COLUMNS.strip(), *more_columns))
    parts = ("SELECT", columns, "FROM videos v", tail.strip())
    return "\n".join(parts)


def video_of(row: Record) -> Video:
    """Build a Video from a row of `select_videos`."""
    return Video(
        id=row["id"],
        owner_id=row["owner_id"],
        title=row["title"],
        description=row["description"],
        source_file_key=row["source_file_key"],
        source_size_bytes=row["source_size_bytes"],
        source_mime=row["source_mime"],
        duration_s=row["duration_s"],
        width=row["width"],
        height=row["height"],
        status=VideoStatus(row["status"]),
        fail_reason=row["fail_reason"],
        upload_session_id=row["upload_session_id"],
        job_id=row["job_id"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deleted_at=row["deleted_at"],
    )
