"""upload-service's database in memory."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from reel_contracts.base import Message
from reel_contracts.webhooks import PartPurged, UploadWebhook
from reel_kernel.effects import Effect
from upload_service.domain.errors import UploadNotFound
from upload_service.domain.lifecycle import LIVE, TRANSITIONS, Status
from upload_service.domain.parts import Found
from upload_service.domain.policy import Usage
from upload_service.domain.session import UploadSession


@dataclass
class FakeDatabase:
    """Sessions, outbox and inbox; transactions are serial and roll back.

    So many reservations as there are `ghosts` meet another one that is gone when it is looked for.
    """

    sessions: dict[UUID, UploadSession] = field(default_factory=dict[UUID, UploadSession])
    settled: dict[UUID, datetime] = field(default_factory=dict[UUID, datetime])
    leases: dict[UUID, datetime] = field(default_factory=dict[UUID, datetime])
    signed: dict[UUID, dict[int, str]] = field(default_factory=dict[UUID, dict[int, str]])
    news: list[UploadWebhook] = field(default_factory=list[UploadWebhook])
    found: dict[UUID, Found] = field(default_factory=dict[UUID, Found])
    reports: list[PartPurged] = field(default_factory=list[PartPurged])
    ghosts: int = 0
    seen: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    holder: asyncio.Task[object] | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def begin(self, _effect: Effect | None = None, /) -> "AsyncGenerator[FakeTransaction]":
        self.refuse_inside_a_transaction()
        async with self.lock:
            self.holder = asyncio.current_task()
            before = (dict(self.sessions), dict(self.settled), list(self.news), set(self.seen))
            try:
                yield FakeTransaction(self)
            except BaseException:
                self.sessions, self.settled, self.news, self.seen = before
                raise
            finally:
                self.holder = None

    def refuse_inside_a_transaction(self) -> None:
        """Fail a test whose code calls the network, or opens a second transaction, inside one."""
        if self.holder is not None and self.holder is asyncio.current_task():
            raise AssertionError("Not inside a transaction")


class FakeTransaction:
    """`ports.Transaction`: every repository in one object."""

    def __init__(self, database: FakeDatabase) -> None:
        self._db = database

    @property
    def sessions(self) -> "FakeTransaction":
        return self

    @property
    def housekeeping(self) -> "FakeTransaction":
        return self

    @property
    def purges(self) -> "FakeTransaction":
        return self

    @property
    def outbox(self) -> "FakeTransaction":
        return self

    @property
    def inbox(self) -> "FakeTransaction":
        return self

    async def reserve(self, session: UploadSession) -> bool:
        if self._db.ghosts:
            self._db.ghosts -= 1
            return False
        taken = any(
            other.is_live and other.owner_id == session.owner_id
            for other in await self.of_video(session.video_id)
        )
        if not taken:
            self._db.sessions[session.id] = session
        return not taken

    async def withdraw(self, session_id: UUID) -> None:
        if not self._db.sessions[session_id].is_open:
            del self._db.sessions[session_id]

    async def get(self, session_id: UUID, owner_id: UUID) -> UploadSession:
        session = self._db.sessions.get(session_id)
        if session is None or session.owner_id != owner_id:
            raise UploadNotFound
        return session

    get_for_update = get

    async def of_video(self, video_id: UUID) -> Sequence[UploadSession]:
        return [one for one in self._db.sessions.values() if one.video_id == video_id]

    async def rivals_for_update(self, video_id: UUID) -> Sequence[UploadSession]:
        rivals = LIVE | {Status.COMPLETED}
        return [one for one in await self.of_video(video_id) if one.status in rivals]

    async def save(self, session: UploadSession) -> None:
        old = self._db.sessions[session.id]
        if old.status is not session.status:
            assert session.status in TRANSITIONS[old.status].values(), (old.status, session.status)
        self._db.sessions[session.id] = session

    async def progress(self, session_id: UUID, bytes_uploaded: int, now: datetime) -> None:
        session = self._db.sessions[session_id]
        if session.is_live:
            self._db.sessions[session_id] = replace(
                session, bytes_uploaded=bytes_uploaded, updated_at=now
            )

    async def mark_video_deleted(self, video_id: UUID, now: datetime) -> None:
        for session in await self.of_video(video_id):
            self._db.sessions[session.id] = replace(session, video_deleted_at=now)
            self._db.settled.pop(session.id, None)

    async def usage_for_update(self, owner_id: UUID) -> Usage:
        live = [s for s in self._all() if s.is_live and s.owner_id == owner_id]
        return Usage(
            open_sessions=len(live), bytes_in_flight=sum(s.source_size_bytes for s in live)
        )

    async def sign_checksums(self, session_id: UUID, checksums: Mapping[int, str]) -> None:
        self._db.signed.setdefault(session_id, {}).update(checksums)

    async def signed_checksums(self, session_id: UUID) -> Mapping[int, str]:
        return self._db.signed.get(session_id, {})

    async def interrupted(self, *, before: datetime, limit: int) -> Sequence[UploadSession]:
        return self._first(
            limit,
            (
                s
                for s in self._all()
                if s.is_live and s.completing_at is not None and s.completing_at < before
            ),
        )

    async def unknown_uploads(self, upload_ids: Sequence[str]) -> Sequence[str]:
        known = {session.provider_upload_id for session in self._all()}
        return [upload_id for upload_id in upload_ids if upload_id not in known]

    async def untouched(self, *, before: datetime, limit: int) -> Sequence[UploadSession]:
        return self._first(limit, (s for s in self._all() if s.is_live and s.updated_at < before))

    async def unannounced(self, *, before: datetime, limit: int) -> Sequence[UploadSession]:
        return self._first(
            limit,
            (
                s
                for s in self._all()
                if s.status is Status.FAILED and not s.announced_at and s.updated_at < before
            ),
        )

    async def claim_unsettled(
        self, *, now: datetime, quiet_since: datetime, lease_until: datetime, limit: int
    ) -> Sequence[UploadSession]:
        claimed = self._first(
            limit,
            (
                s
                for s in self._all()
                if not s.is_live
                and s.id not in self._db.settled
                and self._db.leases.get(s.id, now) <= now
                and _is_quiet(s, quiet_since)
            ),
        )
        self._db.leases |= {session.id: lease_until for session in claimed}
        return claimed

    async def mark_settled(self, session_id: UUID, *, now: datetime, quiet_since: datetime) -> bool:
        quiet = _is_quiet(self._db.sessions[session_id], quiet_since)
        if quiet:
            self._db.settled[session_id] = now
        return quiet

    async def add(self, destination: str, key: UUID, *messages: Message) -> None:
        for message in messages:
            if isinstance(message, PartPurged):
                assert (destination, key) == ("purge-webhook", message.video_id)
                self._db.reports.append(message)
                continue
            assert isinstance(message, UploadWebhook)
            assert (destination, key) == ("video-webhook", message.video_id)
            self._db.news.append(message)

    async def note(self, video_id: UUID, found: Found) -> None:
        known = self._db.found.get(video_id, Found(objects=0, size_bytes=0))
        self._db.found[video_id] = Found(
            objects=max(known.objects, found.objects),
            size_bytes=max(known.size_bytes, found.size_bytes),
        )

    async def close(self, video_id: UUID, *, now: datetime) -> Found | None:
        sessions = await self.of_video(video_id)
        is_reported = video_id in {report.video_id for report in self._db.reports}
        is_over = all(self._db.settled.get(one.id, now) <= now for one in sessions)
        is_over &= {one.id for one in sessions} <= self._db.settled.keys()
        return self._db.found.get(video_id) if is_over and not is_reported else None

    async def first_seen(self, message_id: str, source: str) -> bool:
        is_new = (source, message_id) not in self._db.seen
        self._db.seen.add((source, message_id))
        return is_new

    def _all(self) -> list[UploadSession]:
        return list(self._db.sessions.values())

    def _first(self, limit: int, sessions: Iterable[UploadSession]) -> list[UploadSession]:
        return sorted(sessions, key=lambda session: session.updated_at)[:limit]


def _is_quiet(session: UploadSession, quiet_since: datetime) -> bool:
    is_completing = session.completing_at is not None and session.completing_at >= quiet_since
    is_opening = not session.is_open and session.created_at >= quiet_since
    return not (is_completing or is_opening)
