"""video-service without its world: a memory that commits and rolls back, and videos to put in."""

from collections.abc import AsyncGenerator, Callable, Collection, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from reel_kernel.effects import Effect
from reel_testing.video_tables import FakeTransaction, Sent, Tables, live_of_owner
from video_service.domain.assets import Asset, AssetType
from video_service.domain.details import VideoDetails
from video_service.domain.lifecycle import TRANSCODE_DONE, VideoStatus
from video_service.domain.page import Page, Position
from video_service.domain.progress import ProgressReport
from video_service.domain.stuck import Patience, Stuck
from video_service.domain.video import Video
from video_service.ports import Deps, Transaction
from video_service.ports.following import Follower, OwnerFollower, Signal

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


@dataclass
class VideoWorld:
    """`tables` is what is committed; `stored_keys` is what the object store has."""

    tables: Tables = field(default_factory=Tables)
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
    async def begin(self, _effect: Effect | None = None, /) -> AsyncGenerator[Transaction]:
        """Work on a copy; keep it when the block ends well."""
        draft = self.tables.copy()
        yield FakeTransaction.over(draft)
        self.tables = draft

    async def exists(self, file_key: str) -> bool:
        self.asked_keys.append(file_key)
        return file_key in self.stored_keys

    async def find(self, owner_id: UUID, video_id: UUID) -> VideoDetails:
        return VideoDetails(video=live_of_owner(self.tables, owner_id, video_id))

    async def some(self, owner_id: UUID, video_ids: Collection[UUID]) -> Sequence[VideoDetails]:
        return [one for one in self._of(owner_id) if one.video.id in video_ids]

    async def moved(self, owner_id: UUID, *, since: datetime, limit: int) -> Sequence[VideoDetails]:
        return [one for one in self._of(owner_id) if one.video.updated_at > since][:limit]

    async def unfinished(self, owner_id: UUID, *, limit: int) -> Sequence[VideoDetails]:
        live = [one for one in self._of(owner_id) if one.video.deleted_at is None]
        return [one for one in live if one.video.status not in TRANSCODE_DONE][:limit]

    def _of(self, owner_id: UUID) -> list[VideoDetails]:
        videos = self.tables.videos.values()
        return [VideoDetails(video=video) for video in videos if video.owner_id == owner_id]

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

    @contextmanager
    def of_owner(self, owner_id: UUID) -> Generator[OwnerFollower]:
        """Give a follower like `of` does; it never knows which videos moved."""
        assert owner_id in {video.owner_id for video in self.tables.videos.values()}
        yield _ScriptedFollower(self)

    async def stuck(self, patience: Patience, *, now: datetime, limit: int) -> Sequence[Stuck]:
        assert patience
        assert now == self.now
        return list(self.tables.stuck.values())[:limit]

    async def in_flight(self, *, before: datetime, limit: int) -> Sequence[Video]:
        videos = self.tables.videos.values()
        old = [video for video in videos if video.updated_at < before]
        return [video for video in old if video.status is VideoStatus.TRANSCODING][:limit]

    async def frozen(self, *, limit: int) -> Sequence[Video]:
        videos = self.tables.videos.values()
        return [video for video in videos if video.fail_reason == "ROLLBACK"][:limit]

    async def unerased(self, *, before: datetime, limit: int) -> Sequence[UUID]:
        receipts = self.tables.receipts.values()
        return [one.video_id for one in receipts if one.deleted_at < before][:limit]

    def deps(self) -> Deps:
        return Deps(
            begin=self.begin,
            reader=self,
            progress=self,
            changes=self,
            sources=self,
            work=self,
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

    def take(self) -> frozenset[UUID] | None:
        return None
