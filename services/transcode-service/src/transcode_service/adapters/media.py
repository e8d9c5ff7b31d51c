"""Picks the adapters of a transcode."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from reel_storage.objects import S3Objects
from transcode_service.adapters.ffmpeg import FfmpegEncoder
from transcode_service.adapters.find_ffmpeg import find_ffmpeg
from transcode_service.adapters.hls_publisher import HlsPublisher
from transcode_service.adapters.prober import warm_prober
from transcode_service.adapters.proof import S3Proof
from transcode_service.adapters.s3_media import S3HlsStore, S3SourceStore
from transcode_service.domain.command import EncodeSettings
from transcode_service.ports.media import MediaDeps


@asynccontextmanager
async def media_deps(
    objects: S3Objects, *, ffmpeg: Path | None, preset: str, segment_s: int, threads: int = 0
) -> AsyncGenerator[MediaDeps]:
    """Yield what `transcode` needs, with a warm prober process that ends with the block.

    `ffmpeg` is the binary to run; None looks for one (see `find_ffmpeg`).
    `threads` is for each of its coders; 0 leaves it to FFmpeg.

    Raises:
        FfmpegNotFound: no usable FFmpeg on this machine.
    """
    binary = await find_ffmpeg(ffmpeg)
    outputs = S3HlsStore(objects)
    async with warm_prober() as prober:
        yield MediaDeps(
            sources=S3SourceStore(objects),
            outputs=outputs,
            prober=prober,
            encoder=FfmpegEncoder(binary),
            publisher=HlsPublisher(outputs),
            proof=S3Proof(objects),
            settings=EncodeSettings(preset=preset, segment_s=segment_s, threads=threads),
            monotonic=time.monotonic,
        )
