"""The video aggregate."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from uuid import UUID

from reel_kernel.errors import InvalidRequest
from reel_kernel.lifecycle import advance
from reel_kernel.media import check_source
from video_service.domain.assets import Film, require_playable
from video_service.domain.errors import SourceMissing
from video_service.domain.lifecycle import TRANSITIONS, Event, VideoStatus
from video_service.domain.source import Source
from video_service.domain.text import description_errors, title_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """One row of `videos` (spec 1.1). Every change gives a new value and a higher `version`.

    `source_mime` and `source_size_bytes` are what was declared until the upload is complete, and
    the checked truth after; `source_file_key` is None until then. `upload_session_id` is the
    session admitted last, `job_id` the transcode asked for last: they tell stale news.
    """

    id: UUID
    owner_id: UUID
    title: str
    description: str | None
    source_mime: str
    source_size_bytes: int
    created_at: datetime
    updated_at: datetime
    status: VideoStatus = VideoStatus.DRAFT
    version: int = 1
    source_file_key: str | None = None
    duration_s: float | None = None
    width: int | None = None
    height: int | None = None
    fail_reason: str | None = None
    upload_session_id: UUID | None = None
    job_id: UUID | None = None
    deleted_at: datetime | None = None

    @classmethod
    def draft(
        cls,
        video_id: UUID,
        owner_id: UUID,
        *,
        title: str,
        description: str | None,
        mime: str,
        size_bytes: int,
        now: datetime,
    ) -> Self:
        """Open a video that has no upload yet.

        Raises:
            InvalidRequest: title, description, type or size; names every field at fault.
        """
        title = title.strip()
        errors = (
            *title_errors(title),
            *description_errors(description),
            *check_source(mime, size_bytes),
        )
        if errors:
            raise InvalidRequest(errors=errors)
        return cls(
            id=video_id,
            owner_id=owner_id,
            title=title,
            description=description,
            source_mime=mime,
            source_size_bytes=size_bytes,
            created_at=now,
            updated_at=now,
        )

    def edited(self, *, title: str, description: str | None, now: datetime) -> Self:
        """Give it another title and description; the same ones are no change.

        Raises:
            InvalidRequest: names every field at fault.
        """
        title = title.strip()
        if errors := (*title_errors(title), *description_errors(description)):
            raise InvalidRequest(errors=errors)
        if (title, description) == (self.title, self.description):
            return self
        return replace(
            self, title=title, description=description, updated_at=now, version=self.version + 1
        )

    def deleted(self, *, now: datetime) -> Self:
        """Mark it deleted; its status says what it was."""
        return replace(self, deleted_at=now, updated_at=now, version=self.version + 1)

    def upload_started(self, session_id: UUID, *, now: datetime) -> Self:
        """Take `session_id` as the one whose end decides about this video."""
        return replace(self._after(Event.UPLOAD_STARTED, now), upload_session_id=session_id)

    def upload_completed(
        self, session_id: UUID, source: Source, *, job_id: UUID, now: datetime
    ) -> Self:
        """Take the checked source, and name the transcode that will be asked for."""
        return replace(
            self._after(Event.UPLOAD_COMPLETED, now),
            upload_session_id=session_id,
            source_file_key=source.file_key,
            source_size_bytes=source.size_bytes,
            source_mime=source.mime,
            job_id=job_id,
        )

    def upload_failed(self, reason: str, *, now: datetime) -> Self:
        return replace(self._after(Event.UPLOAD_FAILED, now), fail_reason=reason)

    def transcode_enqueued(self, *, now: datetime) -> Self:
        """Note that the queue has the job.

        Raises:
            SourceMissing: there is nothing to transcode.
        """
        _require_source(self)
        return self._after(Event.TRANSCODE_ENQUEUED, now)

    def transcode_succeeded(self, film: Film, *, now: datetime) -> Self:
        """Make it playable.

        Raises:
            InvalidRequest: the film has no master playlist, or assets that are not this video's.
        """
        require_playable(self.id, film.assets)
        return replace(
            self._after(Event.TRANSCODE_SUCCEEDED, now),
            duration_s=film.duration_s,
            width=film.width,
            height=film.height,
        )

    def transcode_failed(self, reason: str, *, now: datetime) -> Self:
        return replace(self._after(Event.TRANSCODE_FAILED, now), fail_reason=reason)

    def transcode_retried(self, job_id: UUID, *, now: datetime) -> Self:
        """Ask for another transcode of the same source; answers to the old one are stale now.

        Raises:
            SourceMissing: its upload was never completed.
        """
        retried = self._after(Event.TRANSCODE_RETRIED, now)
        _require_source(self)
        return replace(retried, fail_reason=None, job_id=job_id)

    def upload_recovered(
        self, session_id: UUID, source: Source, *, job_id: UUID, now: datetime
    ) -> Self:
        """Take a source whose upload was given up too early: the system's own retry (spec 1.5)."""
        stored = replace(
            self,
            upload_session_id=session_id,
            source_file_key=source.file_key,
            source_size_bytes=source.size_bytes,
            source_mime=source.mime,
        )
        return stored.transcode_retried(job_id, now=now)

    def _after(self, event: Event, now: datetime) -> Self:
        status = advance(TRANSITIONS, self.status, event)
        return replace(self, status=status, updated_at=now, version=self.version + 1)


def _require_source(video: Video) -> None:
    if video.source_file_key is None:
        raise SourceMissing
