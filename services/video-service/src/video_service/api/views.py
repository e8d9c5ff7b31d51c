"""Videos as clients see them."""

from reel_contracts.videos import (
    CreatedVideo,
    Playback,
    ProgressView,
    Source,
    UpdatedVideo,
    VideoPage,
    VideoStatus,
    VideoSummary,
    VideoView,
)
from reel_contracts.webhooks import TranscodePhase
from video_service.api.cursor import encode_cursor
from video_service.api.edge import Edge
from video_service.domain.details import VideoDetails
from video_service.domain.page import Page
from video_service.domain.progress import Progress
from video_service.domain.video import Video


def created_video(video: Video) -> CreatedVideo:
    return CreatedVideo(
        id=video.id,
        owner_id=video.owner_id,
        title=video.title,
        description=video.description,
        source=Source(mime=video.source_mime, size_bytes=video.source_size_bytes),
        status=VideoStatus(video.status),
        created_at=video.created_at,
        updated_at=video.updated_at,
    )


def video_view(details: VideoDetails, edge: Edge) -> VideoView:
    """Show one video; `streamUrl` is there in READY alone (spec 2.1)."""
    video = details.video
    stream_url = edge.stream_url(details)
    return VideoView(
        id=video.id,
        owner_id=video.owner_id,
        title=video.title,
        description=video.description,
        status=VideoStatus(video.status),
        fail_reason=video.fail_reason,
        playback=Playback(ready=stream_url is not None, stream_url=stream_url),
        poster_url=edge.poster_url(details),
        storyboard_url=edge.storyboard_url(details),
        duration_seconds=video.duration_s,
        width=video.width,
        height=video.height,
        created_at=video.created_at,
        updated_at=video.updated_at,
        progress=None if details.progress is None else progress_view(details.progress),
    )


def progress_view(progress: Progress) -> ProgressView:
    return ProgressView(
        percent=progress.percent,
        eta_seconds=progress.eta_s,
        phase=TranscodePhase(progress.phase),
    )


def updated_video(video: Video) -> UpdatedVideo:
    return UpdatedVideo(
        id=video.id,
        title=video.title,
        description=video.description,
        status=VideoStatus(video.status),
        updated_at=video.updated_at,
    )


def video_page(page: Page) -> VideoPage:
    return VideoPage(
        items=[_summary(video) for video in page.videos],
        next_cursor=None if page.after is None else encode_cursor(page.after),
    )


def _summary(video: Video) -> VideoSummary:
    return VideoSummary(
        id=video.id,
        title=video.title,
        description=video.description,
        status=VideoStatus(video.status),
        created_at=video.created_at,
        updated_at=video.updated_at,
    )
