"""video-service's tables in memory, and the repositories of one transaction on them."""

from copy import copy
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from uuid import UUID

from reel_contracts.base import Message
from video_service.domain.assets import Asset
from video_service.domain.errors import VideoNotFound
from video_service.domain.lifecycle import VideoStatus
from video_service.domain.receipt import DeletionReason, PurgeLine, PurgeReceipt
from video_service.domain.stuck import Patience, Stuck
from video_service.domain.video import Video


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was committed to the outbox."""

    destination: str
    key: UUID
    message: Message


@dataclass
class Tables:
    videos: dict[UUID, Video] = field(default_factory=dict[UUID, Video])
    assets: dict[UUID, tuple[Asset, ...]] = field(default_factory=dict[UUID, tuple[Asset, ...]])
    sent: list[Sent] = field(default_factory=list[Sent])
    seen: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    walked: list[VideoStatus] = field(default_factory=list[VideoStatus])
    receipts: dict[UUID, PurgeReceipt] = field(default_factory=dict[UUID, PurgeReceipt])
    stuck: dict[UUID, Stuck] = field(default_factory=dict[UUID, Stuck])
    reminded: set[UUID] = field(default_factory=set[UUID])
    revived: list[UUID] = field(default_factory=list[UUID])

    def copy(self) -> "Tables":
        return Tables(**{one.name: copy(getattr(self, one.name)) for one in fields(self)})


@dataclass(frozen=True, slots=True)
class FakeVideos:
    tables: Tables

    async def add(self, video: Video) -> bool:
        return self.tables.videos.setdefault(video.id, video) is video

    async def lock(self, video_id: UUID) -> Video:
        if video_id not in self.tables.videos:
            raise VideoNotFound
        return self.tables.videos[video_id]

    async def lock_of_owner(self, owner_id: UUID, video_id: UUID) -> Video:
        return live_of_owner(self.tables, owner_id, video_id)

    async def save(self, video: Video) -> None:
        self.tables.walked.append(video.status)
        self.tables.videos[video.id] = video

    async def add_assets(self, video_id: UUID, assets: tuple[Asset, ...]) -> None:
        self.tables.assets[video_id] = self.tables.assets.get(video_id, ()) + assets


@dataclass(frozen=True, slots=True)
class FakeOutbox:
    tables: Tables

    async def add(self, destination: str, key: UUID, *messages: Message) -> None:
        self.tables.sent.extend(Sent(destination, key, message) for message in messages)


@dataclass(frozen=True, slots=True)
class FakeInbox:
    tables: Tables

    async def first_seen(self, message_id: str, source: str) -> bool:
        is_first = (message_id, source) not in self.tables.seen
        self.tables.seen.add((message_id, source))
        return is_first


@dataclass(frozen=True, slots=True)
class FakeStuck:
    tables: Tables

    async def lock(self, video_id: UUID, patience: Patience, *, now: datetime) -> Stuck | None:
        assert patience
        assert now
        return self.tables.stuck.pop(video_id, None)

    async def note_reminder(self, video: Video, *, now: datetime) -> None:
        assert now
        self.tables.reminded.add(video.id)

    async def revive(self, message_id: UUID) -> None:
        self.tables.revived.append(message_id)


@dataclass(frozen=True, slots=True)
class FakeReceipts:
    tables: Tables

    async def open(self, video: Video, reason: DeletionReason, *, now: datetime) -> None:
        self.tables.receipts[video.id] = PurgeReceipt(
            video_id=video.id,
            owner_id=video.owner_id,
            status=video.status,
            reason=reason,
            deleted_at=now,
        )

    async def add(self, line: PurgeLine) -> bool:
        receipt = self.tables.receipts.get(line.video_id)
        if receipt is None or line in receipt.lines:
            return False
        self.tables.receipts[line.video_id] = replace(receipt, lines=(*receipt.lines, line))
        return True

    async def find(self, video_id: UUID) -> PurgeReceipt | None:
        return self.tables.receipts.get(video_id)

    async def lock(self, video_id: UUID) -> PurgeReceipt | None:
        return await self.find(video_id)

    async def erase(self, video_id: UUID, *, now: datetime) -> int:
        assert now
        del self.tables.videos[video_id]
        return 1 + len(self.tables.assets.pop(video_id, ()))


@dataclass(frozen=True, slots=True)
class FakeTransaction:
    videos: FakeVideos
    outbox: FakeOutbox
    inbox: FakeInbox
    stuck: FakeStuck
    receipts: FakeReceipts

    @classmethod
    def over(cls, tables: Tables) -> "FakeTransaction":
        return cls(
            FakeVideos(tables),
            FakeOutbox(tables),
            FakeInbox(tables),
            FakeStuck(tables),
            FakeReceipts(tables),
        )


def live_of_owner(tables: Tables, owner_id: UUID, video_id: UUID) -> Video:
    video = tables.videos.get(video_id)
    if video is None or video.owner_id != owner_id or video.deleted_at is not None:
        raise VideoNotFound
    return video
