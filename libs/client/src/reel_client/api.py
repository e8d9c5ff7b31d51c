"""The public HTTP API as typed coroutines (spec 2.1 and 2.2), one method an operation."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final, Generic, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from reel_client.events import VideoEvent, video_events
from reel_client.transport import COMPLETE_S, Call, Transport, decode
from reel_contracts.uploads import (
    ChecksumAlgorithm,
    CompletedPart,
    CompleteUpload,
    CreatedUpload,
    CreateUpload,
    PartUrl,
    PartUrls,
    RequestPartUrls,
    UploadState,
    UploadView,
)
from reel_contracts.videos import (
    CreatedVideo,
    CreateVideo,
    UpdatedVideo,
    UpdateVideo,
    VideoPage,
    VideoStatus,
    VideoSummary,
    VideoView,
)
from reel_kernel.ids import new_id

T = TypeVar("T")
PAGE_SIZE: Final = 100
SILENCE_S: Final = 45.0
"""Three heartbeats of an event stream: then the line is dead."""
_NOT_MODIFIED: Final = 304


class Versioned(msgspec.Struct, Generic[T], frozen=True):
    """A view and the ETag it was read at, for `If-Match` and `If-None-Match`."""

    value: T
    etag: str | None


class ReelApi:
    """Every method may raise ProblemError, NetworkError or UnexpectedAnswer.

    Calls that are safe to repeat are retried a bounded number of times. What creates something
    carries a key, so that its repeats are: give the same `key` to repeat one across processes.
    `retry_video` is repeated only when the request certainly never left.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create_video(
        self,
        *,
        title: str,
        source_mime: str,
        source_size_bytes: int,
        description: str | None = None,
        key: UUID | None = None,
    ) -> CreatedVideo:
        body = CreateVideo(
            title=title,
            description=description,
            source_mime=source_mime,
            source_size_bytes=source_size_bytes,
        )
        call = Call(method="POST", path="/api/videos", body=body, key=key or new_id())
        return await self._transport.fetch(call, CreatedVideo)

    async def get_video(self, video_id: UUID) -> VideoView:
        return await self._transport.fetch(_get(f"/api/videos/{video_id}"), VideoView)

    async def read_video(
        self, video_id: UUID, *, if_none_match: str | None = None
    ) -> Versioned[VideoView] | None:
        """Return the view with its ETag; None when it is still the one of `if_none_match`."""
        headers = {"if-none-match": if_none_match} if if_none_match else None
        call = Call(method="GET", path=f"/api/videos/{video_id}", headers=headers)
        response = await self._transport.send(call)
        if response.status_code == _NOT_MODIFIED:
            return None
        return Versioned(decode(response, VideoView), response.headers.get("etag"))

    async def follow_video(
        self, video_id: UUID, *, last_event_id: str | None = None
    ) -> AsyncGenerator[VideoEvent]:
        """Iterate over one stream of events; it ends with READY or FAILED, or before by chance.

        Nothing is retried: open another behind the last event, or poll.
        """
        headers = {"accept": "text/event-stream"}
        if last_event_id is not None:
            headers["last-event-id"] = last_event_id
        path = f"/api/videos/{video_id}/events"
        call = Call(method="GET", path=path, headers=headers, answer_s=SILENCE_S)
        async with (
            self._transport.lines(call) as lines,
            aclosing(video_events(lines)) as events,
        ):
            async for event in events:
                yield event

    async def list_videos(
        self, *, status: VideoStatus | None = None, page_size: int = PAGE_SIZE
    ) -> AsyncGenerator[VideoSummary]:
        """Iterate over all own videos, newest first; pages are fetched as they are needed."""
        cursor: str | None = None
        while True:
            page = await self.list_page(status=status, limit=page_size, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def list_page(
        self, *, status: VideoStatus | None = None, limit: int = 20, cursor: str | None = None
    ) -> VideoPage:
        members = {"limit": str(limit), "status": status, "cursor": cursor}
        params = {name: str(value) for name, value in members.items() if value is not None}
        call = Call(method="GET", path="/api/videos", params=params)
        return await self._transport.fetch(call, VideoPage)

    async def update_video(
        self,
        video_id: UUID,
        *,
        title: str | UnsetType = UNSET,
        description: str | UnsetType | None = UNSET,
        if_match: str | None = None,
    ) -> UpdatedVideo:
        """Change what is given. With `if_match`, 412 when someone else changed it meanwhile."""
        call = Call(
            method="PATCH",
            path=f"/api/videos/{video_id}",
            body=UpdateVideo(title=title, description=description),
            headers={"if-match": if_match} if if_match else None,
            # Under If-Match a repeat of a lost success would look like a conflict.
            repeatable=if_match is None,
        )
        return await self._transport.fetch(call, UpdatedVideo)

    async def delete_video(self, video_id: UUID) -> None:
        """Delete; a repeat is 404, so a lost answer may show as ProblemError 404."""
        call = Call(method="DELETE", path=f"/api/videos/{video_id}", repeatable=False)
        await self._transport.send(call)

    async def retry_video(self, video_id: UUID) -> VideoView:
        call = Call(method="POST", path=f"/api/videos/{video_id}/retry", repeatable=False)
        return await self._transport.fetch(call, VideoView)

    async def create_upload(
        self,
        video_id: UUID,
        *,
        source_mime: str,
        source_size_bytes: int,
        checksum_algorithm: ChecksumAlgorithm | None = None,
        key: UUID | None = None,
    ) -> CreatedUpload:
        """Open a session. A video has one live session: 409 names it as `uploadSessionId`."""
        body = CreateUpload(
            source_mime=source_mime,
            source_size_bytes=source_size_bytes,
            checksum_algorithm=checksum_algorithm,
        )
        path = f"/api/videos/{video_id}/uploads"
        call = Call(method="POST", path=path, body=body, key=key or new_id())
        return await self._transport.fetch(call, CreatedUpload)

    async def get_upload(self, session_id: UUID) -> UploadView:
        return await self._transport.fetch(_get(f"/api/uploads/{session_id}"), UploadView)

    async def part_urls(
        self,
        session_id: UUID,
        part_numbers: Sequence[int],
        checksums: Sequence[str] | None = None,
    ) -> list[PartUrl]:
        """Return one URL a part, for 1 to 100 parts; `checksums` if the session wants them."""
        sums = None if checksums is None else list(checksums)
        body = RequestPartUrls(part_numbers=list(part_numbers), checksums=sums)
        call = Call(method="POST", path=f"/api/uploads/{session_id}/parts", body=body)
        return (await self._transport.fetch(call, PartUrls)).parts

    async def complete(
        self, session_id: UUID, parts: Sequence[CompletedPart], *, checksum: str | None = None
    ) -> UploadState:
        """Join the parts. 409 `parts-mismatch` names parts the store lacks or holds otherwise.

        `checksum` is that of the whole file; 409 `checksum-mismatch` when the parts make another.
        """
        call = Call(
            method="POST",
            path=f"/api/uploads/{session_id}/complete",
            body=CompleteUpload(parts=list(parts), checksum=checksum),
            answer_s=COMPLETE_S,
        )
        return await self._transport.fetch(call, UploadState)

    async def pause(self, session_id: UUID) -> UploadState:
        return await self._command(session_id, "pause")

    async def resume(self, session_id: UUID) -> UploadState:
        return await self._command(session_id, "resume")

    async def cancel(self, session_id: UUID) -> UploadState:
        return await self._command(session_id, "cancel")

    async def _command(self, session_id: UUID, verb: str) -> UploadState:
        call = Call(method="POST", path=f"/api/uploads/{session_id}/{verb}")
        return await self._transport.fetch(call, UploadState)


def _get(path: str) -> Call:
    return Call(method="GET", path=path)
