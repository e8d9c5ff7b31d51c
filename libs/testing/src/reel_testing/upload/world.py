"""upload-service's outside world in memory: a database, a store and a video-service.

`UploadWorld.deps()` is what the use cases get. Time stands still until a test moves it.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from reel_testing.upload.builders import MIB, NOON, a_session
from reel_testing.upload.database import FakeDatabase
from reel_testing.upload.store import FakeStore, Interruption
from upload_service.domain.lifecycle import Status
from upload_service.domain.policy import Policy
from upload_service.domain.session import UploadSession
from upload_service.ports import Deps


@dataclass
class FakeVideoService:
    """`ports.VideoService`: admits everybody, or raises `refusal`."""

    database: FakeDatabase
    asked: list[UUID] = field(default_factory=list[UUID])
    refusal: Exception | None = None
    on_admit: Interruption | None = None

    async def admit(self, session: UploadSession) -> None:
        self.database.refuse_inside_a_transaction()
        self.asked.append(session.id)
        await asyncio.sleep(0)  # the network: other tasks get their turn
        if self.on_admit:
            await self.on_admit()
        if self.refusal:
            raise self.refusal


class UploadWorld:
    """The world of one test."""

    def __init__(self) -> None:
        self.database = FakeDatabase()
        self.store = FakeStore(self.database)
        self.videos = FakeVideoService(self.database)
        self.now = NOON
        self.store.clock = lambda: self.now
        self.policy = Policy(
            part_size_bytes=5 * MIB, part_url_ttl_s=900, session_ttl=timedelta(hours=24)
        )

    def deps(self) -> Deps:
        return Deps(
            begin=self.database.begin,
            store=self.store,
            video_service=self.videos,
            now=lambda: self.now,
            new_id=uuid4,
            policy=self.policy,
        )

    def wait(self, duration: timedelta) -> None:
        """Let time pass."""
        self.now += duration

    def session(self, session_id: UUID) -> UploadSession:
        """Return the stored session."""
        return self.database.sessions[session_id]

    def add(self, *, status: Status = Status.IN_PROGRESS, **fields: object) -> UploadSession:
        """Store an open session in `status`, of an 8 MiB MP4, with its multipart upload."""
        session = a_session(status=status, created_at=self.now, updated_at=self.now, **fields)
        self.database.sessions[session.id] = session
        if session.provider_upload_id and session.is_live:
            self.store.uploads[session.provider_upload_id] = (session.source_key, {})
        return session
