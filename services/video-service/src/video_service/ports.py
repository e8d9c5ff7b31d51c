"""What the use cases need from the outside world."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol
from uuid import UUID

from reel_contracts.base import Message
from reel_kernel.clock import Clock
from reel_kernel.ids import IdSource
from video_service.domain.assets import Asset
from video_service.domain.details import VideoDetails
from video_service.domain.lifecycle import VideoStatus
from video_service.domain.page import Page, Position
from video_service.domain.progress import ProgressReport
from video_service.domain.video import Video


class VideoReader(Protocol):
    """Queries of an owner's live videos, each one round trip, outside any transaction."""

    async def find(self, owner_id: UUID, video_id: UUID) -> VideoDetails:
        """Return a video as its owner sees it. Raises VideoNotFound."""
        ...

    async def page(
        self, owner_id: UUID, *, after: Position, limit: int, status: VideoStatus | None
    ) -> Page:
        """Return up to `limit` videos older than `after`, newest first."""
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


class Signal(Enum):
    """What a wait for changes ended with."""

    MOVED = auto()
    QUIET = auto()
    CLOSED = auto()


class Follower(Protocol):
    async def wait(self, timeout_s: float) -> Signal:
        """Return MOVED if anything may have changed since the last call; many changes are one.

        QUIET when nothing did for `timeout_s`; CLOSED when this process is about to end.
        """
        ...


class Changes(Protocol):
    def of(self, video_id: UUID) -> AbstractContextManager[Follower]:
        """Follow a video from the moment the block is entered."""
        ...


Begin = Callable[[], AbstractAsyncContextManager[Transaction]]
"""Open a transaction: commits at the end of the block, rolls back on an exception."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    begin: Begin
    reader: VideoReader
    progress: ProgressTable
    changes: Changes
    sources: SourceStore
    now: Clock
    new_id: IdSource
