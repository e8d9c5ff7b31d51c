"""What this service keeps of a video: how many attempts it had, and whether it is deleted."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoOutputs:
    """`last_attempt` only grows, so that no two attempts of a video ever share a prefix.

    Once deleted, its objects are purged at `purge_after`; for good at `purged_at`. What a purge
    has found is noted before it deletes, so that a crash in between does not make it less.
    """

    video_id: UUID
    last_attempt: int = 0
    deleted_at: datetime | None = None
    purge_after: datetime | None = None
    purged_at: datetime | None = None
    found_objects: int = 0
    found_bytes: int = 0

    def next_attempt(self) -> Self:
        """Count one more attempt."""
        return replace(self, last_attempt=self.last_attempt + 1)

    def delete(self, *, now: datetime) -> Self:
        """Mark the video deleted: no attempt starts any more, and its objects are to be purged."""
        return self if self.deleted_at else replace(self, deleted_at=now, purge_after=now)

    def found(self, objects: int, size_bytes: int) -> Self:
        """Note what is about to be deleted; a purge that is taken up again finds less."""
        return replace(
            self,
            found_objects=max(objects, self.found_objects),
            found_bytes=max(size_bytes, self.found_bytes),
        )

    def purged(self, *, now: datetime, settle: timedelta) -> Self:
        """Note that the objects were deleted just now.

        A worker that lost touch may not know yet, so it is done again `settle` after the deletion.
        """
        told = replace(self, found_objects=0, found_bytes=0)
        if self.deleted_at and now < self.deleted_at + settle:
            return replace(told, purge_after=self.deleted_at + settle)
        return replace(told, purged_at=now)

    def postponed(self, until: datetime) -> Self:
        """Note that deleting failed, to be tried again."""
        return replace(self, purge_after=until)
