"""Stand-ins for what the media pipeline of transcode-service works with, all in memory."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from reel_hls.facts import Keyframe, Kind, SegmentFacts, TrackFacts
from reel_hls.findings import Finding, Report
from reel_kernel.media import Container
from transcode_service.domain import layout
from transcode_service.domain.playlist import MediaPlaylist
from transcode_service.domain.probe import Probe
from transcode_service.ports.media import Encoded, Published, Rendition, SourceObject

ETAG: Final = "etag"
CHUNK_BYTES: Final = 1000


class BytesStore:
    """A SourceStore and HlsStore over a dictionary; remembers the ranges it was asked for."""

    def __init__(self, objects: Mapping[str, bytes] | None = None) -> None:
        self.objects = dict(objects or {})
        self.reads: list[tuple[int, int]] = []

    async def head(self, key: str) -> SourceObject | None:
        data = self.objects.get(key)
        return None if data is None else SourceObject(len(data), ETAG)

    async def stream(self, key: str, start: int, end: int, etag: str) -> AsyncGenerator[bytes]:
        if etag != ETAG:
            raise ValueError(f"read of another entity: {etag}")
        self.reads.append((start, end))
        for position in range(start, end, CHUNK_BYTES):
            yield self.objects[key][position : min(position + CHUNK_BYTES, end)]

    async def put_file(self, key: str, path: Path) -> None:
        self.objects[key] = await asyncio.to_thread(path.read_bytes)

    async def put_text(self, key: str, text: str) -> None:
        self.objects[key] = text.encode()

    async def sizes(self, prefix: str) -> dict[str, int]:
        return {key: len(data) for key, data in self.objects.items() if key.startswith(prefix)}

    async def delete_below(self, prefix: str) -> None:
        for key in [key for key in self.objects if key.startswith(prefix)]:
            del self.objects[key]


class ScriptedProber:
    """Answers with the probes it was given, in turn; the last one for ever."""

    def __init__(self, *answers: Probe) -> None:
        self.asked: list[tuple[bytes, Container]] = []
        self._answers = list(answers)

    async def probe(self, head: bytes, container: Container) -> Probe:
        self.asked.append((head, container))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


class ScriptedEncoder:
    """Reads its whole input, or up to `stops_after` bytes, and reports `encoded_s` of film."""

    def __init__(
        self,
        *,
        encoded_s: float = 0.0,
        stops_after: int | None = None,
        failure: Exception | None = None,
    ) -> None:
        self.arguments: list[str] = []
        self.received = b""
        self.deadline_s = 0.0
        self._encoded_s = encoded_s
        self._stops_after = stops_after
        self._failure = failure

    async def encode(
        self,
        arguments: Sequence[str],
        feed: AsyncIterator[bytes],
        *,
        deadline_s: float,
        on_encoded_s: Callable[[float], None],
    ) -> Encoded:
        self.arguments, self.deadline_s = list(arguments), deadline_s
        drained = True
        async for chunk in feed:
            self.received += chunk
            if self._stops_after is not None and len(self.received) >= self._stops_after:
                drained = False
                break
        on_encoded_s(self._encoded_s)
        if self._failure is not None:
            raise self._failure
        return Encoded(len(self.received), 1.0, drained)


class ScriptedProver:
    """Finds what it was told to; remembers what it was asked about."""

    def __init__(self, *findings: Finding) -> None:
        self.findings = findings
        self.asked: list[str] = []

    async def prove(self, master_key: str) -> Report:
        self.asked.append(master_key)
        return Report(
            uri=master_key,
            findings=self.findings,
            playlists=1,
            segments=1,
            bytes_read=0,
            duration_s=30.0,
        )


class ScriptedPublisher:
    """Publishes one segment of `duration_s` a rendition, with a picture of the given codec.

    A segment's bytes are of `sizes`, by rendition.

    With a `failure`, sending segments fails once FFmpeg's output has been opened.
    """

    def __init__(
        self,
        store: BytesStore,
        *,
        codec: str,
        duration_s: float,
        failure: Exception | None = None,
        sizes: Sequence[int] = (1000, 1000, 1000),
    ) -> None:
        self.events: list[str] = []
        self._failure = failure
        self._sizes = sizes
        self._store = store
        self._codec = codec
        self._duration_s = duration_s
        self._ended = asyncio.Event()
        self._prefix = ""
        self._labels: Sequence[str] = ()

    @asynccontextmanager
    async def open(
        self, work_dir: Path, prefix: str, labels: Sequence[str]
    ) -> "AsyncGenerator[ScriptedPublisher]":
        self._prefix, self._labels = prefix, labels
        self.events.append(f"opened {work_dir}")
        try:
            yield self
        finally:
            self.events.append("closed")

    async def follow(self) -> None:
        try:
            if self._failure is not None:
                raise self._failure
            await self._ended.wait()
        finally:
            self.events.append("followed" if self._ended.is_set() else "dropped")

    def stop(self) -> None:
        self._ended.set()

    async def room(self) -> None:
        await asyncio.sleep(0)

    async def finish(self) -> Published:
        segment = ("seg_00000.m4s", self._duration_s)
        sent = {
            f"{self._prefix}/{layout.POSTER}": b"poster",
            f"{self._prefix}/{layout.sheet(0)}": b"sheet",
        }
        playlist = MediaPlaylist((segment,), 6)
        renditions: dict[str, Rendition] = {}
        for label, size_bytes in zip(self._labels, self._sizes, strict=False):
            sent[f"{self._prefix}/{label}/{segment[0]}"] = bytes(size_bytes)
            renditions[label] = Rendition(playlist, (self._measured(segment[0], size_bytes),))
        self._store.objects.update(sent)
        return Published({key: len(data) for key, data in sent.items()}, renditions)

    def _measured(self, name: str, size_bytes: int) -> SegmentFacts:
        picture = TrackFacts(
            kind=Kind.VIDEO,
            codec=self._codec,
            start_s=0.0,
            end_s=self._duration_s,
            frames=round(30 * self._duration_s),
            keyframes=(Keyframe(0.0, 24, size_bytes // 2),),
        )
        return SegmentFacts(name, size_bytes, (picture,))
