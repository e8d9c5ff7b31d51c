"""What a viewer of one video sees."""

from dataclasses import dataclass
from typing import TypeAlias

from video_service.domain.lifecycle import VideoStatus
from video_service.domain.progress import Progress
from video_service.domain.video import Video

Mark: TypeAlias = tuple[int, int]
"""Version of a video and revision of its progress: equal marks are equal views."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoDetails:
    """A video with the keys of its master playlist, poster and storyboard, and progress, as it has.

    `progress_revision` is higher with every report, whatever the video; 0 without progress.
    """

    video: Video
    master_key: str | None = None
    poster_key: str | None = None
    storyboard_key: str | None = None
    progress: Progress | None = None
    progress_revision: int = 0

    @property
    def mark(self) -> Mark:
        """What tells this view from every other one of the same video."""
        return self.video.version, self.progress_revision

    @property
    def playable_key(self) -> str | None:
        """The master playlist's key while READY; None in every other state."""
        return self.master_key if self.video.status is VideoStatus.READY else None
