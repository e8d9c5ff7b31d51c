"""Which upload session a file goes to: the interrupted one, the live one, or a new one."""

from typing import Final
from uuid import UUID

import msgspec

from reel_client.api import ReelApi
from reel_client.checksums import DEFAULT_ALGORITHM
from reel_client.errors import ProblemError, UploadEnded
from reel_client.source import Source
from reel_client.state import StateStore, UploadRecord
from reel_client.transport import is_transient
from reel_contracts.uploads import UploadStatus, UploadView

_NOT_FOUND: Final = 404
_LIVE: Final = frozenset({UploadStatus.INITIATED, UploadStatus.IN_PROGRESS, UploadStatus.PAUSED})
_CLOSED_CODES: Final = frozenset({"invalid-transition", "upload-already-completed"})


class SessionOpener:
    """Finds or opens a session, and keeps the state file true while doing it."""

    def __init__(self, api: ReelApi, state: StateStore) -> None:
        self._api = api
        self._state = state

    async def open(
        self, source: Source, *, title: str, description: str | None, video_id: UUID | None
    ) -> tuple[UploadRecord, UploadView]:
        """Return the saved record and the session's view, live or COMPLETED.

        `video_id` names a video to upload to; else the state file's, else a new one.
        """
        record = self._state.load(source)
        if record and video_id not in {None, record.video_id}:
            record = None
        if record:
            resumed = await self._resume(source, record)
            if resumed:
                return resumed
            self._state.forget_video_key(source.path)  # it stands for the video that is over
        if video_id is None:
            video_id = await self._new_video(source, title, description)
        return await self._session_on(source, self._state.begin(source, video_id))

    async def _resume(
        self, source: Source, record: UploadRecord
    ) -> tuple[UploadRecord, UploadView] | None:
        """Continue the record's session, or a new one on its video; None when both are over."""
        if record.session_id:
            view = await self._view(record.session_id)
            if view and view.status in _LIVE | {UploadStatus.COMPLETED}:
                return record, await self._awake(view)
            if view and view.status is UploadStatus.CANCELED:
                return None
        key = None if record.session_id else record.session_key
        fresh = self._state.begin(source, record.video_id, key)
        return await self._session_on_if_open(source, fresh)

    async def _session_on_if_open(
        self, source: Source, record: UploadRecord
    ) -> tuple[UploadRecord, UploadView] | None:
        try:
            return await self._session_on(source, record)
        except ProblemError as problem:
            if problem.status == _NOT_FOUND or problem.code in _CLOSED_CODES:
                return None
            raise

    async def _session_on(
        self, source: Source, record: UploadRecord
    ) -> tuple[UploadRecord, UploadView]:
        self._state.save(record)
        self._state.forget_video_key(source.path)
        session_id = await self._create_or_join(source, record)
        record = msgspec.structs.replace(record, session_id=session_id)
        self._state.save(record)
        view = await self._api.get_upload(session_id)
        if view.source_size_bytes != source.size_bytes:
            raise UploadEnded(session_id, "of another file: its size differs")
        return record, await self._awake(view)

    async def _create_or_join(self, source: Source, record: UploadRecord) -> UUID:
        try:
            created = await self._api.create_upload(
                record.video_id,
                source_mime=source.mime,
                source_size_bytes=source.size_bytes,
                checksum_algorithm=DEFAULT_ALGORITHM,
                key=record.session_key,
            )
        except ProblemError as problem:
            live = problem.extra.get("uploadSessionId")
            if problem.code != "upload-session-active" or not isinstance(live, str):
                raise
            return UUID(live)
        return created.upload_session_id

    async def _awake(self, view: UploadView) -> UploadView:
        if view.status is not UploadStatus.PAUSED:
            return view
        state = await self._api.resume(view.upload_session_id)
        return msgspec.structs.replace(view, status=state.status)

    async def _view(self, session_id: UUID) -> UploadView | None:
        try:
            return await self._api.get_upload(session_id)
        except ProblemError as problem:
            if problem.status == _NOT_FOUND:
                return None
            raise

    async def _new_video(self, source: Source, title: str, description: str | None) -> UUID:
        try:
            video = await self._api.create_video(
                title=title,
                description=description,
                source_mime=source.mime,
                source_size_bytes=source.size_bytes,
                key=self._state.video_key(source, title=title, description=description),
            )
        except ProblemError as problem:
            if not is_transient(problem):
                self._state.forget_video_key(source.path)
            raise
        return video.id
