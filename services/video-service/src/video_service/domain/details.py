"""What a viewer of one video sees."""

from dataclasses import dataclass

from video_service.domain.lifecycle import VideoStatus
from video_service.domain.video import Video


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoDetails:
    """A video with the keys of its master playlist and poster, where it has them."""

    video: Video
    master_key: str | None = None
    poster_key: str | None = None

    @property
    def playable_key(self) -> str | None:
        """The master playlist's key while READY; None in every other state."""
        return self.master_key if self.video.status is VideoStatus.READY else None
