"""Sends what FFmpeg writes into a work directory to the store, while FFmpeg goes on."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from watchfiles import awatch  # pyright: ignore[reportUnknownVariableType] - names trio's types

from reel_hls.facts import SegmentFacts
from transcode_service.adapters.segment_meter import SegmentMeter
from transcode_service.adapters.still_files import make_directories, stills
from transcode_service.domain import layout
from transcode_service.domain.media_errors import OutputIncomplete
from transcode_service.domain.packaging import FMP4, Packaging
from transcode_service.domain.playlist import parse_media_playlist, with_rounded_target
from transcode_service.ports.media import HlsStore, Published, Rendition
from transcode_service.usecases.failures import most_telling_failure

UPLOADS: Final = 4
"""Objects sent at once."""
MAX_WAITING_BYTES: Final = 256 * 1024 * 1024
"""Finished but unsent bytes beyond which FFmpeg gets no more input."""
WATCH_STEP_MS: Final = 100


class HlsPublisher:
    """Opens publications; see the port."""

    def __init__(
        self,
        store: HlsStore,
        *,
        packaging: Packaging = FMP4,
        max_waiting_bytes: int = MAX_WAITING_BYTES,
    ) -> None:
        self._store = store
        self._packaging = packaging
        self._max_waiting_bytes = max_waiting_bytes

    @asynccontextmanager
    async def open(
        self, work_dir: Path, prefix: str, labels: Sequence[str]
    ) -> "AsyncGenerator[HlsPublication]":
        try:
            for label in labels:
                (work_dir / label).mkdir(parents=True, exist_ok=True)
            make_directories(work_dir)
            meters = {label: SegmentMeter(work_dir / label, self._packaging) for label in labels}
            yield HlsPublication(
                self._store,
                work_dir,
                prefix,
                meters,
                packaging=self._packaging,
                max_waiting_bytes=self._max_waiting_bytes,
            )
        finally:
            await asyncio.to_thread(shutil.rmtree, work_dir, ignore_errors=True)


class HlsPublication:
    """One encode's output. Segments appear whole, under their final names (`temp_file`)."""

    def __init__(
        self,
        store: HlsStore,
        work_dir: Path,
        prefix: str,
        meters: Mapping[str, SegmentMeter],
        *,
        packaging: Packaging,
        max_waiting_bytes: int,
    ) -> None:
        self._store = store
        self._work_dir = work_dir
        self._prefix = prefix
        self._meters = meters
        self._packaging = packaging
        self._max_waiting_bytes = max_waiting_bytes
        self._waiting_bytes = 0
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._ended = asyncio.Event()
        self._slots = asyncio.Semaphore(UPLOADS)
        self._taken: set[Path] = set()
        self._sent: dict[str, int] = {}
        self._measured: dict[tuple[str, str], SegmentFacts] = {}

    async def follow(self) -> None:
        """Events are hints: each makes us look, so none lost or merged can lose a segment."""
        changes = awatch(
            self._work_dir,
            debounce=2 * WATCH_STEP_MS,
            step=WATCH_STEP_MS,
            rust_timeout=WATCH_STEP_MS * 10,
            yield_on_timeout=True,
            stop_event=self._ended,
        )
        with most_telling_failure():
            async with asyncio.TaskGroup() as uploads:
                async for _ in changes:
                    for path in await self._new_segments():
                        uploads.create_task(self._send_and_delete(path))

    def stop(self) -> None:
        self._ended.set()

    async def room(self) -> None:
        await self._has_room.wait()

    async def finish(self) -> Published:
        """Stills and segments before the playlists that name them."""
        for meter in self._meters.values():
            await meter.begin()
        texts = {label: self._mend(layout.playlist(label)) for label in self._meters}
        segments = await self._new_segments()
        await self._send_all([*self._inits(), *stills(self._work_dir), *segments])
        await self._send_all([self._work_dir / layout.playlist(label) for label in self._meters])
        renditions = {label: self._rendition(label, texts[label]) for label in self._meters}
        return Published(dict(self._sent), renditions)

    def _inits(self) -> list[Path]:
        init = self._packaging.init
        return [self._work_dir / label / init for label in self._meters] if init else []

    async def _new_segments(self) -> list[Path]:
        """Return the finished segments not seen before, oldest first, and count their bytes."""
        suffix = self._packaging.segment_suffix
        found = sorted(self._work_dir.glob(f"*/*{suffix}"), key=lambda p: p.name)
        new = [path for path in found if path not in self._taken]
        self._taken.update(new)
        for label in dict.fromkeys(path.parent.name for path in new):
            await self._meters[label].begin()
        self._count(sum(map(_size, new)))
        return new

    def _count(self, added_bytes: int) -> None:
        self._waiting_bytes += added_bytes
        if self._waiting_bytes > self._max_waiting_bytes:
            self._has_room.clear()
        else:
            self._has_room.set()

    async def _send_all(self, paths: Iterable[Path]) -> None:
        with most_telling_failure():
            async with asyncio.TaskGroup() as uploads:
                for path in paths:
                    uploads.create_task(self._send(path))

    async def _send_and_delete(self, path: Path) -> None:
        size_bytes = await self._send(path)
        await asyncio.to_thread(path.unlink)
        self._count(-size_bytes)

    async def _send(self, path: Path) -> int:
        key = f"{self._prefix}/{path.relative_to(self._work_dir).as_posix()}"
        async with self._slots:
            size_bytes = _size(path)
            if path.suffix == self._packaging.segment_suffix:
                await self._measure(path)
            await self._store.put_file(key, path)
        self._sent[key] = size_bytes
        return size_bytes

    async def _measure(self, path: Path) -> None:
        label = path.parent.name
        self._measured[label, path.name] = await self._meters[label].measure(path.name)

    def _mend(self, name: str) -> str:
        """Return FFmpeg's playlist as it will be sent, and write it so."""
        path = self._work_dir / name
        try:
            text = with_rounded_target(path.read_text())
        except FileNotFoundError as error:
            raise OutputIncomplete(f"FFmpeg left out {name}") from error
        path.write_text(text)
        return text

    def _rendition(self, label: str, text: str) -> Rendition:
        try:
            playlist = parse_media_playlist(text)
            names = [name for name, _ in playlist.segments]
            segments = tuple(self._measured[label, name] for name in names)
        except (ValueError, KeyError) as error:
            raise OutputIncomplete(f"the {label} playlist: {error}") from error
        return Rendition(playlist, segments)


def _size(path: Path) -> int:
    return path.stat().st_size
