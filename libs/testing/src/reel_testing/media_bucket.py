"""The media pipeline of transcode-service over a real bucket, and a player to watch the result."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx

from reel_kernel.media import MIME_BY_EXTENSION
from reel_stack import playback
from reel_stack.playback import PlaybackReport
from reel_storage.client import s3_client
from reel_storage.objects import S3Objects
from reel_testing.infra import Infra
from transcode_service.adapters.media import media_deps
from transcode_service.domain.command import EncodeSettings
from transcode_service.domain.packaging import FMP4, Packaging
from transcode_service.domain.transcoding import SourceRef, TranscodeResult
from transcode_service.ports.media import MediaDeps
from transcode_service.usecases.transcode import OnProgress, transcode, unheard

LADDER: Final = ("1080p", "720p", "480p")
MAX_OBJECT_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaBucket:
    """A bucket with the rights of transcode-service on it; `admin` puts the sources there."""

    admin: S3Objects
    deps: MediaDeps
    work_dir: Path

    async def upload(self, film: Path) -> SourceRef:
        """Put a film where an upload would leave it, declared by its suffix."""
        suffix = film.suffix.removeprefix(".").lower()
        key = f"videos/{uuid4()}/source.{suffix}"
        await self.admin.put_file(key, film, MIME_BY_EXTENSION[suffix], "no-store")
        stored = await self.admin.head(key)
        return SourceRef(key, stored.size_bytes if stored else 0, MIME_BY_EXTENSION[suffix])

    async def transcode(
        self,
        film: Path,
        *,
        qualities: Sequence[str] = LADDER,
        on_progress: OnProgress = unheard,
    ) -> TranscodeResult:
        """Upload a film and transcode it. Raises as `transcode` does."""
        source = await self.upload(film)
        return await transcode(
            source,
            prefix=f"{source.key.rpartition('/')[0]}/hls",
            qualities=qualities,
            work_dir=self.work_dir,
            deps=self.deps,
            on_progress=on_progress,
        )

    async def watch(self, result: TranscodeResult) -> PlaybackReport:
        """Decode every rendition as a player would, out of the bucket. Raises PlaybackFailed."""
        master = result.assets[0].file_key
        async with httpx.AsyncClient(transport=httpx.MockTransport(self._answer)) as http:
            return await playback.check(f"https://cdn.test/{master}", http)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        key = request.url.path.removeprefix("/")
        return httpx.Response(200, content=await self.admin.read_range(key, 0, MAX_OBJECT_BYTES))


@asynccontextmanager
async def media_bucket(
    infra: Infra, bucket: str, work_dir: Path, packaging: Packaging = FMP4
) -> AsyncGenerator[MediaBucket]:
    """Open the pipeline as the service does, with the fastest preset."""
    async with (
        s3_client(infra.s3) as admin,
        s3_client(infra.s3_as("transcode-service")) as own,
        media_deps(
            S3Objects(own, bucket),
            ffmpeg=None,
            settings=EncodeSettings(preset="ultrafast", segment_s=6, packaging=packaging),
        ) as deps,
    ):
        yield MediaBucket(admin=S3Objects(admin, bucket), deps=deps, work_dir=work_dir)
