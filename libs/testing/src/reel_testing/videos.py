"""video-service without its world: a memory that commits and rolls back, and videos to put in."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from reel_contracts.base import Message
from video_service.domain.assets import Asset, AssetType
from video_service.domain.details import VideoDetails
from video_service.domain.errors import VideoNotFound
from video_service.domain.lifecycle import VideoStatus
from video_service.domain.page import Page, Position
from video_service.domain.progress import ProgressReport
from video_service.domain.video import Video
from video_service.ports import Deps, Follower, Signal, Transaction

NOON = datetime(2026, 1, 22, 12, tzinfo=UTC)
WITH_SOURCE = {VideoStatus.UPLOADED, VideoStatus.TRANSCODING, VideoStatus.READY, VideoStatus.FAILED}


def a_video(status: VideoStatus = VideoStatus.DRAFT, **changes: object) -> Video:
    """Build a video in `status`, with everything that such a video has."""
    video_id, ready, failed = uuid4(), status is VideoStatus.READY, status is VideoStatus.FAILED
    video = Video(
        id=video_id,
        owner_id=uuid4(),
        title="Tour",
        description=None,
        source_mime="video/mp4",
        source_size_bytes=1000,
        created_at=NOON - timedelta(hours=1),
        updated_at=NOON - timedelta(hours=1),
        status=status,
        upload_session_id=None if status is VideoStatus.DRAFT else uuid4(),
        source_file_key=f"videos/{video_id}/source.mp4" if status in WITH_SOURCE else None,
        job_id=uuid4() if status in WITH_SOURCE else None,
        fail_reason="TRANSCODE_ERROR" if failed else None,
        duration_s=62.5 if ready else None,
        width=1920 if ready else None,
        height=1080 if ready else None,
    )
    return replace(video, **changes)


def some_assets(video_id: UUID) -> tuple[Asset, ...]:
    """Build a master, a rendition, a poster and a storyboard of `video_id`."""
    prefix = f"videos/{video_id}/hls"
    return (
        Asset(id=uuid4(), type=AssetType.HLS_MASTER, file_key=f"{prefix}/master.m3u8"),
        Asset(
            id=uuid4(),
            type=AssetType.HLS_RENDITION,
            file_key=f"{prefix}/720p/playlist.m3u8",
            quality_label="720p",
            bandwidth=3_000_000,
        ),
        Asset(id=uuid4(), type=AssetType.THUMBNAIL, file_key=f"{prefix}/poster.jpg"),
        Asset(
            id=uuid4(),
            type=AssetType.THUMBNAIL,
            file_key=f"{prefix}/storyboard.vtt",
            container="vtt",
        ),
    )


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was committed to the outbox."""

    destination: str
    key: UUID
    message: Message


@dataclass
class _Tables:
    videos: dict[UUID, Video] = field(default_factory=dict[UUID, Video])
    assets: dict[UUID, tuple[Asset, ...]] = field(default_factory=dict[UUID, tuple[Asset, ...]])
    sent: list[Sent] = field(default_factory=list[Sent])
    seen: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    walked: list[VideoStatus] = field(default_factory=list[VideoStatus])

    def copy(self) -> "_Tables":
        return _Tables(
            dict(self.videos), dict(self.assets), list(self.sent), set(self.seen), list(self.walked)
        )


@dataclass
class VideoWorld:
    """`tables` is what is committed; `stored_keys` is what the object store has."""

    tables: _Tables = field(default_factory=_Tables)
    stored_keys: set[str] = field(default_factory=set[str])
    asked_keys: list[str] = field(default_factory=list[str])
    now: datetime = NOON
    script: list[tuple[Signal, Callable[[], None]]] = field(
        default_factory=list[tuple[Signal, Callable[[], None]]]
    )

    def given(self, status: VideoStatus = VideoStatus.DRAFT, **changes: object) -> Video:
        video = a_video(status, **changes)
        self.tables.videos[video.id] = video
        if video.source_file_key is not None:
            self.stored_keys.add(video.source_file_key)
        return video

    def committed(self, video: Video) -> Video:
        return self.tables.videos[video.id]

    @property
    def sent(self) -> list[Sent]:
        return self.tables.sent

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[Transaction]:
        """Work on a copy; keep it when the block ends well."""
        draft = self.tables.copy()
        yield _FakeTransaction(_FakeVideos(draft), _FakeOutbox(draft), _FakeInbox(draft))
        self.tables = draft

    async def exists(self, file_key: str) -> bool:
        self.asked_keys.append(file_key)
        return file_key in self.stored_keys

    async def find(self, owner_id: UUID, video_id: UUID) -> VideoDetails:
        return VideoDetails(video=_of_owner(self.tables, owner_id, video_id))

    async def page(
        self, owner_id: UUID, *, after: Position, limit: int, status: VideoStatus | None
    ) -> Page:
        key = (after.created_at, after.id)
        found = [
            video
            for video in self.tables.videos.values()
            if video.owner_id == owner_id
            and video.deleted_at is None
            and status in {None, video.status}
            and (video.created_at, video.id) < key
        ]
        found.sort(key=lambda video: (video.created_at, video.id), reverse=True)
        return Page.of(tuple(found), limit)

    async def advance(self, report: ProgressReport) -> bool:
        """Forget every report: what is worth keeping, the database decides."""
        return report.video_id in self.tables.videos

    @contextmanager
    def of(self, video_id: UUID) -> Generator[Follower]:
        """Give a follower whose waits play the `script`: what happens, and the signal of it."""
        assert video_id in self.tables.videos
        yield _ScriptedFollower(self)

    def deps(self) -> Deps:
        return Deps(
            begin=self.begin,
            reader=self,
            progress=self,
            changes=self,
            sources=self,
            now=lambda: self.now,
            new_id=uuid4,
        )


@dataclass(frozen=True, slots=True)
class _ScriptedFollower:
    world: VideoWorld

    async def wait(self, timeout_s: float) -> Signal:
        assert timeout_s > 0
        signal, happen = self.world.script.pop(0)
        happen()
        return signal


@dataclass(frozen=True, slots=True)
class _FakeVideos:
    tables: _Tables

    async def add(self, video: Video) -> bool:
        return self.tables.videos.setdefault(video.id, video) is video

    async def lock(self, video_id: UUID) -> Video:
        if video_id not in self.tables.videos:
            raise VideoNotFound
        return self.tables.videos[video_id]

    async def lock_of_owner(self, owner_id: UUID, video_id: UUID) -> Video:
        return _of_owner(self.tables, owner_id, video_id)

    async def save(self, video: Video) -> None:
        self.tables.walked.append(video.status)
        self.tables.videos[video.id] = video

    async def add_assets(self, video_id: UUID, assets: tuple[Asset, ...]) -> None:
        self.tables.assets[video_id] = self.tables.assets.get(video_id, ()) + assets


@dataclass(frozen=True, slots=True)
class _FakeOutbox:
    tables: _Tables

    async def add(self, destination: str, key: UUID, *messages: Message) -> None:
        self.tables.sent.extend(Sent(destination, key, message) for message in messages)


@dataclass(frozen=True, slots=True)
class _FakeInbox:
    tables: _Tables

    async def first_seen(self, message_id: str, source: str) -> bool:
        is_first = (message_id, source) not in self.tables.seen
        self.tables.seen.add((message_id, source))
        return is_first


@dataclass(frozen=True, slots=True)
class _FakeTransaction:
    videos: _FakeVideos
    outbox: _FakeOutbox
    inbox: _FakeInbox


def _of_owner(tables: _Tables, owner_id: UUID, video_id: UUID) -> Video:
    video = tables.videos.get(video_id)
    if video is None or video.owner_id != owner_id or video.deleted_at is not None:
        raise VideoNotFound
    return video
