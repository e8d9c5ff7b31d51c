"""What the use cases need from the outside world."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from reel_contracts.base import Message
from reel_kernel.clock import Clock
from reel_kernel.effects import Effect
from reel_kernel.ids import IdSource
from video_service.domain.assets import Asset
from video_service.domain.details import Mark, VideoDetails
from video_service.domain.lifecycle import VideoStatus
from video_service.domain.page import Page, Position
from video_service.domain.progress import ProgressReport
from video_service.domain.receipt import DeletionReason, PurgeLine, PurgeReceipt
from video_service.domain.stuck import Patience, Stuck
from video_service.domain.video import Video
from video_service.ports.following import Changes


class VideoReader(Protocol):
    """Queries of an owner's videos, each one round trip, outside any transaction."""

    async def find(self, owner_id: UUID, video_id: UUID) -> VideoDetails:
        """Return a video as its owner sees it. Raises VideoNotFound."""
        ...

    async def some(self, owner_id: UUID, video_ids: Collection[UUID]) -> Sequence[VideoDetails]:
        """Return those of the owner's videos, deleted ones too, in no order."""
        ...

    async def moved(self, owner_id: UUID, *, since: datetime, limit: int) -> Sequence[VideoDetails]:
        """Return up to `limit` videos, deleted ones too, that changed since then, latest first."""
        ...

    async def unfinished(self, owner_id: UUID, *, limit: int) -> Sequence[VideoDetails]:
        """Return up to `limit` videos that are neither READY nor FAILED, newest first."""
        ...

    async def page(
        self, owner_id: UUID, *, after: Position, limit: int, status: VideoStatus | None
    ) -> Page:
        """Return up to `limit` videos older than `after`, newest first."""
        ...


class PolledVideos(Protocol):
    """What many pollers ask at once; an answer is of a moment after the question."""

    async def mark(self, owner_id: UUID, video_id: UUID) -> Mark | None:
        """Return what tells the present view of a video from its others; None: not found."""
        ...

    async def details(self, owner_id: UUID, video_id: UUID) -> VideoDetails | None:
        """Return a video as its owner sees it; None: not found."""
        ...


class VideoRepository(Protocol):
    """Videos inside a transaction."""

    async def add(self, video: Video) -> bool:
        """Insert a new DRAFT; False when there is a video with its id already."""
        ...

    async def lock(self, video_id: UUID) -> Video:
        """Return a video, deleted ones too, locked until the transaction ends.

        Raises VideoNotFound.
        """
        ...

    async def lock_of_owner(self, owner_id: UUID, video_id: UUID) -> Video:
        """Like `lock`, but deleted videos and those of others are not found."""
        ...

    async def save(self, video: Video) -> None:
        """Write a locked video back; each edge of the lifecycle needs a save of its own."""
        ...

    async def add_assets(self, video_id: UUID, assets: tuple[Asset, ...]) -> None:
        """Insert what a transcode published."""
        ...


class StuckVideos(Protocol):
    """Videos that are under way for too long, inside a transaction."""

    async def lock(self, video_id: UUID, patience: Patience, *, now: datetime) -> Stuck | None:
        """Lock a video that is (still) stuck; None when it is not, or somebody else has it."""
        ...

    async def note_reminder(self, video: Video, *, now: datetime) -> None:
        """Remember that the video's current job was asked for once more."""
        ...

    async def revive(self, message_id: UUID) -> None:
        """Make a dead outbox message pending again."""
        ...


class Receipts(Protocol):
    """Purge receipts, inside a transaction."""

    async def open(self, video: Video, reason: DeletionReason, *, now: datetime) -> None:
        """Begin the receipt of a video that is being deleted."""
        ...

    async def add(self, line: PurgeLine) -> bool:
        """Write a line; False when this very one was written before, or no receipt was opened."""
        ...

    async def find(self, video_id: UUID) -> PurgeReceipt | None:
        """Return a receipt, closed ones too; None when the video was never deleted."""
        ...

    async def lock(self, video_id: UUID) -> PurgeReceipt | None:
        """Like `find`, but locked."""
        ...

    async def erase(self, video_id: UUID, *, now: datetime) -> int:
        """Delete the rows of a deleted video and close its receipt; return how many they were."""
        ...


class WorkLists(Protocol):
    """What there is to do; read outside any transaction, so look again before doing it."""

    async def stuck(self, patience: Patience, *, now: datetime, limit: int) -> Sequence[Stuck]:
        """Return videos that are stuck, the longest first."""
        ...

    async def in_flight(self, *, before: datetime, limit: int) -> Sequence[Video]:
        """Return videos that are TRANSCODING since before `before`, the longest first."""
        ...

    async def frozen(self, *, limit: int) -> Sequence[Video]:
        """Return FAILED videos of reason ROLLBACK, the longest first."""
        ...

    async def unerased(self, *, before: datetime, limit: int) -> Sequence[UUID]:
        """Return deleted videos whose receipt is open since before `before`, the oldest first."""
        ...


class CdnCache(Protocol):
    async def forget(self, video_id: UUID, *, reference: str) -> str:
        """Have the CDN drop all it has of a video, and return its own id of that.

        The same `reference` again is the same request. Raises CdnUnavailable.
        """
        ...


class Outbox(Protocol):
    async def add(self, destination: str, key: UUID, *messages: Message) -> None:
        """Have the relay deliver `messages` after commit, in order for each `key`."""
        ...


class Inbox(Protocol):
    async def first_seen(self, message_id: str, source: str) -> bool:
        """Remember a message; False when it was here before."""
        ...


class Transaction(Protocol):
    """Repositories that commit or roll back together."""

    @property
    def videos(self) -> VideoRepository: ...

    @property
    def outbox(self) -> Outbox: ...

    @property
    def inbox(self) -> Inbox: ...

    @property
    def stuck(self) -> StuckVideos: ...

    @property
    def receipts(self) -> Receipts: ...


class ProgressTable(Protocol):
    async def advance(self, report: ProgressReport) -> bool:
        """Keep a report; False, and no change, unless it is a step forward of the current job.

        Within a job only a later attempt, or more of the same one, is a step forward.
        """
        ...


class SourceStore(Protocol):
    async def exists(self, file_key: str) -> bool:
        """Tell whether the source object is there. Raises SourceStoreUnavailable."""
        ...


class Begin(Protocol):
    def __call__(self, effect: Effect | None = None, /) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction: commits at the end of the block, rolls back on an exception.

        `effect` names what the commit makes durable; without one nothing can be written.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    begin: Begin
    reader: VideoReader
    progress: ProgressTable
    changes: Changes
    sources: SourceStore
    work: WorkLists
    now: Clock
    new_id: IdSource
