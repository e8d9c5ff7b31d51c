"""The media pipeline with its real prober and FFmpeg, over a store in memory."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from reel_hls.fetching import NotThere, Piece
from reel_hls.findings import Report
from reel_hls.inspection import inspect
from reel_kernel.media import MIME_BY_EXTENSION
from reel_testing.transcode_media import BytesStore
from transcode_service.adapters.ffmpeg import FfmpegEncoder
from transcode_service.adapters.find_ffmpeg import find_ffmpeg
from transcode_service.adapters.hls_publisher import HlsPublisher
from transcode_service.adapters.prober import warm_prober
from transcode_service.domain import layout
from transcode_service.domain.command import EncodeSettings
from transcode_service.domain.packaging import FMP4, Packaging
from transcode_service.domain.plan import Plan
from transcode_service.domain.transcoding import SourceRef, TranscodeResult
from transcode_service.ports.media import MediaDeps
from transcode_service.usecases.transcode import transcode

PREFIX = "videos/v/hls"


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a film: the plan, the result, its best rendition as one playable file, stills.

    The sheets lie where `storyboard` says.
    """

    plan: Plan
    result: TranscodeResult
    film: Path
    poster: Path
    storyboard: Path


@dataclass(frozen=True, slots=True)
class MediaInMemory:
    """Transcodes films from the disk; `folder` takes the work in flight and what is made."""

    store: BytesStore
    deps: MediaDeps
    folder: Path

    async def transcode(self, film: Path, qualities: Sequence[str] = ("480p",)) -> Made:
        """Raise as `transcode` does."""
        key = f"source{film.suffix}"
        self.store.objects[key] = await asyncio.to_thread(film.read_bytes)
        mime = MIME_BY_EXTENSION[film.suffix.removeprefix(".")]
        plans: list[Plan] = []

        async def on_plan(plan: Plan) -> None:
            plans.append(plan)

        result = await transcode(
            SourceRef(key, len(self.store.objects[key]), mime),
            prefix=PREFIX,
            qualities=qualities,
            work_dir=self.folder / "work",
            deps=self.deps,
            on_plan=on_plan,
        )
        return await asyncio.to_thread(self._made, plans[0], result)

    def _made(self, plan: Plan, result: TranscodeResult) -> Made:
        below = f"{PREFIX}/{plan.rungs[0].label}/"
        keys = sorted(key for key in self.store.objects if key.startswith(f"{below}seg_"))
        packaging = self.deps.settings.packaging
        if packaging.init:
            keys.insert(0, f"{below}{packaging.init}")
        film = self.folder / "made.film"
        film.write_bytes(b"".join(self.store.objects[key] for key in keys))
        poster, board = self._fetched(layout.POSTER), self._fetched(layout.STORYBOARD)
        for key in self.store.objects:
            if f"/{layout.SHEETS}/" in key:
                self._fetched(key.removeprefix(f"{PREFIX}/"))
        return Made(plan, result, film, poster, board)

    def _fetched(self, name: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(self.store.objects[f"{PREFIX}/{name}"])
        return path


@dataclass(frozen=True, slots=True)
class MemoryProof:
    """The real proof, over the store in memory."""

    store: BytesStore

    async def prove(self, master_key: str) -> Report:
        return await inspect(self, master_key)

    async def read(self, uri: str, start: int, length: int) -> Piece:
        data = self.store.objects.get(uri)
        if data is None:
            raise NotThere(uri)
        return Piece(data[start : start + length], len(data))


def media_over(store: BytesStore, deps: MediaDeps) -> MediaDeps:
    """Return the same pipeline over another store."""
    return replace(
        deps,
        sources=store,
        outputs=store,
        publisher=HlsPublisher(store),
        proof=MemoryProof(store),
    )


@asynccontextmanager
async def media_in_memory(
    folder: Path, packaging: Packaging = FMP4
) -> AsyncGenerator[MediaInMemory]:
    """Yield the pipeline with the fastest preset."""
    store = BytesStore()
    binary = await find_ffmpeg(None)
    async with warm_prober() as prober:
        deps = MediaDeps(
            sources=store,
            outputs=store,
            prober=prober,
            encoder=FfmpegEncoder(binary),
            publisher=HlsPublisher(store, packaging=packaging),
            proof=MemoryProof(store),
            settings=EncodeSettings(preset="ultrafast", segment_s=6, packaging=packaging),
            monotonic=monotonic,
        )
        yield MediaInMemory(store, deps, folder)
