"""Picks the adapters of a transcode."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from reel_storage.objects import S3Objects

from transcode_service.ports.media import MediaDeps


@asynccontextmanager
async def media_deps(
    objects: S3Objects, *, ffmpeg: Path | None, preset: str, segment_s: int
) -> AsyncIterator[MediaDeps]:
    """Yield what `transcode` needs, with a warm prober process that ends with the block.

    `ffmpeg` is the binary to run; None looks for one (see `find_ffmpeg`).

    Raises:
        FfmpegNotFound: no usable FFmpeg on this machine.
    """
    raise NotImplementedError
    yield
