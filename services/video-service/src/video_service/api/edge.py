"""What the handlers work with, made once by the composition root."""

from dataclasses import dataclass
from typing import Final

from video_service.api.etags import ETags
from video_service.domain.details import VideoDetails
from video_service.domain.page import Page
from video_service.domain.video import Video
from video_service.ports import Deps

CACHE_CONTROL: Final = "private, no-cache"
"""Keep it, but ask each time: a 304 costs little, a stale status misleads."""
VARY: Final = "Authorization"
"""One address, another answer for each caller (the list), or none (a 404)."""


@dataclass(frozen=True, slots=True)
class Edge:
    """`cdn_base_url` has no slash at its end."""

    deps: Deps
    cdn_base_url: str
    etags: ETags

    @classmethod
    def of(cls, deps: Deps, cdn_base_url: str) -> "Edge":
        base = cdn_base_url.rstrip("/")
        return cls(deps, base, ETags(salt=base))

    def headers(self, video: Video, progress_revision: int = 0) -> dict[str, str]:
        """Return the validators of an answer that shows `video`, and progress if it does."""
        return self.validators(video.version, progress_revision)

    def validators(self, version: int, progress_revision: int) -> dict[str, str]:
        """Return the same of a video that is known by its mark alone."""
        return _validators(self.etags.of(version, progress_revision))

    def page_headers(self, page: Page) -> dict[str, str]:
        """Return the validators of a page of videos."""
        return _validators(self.etags.of_page(page))

    def stream_url(self, details: VideoDetails) -> str | None:
        return self._url(details.playable_key)

    def poster_url(self, details: VideoDetails) -> str | None:
        return self._url(details.poster_key)

    def storyboard_url(self, details: VideoDetails) -> str | None:
        return self._url(details.storyboard_key)

    def _url(self, file_key: str | None) -> str | None:
        return None if file_key is None else f"{self.cdn_base_url}/{file_key}"


def _validators(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": CACHE_CONTROL, "Vary": VARY}
